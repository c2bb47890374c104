import { byteRange } from '../../../model/byte-text.ts';
import type { OpenBy, Owner } from '../../../model/owner.ts';
import { kernelUserText, processPlaces, readersText } from '../../../model/process-text.ts';
import { withoutPaths } from '../../../model/without-paths.ts';
import { counted, html, type Markup, nothing } from './markup.ts';

const MOST_OPENERS = 4;
const MOST_NAMES = 3;

/** Who holds bad bytes, in a line. Without names for a reader who may not see them. */
export function ownerWords(owner: Owner, named: boolean): Markup {
  const { kind, metadata = '', reason } = owner;
  switch (kind) {
    case 'file':
      return html`file ${nameOf(owner, named)}${bytesOf(owner)}${owner.state === 'unwritten' ? ', unwritten: no data lost' : ''}`;
    case 'deleted':
      return html`deleted file, still open: ${nameOf(owner, named)}${bytesOf(owner)}`;
    case 'directory':
    case 'symlink':
      return html`${kind === 'symlink' ? 'symbolic link' : kind} ${nameOf(owner, named)}`;
    case 'metadata':
      return html`metadata of ${owner.fsType ?? 'the file system'}${on(owner)}: ${metadata || 'of an unknown kind'}`;
    case 'free':
      return html`free space${on(owner)}`;
    case 'unreferenced':
      return html`allocated, but no file shows it${on(owner)}`;
    case 'raw':
      return html`no file system${metadata === '' ? '' : `: ${metadata}`}`;
    case 'hidden':
      return html`hidden from the file system: ${metadata || 'of a layer below it'}`;
    case 'pending':
      return html`the owner is being looked for${reason === undefined ? '' : `: ${reasonFor(named, reason)}`}`;
    case 'unknown':
      return html`the owner is not known: ${reasonFor(named, reason ?? 'no reason was given')}`;
    default:
      return kind satisfies never;
  }
}

export function nameOf(owner: Owner, named: boolean): Markup {
  const inode = owner.inode === undefined ? 'of unknown name' : `inode ${owner.inode}`;
  const [first] = owner.paths ?? [];
  if (!named) return html`${inode}${on(owner)}`;
  if (first !== undefined) return path(first);
  if (owner.formerPath !== undefined) return html`was ${path(owner.formerPath)}`;
  return html`${inode}${on(owner)}`;
}
/** Why something is not known, without places of this host for who may not see names. */
export function reasonFor(named: boolean, reason: string): string {
  return named ? reason : withoutPaths(reason);
}
export function path(text: string): Markup {
  return html`<bdi class="path">${text}</bdi>`;
}
function on({ mountpoint }: Owner): Markup {
  return mountpoint === undefined ? nothing : html` on ${path(mountpoint)}`;
}
function bytesOf({ offset, length }: Owner): string {
  return offset === undefined || length === undefined ? '' : `, ${byteRange({ offset, length })}`;
}
/** Other names than the first, and whether these are all. */
export function otherNames({ paths = [], pathsComplete, linkCount, otherPaths = [] }: Owner): readonly Markup[] {
  const more = [...paths.slice(1), ...otherPaths.map((other) => other.path)];
  const left = more.length - MOST_NAMES;
  return [
    ...more.slice(0, MOST_NAMES).map((name) => html`<div>also ${path(name)}</div>`),
    ...(left > 0 ? [html`<div>and ${counted(left, 'more name')}</div>`] : []),
    ...(paths.length > 0 && pathsComplete === false
      ? [html`<div class="warn">not all of its ${counted(linkCount ?? 0, 'name')} were found</div>`]
      : []),
  ];
}

/** Processes and parts of the kernel that use it, those in most danger first; what is not known is said. */
export function usersWords(openers: readonly OpenBy[], owners: readonly Owner[], named: boolean): readonly Markup[] {
  const count = owners.reduce((most, owner) => Math.max(most, owner.openByCount ?? 0), openers.length);
  const doubted = owners.find((owner) => owner.openByComplete === false);
  const kernel = owners.find((owner) => owner.kernelUsers !== undefined)?.kernelUsers ?? [];
  const looked = owners.some((owner) => owner.openBy !== undefined);
  const worst = owners.find((owner) => owner.readersGet?.read === 'EIO') ?? owners[0];
  const readers = worst && readersText(worst);
  const shown = openers.slice(0, MOST_OPENERS);
  return [
    ...shown.map(
      (user) =>
        html`<div><strong>${user.command}</strong> (${[`pid ${user.pid}`, ...processPlaces(user)].join(', ')}) ${doing(user)}</div>`,
    ),
    ...(count > shown.length
      ? [html`<div>and ${counted(count - shown.length, 'more process', 'more processes')}</div>`]
      : []),
    ...kernel.map(
      ({ kind, name }) => html`<div>${kernelUserText({ kind, name: named || kind === 'loop' ? name : '' })}</div>`,
    ),
    ...(doubted === undefined
      ? []
      : [
          html`<div class="warn">who else uses it is not known: ${reasonFor(named, doubted.openByReason ?? 'no reason was given')}</div>`,
        ]),
    ...(looked && count === 0 && kernel.length === 0 && doubted === undefined
      ? [html`<div>no process has it open</div>`]
      : []),
    ...(readers === undefined ? [] : [html`<div class="aside">${readers}</div>`]),
  ];
}
function doing({ mapped, mapsDamaged }: OpenBy): string {
  return mapsDamaged ? 'has the damaged page mapped' : mapped ? 'maps another part of it' : 'has it open';
}

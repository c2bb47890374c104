import { byteRange, byteText } from '../../../model/byte-text.ts';
import { kindsByHarm, type Owner } from '../../../model/owner.ts';
import type { PlaceState } from '../../../model/state.ts';
import { shortUid } from '../../../model/topology.ts';
import { type DamagedFile, damageOf, openersOf } from '../../damage.ts';
import type { PageInput } from './input.ts';
import { counted, html, type Markup, nothing } from './markup.ts';
import { nameOf, otherNames, ownerWords, usersWords } from './owner-words.ts';
import { signInHint } from './sign-in.ts';
import { harmOf } from './strip.ts';
import { presentPlaces } from './verdict.ts';

export const MOST_FILES = 50;
const MOST_RANGES = 4;
const MOST_OTHERS = 50;

export function filesSection(input: PageInput): Markup {
  const { state } = input.view;
  const places = presentPlaces(state);
  const files = places.flatMap((place) => damageOf(place).files);
  const looking = places.some((place) => !damageOf(place).resolved);
  const shown = [...files].sort(worstFirst).slice(0, MOST_FILES);
  const more = files.length - shown.length;
  return html`<section id="files" aria-labelledby="files-heading">
<h2 id="files-heading">Damaged files</h2>
${looking ? html`<p class="note">Owners are still being looked for, or not all could be found: there may be more than these.</p>` : nothing}
${files.length > 0 && !input.reader.mayRead ? signInHint('File names are hidden: sign in to see them.') : nothing}
${files.length === 0 ? html`<p class="empty">${state.inventoried ? 'No file is known to be damaged.' : 'Not known yet.'}</p>` : fileTable(shown, input)}
${more > 0 ? html`<p class="cut">Showing the ${MOST_FILES} worst of ${files.length.toLocaleString('en')}: <a href="/api/v1/files">all of them</a> (or <code>pmemwatch check PATH</code>).</p>` : nothing}
${othersTable(places, input.reader.mayRead)}
</section>
`;
}

/** Those of which something is lost before those that can be read from elsewhere. */
function worstFirst(a: DamagedFile, b: DamagedFile): number {
  const isLost = ({ owners }: DamagedFile): number => Number(harmOf(owners) === 'lost');
  return isLost(b) - isLost(a) || b.bytes - a.bytes;
}

function fileTable(files: readonly DamagedFile[], { reader }: PageInput): Markup {
  return html`<div class="table" role="region" aria-label="Damaged files" tabindex="0"><table class="stack names"><thead><tr><th scope="col">File</th><th scope="col">Damaged bytes</th><th scope="col">Used by</th><th scope="col">Good copy</th></tr></thead><tbody>
${files.map((file) => {
  const [first] = file.owners;
  const name = file.owners.find((owner) => (owner.paths?.length ?? 0) > 0) ?? first;
  return html`<tr><th scope="row" data-label="File">${name === undefined ? file.name : nameOf(name, reader.mayRead)}${reader.mayRead && name !== undefined ? otherNames(name) : nothing}<div class="aside">${first?.fsType ?? ''} <a href="#device-${shortUid(file.uid)}">${file.device || 'device'}</a></div></th><td data-label="Damaged bytes">${rangesOf(file)}</td><td data-label="Used by">${usersWords(openersOf(file), file.owners, reader.mayRead)}</td><td data-label="Good copy">${copyWords(file)}</td></tr>
`;
})}</tbody></table></div>`;
}

function rangesOf({ owners, bytes }: DamagedFile): Markup {
  const sorted = [...owners].sort((a, b) => (a.offset ?? 0) - (b.offset ?? 0));
  const shown = sorted.slice(0, MOST_RANGES);
  const more = sorted.length - shown.length;
  return html`${shown.map(
    ({ offset, length, state }) =>
      html`<div>${offset === undefined || length === undefined ? 'bytes not known' : byteRange({ offset, length })}${state === 'unwritten' ? ' (unwritten: nothing lost)' : ''}</div>`,
  )}${more > 0 ? html`<div>and ${counted(more, 'more range')}</div>` : nothing}<div class="aside">${byteText(bytes)} of storage</div>`;
}

/** A file has a good copy only if each of its damaged ranges has one. */
function copyWords({ owners }: DamagedFile): string {
  const copies = owners.map(({ goodCopy }) => goodCopy);
  if (copies.some((copy) => copy?.exists === 'no')) return 'none known to the storage';
  const unknown = copies.find((copy) => copy?.exists !== 'yes');
  return unknown === undefined && copies.length > 0 ? `yes: ${copies[0]?.where ?? 'elsewhere'}` : 'not known';
}

interface Other {
  readonly words: Markup;
  readonly device: string;
  readonly uid: string;
  readonly owners: Owner[];
  ranges: number;
}
/** What is bad and no file: told together where it is the same. */
function othersTable(places: readonly PlaceState[], named: boolean): Markup {
  const rows = new Map<string, Other>();
  for (const { place, ranges } of places) {
    for (const { owners } of ranges) {
      for (const owner of owners) {
        if (owner.kind === 'file') continue;
        const key = [place.uid, owner.kind, owner.mountpoint, owner.metadata, owner.inode, owner.reason].join('\0');
        const row = rows.get(key);
        if (row === undefined) {
          const { offset: _, ...whole } = owner;
          const words = ownerWords(whole, named);
          rows.set(key, {
            words,
            device: place.device || place.ndNamespace || place.ndRegion,
            uid: place.uid,
            owners: [owner],
            ranges: 1,
          });
        } else {
          row.ranges++;
        }
      }
    }
  }
  if (rows.size === 0) return nothing;
  const rank = (row: Other): number => kindsByHarm.indexOf(row.owners[0]?.kind ?? 'free');
  const sorted = [...rows.values()].sort((a, b) => rank(a) - rank(b));
  const more = sorted.length - MOST_OTHERS;
  return html`<h3>Bad, and no file</h3>
<div class="table" role="region" aria-label="Bad sectors that belong to no file" tabindex="0"><table class="stack names"><thead><tr><th scope="col">What</th><th scope="col">Device</th><th scope="col">Ranges</th><th scope="col">Used by</th></tr></thead><tbody>
${sorted.slice(0, MOST_OTHERS).map(
  ({ words, device, uid, owners, ranges }) =>
    html`<tr><th scope="row" data-label="What">${words}</th><td data-label="Device"><a href="#device-${shortUid(uid)}">${device}</a></td><td data-label="Ranges">${ranges}</td><td data-label="Used by">${usersWords(owners[0]?.openBy ?? [], owners, named)}</td></tr>
`,
)}</tbody></table></div>
${more > 0 ? html`<p class="cut">Showing ${MOST_OTHERS} of ${sorted.length}: <a href="/api/v1/badblocks">all ranges</a>.</p>` : nothing}`;
}

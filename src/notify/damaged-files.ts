/** Owners of an incident grouped by the file that they belong to, worst first. */
import type { TrackedRange } from '../model/incident.ts';
import type { MessageFile } from '../model/message.ts';
import { fileIdentity, type OpenBy, type Owner } from '../model/owner.ts';
import { byDanger, dangerOf } from './wording.ts';

export interface DamagedFile extends MessageFile {
  /** its owners, in the order of their offsets */
  readonly owners: readonly Owner[];
  /** whether bytes that were written are lost; unwritten space reads as zeros all the same */
  readonly lost: boolean;
}

export function damagedFiles(ranges: readonly TrackedRange[]): DamagedFile[] {
  const byFile = new Map<string, Owner[]>();
  for (const owner of ranges.flatMap((range) => range.owners)) {
    if (owner.kind !== 'file') continue;
    const key = JSON.stringify([owner.device, owner.mountpoint, fileIdentity(owner)]);
    const known = byFile.get(key);
    if (known === undefined) byFile.set(key, [owner]);
    else known.push(owner);
  }
  return [...byFile.values()].map(fileOf).sort(worstFirst);
}

function fileOf(found: readonly Owner[]): DamagedFile {
  const owners = [...found].sort((a, b) => (a.offset ?? 0) - (b.offset ?? 0));
  const named = owners.find((owner) => owner.paths?.[0] !== undefined) ?? owners[0];
  return {
    path: named?.paths?.[0] ?? inodeName(named),
    ranges: mergeBytes(owners),
    openBy: openersOf(owners),
    goodCopy: goodCopyOf(owners),
    ...usersOf(owners),
    owners,
    lost: owners.some((owner) => owner.state !== 'unwritten'),
  };
}

function usersOf(owners: readonly Owner[]): Pick<MessageFile, 'openByCount' | 'kernelUsers' | 'readersGet'> {
  const count = openerCount(owners);
  const kernelUsers = owners.find((owner) => owner.kernelUsers !== undefined)?.kernelUsers;
  const lost = owners.find((owner) => owner.readersGet?.read === 'EIO') ?? owners[0];
  return {
    ...(count > openersOf(owners).length ? { openByCount: count } : {}),
    ...(kernelUsers === undefined ? {} : { kernelUsers }),
    ...(lost?.readersGet === undefined ? {} : { readersGet: lost.readersGet }),
  };
}

/** What stands for a file whose path is not known or not to be told. */
export function inodeName(owner: Owner | undefined): string {
  const inode = owner?.inode === undefined ? 'a file' : `inode ${owner.inode}`;
  return owner?.mountpoint === undefined ? inode : `${inode} on ${owner.mountpoint}`;
}

function mergeBytes(owners: readonly Owner[]): { readonly offset: number; readonly length: number }[] {
  const merged: { offset: number; length: number }[] = [];
  for (const { offset, length } of owners) {
    if (offset === undefined || length === undefined) continue;
    const last = merged.at(-1);
    if (last !== undefined && offset <= last.offset + last.length) {
      last.length = Math.max(last.length, offset + length - last.offset);
    } else merged.push({ offset, length });
  }
  return merged;
}

/** Each process once, with the worst of what was seen of it. */
export function openersOf(owners: readonly Owner[]): OpenBy[] {
  const byPid = new Map<number, OpenBy>();
  for (const open of owners.flatMap((owner) => owner.openBy ?? [])) {
    const known = byPid.get(open.pid);
    if (known === undefined || dangerOf(open) > dangerOf(known)) byPid.set(open.pid, open);
  }
  return [...byPid.values()].sort(byDanger);
}

/** How many processes use them at least: answers name only the first, and count the others. */
export function openerCount(owners: readonly Owner[]): number {
  return owners.reduce((most, owner) => Math.max(most, owner.openByCount ?? 0), openersOf(owners).length);
}

function goodCopyOf(owners: readonly Owner[]): MessageFile['goodCopy'] {
  const answers = owners.map((owner) => owner.goodCopy?.exists ?? 'unknown');
  if (answers.includes('no')) return 'no';
  return answers.every((answer) => answer === 'yes') ? 'yes' : 'unknown';
}

function bytesOf(file: DamagedFile): number {
  return file.ranges.reduce((sum, range) => sum + range.length, 0);
}
function worstFirst(a: DamagedFile, b: DamagedFile): number {
  return (
    Number(b.lost) - Number(a.lost) ||
    Number(a.goodCopy === 'yes') - Number(b.goodCopy === 'yes') ||
    danger(b) - danger(a) ||
    bytesOf(b) - bytesOf(a) ||
    (a.path < b.path ? -1 : Number(a.path > b.path))
  );
}
function danger(file: DamagedFile): number {
  return file.openBy[0] === undefined ? -1 : dangerOf(file.openBy[0]);
}

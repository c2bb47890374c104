import { clip, endOf, intersect, type Run, run, subtract } from '../../../model/extent.ts';
import type { Owner } from '../../../model/owner.ts';
import { bytesFromSectors, sectorsCovering, wholeSectors } from '../../../model/units.ts';
import { type Chunk, type DeviceExtent, piecesOf } from './chunks.ts';
import { BOOT_AREA_BYTES, superblockRuns } from './superblock.ts';
import { isReplacement, type Member } from './volume.ts';

/** Sectors of logical space that were asked for, and where on the device they are. */
export interface Placed extends Run {
  /** sector on the device where it starts */
  readonly physical: number;
  readonly chunk: Chunk;
}
type Settled = Omit<Owner, 'device'>;
export interface Placing {
  /** what needs no look at files, on the device */
  readonly settled: readonly Settled[];
  readonly placed: readonly Placed[];
}

/** Sorts sectors of a member device by what its chunks say of them. */
export function placeOnDevice(wanted: readonly Run[], member: Member, extents: readonly DeviceExtent[]): Placing {
  const settled: Settled[] = [];
  const placed: Placed[] = [];
  const end = wholeSectors(member.totalBytes);
  const settle = (runs: readonly Run[], what: Omit<Settled, 'start' | 'count'>): void => {
    for (const r of runs) settled.push({ ...what, ...r });
  };
  settle(subtract(wanted, [run(0, end)]), { kind: 'raw', metadata: 'beyond the end of the btrfs device' });
  const inside = intersect(wanted, [run(0, end)]);
  if (isReplacement(member)) {
    settle(inside, { kind: 'unknown', reason: 'a device replacement is copying to this device' });
    return { settled, placed };
  }
  const supers = superblockRuns(member.totalBytes);
  for (const [i, r] of supers.entries()) settle(intersect(inside, [r]), superblock(i, supers));
  const chunked: Run[] = [];
  const rest = subtract(inside, supers);
  for (const { byte, length, on } of extents) {
    const where = run(wholeSectors(byte), sectorsCovering(byte, length));
    const asked = overlapping(rest, where);
    chunked.push(where);
    if (on === undefined) {
      settle(asked, { kind: 'unknown', reason: 'its chunk is of a kind that is not known, or is just being changed' });
      continue;
    }
    for (const part of asked) {
      const from = bytesFromSectors(part.start) - byte;
      const to = from + bytesFromSectors(part.count);
      for (const piece of piecesOf(on.chunk, on.stripe, from, to)) {
        const at = run(wholeSectors(piece.byte), sectorsCovering(piece.byte, piece.length));
        if (piece.kind === 'parity') {
          settled.push({ kind: 'hidden', ...at, metadata: `${on.chunk.profile.name} parity ${piece.which}` });
        } else {
          const logical = wholeSectors(piece.logical);
          placed.push({ ...run(logical, at.count), physical: at.start, chunk: on.chunk });
        }
      }
    }
  }
  const unused = subtract(rest, chunked);
  const boot = run(0, wholeSectors(BOOT_AREA_BYTES));
  settle(intersect(unused, [boot]), { kind: 'hidden', metadata: 'boot loader area' });
  settle(subtract(unused, [boot]), { kind: 'free' });
  return { settled, placed };
}

function superblock(index: number, all: readonly Run[]): Omit<Settled, 'start' | 'count'> {
  const other = all.find((_, i) => i !== index);
  const goodCopy =
    other === undefined
      ? {}
      : { goodCopy: { exists: 'yes', where: `sector ${other.start} of the same device` } as const };
  return { kind: 'metadata', metadata: index === 0 ? 'superblock' : 'superblock copy', ...goodCopy };
}

/** Parts of sorted runs inside a window, found without looking at all of them. */
export function overlapping(sorted: readonly Run[], window: Run): Run[] {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (endOf(sorted[middle] as Run) <= window.start) low = middle + 1;
    else high = middle;
  }
  const parts: Run[] = [];
  for (let i = low; i < sorted.length; i++) {
    const part = clip(sorted[i] as Run, window);
    if (part === undefined) break;
    parts.push(part);
  }
  return parts;
}

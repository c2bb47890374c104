import { type Run, run } from '../../../model/extent.ts';
import type { Owner } from '../../../model/owner.ts';
import { sectorAt, sectorsCovering } from '../../../model/units.ts';
import { type Chunk, copiesOf, type DevicePlace } from './chunks.ts';
import type { Member } from './volume.ts';

export type GoodCopy = NonNullable<Owner['goodCopy']>;
export interface CopyState {
  readonly members: ReadonlyMap<number, Member>;
  /** the device that was asked about */
  readonly device: number;
  /** what sectors of a device are worth: whether any list names them as bad */
  worthOf(path: string, where: Run): 'good' | 'bad' | 'unknown';
}

/** A part of logical space whose bytes have their copies in one place each. */
export interface Copied {
  readonly logical: number;
  readonly length: number;
  readonly goodCopy: GoodCopy;
}

/**
 * Whether the bytes `[from, to)` of logical space, of which one copy lies at `byte` of the device asked about, can be
 * read elsewhere. A copy on a device that is missing, or on sectors that are listed as bad, is none. With parity there
 * is no copy but what the other devices of the row give, if all of them (RAID6: all but one) can be read and agree;
 * that is not known without reading them.
 */
export function goodCopies(chunk: Chunk, from: number, to: number, byte: number, state: CopyState): Iterable<Copied> {
  // by far the most of what is asked about on a single device
  if (!chunk.profile.striped && chunk.stripes.length === 1) {
    return [{ logical: from, length: to - from, goodCopy: NO_COPY }];
  }
  return copiesElsewhere(chunk, from, to, byte, state);
}
const NO_COPY: GoodCopy = { exists: 'no', where: null };

function* copiesElsewhere(chunk: Chunk, from: number, to: number, byte: number, state: CopyState): Generator<Copied> {
  for (const { logical, length, copies, rebuiltFrom } of copiesOf(chunk, from, to)) {
    const own: DevicePlace = { device: state.device, byte: byte + logical - from };
    const others = copies.filter((c) => c.device !== own.device || c.byte !== own.byte);
    const goodCopy =
      rebuiltFrom.length > 0 ? byParity(chunk, rebuiltFrom, length, state) : byMirror(chunk, others, length, state);
    yield { logical, length, goodCopy };
  }
}

function byMirror(chunk: Chunk, others: readonly DevicePlace[], length: number, state: CopyState): GoodCopy {
  const worths = others.map((place) => ({ place, worth: worthAt(place, length, state) }));
  for (const [worth, exists] of [
    ['good', 'yes'],
    ['unknown', 'unknown'],
  ] as const) {
    const found = worths.filter((w) => w.worth === worth).map((w) => w.place);
    if (found.length > 0) return { exists, where: `${namesOf(found, state)} (btrfs ${chunk.profile.name})` };
  }
  return NO_COPY;
}

function byParity(chunk: Chunk, others: readonly DevicePlace[], length: number, state: CopyState): GoodCopy {
  const left = others.filter((place) => worthAt(place, length, state) !== 'bad');
  if (others.length - left.length >= chunk.profile.parity) return NO_COPY;
  return { exists: 'unknown', where: `to be rebuilt from ${namesOf(left, state)} (btrfs ${chunk.profile.name})` };
}

function worthAt({ device, byte }: DevicePlace, length: number, { members, worthOf }: CopyState) {
  const path = members.get(device)?.path ?? '';
  return path === '' ? 'bad' : worthOf(path, run(sectorAt(byte), sectorsCovering(byte, length)));
}
function namesOf(places: readonly DevicePlace[], { members, device: own }: CopyState): string {
  const names = places.map(
    ({ device }) => `${device === own ? 'elsewhere on ' : ''}${members.get(device)?.path ?? ''}`,
  );
  return [...new Set(names)].join(', ');
}

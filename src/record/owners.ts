/** Owners of a tracked range: where they lie on the place, and what of them remains when ranges are cut or joined. */
import { clip, type Extent, endOf, type Run, run, shift, subtract, totalSectors } from '../model/extent.ts';
import type { LayerExtent, Owner } from '../model/owner.ts';
import { createRunIndex } from '../model/run-index.ts';
import type { Place } from '../model/topology.ts';
import { advance, bytesFromSectors, distance, type SectorCount } from '../model/units.ts';

/**
 * Owners on the place's own device are counted in its sectors, `dataStart` into the place; those on no device ('') in
 * sectors of the place. Undefined when the two cannot be related: BTT, or a device of another name.
 */
export function ownerRunOnPlace(owner: Owner, place: Place): Run | undefined {
  const own = run(owner.start, owner.count);
  if (owner.device === '') return own;
  return owner.device !== place.device || place.dataStart === undefined ? undefined : shift(own, place.dataStart);
}

/** Where the device shows the place, in place sectors; undefined when it is not one window. */
function dataWindow(place: Place): Run | undefined {
  if (place.device === '' || place.dataStart === undefined) return undefined;
  const size = place.dataSize ?? totalSectors(subtract([run(0, place.size)], [run(0, place.dataStart)]));
  return run(place.dataStart, size);
}

/** One `pending` owner for each part of the run: on the device where that shows it, in place sectors where not. */
export function pendingOwners(place: Place, wanted: Run): Owner[] {
  const window = dataWindow(place);
  const shown = window === undefined ? undefined : clip(wanted, window);
  const owners = subtract([wanted], shown === undefined ? [] : [shown]).map((r) => pendingOn('', r));
  const onDevice = shown === undefined ? undefined : toDevice(shown, place);
  if (onDevice !== undefined) owners.push(pendingOn(place.device, onDevice));
  return owners.sort((a, b) => a.start - b.start);
}
/** Place sectors as sectors of its device. */
function toDevice(onPlace: Run, place: Place): Run | undefined {
  return shift(onPlace, -(place.dataStart ?? 0));
}
/** Place sectors as people are told of them: on the device where that shows them, else of the place itself (device ''). */
export function shownRuns(place: Place, runs: readonly Run[]): Extent[] {
  return runs.flatMap((r) => pendingOwners(place, r)).map(({ device, start, count }) => ({ device, start, count }));
}
function pendingOn(device: string, r: Run): Owner {
  return { kind: 'pending', device, start: r.start, count: r.count };
}

/** What of the owner lies in `piece` (place sectors), with file offset and layers moved along. */
export function clipOwner(owner: Owner, place: Place, piece: Run): Owner | undefined {
  const whole = ownerRunOnPlace(owner, place);
  if (whole === undefined) return owner;
  const kept = clip(whole, piece);
  if (kept === undefined) return undefined;
  const cut = distance(whole.start, kept.start);
  if (cut === 0 && kept.count === owner.count) return owner;
  const moved = run(advance(owner.start, cut), kept.count);
  const skipped = bytesFromSectors(cut);
  return {
    ...owner,
    ...moved,
    ...cutBytes(owner, skipped, bytesFromSectors(kept.count)),
    ...(owner.layers === undefined
      ? {}
      : { layers: owner.layers.map((layer) => clipLayer(layer, owner, cut, kept.count)) }),
  };
}
function cutBytes({ offset, length, packed }: Owner, skipped: number, kept: number): Pick<Owner, 'offset' | 'length'> {
  // of what is packed, any sector spoils all bytes
  if (packed === true) return {};
  return {
    ...(offset === undefined ? {} : { offset: offset + skipped }),
    ...(length === undefined ? {} : { length: Math.max(0, Math.min(length - skipped, kept)) }),
  };
}
function clipLayer(layer: LayerExtent, owner: Owner, cut: SectorCount, count: SectorCount): LayerExtent {
  return layer.count === owner.count ? { ...layer, ...run(advance(layer.start, cut), count) } : layer;
}

/** Finds the owners of an answer that speak of a piece of the place, in the order of the answer. */
export interface OwnerIndex {
  touching(piece: Run): Owner[];
}
export function createOwnerIndex(owners: readonly Owner[], place: Place): OwnerIndex {
  const placed: (Run & { readonly order: number; readonly owner: Owner })[] = [];
  // those that cannot be related to the place speak of every piece
  const anywhere: { readonly order: number; readonly owner: Owner }[] = [];
  for (const [order, owner] of owners.entries()) {
    const onPlace = ownerRunOnPlace(owner, place);
    if (onPlace === undefined) anywhere.push({ order, owner });
    else placed.push({ ...onPlace, order, owner });
  }
  const index = createRunIndex(placed);
  return {
    touching: (piece) =>
      [...anywhere, ...index.overlapping(piece)].sort((a, b) => a.order - b.order).map(({ owner }) => owner),
  };
}

export function clipOwners(owners: readonly Owner[], place: Place, piece: Run): Owner[] {
  return owners.flatMap((owner) => clipOwner(owner, place, piece) ?? []);
}

/** The parts of `piece` that none of the owners covers. */
export function uncovered(owners: readonly Owner[], place: Place, piece: Run): Run[] {
  const covered = owners.map((owner) => ownerRunOnPlace(owner, place));
  if (covered.some((r) => r === undefined)) return [];
  return subtract(
    [piece],
    covered.filter((r) => r !== undefined),
  );
}

/** The same owners seen through another name or window of the place; device names of layers are left as they were found. */
export function relocateOwners(owners: readonly Owner[], from: Place, to: Place): Owner[] {
  const window = dataWindow(to);
  return owners.map((owner) => {
    const onPlace = ownerRunOnPlace(owner, from);
    if (onPlace === undefined) return owner.device === from.device ? { ...owner, device: to.device } : owner;
    const shown = window === undefined ? undefined : clip(onPlace, window);
    const onDevice = shown?.count === onPlace.count ? toDevice(shown, to) : undefined;
    if (onDevice === undefined) return { ...owner, ...onPlace, device: '' };
    return { ...owner, ...onDevice, device: to.device };
  });
}

/** Joins owners that were one before their range was cut. */
export function joinOwners(owners: readonly Owner[]): Owner[] {
  const joined: Owner[] = [];
  for (const next of [...owners].sort((a, b) => a.start - b.start)) {
    const at = joined.findIndex((before) => continues(before, next));
    const before = joined[at];
    if (before === undefined) joined.push(next);
    else joined[at] = append(before, next);
  }
  return joined;
}
function continues(before: Owner, next: Owner): boolean {
  if (before.device !== next.device || endOf(before) !== next.start) return false;
  if (before.offset !== undefined && before.offset + bytesFromSectors(before.count) !== next.offset) return false;
  const layersContinue =
    before.layers?.length === next.layers?.length &&
    (before.layers ?? []).every((layer, i) => endOf(layer) === next.layers?.[i]?.start);
  return layersContinue && rest(before) === rest(next);
}
function rest(owner: Owner): string {
  const { start, count, offset, length, layers, ...same } = owner;
  return JSON.stringify([same, offset === undefined, length === undefined, layers?.map((l) => [l.device, l.kind])]);
}
function append(before: Owner, next: Owner): Owner {
  return {
    ...before,
    count: totalSectors([before, next]),
    ...(before.length === undefined ? {} : { length: before.length + (next.length ?? 0) }),
    ...(before.layers === undefined
      ? {}
      : {
          layers: before.layers.map((layer, i) => ({
            ...layer,
            count: totalSectors([layer, next.layers?.[i] ?? run(0, 0)]),
          })),
        }),
  };
}

/**
 * Whether two answers tell people the same. Processes come and go and reasons are worded anew by each attempt:
 * neither is a change to be told.
 */
export function sameOwners(a: readonly Owner[], b: readonly Owner[]): boolean {
  return told(a) === told(b);
}
function told(owners: readonly Owner[]): string {
  return JSON.stringify(
    owners
      .map((o) => [
        o.kind,
        o.device,
        o.start,
        o.count,
        o.fsType,
        o.mountpoint,
        o.inode,
        o.subvolume,
        o.offset,
        o.length,
        o.state,
        o.metadata,
        o.paths,
        o.goodCopy?.exists,
      ])
      .map((fields) => JSON.stringify(fields))
      .sort(),
  );
}

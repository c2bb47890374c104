import { clip, coalesce, type Run, run, totalBytes } from '../model/extent.ts';
import type { TrackedRange } from '../model/incident.ts';
import { fileIdentity, type OpenBy, type Owner, type OwnerKind } from '../model/owner.ts';
import type { PlaceState, State } from '../model/state.ts';
import type { Place } from '../model/topology.ts';
import { bytesFromSectors } from '../model/units.ts';

/** The bad ranges of a place that show on one device label: on its device, or `''` outside of it (info block, free region space). */
export interface DeviceDamage {
  readonly device: string;
  readonly ranges: number;
  readonly bytes: number;
  readonly ownerBytes: ReadonlyMap<OwnerKind, number>;
}

/** A file with bad bytes: one per inode, however many names and ranges it has. */
export interface DamagedFile {
  readonly device: string;
  readonly uid: string;
  readonly mountpoint: string;
  /** its first name, or `inode N` where none is known */
  readonly name: string;
  /** bytes of storage that are bad; storage shared inside the file counts once */
  readonly bytes: number;
  readonly owners: readonly Owner[];
}

export interface PlaceDamage {
  /** the place's own device first; a second entry with device `''` only when something lies outside of it */
  readonly devices: readonly DeviceDamage[];
  /** most bytes first, then by name */
  readonly files: readonly DamagedFile[];
  /** whether every range has all its owners */
  readonly resolved: boolean;
}

const known = new WeakMap<PlaceState, PlaceDamage>();

/** Summed once per PlaceState: states are replaced, never changed, so several scrapes share the answer. */
export function damageOf(place: PlaceState): PlaceDamage {
  let damage = known.get(place);
  if (damage === undefined) {
    damage = sumUp(place);
    known.set(place, damage);
  }
  return damage;
}

/**
 * When the place's lists were last read well, in ms since the epoch: a reading that failed since does not count.
 * Undefined when this run of the agent has not read them yet.
 */
export function lastReadAt({ lists }: State, { place, readable, readAt }: PlaceState): number | undefined {
  if (readable) return readAt ?? undefined;
  const own = lists.filter(({ subject }) => subject === place.device || subject === place.ndRegion);
  const times = own.map(({ lastOkAt }) => lastOkAt).filter((at) => at !== undefined);
  return own.length === 0 || times.length < own.length ? undefined : Math.min(...times);
}

/**
 * Whether a number of bad bytes says anything. Known ranges always do; an empty list does only when it was read and
 * something feeds it: unreadable is never clean, unwatched is never clean.
 */
export function damageIsKnown(state: State, place: PlaceState): boolean {
  if (place.ranges.length > 0) return true;
  return place.place.errorSource !== 'none' && lastReadAt(state, place) !== undefined;
}

/**
 * The window of the place that its device shows, or undefined when the device shows all of it as far as is known
 * (BTT has no single window: its ranges are told under the device).
 */
export function deviceWindow(place: Place): Run | undefined {
  if (place.device === '' || place.dataStart === undefined || place.dataSize === undefined) return undefined;
  return run(place.dataStart, place.dataSize);
}

/** The part of the range that the place's device shows; undefined when it lies outside of it. */
export function partOnDevice(place: Place, range: Run): Run | undefined {
  const window = deviceWindow(place);
  return window === undefined ? range : clip(range, window);
}

function sumUp({ place, ranges }: PlaceState): PlaceDamage {
  const window = deviceWindow(place);
  const inside: Tally = { device: place.device, ranges: 0, bytes: 0, ownerBytes: new Map() };
  const outside: Tally = { device: '', ranges: 0, bytes: 0, ownerBytes: new Map() };
  const files = new Map<string, Map<string, Owner[]>>();
  let resolved = true;
  for (const range of ranges) {
    const part = window === undefined ? range : clip(range, window);
    const onDevice = part === undefined ? 0 : bytesFromSectors(part.count);
    const elsewhere = bytesFromSectors(range.count) - onDevice;
    if (onDevice > 0) count(inside, onDevice);
    if (elsewhere > 0) count(outside, elsewhere);
    tellOwners(range, (kind, bytes) => {
      const tally = part === undefined || (elsewhere > 0 && kind === 'hidden') ? outside : inside;
      tally.ownerBytes.set(kind, (tally.ownerBytes.get(kind) ?? 0) + bytes);
    });
    resolved &&= range.ownersComplete && range.owners.length > 0;
    for (const owner of range.owners) {
      if (owner.kind === 'pending') resolved = false;
      if (owner.kind === 'file') addTo(files, owner);
    }
  }
  const found = [...files.values()].flatMap((inodes) => [...inodes.values()]);
  return {
    devices: outside.ranges === 0 && outside.ownerBytes.size === 0 ? [inside] : [inside, outside],
    files: found.map((owners) => damagedFile(owners, place)).sort(worstFirst),
    resolved,
  };
}

interface Tally {
  readonly device: string;
  ranges: number;
  bytes: number;
  readonly ownerBytes: Map<OwnerKind, number>;
}
function count(tally: Tally, bytes: number): void {
  tally.ranges++;
  tally.bytes += bytes;
}
function addTo(files: Map<string, Map<string, Owner[]>>, owner: Owner): void {
  const mountpoint = owner.mountpoint ?? '';
  let inodes = files.get(mountpoint);
  if (inodes === undefined) {
    inodes = new Map();
    files.set(mountpoint, inodes);
  }
  const inode = fileIdentity(owner);
  const owners = inodes.get(inode);
  if (owners === undefined) inodes.set(inode, [owner]);
  else owners.push(owner);
}

/** Shared storage has several owners of one kind for the same sectors: each sector counts once per kind. */
function tellOwners(range: TrackedRange, tell: (kind: OwnerKind, bytes: number) => void): void {
  const [only, second] = range.owners;
  if (only === undefined) tell('pending', bytesFromSectors(range.count));
  else if (second === undefined) tell(only.kind, bytesFromSectors(only.count));
  else {
    for (const kind of new Set(range.owners.map((o) => o.kind))) {
      tell(kind, totalBytes(coalesce(range.owners.filter((o) => o.kind === kind))));
    }
  }
}

function damagedFile(owners: readonly Owner[], place: Place): DamagedFile {
  const first = owners[0];
  return {
    device: place.device,
    uid: place.uid,
    mountpoint: first?.mountpoint ?? '',
    name: owners.find((o) => o.paths?.[0] !== undefined)?.paths?.[0] ?? `inode ${first?.inode ?? 'unknown'}`,
    bytes: totalBytes(coalesce(owners)),
    owners,
  };
}
function worstFirst(a: DamagedFile, b: DamagedFile): number {
  return b.bytes - a.bytes || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
}

/** Who has any of the file's damaged extents open, each process once, those in most danger first. */
export function openersOf(file: DamagedFile): OpenBy[] {
  const byPid = new Map<number, OpenBy>();
  for (const opener of file.owners.flatMap((o) => o.openBy ?? [])) {
    const known = byPid.get(opener.pid);
    byPid.set(opener.pid, {
      ...opener,
      mapped: opener.mapped || (known?.mapped ?? false),
      mapsDamaged: opener.mapsDamaged || (known?.mapsDamaged ?? false),
    });
  }
  return [...byPid.values()].sort((a, b) => danger(b) - danger(a) || a.pid - b.pid);
}
function danger(open: OpenBy): number {
  return open.mapsDamaged ? 2 : open.mapped ? 1 : 0;
}

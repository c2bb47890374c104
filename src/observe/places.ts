import type { ListReading, PlaceReading, ReadingTrigger } from '../model/badblocks.ts';
import { clip, coalesce, type Run, run, shift } from '../model/extent.ts';
import type { Place, Topology } from '../model/topology.ts';

/** A list that a place needs, and how its sectors become the place's. */
interface Source {
  readonly subject: string;
  /** whether its sectors can be told to be the place's */
  readonly shows: boolean;
  toPlace(runs: readonly Run[]): readonly Run[];
}

/**
 * What the lists say of each place, in place sectors: a disk's list counts from its data area, a region's from the region's
 * start. The same sector in both is one. A place is readable when every list it needs was read, and complete when each of
 * them is; what a readable list shows is told even where another is not. A place of which no list was read yet has no
 * reading; while one of several is outstanding, the reading is `pending`.
 */
export function readPlaces(
  topology: Topology,
  lists: ReadonlyMap<string, ListReading>,
): ReadonlyMap<string, PlaceReading> {
  const readings = new Map<string, PlaceReading>();
  for (const place of topology.places) {
    const reading = readPlace(place, topology, lists);
    if (reading !== undefined) readings.set(place.uid, reading);
  }
  return readings;
}

interface Known {
  readonly topology: Topology;
  readonly found: Sources;
  readonly lists: readonly (ListReading | undefined)[];
  readonly reading: PlaceReading | undefined;
}
/** Every pass asks for every place: while its lists were not read anew, the same object is the answer. */
const known = new WeakMap<Place, Known>();

function readPlace(
  place: Place,
  topology: Topology,
  lists: ReadonlyMap<string, ListReading>,
): PlaceReading | undefined {
  const before = known.get(place);
  const found = before?.topology === topology ? before.found : sourcesOf(place, topology);
  const read = found.sources.map((source) => ({ source, reading: lists.get(source.subject) }));
  if (before?.found === found && read.every(({ reading }, i) => reading === before.lists[i])) return before.reading;
  const done = read.filter((r) => r.reading !== undefined) as { source: Source; reading: ListReading }[];
  const pending = done.length < read.length;
  const reading = done.length === 0 ? undefined : readingOf(place, done, found.missing, pending);
  known.set(place, { topology, found, lists: read.map((r) => r.reading), reading });
  return reading;
}

function readingOf(
  place: Place,
  done: readonly { source: Source; reading: ListReading }[],
  missing: readonly string[],
  pending: boolean,
): PlaceReading {
  const runs: Run[] = [];
  const reasons = [...missing];
  let readable = done.some(({ source }) => source.shows);
  let complete = missing.length === 0;
  for (const { source, reading } of done) {
    const { list, subject } = reading;
    if (list.kind === 'ok') {
      runs.push(...source.toPlace(list.value.runs));
      if (list.value.complete) continue;
      complete = false;
      reasons.push(`${subject}: ${list.value.reason ?? 'entries are missing'}`);
    } else {
      readable = false;
      complete = false;
      reasons.push(`${subject}: ${list.reason}`);
    }
  }
  const ends = done.map(({ reading }) => reading.at);
  return {
    uid: place.uid,
    runs: coalesce(runs),
    readable: readable && !pending,
    complete: complete && !pending,
    reasons,
    trigger: latestTrigger(done.map(({ reading }) => reading)),
    readAt: Math.min(...ends),
    startedAt: Math.min(...done.map(({ reading }) => reading.at - reading.durationMs)),
    ...(pending && { pending }),
  };
}

/** How the newest of the readings came about: what is new in it was found that way. */
function latestTrigger(readings: readonly ListReading[]): ReadingTrigger {
  let newest: ListReading | undefined;
  for (const reading of readings) if (newest === undefined || reading.at > newest.at) newest = reading;
  return newest?.trigger ?? 'start';
}

/** The lists a place needs, and why one that belongs to it cannot be used. */
interface Sources {
  readonly sources: readonly Source[];
  readonly missing: readonly string[];
}

function sourcesOf(place: Place, topology: Topology): Sources {
  return place.kind === 'region' ? regionSources(place) : namespaceSources(place, topology);
}

function regionSources({ ndRegion: subject, windows }: Place): Sources {
  if (windows !== undefined) {
    return { sources: [{ subject, shows: true, toPlace: (runs) => within(runs, windows) }], missing: [] };
  }
  const missing = `where the namespaces of ${subject} lie is not known, so none of its sectors can be told to be outside them`;
  return { sources: [unusable(subject)], missing: [missing] };
}
function unusable(subject: string): Source {
  return { subject, shows: false, toPlace: () => [] };
}

function namespaceSources(place: Place, topology: Topology): Sources {
  const { device, mode, dataStart, regionOffset, ndRegion, size } = place;
  const sources: Source[] = [];
  const missing: string[] = [];
  const whole = [run(0, size)];
  const disk = topology.blockDevices.find(({ name }) => name === device);
  // BTT disks and dax devices have no list of their own
  const needsList = device !== '' && (mode === 'fsdax' || mode === 'raw');
  const hasList = disk?.hasBadblocks === true;
  // a disk of these modes always has one: without it the device is just being taken down, and the region's list alone clears nothing
  if (needsList && !hasList)
    missing.push(disk === undefined ? `${device} could not be looked at` : `${device} shows no bad-block list`);
  else if (hasList && dataStart === undefined)
    missing.push(`${device}: where its data lies in the namespace is not known`);
  else if (hasList && dataStart !== undefined) {
    sources.push({ subject: device, shows: true, toPlace: (runs) => within(moved(runs, dataStart), whole) });
  }
  if (regionOffset === undefined) {
    missing.push(`${ndRegion}: where the namespace lies in it may be read by root alone, so its list cannot be used`);
    if (sources.length === 0) sources.push(unusable(ndRegion));
  } else {
    const window = [run(regionOffset, size)];
    sources.push({ subject: ndRegion, shows: true, toPlace: (runs) => moved(within(runs, window), -regionOffset) });
  }
  return { sources, missing };
}

function within(runs: readonly Run[], windows: readonly Run[]): Run[] {
  return windows.flatMap((window) => runs.map((r) => clip(r, window)).filter((r) => r !== undefined));
}
function moved(runs: readonly Run[], by: number): Run[] {
  return runs.map((r) => shift(r, by)).filter((r) => r !== undefined);
}

import { clip, endOf, type Run, run } from '../../../model/extent.ts';
import type { TrackedRange } from '../../../model/incident.ts';
import type { Owner } from '../../../model/owner.ts';
import { SMALLEST_WINDOW, ZONES } from './zoom.ts';

/** How finely a strip is drawn: what falls into one column is drawn as one mark. */
export const COLUMNS = 480;

/** `lost`: something that was stored; `open`: not known yet, or for good; `idle`: nothing, or there is a good copy. */
export type Harm = 'lost' | 'open' | 'idle';
const worse: Readonly<Record<Harm, number>> = { idle: 0, open: 1, lost: 2 };

export function harmOf(owners: readonly Owner[]): Harm {
  if (owners.length === 0) return 'open';
  return owners.reduce<Harm>((most, owner) => {
    const harm = harmOfOwner(owner);
    return worse[harm] > worse[most] ? harm : most;
  }, 'idle');
}
function harmOfOwner({ kind, state, goodCopy }: Owner): Harm {
  if (kind === 'pending' || kind === 'unknown') return 'open';
  if (kind === 'free' || state === 'unwritten' || goodCopy?.exists === 'yes') return 'idle';
  return 'lost';
}

/** Columns `from` to `to` (not included) that hold bad sectors. */
export interface Mark {
  readonly from: number;
  readonly to: number;
  readonly harm: Harm;
}
/** One of the equal parts of a strip. */
export interface Zone {
  readonly window: Run;
  readonly ranges: number;
  readonly sectors: number;
}
export interface Strip {
  readonly window: Run;
  readonly marks: readonly Mark[];
  readonly zones: readonly Zone[];
  /** those in the window, in order */
  readonly ranges: readonly TrackedRange[];
  /** whether some mark stands for more than one range */
  readonly merged: boolean;
  /** whether some mark is wider than what it stands for */
  readonly widened: boolean;
}

/** @param ranges sorted, never overlapping */
export function stripOf(ranges: readonly TrackedRange[], window: Run): Strip {
  const inside: TrackedRange[] = [];
  for (let i = firstFrom(ranges, window.start); i < ranges.length; i++) {
    const range = ranges[i] as TrackedRange;
    if (range.start >= endOf(window)) break;
    inside.push(range);
  }
  const columns: (Harm | undefined)[] = new Array(COLUMNS).fill(undefined);
  const perColumn = window.count / COLUMNS;
  let merged = false;
  let widened = false;
  let last = -1;
  for (const range of inside) {
    const part = clip(range, window) ?? range;
    const from = Math.min(COLUMNS - 1, Math.floor((part.start - window.start) / perColumn));
    const to = Math.max(from + 1, Math.ceil((endOf(part) - window.start) / perColumn));
    const harm = harmOf(range.owners);
    merged ||= from <= last;
    widened ||= part.count < perColumn;
    for (let column = from; column < to; column++) {
      const known = columns[column];
      if (known === undefined || worse[harm] > worse[known]) columns[column] = harm;
    }
    last = to - 1;
  }
  return { window, marks: marksOf(columns), zones: zonesOf(inside, window), ranges: inside, merged, widened };
}

/** The first range that ends after `start`. */
function firstFrom(ranges: readonly TrackedRange[], start: number): number {
  let low = 0;
  let high = ranges.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (endOf(ranges[middle] as TrackedRange) > start) high = middle;
    else low = middle + 1;
  }
  return low;
}

function marksOf(columns: readonly (Harm | undefined)[]): Mark[] {
  const marks: Mark[] = [];
  for (let from = 0; from < columns.length; from++) {
    const harm = columns[from];
    if (harm === undefined) continue;
    let to = from + 1;
    while (columns[to] === harm) to++;
    marks.push({ from, to, harm });
    from = to - 1;
  }
  return marks;
}

/** None where the window is as small as it gets. */
function zonesOf(inside: readonly TrackedRange[], window: Run): Zone[] {
  if (window.count <= SMALLEST_WINDOW) return [];
  const borders = Array.from({ length: ZONES + 1 }, (_, i) => window.start + Math.round((window.count * i) / ZONES));
  const zones: { window: Run; ranges: number; sectors: number }[] = [];
  for (let i = 0; i < ZONES; i++) {
    const from = borders[i] ?? 0;
    zones.push({ window: run(from, (borders[i + 1] ?? from) - from), ranges: 0, sectors: 0 });
  }
  let first = 0;
  for (const range of inside) {
    while (first < zones.length && endOf((zones[first] as Zone).window) <= range.start) first++;
    for (let i = first; i < zones.length; i++) {
      const zone = zones[i];
      const part = zone && clip(range, zone.window);
      if (zone === undefined || part === undefined) break;
      zone.ranges++;
      zone.sectors += part.count;
    }
  }
  return zones;
}

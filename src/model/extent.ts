import { advance, type Bytes, bytesFromSectors, type Sector, type SectorCount, sector, sectorCount } from './units.ts';

/** A half-open run of sectors. Which device it is on is said by the value that holds it. */
export interface Run {
  readonly start: Sector;
  readonly count: SectorCount;
}

/** A run that names its device (kernel name, such as `pmem0`). A run never travels between parts without it. */
export interface Extent extends Run {
  readonly device: string;
}

export function run(start: number, count: number): Run {
  return { start: sector(start), count: sectorCount(count) };
}
export function extent(device: string, start: number, count: number): Extent {
  return { device, start: sector(start), count: sectorCount(count) };
}
/** The first sector after the run. */
export function endOf(r: Run): Sector {
  return advance(r.start, r.count);
}
export function totalSectors(runs: readonly Run[]): SectorCount {
  return sectorCount(runs.reduce((sum, r) => sum + r.count, 0));
}
export function totalBytes(runs: readonly Run[]): Bytes {
  return bytesFromSectors(totalSectors(runs));
}

/** Sorted, with adjacent and overlapping runs merged and empty ones dropped (the kernel lists long ranges in slices of 512). */
export function coalesce(runs: readonly Run[]): Run[] {
  const sorted = isSorted(runs) ? runs : [...runs].sort((a, b) => a.start - b.start);
  const merged: Run[] = [];
  let from = 0;
  let to = 0;
  for (const { start, count } of sorted) {
    if (count <= 0) continue;
    if (to > from && start <= to) {
      to = Math.max(to, start + count);
      continue;
    }
    if (to > from) merged.push(run(from, to - from));
    from = start;
    to = start + count;
  }
  if (to > from) merged.push(run(from, to - from));
  return merged;
}
/** The same runs where they are sorted and apart already, as most are. */
function apart(runs: readonly Run[]): readonly Run[] {
  let reached = -1;
  for (const { start, count } of runs) {
    if (count <= 0 || start <= reached) return coalesce(runs);
    reached = start + count;
  }
  return runs;
}
function isSorted(runs: readonly Run[]): boolean {
  let before = 0;
  for (const { start } of runs) {
    if (start < before) return false;
    before = start;
  }
  return true;
}

/** What lies in both; both sides may be in any order. */
export function intersect(a: readonly Run[], b: readonly Run[]): Run[] {
  const left = apart(a);
  const right = apart(b);
  const common: Run[] = [];
  for (let i = 0, j = 0; i < left.length && j < right.length; ) {
    const x = left[i] as Run;
    const y = right[j] as Run;
    const from = Math.max(x.start, y.start);
    const to = Math.min(endOf(x), endOf(y));
    if (from < to) common.push(run(from, to - from));
    if (endOf(x) < endOf(y)) i++;
    else j++;
  }
  return common;
}

/** What of `a` is not in `b`. */
export function subtract(a: readonly Run[], b: readonly Run[]): Run[] {
  if (a.length === 0) return [];
  const holes = apart(b);
  const rest: Run[] = [];
  let j = 0;
  for (const whole of apart(a)) {
    let from: number = whole.start;
    const to: number = endOf(whole);
    while (j < holes.length && endOf(holes[j] as Run) <= from) j++;
    for (let k = j; k < holes.length && from < to; k++) {
      const hole = holes[k] as Run;
      if (hole.start >= to) break;
      if (hole.start > from) rest.push(run(from, hole.start - from));
      from = Math.max(from, endOf(hole));
    }
    if (from < to) rest.push(run(from, to - from));
  }
  return rest;
}

/** The part of `r` inside `window`, or undefined. */
export function clip(r: Run, window: Run): Run | undefined {
  const from = Math.max(r.start, window.start);
  const to = Math.min(endOf(r), endOf(window));
  return from < to ? run(from, to - from) : undefined;
}

/** The same run counted from another origin `by` sectors away; undefined when it would start before sector 0. */
export function shift(r: Run, by: number): Run | undefined {
  return r.start + by < 0 ? undefined : run(r.start + by, r.count);
}

export function overlaps(a: Run, b: Run): boolean {
  return a.start < endOf(b) && b.start < endOf(a);
}

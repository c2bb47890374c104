import { endOf, type Run } from './extent.ts';

/** Finds which of many runs, overlapping ones among them, touch another. */
export interface RunIndex<T extends Run> {
  /** in order of their starts */
  overlapping(asked: Run): T[];
}

export function createRunIndex<T extends Run>(runs: readonly T[]): RunIndex<T> {
  const sorted = [...runs].sort((a, b) => a.start - b.start || a.count - b.count);
  // the furthest end so far never falls, so it can be searched although the ends themselves may
  const reach = new Float64Array(sorted.length);
  let furthest = 0;
  for (const [i, r] of sorted.entries()) {
    furthest = Math.max(furthest, endOf(r));
    reach[i] = furthest;
  }
  return {
    overlapping(asked) {
      let low = 0;
      let high = sorted.length;
      while (low < high) {
        const middle = (low + high) >>> 1;
        if ((reach[middle] as number) <= asked.start) low = middle + 1;
        else high = middle;
      }
      // mostly one: an array that grows has room for many
      let found: T[] | undefined;
      for (let i = low; i < sorted.length; i++) {
        const r = sorted[i] as T;
        if (r.start >= endOf(asked)) break;
        if (endOf(r) <= asked.start) continue;
        if (found === undefined) found = [r];
        else found.push(r);
      }
      return found ?? [];
    },
  };
}

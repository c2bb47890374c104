import { coalesce, endOf, type Run, run } from '../../../model/extent.ts';
import { bytesFromSectors, wholeSectors } from '../../../model/units.ts';
import type { Chunk } from './chunks.ts';
import type { ExtentRange } from './extents.ts';
import type { Placed } from './place.ts';

/** Logical sectors of one chunk that are looked at together. */
export interface Window {
  readonly chunk: Chunk;
  /** bytes of logical space */
  readonly from: number;
  readonly to: number;
  /** the wanted sectors in it, in order */
  readonly wanted: readonly Run[];
}
/** What lies nearer than this is read with one search: what is between costs less than another one. */
const GAP_BYTES = 256 * 1024;
const WINDOW_BYTES = 16 * 1024 * 1024;

/** What was placed in chunks, by what is best read together. */
export function* windowsOf(placed: readonly Placed[]): Generator<Window> {
  const byChunk = new Map<Chunk, Run[]>();
  for (const p of placed) {
    const runs = byChunk.get(p.chunk);
    if (runs === undefined) byChunk.set(p.chunk, [p]);
    else runs.push(p);
  }
  for (const [chunk, runs] of byChunk) {
    let wanted: Run[] = [];
    let from = 0;
    let to = 0;
    for (const r of slices(coalesce(runs))) {
      const start = bytesFromSectors(r.start);
      if (wanted.length > 0 && (start - to > GAP_BYTES || to - from >= WINDOW_BYTES)) {
        yield { chunk, from, to, wanted };
        wanted = [];
      }
      if (wanted.length === 0) from = start;
      wanted.push(r);
      to = start + bytesFromSectors(r.count);
    }
    if (wanted.length > 0) yield { chunk, from, to, wanted };
  }
}
function* slices(runs: readonly Run[]): Generator<Run> {
  const most = wholeSectors(WINDOW_BYTES);
  for (const r of runs) {
    for (let at = 0; at < r.count; at += most) yield run(r.start + at, Math.min(most, r.count - at));
  }
}

/** The part of the extent tree that tells of a window. */
export function rangeOf({ chunk, from, to, wanted }: Window): ExtentRange {
  let next = 0;
  let before = 0;
  return {
    from,
    to,
    floor: chunk.logical,
    wants(logical, length) {
      if (logical < before) next = 0;
      before = logical;
      while (next < wanted.length && bytesFromSectors(endOf(wanted[next] as Run)) <= logical) next++;
      return next < wanted.length && bytesFromSectors((wanted[next] as Run).start) < logical + length;
    },
  };
}

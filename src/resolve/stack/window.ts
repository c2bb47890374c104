import { clip, type Extent, extent, run } from '../../model/extent.ts';
import type { MappedExtent } from './layer.ts';

/** Sectors of one lower device that an upper one shows in their order. */
export interface Window {
  readonly lower: string;
  readonly below: number;
  readonly upper: string;
  readonly above: number;
  readonly count: number;
}

/** The part of `below` that the window shows. */
export function windowUp(w: Window, below: Extent): MappedExtent | undefined {
  if (below.device !== w.lower) return undefined;
  const inside = clip(below, run(w.below, w.count));
  return inside === undefined ? undefined : pair(w, inside.start - w.below, inside.count);
}
/** Where the part of `above` that lies in the window is beneath it. */
export function windowDown(w: Window, above: Extent): MappedExtent | undefined {
  if (above.device !== w.upper) return undefined;
  const inside = clip(above, run(w.above, w.count));
  return inside === undefined ? undefined : pair(w, inside.start - w.above, inside.count);
}
function pair(w: Window, into: number, count: number): MappedExtent {
  return { below: extent(w.lower, w.below + into, count), above: extent(w.upper, w.above + into, count) };
}

import { clip, type Run } from '../../../model/extent.ts';
import type { RunIndex } from '../../../model/run-index.ts';
import { bytesFromSectors, sector, sectorsCovering, wholeSectors } from '../../../model/units.ts';
import { type CopyState, type GoodCopy, goodCopies } from './copies.ts';
import type { Placed } from './place.ts';

/** Sectors of the device asked about, with what is known of other copies of them. */
export interface Spot extends Run {
  /** bytes of logical space from where the asked sectors begin */
  readonly into: number;
  readonly goodCopy: GoodCopy;
}

/** Where logical sectors are that were asked about. Several files that share them ask one after the other. */
export function createSpots(placed: RunIndex<Placed>, copies: CopyState): (asked: Run) => readonly Spot[] {
  let last: { readonly asked: Run; readonly spots: readonly Spot[] } | undefined;
  return (asked) => {
    if (last?.asked.start === asked.start && last.asked.count === asked.count) return last.spots;
    const spots: Spot[] = [];
    for (const p of placed.overlapping(asked)) {
      const part = clip(p, asked);
      if (part === undefined) continue;
      const physical = p.physical + part.start - p.start;
      const from = bytesFromSectors(part.start);
      const to = from + bytesFromSectors(part.count);
      const at = bytesFromSectors(sector(physical));
      for (const { logical, length, goodCopy } of goodCopies(p.chunk, from, to, at, copies)) {
        spots.push({
          start: sector(physical + wholeSectors(logical - from)),
          count: sectorsCovering(0, length),
          into: logical - bytesFromSectors(asked.start),
          goodCopy,
        });
      }
    }
    last = { asked, spots };
    return spots;
  };
}

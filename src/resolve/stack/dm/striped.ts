import { clip, extent, run } from '../../../model/extent.ts';
import type { MappedExtent, MappedUp } from '../layer.ts';
import { pieces } from '../raid/geometry.ts';
import type { DmTargetLayer } from './target.ts';

/** Chunks dealt to the legs in turn (drivers/md/dm-stripe.c stripe_map_sector). */
export const dmStriped: DmTargetLayer<'striped'> = {
  kind: 'striped',
  mapUp(upper, target, { chunk, legs }, below) {
    const perLeg = target.count / legs.length;
    return legs.flatMap((leg, i): MappedUp[] => {
      const inside = leg.device === below.device ? clip(below, run(leg.start, perLeg)) : undefined;
      if (inside === undefined) return [];
      return [...pieces(inside.start - leg.start, inside.count, chunk)].map(([at, count]) => ({
        part: 'shown',
        below: extent(leg.device, leg.start + at, count),
        above: extent(
          upper.name,
          target.start + (Math.floor(at / chunk) * legs.length + i) * chunk + (at % chunk),
          count,
        ),
      }));
    });
  },
  mapDown(upper, target, { chunk, legs }, above) {
    const inside = clip(above, run(target.start, target.count));
    if (inside === undefined) return [];
    return [...pieces(inside.start - target.start, inside.count, chunk)].flatMap(([at, count]): MappedExtent[] => {
      const n = Math.floor(at / chunk);
      const leg = legs[n % legs.length];
      if (leg === undefined) return [];
      const below = leg.start + Math.floor(n / legs.length) * chunk + (at % chunk);
      return [{ below: extent(leg.device, below, count), above: extent(upper.name, target.start + at, count) }];
    });
  },
};

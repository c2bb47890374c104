import type { RaidGeometry, Spot } from './geometry.ts';

/** The same on every member (drivers/md/raid1.c). */
export function raid1Geometry(disks: number, memberSize: number): RaidGeometry {
  const othersAt = (slot: number, at: number): { recovery?: { need: number; others: Spot[] } } => {
    const others = slotsBelow(disks)
      .filter((other) => other !== slot)
      .map((other) => ({ slot: other, at }));
    return others.length === 0 ? {} : { recovery: { need: 1, others } };
  };
  return {
    size: memberSize,
    up(slot, at, count) {
      const used = Math.max(0, Math.min(count, memberSize - at));
      const rest = { at: at + used, count: count - used, holds: { kind: 'unused' } } as const;
      const data = { at, count: used, holds: { kind: 'data', array: at }, ...othersAt(slot, at) } as const;
      return [data, rest].filter((part) => part.count > 0);
    },
    down(array, count) {
      const used = Math.min(count, memberSize - array);
      if (used <= 0) return [];
      return slotsBelow(disks).map((slot) => ({
        array,
        count: used,
        spot: { slot, at: array },
        ...othersAt(slot, array),
      }));
    },
  };
}

function slotsBelow(disks: number): number[] {
  return [...Array(disks).keys()];
}

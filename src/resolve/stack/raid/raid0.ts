import { chunkedGeometry, type RaidGeometry } from './geometry.ts';

/** RAID0_ORIG_LAYOUT and RAID0_ALT_MULTIZONE_LAYOUT (drivers/md/raid0.h) */
const ORIGINAL = 1;
const ALTERNATE = 2;

interface Zone {
  /** sectors of the array */
  readonly start: number;
  readonly end: number;
  /** where it begins on each of its members */
  readonly memberStart: number;
  readonly slots: readonly number[];
}

/**
 * Stripes over members of different sizes, in zones: the first over all members up to the smallest, the next over
 * those that have more, and so on (drivers/md/raid0.c create_strip_zones, find_zone, map_sector). In the later zones
 * the original layout chooses the member by the chunk's number in the array, the alternate one by that in the zone.
 * Undefined when there are such zones and it is not told which of the two holds.
 * @param sizes of the members in slot order, each a multiple of `chunk`
 */
export function raid0Geometry(sizes: readonly number[], chunk: number, layout: number): RaidGeometry | undefined {
  const zones = zonesOf(sizes);
  const ambiguous = (zones[1]?.slots.length ?? 1) > 1;
  if (ambiguous && layout !== ORIGINAL && layout !== ALTERNATE) return undefined;
  const byArray = layout !== ALTERNATE;
  const size = zones.at(-1)?.end ?? 0;
  return chunkedGeometry({
    chunk,
    size,
    copiesOf(n) {
      const zone = zones.find((z) => n * chunk < z.end);
      if (zone === undefined) return [];
      const inZone = n - zone.start / chunk;
      const disks = zone.slots.length;
      const slot = zone.slots[(byArray ? n : inZone) % disks] as number;
      return [{ slot, at: zone.memberStart + Math.floor(inZone / disks) * chunk }];
    },
    candidatesAt({ slot, at }) {
      const zone = zones.findLast((z) => z.memberStart <= at && z.slots.includes(slot));
      if (zone === undefined) return [];
      const disks = zone.slots.length;
      const first = zone.start / chunk + ((at - zone.memberStart) / chunk) * disks;
      return zone.slots.map((_, k) => first + k);
    },
    isUsed: ({ slot, at }) => at < (sizes[slot] ?? 0),
  });
}

function zonesOf(sizes: readonly number[]): readonly Zone[] {
  const zones: Zone[] = [];
  let start = 0;
  let memberStart = 0;
  for (const limit of [...new Set(sizes)].sort((a, b) => a - b)) {
    const slots = [...sizes.keys()].filter((slot) => (sizes[slot] as number) > memberStart);
    const end = start + (limit - memberStart) * slots.length;
    if (end > start) zones.push({ start, end, memberStart, slots });
    start = end;
    memberStart = limit;
  }
  return zones;
}

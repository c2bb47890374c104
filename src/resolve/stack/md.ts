import { clip, extent, intersect, run, subtract } from '../../model/extent.ts';
import type { MdArray } from '../../model/stack.ts';
import type { BlockDevice } from '../../model/topology.ts';
import type { MappedUp, StackLayer } from './layer.ts';
import { type ArrayWindow, raidDown, raidUp } from './raid/raid.ts';

/** Sectors of the superblock (4 KiB) for the formats that have it in front of the data; the others have it behind. */
const SUPERBLOCK: Readonly<Record<string, number>> = { '1.1': 0, '1.2': 8 };
const SUPERBLOCK_SECTORS = 8;

/** A software RAID array (Documentation/admin-guide/md.rst; drivers/md). */
export const md: StackLayer = {
  kindAt: (upper) => `md-${arrayOf(upper).raid.level}`,
  matches: (upper) => upper.assembly?.kind === 'md',
  mapUp(upper, below) {
    const array = arrayOf(upper);
    const window = windowOf(upper);
    const idle = array.idle.find((d) => d.device === below.device);
    if (idle !== undefined) return [{ part: 'hidden', below, what: `${idle.role} of ${window.label}` }];
    const member = array.raid.members.find((m) => m.device === below.device);
    if (member === undefined) throw new RangeError(`${below.device} is no member of ${upper.name}`);
    const data = run(member.dataStart, member.dataSize);
    const inside = clip(below, data);
    const parts: MappedUp[] =
      inside === undefined ? [] : raidUp(array.raid, member, window, extent(below.device, inside.start, inside.count));
    const superblock = SUPERBLOCK[array.metadata];
    const place =
      superblock === undefined ? subtract([below], [data]) : intersect([below], [run(superblock, SUPERBLOCK_SECTORS)]);
    const hide = (what: string) => (r: { readonly start: number; readonly count: number }) => {
      parts.push({ part: 'hidden', below: extent(below.device, r.start, r.count), what: `${what} of ${window.label}` });
    };
    place.forEach(hide('md superblock'));
    const front = clip(below, run(0, member.dataStart));
    if (front !== undefined) subtract([front], place).forEach(hide('md metadata'));
    return parts;
  },
  mapDown(upper, above) {
    if (above.device !== upper.name) throw new RangeError(`${above.device} is not ${upper.name}`);
    return raidDown(arrayOf(upper).raid, windowOf(upper), above);
  },
};

function arrayOf({ name, assembly }: BlockDevice): MdArray {
  if (assembly?.kind !== 'md') throw new RangeError(`${name} is no md array`);
  return assembly;
}
function windowOf(upper: BlockDevice): ArrayWindow {
  return { device: upper.name, start: 0, count: upper.size, label: upper.label ?? upper.name };
}

import { clip, extent, run } from '../../../model/extent.ts';
import type { DmTarget } from '../../../model/stack.ts';
import type { BlockDevice } from '../../../model/topology.ts';
import type { MappedUp } from '../layer.ts';
import { type ArrayWindow, raidDown, raidUp } from '../raid/raid.ts';
import { type DmTargetLayer, labelOf } from './target.ts';

/** md's levels inside a table (drivers/md/dm-raid.c): data and metadata of each member on devices of their own. */
export const dmRaid: DmTargetLayer<'raid'> = {
  kind: 'raid',
  mapUp(upper, target, { raid, logs }, below) {
    const window = windowOf(upper, target);
    const parts = raid.members.flatMap((member): MappedUp[] => {
      const inside = member.device === below.device ? clip(below, run(member.dataStart, member.dataSize)) : undefined;
      return inside === undefined ? [] : raidUp(raid, member, window, extent(below.device, inside.start, inside.count));
    });
    if (logs.includes(below.device)) parts.push({ part: 'hidden', below, what: `RAID metadata of ${labelOf(upper)}` });
    return parts;
  },
  mapDown: (upper, target, { raid }, above) => raidDown(raid, windowOf(upper, target), above),
};

function windowOf(upper: BlockDevice, target: DmTarget): ArrayWindow {
  return { device: upper.name, start: target.start, count: target.count, label: labelOf(upper) };
}

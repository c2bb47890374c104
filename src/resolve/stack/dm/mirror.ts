import type { DmMirrorLeg } from '../../../model/stack.ts';
import type { BlockDevice } from '../../../model/topology.ts';
import type { Copies, MappedExtent, MappedUp } from '../layer.ts';
import { windowDown, windowUp } from '../window.ts';
import { windowOf } from './linear.ts';
import { type DmTargetLayer, labelOf } from './target.ts';

/** The same on every leg (drivers/md/dm-raid1.c), with a log on a device of its own. */
export const dmMirror: DmTargetLayer<'mirror'> = {
  kind: 'mirror',
  mapUp(upper, target, { legs, logs }, below) {
    const parts = legs.flatMap((leg): MappedUp[] => {
      const shown = windowUp(windowOf(upper, target, leg), below);
      if (shown === undefined) return [];
      const into = shown.above.start - target.start;
      return [{ part: 'shown', ...shown, copies: othersThan(leg, legs, into, upper) }];
    });
    if (logs.includes(below.device)) parts.push({ part: 'hidden', below, what: `mirror log of ${labelOf(upper)}` });
    return parts;
  },
  mapDown(upper, target, { legs }, above) {
    return legs.flatMap((leg): MappedExtent[] => {
      const found = windowDown(windowOf(upper, target, leg), above);
      if (found === undefined) return [];
      return [{ ...found, copies: othersThan(leg, legs, found.above.start - target.start, upper) }];
    });
  },
};

function othersThan(leg: DmMirrorLeg, legs: readonly DmMirrorLeg[], into: number, upper: BlockDevice): Copies {
  const others = legs.filter((other) => other !== leg);
  return {
    of: labelOf(upper),
    need: 1,
    legs: others.map(({ device, start, state }) => ({ device, start: start + into, state, bad: [] })),
  };
}

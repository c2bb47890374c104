import type { DmLeg, DmTarget } from '../../../model/stack.ts';
import type { BlockDevice } from '../../../model/topology.ts';
import { type Window, windowDown, windowUp } from '../window.ts';
import type { DmTargetLayer } from './target.ts';

/**
 * Sectors of one lower device in their order: linear, and all that only changes what passes (crypt, delay, flakey,
 * dust; drivers/md/dm-linear.c linear_map_sector, dm-crypt.c crypt_map). With a crypt sector size above 512 the sectors
 * that are encrypted together are lost together; what is told is the one that is bad.
 */
export const dmLinear: DmTargetLayer<'linear'> = {
  kind: 'linear',
  mapUp(upper, target, map, below) {
    const shown = windowUp(windowOf(upper, target, map.leg), below);
    return shown === undefined ? [] : [{ part: 'shown', ...shown }];
  },
  mapDown(upper, target, map, above) {
    const found = windowDown(windowOf(upper, target, map.leg), above);
    return found === undefined ? [] : [found];
  },
};

export function windowOf(upper: BlockDevice, target: DmTarget, leg: DmLeg): Window {
  return { lower: leg.device, below: leg.start, upper: upper.name, above: target.start, count: target.count };
}

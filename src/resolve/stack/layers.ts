import { deviceMapper } from './dm/dm.ts';
import type { StackLayer } from './layer.ts';
import { loopDevice } from './loop-device.ts';
import { md } from './md.ts';
import { partition } from './partition.ts';

/** Every kind of layer that can be looked through; loop devices on files are followed through the owners of those. */
export const stackLayers: readonly StackLayer[] = [partition, deviceMapper, md, loopDevice];

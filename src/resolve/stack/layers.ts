import { deviceMapper } from './dm/dm.ts';
import type { StackLayer } from './layer.ts';
import { md } from './md.ts';
import { partition } from './partition.ts';

/** Every kind of layer that can be looked through; loop devices stand on files and are followed through their owners. */
export const stackLayers: readonly StackLayer[] = [partition, deviceMapper, md];

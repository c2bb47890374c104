import type { StackLayer } from './layer.ts';
import { partition } from './partition.ts';

/** Every kind of layer that can be looked through. */
export const stackLayers: readonly StackLayer[] = [partition];

import type { BlockDevice } from '../../model/topology.ts';
import { bytesFromSectors, wholeSectors } from '../../model/units.ts';
import type { StackLayer } from './layer.ts';
import { type Window, windowDown, windowUp } from './window.ts';

/** A loop device on a block device instead of a file (drivers/block/loop.c lo_offset): a window of it. */
export const loopDevice: StackLayer = {
  kindAt: () => 'loop',
  matches: (upper) => windowOf(upper) !== undefined,
  mapUp(upper, below) {
    const window = windowOf(upper);
    const shown = window === undefined ? undefined : windowUp(window, below);
    return shown === undefined ? [] : [{ part: 'shown', ...shown }];
  },
  mapDown(upper, above) {
    const window = windowOf(upper);
    const found = window === undefined ? undefined : windowDown(window, above);
    return found === undefined ? [] : [found];
  },
};

export function isLoopOn({ assembly }: BlockDevice, device: string): boolean {
  return assembly?.kind === 'loop' && assembly.device === device;
}

/** Undefined when it starts within a sector of the device beneath. */
function windowOf({ name, size, assembly }: BlockDevice): Window | undefined {
  if (assembly?.kind !== 'loop' || assembly.device === undefined) return undefined;
  const below = wholeSectors(assembly.offset);
  if (bytesFromSectors(below) !== assembly.offset) return undefined;
  return { lower: assembly.device, below, upper: name, above: 0, count: size };
}

import type { BlockDevice, Mount } from '../model/topology.ts';
import { mountsOf } from './climb.ts';

/** Whether a mount is of a file system on the device, or on anything that may stand on it: what its sectors can belong to. */
export function mountsAbove(device: string, blockDevices: readonly BlockDevice[]): (mount: Mount) => boolean {
  const above = new Set([device]);
  for (const name of above) {
    for (const d of blockDevices) {
      if (d.name === name) for (const holder of d.holders) above.add(holder);
      // whose file a loop device shows is found out later
      if (d.partitionOf?.disk === name || d.kind === 'loop') above.add(d.name);
    }
  }
  const devices = blockDevices.filter((d) => above.has(d.name));
  return (mount) => devices.some((d) => mountsOf(d, [mount]).length > 0);
}

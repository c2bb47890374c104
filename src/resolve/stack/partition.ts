import type { BlockDevice } from '../../model/topology.ts';
import type { StackLayer } from './layer.ts';
import { type Window, windowDown, windowUp } from './window.ts';

/** A window of its disk (`/sys/block/DISK/PART/start`, in sectors). */
export const partition: StackLayer = {
  kindAt: () => 'partition',
  matches: (upper) => upper.partitionOf !== undefined,
  mapUp(upper, below) {
    const window = windowOf(upper);
    if (below.device !== window.lower) {
      throw new RangeError(`${upper.name} is a partition of ${window.lower}, not of ${below.device}`);
    }
    const shown = windowUp(window, below);
    return shown === undefined ? [] : [{ part: 'shown', ...shown }];
  },
  mapDown(upper, above) {
    if (above.device !== upper.name) throw new RangeError(`${above.device} is not ${upper.name}`);
    const found = windowDown(windowOf(upper), above);
    return found === undefined ? [] : [found];
  },
};

function windowOf(upper: BlockDevice): Window {
  if (upper.partitionOf === undefined) throw new RangeError(`${upper.name} is not a partition`);
  const { disk, start } = upper.partitionOf;
  return { lower: disk, below: start, upper: upper.name, above: 0, count: upper.size };
}

import { clip, type Extent, extent, run } from '../../model/extent.ts';
import type { BlockDevice } from '../../model/topology.ts';
import type { MappedExtent, StackLayer } from './layer.ts';

/** A window of its disk (`/sys/block/DISK/PART/start`, in sectors). */
export const partition: StackLayer = {
  kind: 'partition',
  matches: (upper) => upper.partitionOf !== undefined,
  mapUp(upper, below) {
    const { disk, start } = placeOf(upper);
    if (below.device !== disk) throw new RangeError(`${upper.name} is a partition of ${disk}, not of ${below.device}`);
    const inside = clip(below, run(start, upper.size));
    return inside === undefined ? [] : [pair(upper, disk, start, inside.start - start, inside.count)];
  },
  mapDown(upper, above) {
    const { disk, start } = placeOf(upper);
    if (above.device !== upper.name) throw new RangeError(`${above.device} is not ${upper.name}`);
    const inside = clip(above, run(0, upper.size));
    return inside === undefined ? [] : [pair(upper, disk, start, inside.start, inside.count)];
  },
};

function placeOf(upper: BlockDevice): { readonly disk: string; readonly start: number } {
  if (upper.partitionOf === undefined) throw new RangeError(`${upper.name} is not a partition`);
  return upper.partitionOf;
}
function pair(upper: BlockDevice, disk: string, origin: number, position: number, count: number): MappedExtent {
  const below: Extent = extent(disk, origin + position, count);
  return { below, above: extent(upper.name, position, count) };
}

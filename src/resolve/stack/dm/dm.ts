import { clip, type Extent, extent, run } from '../../../model/extent.ts';
import type { DmTable, DmTarget } from '../../../model/stack.ts';
import type { BlockDevice } from '../../../model/topology.ts';
import type { MappedExtent, MappedUp, StackLayer } from '../layer.ts';
import { dmLinear } from './linear.ts';
import { dmMirror } from './mirror.ts';
import { dmOpaque } from './opaque.ts';
import { dmRaid } from './raid.ts';
import { dmStriped } from './striped.ts';

/** Every device-mapper device, row by row of its table. The kind told to people is the target's own name. */
export const deviceMapper: StackLayer = {
  kindAt(upper, position) {
    const target = tableOf(upper).targets.find((t) => t.start <= position && position < t.start + t.count);
    return target === undefined ? 'dm' : `dm-${target.type}`;
  },
  matches: (upper) => upper.assembly?.kind === 'dm',
  mapUp: (upper, below) => tableOf(upper).targets.flatMap((target) => mapTargetUp(upper, target, below)),
  mapDown(upper, above) {
    if (above.device !== upper.name) throw new RangeError(`${above.device} is not ${upper.name}`);
    return tableOf(upper).targets.flatMap((target) => {
      const inside = clip(above, run(target.start, target.count));
      return inside === undefined ? [] : mapTargetDown(upper, target, extent(above.device, inside.start, inside.count));
    });
  },
};

function tableOf({ name, assembly }: BlockDevice): DmTable {
  if (assembly?.kind !== 'dm') throw new RangeError(`${name} has no device-mapper table`);
  return assembly;
}

function mapTargetUp(upper: BlockDevice, target: DmTarget, below: Extent): readonly MappedUp[] {
  const { map } = target;
  switch (map.kind) {
    case 'linear':
      return dmLinear.mapUp(upper, target, map, below);
    case 'striped':
      return dmStriped.mapUp(upper, target, map, below);
    case 'mirror':
      return dmMirror.mapUp(upper, target, map, below);
    case 'raid':
      return dmRaid.mapUp(upper, target, map, below);
    case 'opaque':
      return dmOpaque.mapUp(upper, target, map, below);
    case 'none':
      return [];
    default:
      return map satisfies never;
  }
}

function mapTargetDown(upper: BlockDevice, target: DmTarget, above: Extent): readonly MappedExtent[] {
  const { map } = target;
  switch (map.kind) {
    case 'linear':
      return dmLinear.mapDown(upper, target, map, above);
    case 'striped':
      return dmStriped.mapDown(upper, target, map, above);
    case 'mirror':
      return dmMirror.mapDown(upper, target, map, above);
    case 'raid':
      return dmRaid.mapDown(upper, target, map, above);
    case 'opaque':
    case 'none':
      return [];
    default:
      return map satisfies never;
  }
}

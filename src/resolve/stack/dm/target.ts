import type { Extent } from '../../../model/extent.ts';
import type { DmMap, DmTarget } from '../../../model/stack.ts';
import type { BlockDevice } from '../../../model/topology.ts';
import type { MappedExtent, MappedUp } from '../layer.ts';

/** One kind of row of a device-mapper table. Its sectors of the upper device are [target.start, + target.count). */
export interface DmTargetLayer<Kind extends DmMap['kind']> {
  readonly kind: Kind;
  /** What the row does with `below`; nothing when it does not use that device. */
  mapUp(upper: BlockDevice, target: DmTarget, map: DmMapOf<Kind>, below: Extent): readonly MappedUp[];
  mapDown(upper: BlockDevice, target: DmTarget, map: DmMapOf<Kind>, above: Extent): readonly MappedExtent[];
}
export type DmMapOf<Kind extends DmMap['kind']> = Extract<DmMap, { readonly kind: Kind }>;

/** What people call a device. */
export function labelOf(device: BlockDevice): string {
  return device.label ?? device.name;
}

import type { Extent } from '../../model/extent.ts';
import type { BlockDevice } from '../../model/topology.ts';

/** The same sectors seen from below and from above. */
export interface MappedExtent {
  readonly below: Extent;
  readonly above: Extent;
}

/** What maps a lower device to a higher one. Pure: its parameters were read by discover. */
export interface StackLayer {
  readonly kind: string;
  /** whether `upper` is made from lower devices in this way */
  matches(upper: BlockDevice): boolean;
  /** The parts of `below` that `upper` shows. */
  mapUp(upper: BlockDevice, below: Extent): readonly MappedExtent[];
  /** Where the sectors `above` of `upper` lie on the device beneath. */
  mapDown(upper: BlockDevice, above: Extent): readonly MappedExtent[];
}

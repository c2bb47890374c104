import type { Extent, Run } from '../../model/extent.ts';
import type { MemberState } from '../../model/stack.ts';
import type { BlockDevice } from '../../model/topology.ts';

/** The same sectors seen from below and from above, in the same order. */
export interface MappedExtent {
  readonly below: Extent;
  readonly above: Extent;
  /** what the layer has besides `below` to get the same data from; absent when it keeps one copy */
  readonly copies?: Copies;
}

/** Sectors of a lower device, as the upper one uses them. Several parts may name the same lower sectors. */
export type MappedUp =
  | ({ readonly part: 'shown' } & MappedExtent)
  /** the layer keeps them for itself: superblock, parity, a cache */
  | {
      readonly part: 'hidden';
      readonly below: Extent;
      readonly what: string;
      readonly reason?: string;
      readonly copies?: Copies;
    }
  | { readonly part: 'unknown'; readonly below: Extent; readonly reason: string };

/** Other places that hold the same data: `need` of the `legs`, taken together, give it back. */
export interface Copies {
  /** the device that keeps them, for people */
  readonly of: string;
  readonly need: number;
  readonly legs: readonly CopyLeg[];
  /** why they may differ from each other at present */
  readonly doubt?: string;
}
export interface CopyLeg {
  /** '' where a member is missing */
  readonly device: string;
  /** the sector that goes with the first sector of `below` */
  readonly start: number;
  readonly state: MemberState;
  /** sectors of `device` that the layer itself knows as bad */
  readonly bad: readonly Run[];
}

/** What maps lower devices to a higher one. Pure: its parameters were read by discover. */
export interface StackLayer {
  /** the name of the layer at a sector of `upper`, for people: `partition`, `dm-linear`, `md-raid5` */
  kindAt(upper: BlockDevice, position: number): string;
  /** whether `upper` is made from lower devices in this way */
  matches(upper: BlockDevice): boolean;
  /**
   * What `upper` does with `below`; sectors that no part names are not used by it.
   * @throws RangeError when `below` is on a device that `upper` does not stand on
   */
  mapUp(upper: BlockDevice, below: Extent): readonly MappedUp[];
  /** Every place of the data of `above` of `upper` on the devices beneath; what no part names has none that is known. */
  mapDown(upper: BlockDevice, above: Extent): readonly MappedExtent[];
}

/** The same copies for a part that starts `by` sectors further in. */
export function shiftCopies(copies: Copies, by: number): Copies {
  return by === 0 ? copies : { ...copies, legs: copies.legs.map((leg) => ({ ...leg, start: leg.start + by })) };
}

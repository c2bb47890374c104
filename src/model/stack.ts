import type { Run } from './extent.ts';
import type { PathName } from './path.ts';
import type { Sector, SectorCount } from './units.ts';

/**
 * How a block device is made from lower ones, as it was read (device-mapper table, md and loop attributes). Lower
 * devices are kernel names; one that this host does not show is named by its number, and so matches nothing.
 */
export type Assembly = DmTable | MdArray | LoopBacking | Unread;

/** Its parameters could not be read or make no sense: nothing is known of where its sectors lie. */
export interface Unread {
  readonly kind: 'unread';
  readonly reason: string;
}

export interface DmTable {
  readonly kind: 'dm';
  readonly targets: readonly DmTarget[];
}
/** One row of a device-mapper table. */
export interface DmTarget {
  /** sectors of the upper device */
  readonly start: Sector;
  readonly count: SectorCount;
  /** the kernel's name of the target: `linear`, `crypt`, ... */
  readonly type: string;
  readonly map: DmMap;
}
export type DmMap =
  /** linear, crypt, delay, flakey, ...: the sectors of one lower device in their order */
  | { readonly kind: 'linear'; readonly leg: DmLeg }
  | { readonly kind: 'striped'; readonly chunk: SectorCount; readonly legs: readonly DmLeg[] }
  | { readonly kind: 'mirror'; readonly legs: readonly DmMirrorLeg[]; readonly logs: readonly string[] }
  | { readonly kind: 'raid'; readonly raid: Raid; readonly logs: readonly string[] }
  /** a lower device is used in a way that no table tells: where its sectors show is not known */
  | { readonly kind: 'opaque'; readonly uses: readonly DmUse[]; readonly reason: string }
  /** error, zero: nothing beneath */
  | { readonly kind: 'none' };

export interface DmLeg {
  readonly device: string;
  /** where the target's first sector lies on it */
  readonly start: Sector;
}
export interface DmMirrorLeg extends DmLeg {
  readonly state: MemberState;
}
export interface DmUse {
  readonly device: string;
  /** `pool data`, `cache`, `origin`, ... */
  readonly role: string;
}

/** What a copy on a member is worth. */
export type MemberState = 'in sync' | 'out of sync' | 'failed' | 'missing' | 'unknown';

export type RaidLevel = 'linear' | 'raid0' | 'raid1' | 'raid4' | 'raid5' | 'raid6' | 'raid10';

/** The geometry of an array, md's own or device-mapper's (drivers/md). */
export interface Raid {
  readonly level: RaidLevel;
  readonly disks: number;
  /** 0 where the level has no chunks */
  readonly chunk: SectorCount;
  /** the kernel's number for the arrangement of the level */
  readonly layout: number;
  /** what is used of each member; of no meaning for linear and raid0, whose members differ */
  readonly memberSize: SectorCount;
  readonly members: readonly RaidMember[];
  /** why copies and parity cannot be relied on at present: `resync` */
  readonly doubt?: string;
}
export interface RaidMember {
  readonly device: string;
  readonly slot: number;
  /** where the array's data starts on the member */
  readonly dataStart: Sector;
  readonly dataSize: SectorCount;
  readonly state: MemberState;
  /** how much of its data has been rebuilt, from `dataStart` on, while it is out of sync */
  readonly rebuilt?: SectorCount;
  /** sectors of the member that md itself knows as bad */
  readonly bad: readonly Run[];
}

export interface MdArray {
  readonly kind: 'md';
  readonly raid: Raid;
  /** `1.2`: says where on a member its superblock is */
  readonly metadata: string;
  /** spares, journals and failed members: they show nothing */
  readonly idle: readonly { readonly device: string; readonly role: string }[];
}

export interface LoopBacking {
  readonly kind: 'loop';
  /** as the kernel names it now, in the mount namespace where the device was set up */
  readonly file: PathName;
  /** the block device that the file is, where it is one */
  readonly device?: string;
  /** byte of the file where the device starts */
  readonly offset: number;
  /** bytes; 0 = to the end of the file */
  readonly sizeLimit: number;
}

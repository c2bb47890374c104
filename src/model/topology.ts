import type { Run } from './extent.ts';
import type { PathName } from './path.ts';
import type { Assembly } from './stack.ts';
import type { Bytes, Sector, SectorCount } from './units.ts';

/** What feeds a bus's bad-block lists. `none`: nothing does (e820, virtio, CXL today), so an empty list proves nothing. */
export type ErrorSource = 'ars' | 'mce' | 'papr' | 'none';

/** An nvdimm bus, `ndbusN` (kernel-abi: drivers/nvdimm/bus.c, drivers/acpi/nfit/core.c). */
export interface Bus {
  readonly name: string;
  /** `ACPI.NFIT`, `e820`, `virtio-pmem`, `CXL`, `nfit_test.N`, a platform device name on PAPR */
  readonly provider: string;
  readonly errorSource: ErrorSource;
  readonly scrubSupported: boolean;
  /** whether a write of whole sectors clears an error there; absent when that is not known */
  readonly canClear?: boolean;
  /** `nfit/hw_error_scrub`: whether a machine check also starts a scrub */
  readonly hwErrorScrub?: boolean;
  /** Changes when the kernel makes the bus anew (boot, driver reload): lists start from nothing then. */
  readonly epoch: string;
}

export interface Dimm {
  /** kernel name, renumbered at boot: `nmem0` */
  readonly name: string;
  readonly bus: string;
  /** what series and identities are keyed by: `nfit/id`, with the handle where ids repeat, the kernel name where there is none */
  readonly key: string;
  readonly id?: string;
  readonly handle?: number;
  readonly physicalId?: number;
  readonly serial?: string;
  readonly vendor?: string;
  readonly family?: string;
  readonly flags: readonly string[];
  /** SMBIOS type 17 device locator, such as `P1-DIMMC1` */
  readonly locator?: string;
  readonly partNumber?: string;
}

/** DIMM + DPA range + interleave position inside a region (`regionN/mappingK`). */
export interface Mapping {
  readonly dimm: string;
  readonly dpaStart: Bytes;
  readonly length: Bytes;
  readonly position: number;
}

export interface Region {
  readonly name: string;
  readonly bus: string;
  readonly kind: 'pmem' | 'volatile';
  readonly size: Bytes;
  /** system physical address; absent without root (mode 0400) */
  readonly resource?: Bytes;
  readonly mappings: readonly Mapping[];
  readonly persistenceDomain?: string;
  readonly numaNode?: number;
  readonly readOnly?: boolean;
  /** false when no driver is bound: its list answers ENXIO */
  readonly enabled: boolean;
}

export type NamespaceMode = 'raw' | 'sector' | 'fsdax' | 'devdax';

export interface Namespace {
  readonly name: string;
  readonly region: string;
  readonly bus: string;
  readonly mode: NamespaceMode;
  readonly size: Bytes;
  readonly uuid?: string;
  /** sectors from the start of the region; absent when it cannot be known without root */
  readonly regionOffset?: SectorCount;
  /** sectors from the start of the namespace to sector 0 of its device (the info block and struct pages); absent when unknown (BTT) */
  readonly dataStart?: SectorCount;
  /** size of the device's data area, in sectors */
  readonly dataSize?: SectorCount;
  /** `pmem0`, `pmem0s`, `dax0.0`; absent while disabled */
  readonly device?: string;
}

export interface BlockDevice {
  readonly name: string;
  /** `259:0` */
  readonly devNumber: string;
  readonly size: SectorCount;
  readonly logicalBlockBytes: Bytes;
  readonly kind: 'disk' | 'partition' | 'dm' | 'md' | 'loop';
  /** partition: the whole disk and where it starts on it */
  readonly partitionOf?: { readonly disk: string; readonly start: Sector };
  readonly holders: readonly string[];
  readonly slaves: readonly string[];
  /** the namespace whose disk this is */
  readonly namespace?: string;
  /** whether the kernel keeps a bad-block list for it */
  readonly hasBadblocks: boolean;
  readonly dax: boolean;
  /** instance number of the disk: tells a device from its successor of the same name */
  readonly diskSequence?: number;
  /** device-mapper name, as under /dev/mapper */
  readonly dmName?: string;
  /** what people call it, where that is not its kernel name: `vg/lv`, the device-mapper name, the md name */
  readonly label?: string;
  /** what it is made of, for devices that stand on others in another way than a partition does */
  readonly assembly?: Assembly;
  /** member of a mounted file system on several devices (btrfs): the devices, as paths, that its mounts may name */
  readonly mountedAs?: readonly string[];
}

export interface Mount {
  readonly id: number;
  readonly parentId: number;
  readonly devNumber: string;
  /** root of the mount within the file system: `/` unless a bind mount or subvolume */
  readonly root: PathName;
  readonly mountpoint: PathName;
  readonly fsType: string;
  readonly source: PathName;
  readonly options: readonly string[];
  readonly superOptions: readonly string[];
  /**
   * In another mount namespace than the host's: a process in it, and the mountpoint as it is called there. `mountpoint`
   * then leads through `/proc/<pid>/root`.
   */
  readonly namespace?: { readonly pid: number; readonly mountpoint: PathName };
}

/**
 * A thing whose bad ranges are tracked: a namespace, or a region for the sectors outside every namespace. Its
 * identity is physical (design 4.4), so a place keeps its history when the kernel renumbers devices.
 */
export interface Place {
  /** sha256 in hex of the physical identity */
  readonly uid: string;
  readonly kind: 'namespace' | 'region';
  readonly bus: string;
  readonly ndRegion: string;
  /** empty for a region */
  readonly ndNamespace: string;
  readonly mode?: NamespaceMode;
  readonly uuid?: string;
  /** kernel name of the device that shows it, '' when there is none */
  readonly device: string;
  readonly size: SectorCount;
  /** where the device's sector 0 lies, counted in sectors from the start of the place; absent when not one window (BTT) or no device */
  readonly dataStart?: SectorCount;
  readonly dataSize?: SectorCount;
  /** where the place lies in its region; absent when it cannot be known without root */
  readonly regionOffset?: SectorCount;
  /** region places: the parts of the region that no namespace covers */
  readonly windows?: readonly Run[];
  readonly dimms: readonly DimmRef[];
  readonly errorSource: ErrorSource;
  /** `Bus.canClear` */
  readonly canClear?: boolean;
  readonly epoch: string;
}

export interface DimmRef {
  readonly id: string;
  readonly name: string;
  readonly serial?: string;
  readonly locator?: string;
  readonly partNumber?: string;
}

/** What finds a module in the host, and what orders another one like it. */
export function dimmRef({ key, name, serial, locator, partNumber }: DimmNames): DimmRef {
  return {
    id: key,
    name,
    ...(serial !== undefined && { serial }),
    ...(locator !== undefined && { locator }),
    ...(partNumber !== undefined && { partNumber }),
  };
}
type DimmNames = Pick<Dimm, 'key' | 'name' | 'serial' | 'locator' | 'partNumber'>;

export interface Topology {
  readonly buses: readonly Bus[];
  readonly dimms: readonly Dimm[];
  readonly regions: readonly Region[];
  readonly namespaces: readonly Namespace[];
  readonly blockDevices: readonly BlockDevice[];
  readonly mounts: readonly Mount[];
  readonly places: readonly Place[];
  /** what could not be read, in words; empty when the inventory is whole */
  readonly problems: readonly TopologyProblem[];
}
export interface TopologyProblem {
  /** the object: a kernel name or a path */
  readonly subject: string;
  readonly reason: string;
}

export const emptyTopology: Topology = {
  buses: [],
  dimms: [],
  regions: [],
  namespaces: [],
  blockDevices: [],
  mounts: [],
  places: [],
  problems: [],
};

/** SHA-256 in hex */
const HASH_DIGITS = 64;

/** The short form of a physical identity used as label and in messages; what is no hash (a module, a receiver) stays whole. */
export function shortUid(uid: string): string {
  return uid.length === HASH_DIGITS ? uid.slice(0, 12) : uid;
}

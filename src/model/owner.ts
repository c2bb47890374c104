import type { Sector, SectorCount } from './units.ts';

export type OwnerKind =
  | 'file'
  | 'directory'
  | 'symlink'
  | 'metadata'
  | 'free'
  | 'unreferenced'
  | 'deleted'
  | 'raw'
  | 'hidden'
  | 'pending'
  | 'unknown';

/** Lost files are named before anything else; what is not known comes before what does no harm. */
export const kindsByHarm: readonly OwnerKind[] = [
  'metadata',
  'directory',
  'deleted',
  'symlink',
  'unreferenced',
  'unknown',
  'pending',
  'raw',
  'hidden',
  'file',
  'free',
];

export interface OpenBy {
  readonly pid: number;
  readonly command: string;
  readonly mapped: boolean;
  /** it maps a page that holds a damaged byte, not just some part of the file */
  readonly mapsDamaged: boolean;
  readonly unit: string | null;
  readonly container: string | null;
  readonly pod: string | null;
}

/** A part of the kernel that uses a file or device: swapping to it, or showing it as a loop device. */
export interface KernelUser {
  readonly kind: 'swap' | 'loop';
  /** what people call it: `/dev/loop0`, the swap area's path */
  readonly name: string;
}

/** A mount namespace besides the host's, by a process in it; who that is as far as it is known. */
export interface MountNamespaceRef {
  readonly pid: number;
  readonly command?: string;
  readonly unit?: string | null;
  readonly container?: string | null;
  readonly pod?: string | null;
}
/** The same file under another name: through another mount, here or (`mountNamespace`) where only some processes see it. */
export interface OtherPath {
  readonly path: string;
  readonly pathBase64: string;
  readonly mountNamespace: MountNamespaceRef | null;
}

/**
 * What programs get that touch the damaged bytes. Whatever is told as an error is so for the whole page; `data` comes from
 * elsewhere than the bad sectors, `zeros` from space that was never written.
 */
export interface ReadersGet {
  /** of read(2) */
  readonly read: 'EIO' | 'data' | 'zeros' | 'unsupported';
  /** of an access to memory that maps it */
  readonly mapped: 'SIGBUS' | 'data' | 'zeros';
  /** where `data` comes from */
  readonly from: 'page cache' | 'good copy' | null;
  /** more about it, or what is not certain */
  readonly why: string | null;
}

export interface LayerExtent {
  readonly device: string;
  /** what people call the device: `vg/lv`, the device-mapper name, the file behind a loop device */
  readonly name?: string;
  readonly kind: string;
  readonly start: Sector;
  readonly count: SectorCount;
}

/** The layers for a reader who may not see file names: the name of a loop device is that of its file. */
export function layersWithoutFiles(layers: readonly LayerExtent[]): LayerExtent[] {
  return layers.map(({ name, ...layer }) => (name === undefined || layer.kind === 'loop' ? layer : { ...layer, name }));
}

/**
 * Who holds a run of sectors (design 4.1, `resolve --json`). `start` and `count` are sectors on `device`, the one
 * that was asked about; `offset` and `length` are bytes in the file.
 */
export interface Owner {
  readonly kind: OwnerKind;
  readonly device: string;
  readonly start: Sector;
  readonly count: SectorCount;
  /** from the device asked about upwards; absent when the owner sits on it directly */
  readonly layers?: readonly LayerExtent[];
  readonly fsType?: string;
  readonly mountpoint?: string;
  /** decimal; inode numbers go beyond 2^53 */
  readonly inode?: string;
  /** decimal; inode numbers are unique only within their subvolume (btrfs) */
  readonly subvolume?: string;
  readonly offset?: number;
  readonly length?: number;
  readonly state?: 'data' | 'unwritten';
  readonly shared?: boolean;
  /** compressed or encrypted: any of its sectors spoils all of `length` */
  readonly packed?: boolean;
  readonly dax?: boolean;
  readonly paths?: readonly string[];
  readonly pathsBase64?: readonly string[];
  readonly pathsComplete?: boolean;
  readonly linkCount?: number;
  /** names through other mounts than the one that `paths` are told through; not every one of many */
  readonly otherPaths?: readonly OtherPath[];
  /** the file system is mounted only there: `mountpoint` is what it is called there, `paths` lead through /proc/PID/root */
  readonly mountNamespace?: MountNamespaceRef;
  /** those in most danger first; of a raw owner: who uses the device itself */
  readonly openBy?: readonly OpenBy[];
  /** how many there are, where `openBy` holds only the first */
  readonly openByCount?: number;
  /** false: processes may be missing from `openBy`, for `openByReason` */
  readonly openByComplete?: boolean;
  readonly openByReason?: string;
  readonly kernelUsers?: readonly KernelUser[];
  readonly readersGet?: ReadersGet;
  /** kind `deleted`: the name it was last open under, as far as a process that holds it shows one */
  readonly formerPath?: string;
  readonly goodCopy?: { readonly exists: 'yes' | 'no' | 'unknown'; readonly where: string | null };
  /** kind `metadata`: superblock, inode table, journal, ...; kind `hidden`: info block, BTT, ... ; kind `raw`: what was recognised */
  readonly metadata?: string;
  /** kind `unknown` or `pending`, or why paths are not complete */
  readonly reason?: string;
}

/**
 * An owner that is still being put together. Whoever was handed it has it alone, and adds to it: a copy at each step costs
 * more than all else that is done with one of many.
 */
export type OwnerDraft = { -readonly [Field in keyof Owner]: Owner[Field] };

/** Tells the files of one mount apart. */
export function fileIdentity({ inode, subvolume, paths }: Owner): string {
  if (inode === undefined) return paths?.[0] ?? '';
  return subvolume === undefined ? inode : `${subvolume}/${inode}`;
}

/** The answer for one asked run: every sector in exactly one owner, or in several when storage is shared. */
export interface ResolvedRange {
  readonly start: Sector;
  readonly count: SectorCount;
  readonly complete: boolean;
  readonly owners: readonly Owner[];
}

export interface ResolveAnswer {
  readonly device: string;
  readonly complete: boolean;
  readonly results: readonly ResolvedRange[];
}

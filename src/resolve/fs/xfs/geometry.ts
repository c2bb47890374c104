import { AgentError } from '../../../model/errors.ts';
import type { FilesystemIo } from '../../../ports.ts';
import { join32, read64, viewOf } from '../little-endian.ts';

/**
 * XFS_IOC_FSGEOMETRY (fs/xfs/libxfs/xfs_fs.h), 256 bytes: 0 blocksize, 8 agblocks, 12 agcount, 16 logblocks, 20
 * sectsize, 24 inodesize, 32 u64 datablocks, 40 u64 rtblocks, 56 u64 logstart, 92 flags, 128 u64 rtstart (Linux 6.15:
 * where a realtime part inside the data device starts, in blocks; zero before). Needs no privilege.
 */
const XFS_IOC_FSGEOMETRY = 0x8100587e;
const FLAG = { rmapbt: 0x80000, parent: 0x2000000 } as const;

export interface XfsGeometry {
  readonly blockBytes: number;
  readonly groupBlocks: number;
  readonly groupCount: number;
  readonly sectorBytes: number;
  readonly inodeBytes: number;
  readonly dataBlocks: number;
  readonly realtimeBlocks: number;
  /** the realtime part lies on the data device itself (zoned XFS), which nothing here can address */
  readonly internalRealtime: boolean;
  readonly logBlocks: number;
  /** the log inside the data device, as a linear block; undefined when it is elsewhere */
  readonly log: { readonly block: number; readonly count: number } | undefined;
  readonly reverseMap: boolean;
  readonly parentPointers: boolean;
}

export function readGeometry(io: FilesystemIo, fd: number): XfsGeometry {
  const raw = Buffer.alloc(256);
  io.ioctl(fd, XFS_IOC_FSGEOMETRY, raw);
  return decodeGeometry(raw);
}
export function decodeGeometry(raw: Buffer): XfsGeometry {
  const view = viewOf(raw);
  const u32 = (at: number): number => view.getUint32(at, true);
  const [blockBytes, groupBlocks, flags] = [u32(0), u32(8), u32(92)];
  if (!isPlausible(blockBytes, groupBlocks, u32(12), u32(20), u32(24), read64(view, 32))) {
    throw new AgentError('CODEC_REPLY', 'the XFS geometry that the kernel told makes no sense');
  }
  const shift = 2 ** Math.ceil(Math.log2(groupBlocks));
  const logStart = join32(u32(56), u32(60));
  // logstart is a segmented block number: group in the high bits, block within the group in the low
  const log = { block: Math.floor(logStart / shift) * groupBlocks + (logStart % shift), count: u32(16) };
  return {
    blockBytes,
    groupBlocks,
    groupCount: u32(12),
    sectorBytes: u32(20),
    inodeBytes: u32(24),
    dataBlocks: read64(view, 32),
    realtimeBlocks: read64(view, 40),
    internalRealtime: read64(view, 128) !== 0,
    logBlocks: u32(16),
    log: logStart === 0 ? undefined : log,
    reverseMap: (flags & FLAG.rmapbt) !== 0,
    parentPointers: (flags & FLAG.parent) !== 0,
  };
}

/** Bounds of fs/xfs/libxfs/xfs_format.h and xfs_fs.h: what lies outside of them is no XFS. */
function isPlausible(block: number, group: number, groups: number, sector: number, inode: number, total: number) {
  const isPower = (value: number, least: number, most: number): boolean =>
    value >= least && value <= most && 2 ** Math.round(Math.log2(value)) === value;
  const sizes = isPower(block, 512, 65536) && isPower(sector, 512, 32768) && isPower(inode, 256, 2048);
  return (
    sizes && inode <= block && group >= 64 && groups > 0 && total > (groups - 1) * group && total <= groups * group
  );
}

/** The inode numbers that fit into bytes `[from, to)` of the device (XFS_AGINO_TO_INO with the group's own rounding). */
export function inodesIn(g: XfsGeometry, from: number, to: number): { readonly first: number; readonly last: number } {
  const perBlock = g.blockBytes / g.inodeBytes;
  const shift = 2 ** Math.ceil(Math.log2(g.groupBlocks));
  const inodeAt = (byte: number): number => {
    const block = Math.floor(byte / g.blockBytes);
    const group = Math.floor(block / g.groupBlocks);
    const within = (byte % g.blockBytes) / g.inodeBytes;
    return (group * shift + (block % g.groupBlocks)) * perBlock + Math.floor(within);
  };
  return { first: inodeAt(from), last: inodeAt(to - 1) };
}
/** Where an inode lies on the data device, in bytes. */
export function byteOfInode(g: XfsGeometry, inode: number): number {
  const perBlock = g.blockBytes / g.inodeBytes;
  const shift = 2 ** Math.ceil(Math.log2(g.groupBlocks));
  const block = Math.floor(inode / perBlock);
  const linear = Math.floor(block / shift) * g.groupBlocks + (block % shift);
  return linear * g.blockBytes + (inode % perBlock) * g.inodeBytes;
}

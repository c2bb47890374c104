import { errnoOf } from '../../../model/errors.ts';
import type { FilesystemIo } from '../../../ports.ts';
import { read64, viewOf, write64 } from '../little-endian.ts';
import { DAMAGED } from './damaged.ts';
import { XFLAG_REALTIME } from './side-devices.ts';

/**
 * XFS_IOC_BULKSTAT (fs/xfs/libxfs/xfs_fs.h, needs CAP_SYS_ADMIN). Header 64: 0 u64 first inode, 8 u32 flags, 12 u32
 * capacity, 16 u32 count. struct xfs_bulkstat (192): 0 u64 inode, 24 u64 flags, 48 s64 change time in seconds, 64 u32
 * generation, 88 u32 nanoseconds of it, 112 u32 links, 132 u16 mode. The first inode told is the first in use from the
 * one asked for; inodes that XFS keeps for itself are left out.
 */
const XFS_IOC_BULKSTAT = 0x8040587f;
const HEADER = 64;
const RECORD = 192;

export interface XfsInode {
  readonly inode: number;
  readonly generation: number;
  readonly links: number;
  readonly mode: number;
  /** its bytes lie on the realtime device */
  readonly realtime: boolean;
  /** when it last changed (links, allocation by writes and truncation), ms since the epoch */
  readonly changed: number;
}

export interface BulkReader {
  /** Inodes in use from `from` on, at most the capacity; none at the end. */
  read(from: number): XfsInode[];
}

export function createBulkReader(io: FilesystemIo, fd: number, capacity: number): BulkReader {
  const buffer = Buffer.alloc(HEADER + capacity * RECORD);
  const view = viewOf(buffer);
  return {
    read(from) {
      buffer.fill(0, 0, HEADER);
      write64(view, 0, from);
      view.setUint32(12, capacity, true);
      io.ioctl(fd, XFS_IOC_BULKSTAT, buffer);
      return decodeBulk(buffer);
    },
  };
}
export function decodeBulk(buffer: Buffer): XfsInode[] {
  const view = viewOf(buffer);
  const count = Math.min(view.getUint32(16, true), Math.floor((buffer.length - HEADER) / RECORD));
  const inodes: XfsInode[] = [];
  for (let i = 0, at = HEADER; i < count; i++, at += RECORD) {
    inodes.push({
      inode: read64(view, at),
      generation: view.getUint32(at + 64, true),
      links: view.getUint32(at + 112, true),
      mode: view.getUint16(at + 132, true),
      realtime: (view.getUint32(at + 24, true) & XFLAG_REALTIME) !== 0,
      changed: read64(view, at + 48) * 1000 + view.getUint32(at + 88, true) / 1e6,
    });
  }
  return inodes;
}

export interface StatedInodes {
  /** those in use; the others are the file system's own, or gone */
  readonly inodes: Map<number, XfsInode>;
  /** those whose place on the device cannot be read, with the errno */
  readonly unreadable: Map<number, string>;
}
export async function statInodes(
  io: FilesystemIo,
  fd: number,
  numbers: Iterable<number>,
  pause: () => Promise<void>,
): Promise<StatedInodes> {
  const reader = createBulkReader(io, fd, 1);
  const stated: StatedInodes = { inodes: new Map(), unreadable: new Map() };
  let done = 0;
  for (const number of [...numbers].sort((a, b) => a - b)) {
    try {
      const inode = reader.read(number)[0];
      if (inode?.inode === number) stated.inodes.set(number, inode);
    } catch (error) {
      const errno = errnoOf(error);
      if (errno === undefined || !DAMAGED.includes(errno)) throw error;
      stated.unreadable.set(number, errno);
    }
    if (++done % 1024 === 0) await pause();
  }
  return stated;
}

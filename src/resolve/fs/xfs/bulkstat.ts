import type { FilesystemIo } from '../../../ports.ts';
import { read64, viewOf, write64 } from '../little-endian.ts';

/**
 * XFS_IOC_BULKSTAT (fs/xfs/libxfs/xfs_fs.h, needs CAP_SYS_ADMIN). Header 64: 0 u64 first inode, 8 u32 flags, 12 u32
 * capacity, 16 u32 count. struct xfs_bulkstat (192): 0 u64 inode, 64 u32 generation, 112 u32 links, 132 u16 mode, 136
 * u64 extents, 144 u32 attribute extents... The first inode told is the first in use from the one asked for.
 */
const XFS_IOC_BULKSTAT = 0x8040587f;
const HEADER = 64;
const RECORD = 192;

export interface XfsInode {
  readonly inode: number;
  readonly generation: number;
  readonly links: number;
  readonly mode: number;
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
    });
  }
  return inodes;
}

/** The numbers asked for that are in use; the others are the file system's own, or gone. */
export async function statInodes(
  io: FilesystemIo,
  fd: number,
  numbers: Iterable<number>,
  pause: () => Promise<void>,
): Promise<Map<number, XfsInode>> {
  const reader = createBulkReader(io, fd, 1);
  const found = new Map<number, XfsInode>();
  let done = 0;
  for (const number of [...numbers].sort((a, b) => a - b)) {
    const inode = reader.read(number)[0];
    if (inode?.inode === number) found.set(number, inode);
    if (++done % 4096 === 0) await pause();
  }
  return found;
}

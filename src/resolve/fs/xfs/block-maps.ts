import { AgentError, errnoOf } from '../../../model/errors.ts';
import type { FilesystemIo } from '../../../ports.ts';
import { read64, viewOf, write64 } from '../little-endian.ts';
import { createBulkReader, type XfsInode } from './bulkstat.ts';
import { DAMAGED } from './damaged.ts';
import { openXfsInode } from './handle.ts';

/**
 * XFS_IOC_GETBMAPX (fs/xfs/libxfs/xfs_fs.h), in sectors of 512 bytes. struct getbmapx (48): 0 s64 offset, 8 s64 block
 * (-1 hole, -2 delayed), 16 s64 length, 24 s32 capacity, 28 s32 entries, 32 s32 iflags, 36 s32 oflags; the first is
 * the request. BMV_IF_DELALLOC keeps the kernel from writing back first.
 */
const XFS_IOC_GETBMAPX = 0xc0205838;
const RECORD = 48;
/** High half of 2^54 sectors, all that a file can have: with -1 the kernel stops at the end of most files, and what is
 * preallocated behind it is left out. */
const LENGTH_HIGH = 0x400000;
const CAPACITY = 128;
const IN = { attributes: 0x1, preallocated: 0x4, delayed: 0x8, noHoles: 0x10 } as const;
const OUT = { preallocated: 0x1, delayed: 0x2, last: 0x4, shared: 0x8 } as const;
const BATCH = 1024;
const S_IFMT = 0xf000;
/** Inodes come in chunks of 64, which are read together (XFS_INODES_PER_CHUNK). */
const CHUNK = 64;
/** After so many unreadable chunks in a row the search for readable ones ends. */
const MOST_UNREADABLE = 1024;

/** Sectors of an inode: on the data device, or, of the data of realtime files, on the realtime device. */
export interface MappedPiece {
  readonly inode: XfsInode;
  readonly start: number;
  readonly count: number;
  /** in the file, in sectors */
  readonly offset: number;
  readonly attributes: boolean;
  readonly unwritten: boolean;
  readonly shared: boolean;
}
export interface BlockMapVisitor {
  piece(piece: MappedPiece): void;
  /** every inode in use, whether it can be opened or not */
  inode(inode: XfsInode): void;
  /** inodes `first` to `last` (at most), or one of them, could not be asked */
  unreadable(first: number, last: number, errno: string): void;
  pause(inodes: number): Promise<void>;
}

/** Every mapped piece of every inode in use, for file systems that keep no reverse map. */
export async function readBlockMaps(io: FilesystemIo, mountFd: number, visitor: BlockMapVisitor): Promise<void> {
  const bulk = createBulkReader(io, mountFd, BATCH);
  const buffer = Buffer.alloc((CAPACITY + 1) * RECORD);
  let done = 0;
  let failures = 0;
  for (let from = 0; failures < MOST_UNREADABLE; ) {
    let batch: XfsInode[];
    try {
      batch = bulk.read(from);
    } catch (error) {
      const errno = damageOf(error);
      const next = (Math.floor(from / CHUNK) + 1) * CHUNK;
      visitor.unreadable(from, next - 1, errno);
      from = next;
      failures++;
      await visitor.pause(done);
      continue;
    }
    failures = 0;
    const last = batch.at(-1);
    if (last === undefined) return;
    if (last.inode < from) throw new AgentError('CODEC_REPLY', 'BULKSTAT answers in circles');
    for (const inode of batch) {
      visitor.inode(inode);
      try {
        readPieces(io, mountFd, inode, buffer, visitor.piece);
      } catch (error) {
        visitor.unreadable(inode.inode, inode.inode, damageOf(error));
      }
      if (++done % 256 === 0) await visitor.pause(done);
    }
    from = last.inode + 1;
  }
}
/** @throws what is not told of damage */
function damageOf(error: unknown): string {
  const errno = errnoOf(error);
  if (errno === undefined || !DAMAGED.includes(errno)) throw error;
  return errno;
}

/** Both maps of an inode; nothing of one that is gone, or that cannot be opened by its number. */
export function readPieces(
  io: FilesystemIo,
  mountFd: number,
  inode: XfsInode,
  buffer: Buffer,
  piece: (piece: MappedPiece) => void,
): void {
  const type = inode.mode & S_IFMT;
  const kind = type === 0x4000 ? 'directory' : type === 0x8000 ? 'file' : undefined;
  // opening a device, a FIFO or a link by handle is not opening what it is on the disk
  if (kind === undefined) return;
  let fd: number | undefined;
  try {
    fd = openXfsInode(io, mountFd, inode, kind);
    if (fd === undefined) return;
    for (const attributes of [false, true]) readMap(io, fd, inode, attributes, buffer, piece);
  } finally {
    if (fd !== undefined) io.close(fd);
  }
}
export function blockMapBuffer(): Buffer {
  return Buffer.alloc((CAPACITY + 1) * RECORD);
}

function readMap(
  io: FilesystemIo,
  fd: number,
  inode: XfsInode,
  attributes: boolean,
  buffer: Buffer,
  piece: (piece: MappedPiece) => void,
): void {
  const view = viewOf(buffer);
  for (let from = 0; ; ) {
    buffer.fill(0, 0, RECORD);
    write64(view, 0, from);
    view.setUint32(16, 0, true);
    view.setUint32(20, LENGTH_HIGH, true);
    view.setInt32(24, CAPACITY + 1, true);
    view.setInt32(32, IN.preallocated | IN.delayed | IN.noHoles | (attributes ? IN.attributes : 0), true);
    try {
      io.ioctl(fd, XFS_IOC_GETBMAPX, buffer);
    } catch (error) {
      // no attribute fork
      if (errnoOf(error) === 'ENOENT' || (attributes && errnoOf(error) === 'EINVAL')) return;
      throw error;
    }
    const entries = Math.min(view.getInt32(28, true), CAPACITY);
    const before = from;
    for (let i = 0, at = RECORD; i < entries; i++, at += RECORD) {
      const flags = view.getInt32(at + 36, true);
      const [offset, start, count] = [read64(view, at), read64(view, at + 8), read64(view, at + 16)];
      from = offset + count;
      const held = view.getInt32(at + 12, true) >= 0 && (flags & OUT.delayed) === 0;
      if (held && !Number.isSafeInteger(start + count)) {
        throw new AgentError('CODEC_REPLY', 'GETBMAPX told of sectors that no device has');
      }
      const unwritten = (flags & OUT.preallocated) !== 0;
      const shared = (flags & OUT.shared) !== 0;
      if (held) piece({ inode, start, count, offset, attributes, unwritten, shared });
      if ((flags & OUT.last) !== 0) return;
    }
    if (entries < CAPACITY) return;
    if (!(from > before)) {
      throw new AgentError('CODEC_REPLY', 'GETBMAPX answers in circles');
    }
  }
}

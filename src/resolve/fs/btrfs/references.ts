import { errnoOf } from '../../../model/errors.ts';
import type { FilesystemIo } from '../../../ports.ts';
import { viewOf, write64 } from '../little-endian.ts';
import { garbled, readBytes64, readSigned64 } from './tree-search.ts';

/**
 * BTRFS_IOC_LOGICAL_INO_V2: every file that refers to a data extent, through snapshots and what is not committed yet.
 * Request (56 bytes): 0 u64 logical, 8 u64 bytes of the answer, 40 u64 flags (1: wherever in the extent), 48 u64 address
 * of the answer: 0 u32 bytes left, 4 u32 bytes missing, 8 u32 numbers, 12 u32 numbers missing, 16 u64 triples: inode,
 * byte in the file where its item begins, tree. Needs CAP_SYS_ADMIN.
 */
export const BTRFS_IOC_LOGICAL_INO_V2 = 0xc038943b;
const IGNORE_OFFSET = 1;
const HEAD = 16;
const TRIPLE = 24;
/** the kernel clears a buffer of this size for each question */
const FIRST_BYTES = 4096;
const GREATEST_BYTES = 16 * 1024 * 1024;

export interface FileReference {
  readonly tree: number;
  readonly inode: number;
  readonly offset: number;
}
export interface FileReferences {
  readonly found: readonly FileReference[];
  /** how many there are beyond what the kernel can tell at once */
  readonly missing: number;
}

/** Undefined when there is no data extent at this address. */
export function readReferences(io: FilesystemIo, fd: number, logical: number): FileReferences | undefined {
  for (let bytes = FIRST_BYTES; ; ) {
    const answer = Buffer.alloc(bytes);
    const request = Buffer.alloc(56);
    const view = viewOf(request);
    write64(view, 0, logical);
    write64(view, 8, bytes);
    write64(view, 40, IGNORE_OFFSET);
    view.setBigUint64(48, io.addressOf(answer), true);
    try {
      io.ioctl(fd, BTRFS_IOC_LOGICAL_INO_V2, request);
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return undefined;
      throw error;
    }
    const { found, missing, missingBytes } = decodeReferences(answer);
    if (missing === 0 || bytes >= GREATEST_BYTES) return { found, missing };
    bytes = Math.min(GREATEST_BYTES, Math.max(bytes * 2, bytes + missingBytes + 4096));
  }
}

export function decodeReferences(answer: Buffer): FileReferences & { readonly missingBytes: number } {
  const view = viewOf(answer);
  const numbers = view.getUint32(8, true);
  if (numbers % 3 !== 0 || HEAD + numbers * 8 > answer.length) throw garbled('references beyond its end');
  const found: FileReference[] = [];
  for (let at = HEAD; at < HEAD + numbers * 8; at += TRIPLE) {
    found.push({ inode: readSigned64(view, at), offset: readBytes64(view, at + 8), tree: readSigned64(view, at + 16) });
  }
  return { found, missing: Math.ceil(view.getUint32(12, true) / 3), missingBytes: view.getUint32(4, true) };
}

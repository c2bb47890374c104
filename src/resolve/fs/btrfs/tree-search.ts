import { AgentError } from '../../../model/errors.ts';
import type { FilesystemIo } from '../../../ports.ts';
import { read64, viewOf, write64 } from '../little-endian.ts';

/**
 * BTRFS_IOC_TREE_SEARCH_V2 (include/uapi/linux/btrfs.h): items of a tree between two keys as they are now, committed or
 * not. Needs CAP_SYS_ADMIN (EPERM). Request: 0 u64 tree, 8/16 u64 lowest and highest object, 24/32 u64 offset, 40/48 u64
 * generation of the leaf, 56/60 u32 type, 64 u32 items (in: at most, out: found), 104 u64 bytes that follow. A range
 * goes from key to key (object, type, offset): it is no box. Each item: 0 u64 generation, 8 u64 object, 16 u64 offset,
 * 24 u32 type, 28 u32 length, then the item itself.
 */
export const BTRFS_IOC_TREE_SEARCH_V2 = 0xc0709411;
const REQUEST = 112;
const FOUND = 64;
const HEADER = 32;
/** an item is smaller than a tree block, which has at most 64 KiB */
const LARGEST_ITEM = 64 * 1024;
const BUFFER_BYTES = 256 * 1024;

export interface ItemKey {
  /** may be negative: the kernel's own objects have numbers just below 2^64 */
  readonly object: number;
  readonly type: number;
  /** -1 is the greatest */
  readonly offset: number;
}
export interface SearchRange {
  readonly tree: number;
  readonly from: ItemKey;
  readonly to: ItemKey;
  /** only leaves written since this generation; all by default */
  readonly sinceGeneration?: number;
}
/** One item; reused for the next: what is to be kept is copied. */
export interface TreeItem {
  object: number;
  type: number;
  /** inexact beyond 2^53 */
  offset: number;
  /** of the leaf that it is in */
  generation: number;
  /** of the item in `view` */
  at: number;
  length: number;
  readonly view: DataView;
  readonly raw: Buffer;
}
export interface TreeSearch {
  /**
   * Visits the items in order; with `limit`, after that many it may stop. Returns whether it saw all of the range.
   * @throws Error with `code` EPERM without CAP_SYS_ADMIN, EIO where the tree cannot be read; AgentError CODEC_REPLY
   */
  each(range: SearchRange, visit: (item: TreeItem) => void, limit?: number): boolean;
}

/** A little-endian 64-bit field whose numbers just below 2^64 are negative ones. */
export function readSigned64(view: DataView, at: number): number {
  return view.getInt32(at + 4, true) * 0x1_0000_0000 + view.getUint32(at, true);
}

export function treeSearchBuffer(): Buffer {
  return Buffer.alloc(REQUEST + BUFFER_BYTES);
}

/** A visitor must not search through the same buffer. */
export function createTreeSearch(io: FilesystemIo, fd: number, raw = treeSearchBuffer()): TreeSearch {
  const view = viewOf(raw);
  const item: TreeItem = { object: 0, type: 0, offset: 0, generation: 0, at: 0, length: 0, view, raw };
  return {
    each(range, visit, limit = 0xffffffff) {
      encode(view, range);
      for (let left = limit; left > 0; ) {
        view.setUint32(FOUND, Math.min(left, 0xffffffff), true);
        write64(view, 104, BUFFER_BYTES);
        io.ioctl(fd, BTRFS_IOC_TREE_SEARCH_V2, raw);
        const found = view.getUint32(FOUND, true);
        if (found === 0) return true;
        if (found > left) throw garbled('more items than asked for');
        const { end, last } = visitAll(item, found, visit);
        left -= found;
        const room = REQUEST + BUFFER_BYTES - end;
        // it stops where the next item has no room, where enough were found, or at the end
        if (left > 0 && room > LARGEST_ITEM + HEADER) return true;
        if (!continueAfter(view, last)) return true;
      }
      return false;
    },
  };
}

/** The other bytes of the request are never written: zero. */
function encode(view: DataView, { tree, from, to, sinceGeneration = 0 }: SearchRange): void {
  write64(view, 0, tree);
  write64(view, 8, from.object);
  write64(view, 16, to.object);
  write64(view, 24, from.offset);
  write64(view, 32, to.offset);
  write64(view, 40, sinceGeneration);
  write64(view, 48, -1);
  view.setUint32(56, from.type, true);
  view.setUint32(60, to.type, true);
}

function visitAll(item: TreeItem, found: number, visit: (item: TreeItem) => void) {
  const { view, raw } = item;
  let at = REQUEST;
  let last = at;
  for (let i = 0; i < found; i++) {
    if (at + HEADER > raw.length) throw garbled('items beyond its end');
    last = at;
    item.generation = read64(view, at);
    item.object = readSigned64(view, at + 8);
    item.offset = read64(view, at + 16);
    item.type = view.getUint32(at + 24, true);
    item.length = view.getUint32(at + 28, true);
    item.at = at + HEADER;
    at = item.at + item.length;
    if (at > raw.length) throw garbled('an item beyond its end');
    visit(item);
  }
  return { end: at, last };
}

/** Makes the key after the item at `at` the lowest; false when there is none. @throws when that would go back: it would never end */
function continueAfter(view: DataView, at: number): boolean {
  let object = view.getBigUint64(at + 8, true);
  let type = view.getUint32(at + 24, true);
  let offset = view.getBigUint64(at + 16, true) + 1n;
  if (offset > MAX) {
    offset = 0n;
    if (++type > 255) {
      type = 0;
      if (++object > MAX) return false;
    }
  }
  const low = [view.getBigUint64(8, true), BigInt(view.getUint32(56, true)), view.getBigUint64(24, true)] as const;
  const high = [view.getBigUint64(16, true), BigInt(view.getUint32(60, true)), view.getBigUint64(32, true)] as const;
  const next = [object, BigInt(type), offset] as const;
  if (compare(next, low) <= 0) throw garbled('items that do not go forward');
  if (compare(next, high) > 0) return false;
  view.setBigUint64(8, object, true);
  view.setUint32(56, type, true);
  view.setBigUint64(24, offset, true);
  return true;
}
const MAX = 2n ** 64n - 1n;
type Key = readonly [bigint, bigint, bigint];
function compare(a: Key, b: Key): number {
  for (let i = 0; i < 3; i++) {
    const x = a[i] as bigint;
    const y = b[i] as bigint;
    if (x !== y) return x < y ? -1 : 1;
  }
  return 0;
}

/** More than any file system holds; sums of two stay exact. */
const MOST_BYTES = 2 ** 52;

/** A number of bytes or a byte position. @throws AgentError CODEC_REPLY when it cannot be one */
export function readBytes64(view: DataView, at: number): number {
  return plausible(read64(view, at));
}
export function plausible(bytes: number): number {
  if (bytes >= 0 && bytes < MOST_BYTES) return bytes;
  throw garbled(`an address that cannot be: ${bytes}`);
}

/** The kernel's answer cannot be: a bug there or here, or a file system that is damaged. */
export function garbled(what: string): AgentError {
  return new AgentError('CODEC_REPLY', `btrfs answered with ${what}`);
}

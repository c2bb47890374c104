import { join32 } from '../little-endian.ts';

/**
 * The two ways an inode maps its blocks. Extent tree (fs/ext4/ext4_extents.h), header 12: 0 u16 magic 0xF30A, 2
 * entries, 4 max, 6 depth; leaf 12: 0 u32 logical, 4 u16 length (above 32768: unwritten, less 32768), 6 u16 start_hi,
 * 8 u32 start_lo; index 12: 0 u32 logical, 4 u32 child_lo, 8 u16 child_hi. Indirect map: 12 direct pointers, then
 * single, double and triple indirect.
 */
const MAGIC = 0xf30a;
const ENTRY = 12;
const ENTRY_WORDS = ENTRY / 4;
/** an unwritten extent's length is told by exceeding this */
const LONGEST_WRITTEN = 32768;
export const DEEPEST_EXTENT_TREE = 5;

export interface MapVisitor {
  /** `count` blocks from `logical` on lie at `physical`; contiguous */
  data(logical: number, physical: number, count: number, unwritten: boolean): void;
  /** a block that holds more of the map; `level` is 0 for one that points at data only */
  child(physical: number, logical: number, level: number): void;
  /** the map contradicts itself */
  damaged(): void;
}

/**
 * One node of an extent tree in `words` from word `at` on; `level` is the depth it must have, or undefined for the root. What fits
 * 31 bits is handed on as such: any other number is an object each time, and there are millions.
 */
export function visitExtentNode(
  words: Uint32Array,
  at: number,
  bytes: number,
  level: number | undefined,
  visitor: MapVisitor,
): void {
  const head = words[at] as number;
  const entries = head >>> 16;
  const depth = (words[at + 1] as number) >>> 16;
  const broken =
    (head & 0xffff) !== MAGIC ||
    depth > DEEPEST_EXTENT_TREE ||
    (level !== undefined && depth !== level) ||
    (entries + 1) * ENTRY > bytes;
  if (broken) {
    visitor.damaged();
    return;
  }
  for (let i = 1, e = at + ENTRY_WORDS; i <= entries; i++, e += ENTRY_WORDS) {
    const logical = words[e] as number;
    const middle = words[e + 1] as number;
    const last = words[e + 2] as number;
    if (depth === 0) {
      const raw = middle & 0xffff;
      const high = middle >>> 16;
      const unwritten = raw > LONGEST_WRITTEN;
      const count = unwritten ? raw - LONGEST_WRITTEN : raw;
      if (high === 0 && (last | 0) >= 0 && (logical | 0) >= 0) visitor.data(logical | 0, last | 0, count, unwritten);
      else visitor.data(logical, join32(last, high), count, unwritten);
    } else {
      const high = last & 0xffff;
      visitor.child(high === 0 ? middle : join32(middle, high), logical, depth - 1);
    }
  }
}

const DIRECT = 12;
/** The 15 pointers of an inode. */
export function visitIndirectRoot(view: DataView, at: number, blockBytes: number, visitor: MapVisitor): void {
  visitPointers(view, at, DIRECT, 0, visitor);
  const fanOut = blockBytes / 4;
  let logical = DIRECT;
  for (let level = 0; level < 3; level++) {
    const child = view.getUint32(at + (DIRECT + level) * 4, true);
    if (child !== 0) visitor.child(child, logical, level);
    logical += fanOut ** (level + 1);
  }
}
/** A block of pointers: to data at level 0, else to blocks of pointers of the level below. */
export function visitIndirectBlock(
  view: DataView,
  at: number,
  blockBytes: number,
  node: { readonly logical: number; readonly level: number },
  visitor: MapVisitor,
): void {
  const fanOut = blockBytes / 4;
  if (node.level === 0) {
    visitPointers(view, at, fanOut, node.logical, visitor);
    return;
  }
  const span = fanOut ** node.level;
  for (let i = 0; i < fanOut; i++) {
    const child = view.getUint32(at + i * 4, true);
    if (child !== 0) visitor.child(child, node.logical + i * span, node.level - 1);
  }
}

/** Pointers that follow each other on the device are told as one piece. */
function visitPointers(view: DataView, at: number, count: number, logical: number, visitor: MapVisitor): void {
  for (let i = 0; i < count; ) {
    const physical = view.getUint32(at + i * 4, true);
    let length = 1;
    if (physical !== 0) {
      while (i + length < count && view.getUint32(at + (i + length) * 4, true) === physical + length) length++;
      visitor.data(logical + i, physical, length, false);
    }
    i += length;
  }
}

import { read64 } from '../little-endian.ts';
import { garbled, plausible, readSigned64, type TreeItem, type TreeSearch } from './tree-search.ts';

/**
 * The extent tree (tree 2): what of the logical space is allocated, and by whom. Items (include/uapi/linux/btrfs_tree.h):
 * key (logical, 168, bytes) extent, (logical, 169, level) tree block; 0 u64 references, 8 u64 generation, 16 u64 flags
 * (1 data, 2 tree block); a tree block of type 168 has 18 more bytes, its level last. Then references, one after the
 * other, each beginning with a u8 type; more of them may follow as items of their own with the same logical address.
 */
const EXTENT_TREE = 2;
const EXTENT_ITEM = 168;
const METADATA_ITEM = 169;
const HEAD_BYTES = 24;
const FLAG_TREE_BLOCK = 2;
const TREE_BLOCK_INFO = 18;
/** u64 tree */
const TREE_BLOCK_REF = 176;
/** u64 tree, u64 inode, u64 offset, u32 count; its own key holds a hash */
const DATA_REF = 178;
const DATA_REF_BYTES = 28;
/** u64 tree block that refers to it */
const SHARED_BLOCK_REF = 182;
/** u64 leaf, u32 count */
const SHARED_DATA_REF = 184;
/** u64 tree, for quotas: no reference */
const OWNER_REF = 172;
/** what an inline reference takes, its type included */
const INLINE_BYTES: ReadonlyMap<number, number> = new Map([
  [TREE_BLOCK_REF, 9],
  [SHARED_BLOCK_REF, 9],
  [OWNER_REF, 9],
  [DATA_REF, 1 + DATA_REF_BYTES],
  [SHARED_DATA_REF, 13],
]);
/** More than this much is kept of no extent: the kernel is asked for the rest. */
const MOST_REFERENCES = 8;
/** how far back to look first for the extent that a range begins in */
const LOOK_BACK = 32 * 1024;

/** A file of a tree that refers to a data extent: at `offset` plus where in the extent the file's bytes begin. */
export interface DataReference {
  readonly tree: number;
  readonly inode: number;
  /** may be negative: of an extent that is used from its middle on */
  readonly offset: number;
  /** how many runs of the file it stands for */
  readonly count: number;
}
export interface Extent {
  readonly logical: number;
  readonly length: number;
  readonly generation: number;
  readonly isTreeBlock: boolean;
  /** tree blocks: 0 is a leaf */
  readonly level: number;
  /** of data: all there are, if `whole` */
  readonly references: readonly DataReference[];
  /** no reference but these: none through a shared leaf, none of another kind */
  readonly whole: boolean;
  /** tree blocks: trees that refer to it, and tree blocks that do */
  readonly trees: readonly number[];
  readonly parents: readonly number[];
}
/** While it is read: it becomes the extent itself, of which there may be very many. */
interface Draft extends Extent {
  whole: boolean;
  readonly count: number;
  counted: number;
  simple: boolean;
  readonly references: DataReference[];
  readonly trees: number[];
  readonly parents: number[];
}

/** Logical bytes of one chunk, and what of them matters. */
export interface ExtentRange {
  readonly from: number;
  readonly to: number;
  /** where their chunk begins: no extent lies across */
  readonly floor: number;
  /** mostly asked in the order of their addresses */
  wants(logical: number, length: number): boolean;
}

/** Extents that lie in a range wholly or in part and are wanted, in order. */
export function readExtents(search: TreeSearch, nodeBytes: number, range: ExtentRange): Extent[] {
  const { from, to, floor, wants } = range;
  let back = LOOK_BACK;
  let low = Math.max(floor, from - back);
  let first = Number.POSITIVE_INFINITY;
  const noteFirst = (logical: number, length: number): boolean => {
    if (logical < first) first = logical;
    return logical + length > from && wants(logical, length);
  };
  const found = readBetween(search, nodeBytes, low, to, noteFirst);
  // extents do not overlap: any one that begins at `from` or before it tells what is there
  while (low > floor && first > from) {
    const high = low;
    back *= 8;
    low = Math.max(floor, from - back);
    found.unshift(...readBetween(search, nodeBytes, low, high, noteFirst));
  }
  return found;
}

/** The extent that begins at `logical`. */
export function readExtentAt(search: TreeSearch, nodeBytes: number, logical: number): Extent | undefined {
  return readBetween(search, nodeBytes, logical, logical + 1, () => true)[0];
}

/** Extents that begin in `[from, to)`; what is not wanted costs next to nothing. */
function readBetween(
  search: TreeSearch,
  nodeBytes: number,
  from: number,
  to: number,
  wants: (logical: number, length: number) => boolean,
): Extent[] {
  const extents: Extent[] = [];
  let draft: Draft | undefined;
  const range = {
    tree: EXTENT_TREE,
    from: { object: from, type: 0, offset: 0 },
    to: { object: to - 1, type: 255, offset: -1 },
  };
  search.each(range, (item) => {
    const { type, object } = item;
    if (type === EXTENT_ITEM || type === METADATA_ITEM) {
      finish(draft);
      const length = type === METADATA_ITEM ? nodeBytes : item.offset;
      if (plausible(object) + plausible(length) === object) throw garbled('an extent of no bytes');
      draft = wants(object, length) ? beginExtent(item, length) : undefined;
      if (draft !== undefined) extents.push(draft);
    } else if (draft !== undefined && object === draft.logical) addKeyed(draft, item);
  });
  finish(draft);
  return extents;
}
function finish(draft: Draft | undefined): void {
  if (draft !== undefined) draft.whole = draft.simple && draft.counted === draft.count;
}

function beginExtent({ view, at, length, object, offset, type }: TreeItem, bytes: number): Draft {
  if (length < HEAD_BYTES) throw garbled('an extent that is too short');
  const flags = view.getUint32(at + 16, true);
  const isTreeBlock = type === METADATA_ITEM || (flags & FLAG_TREE_BLOCK) !== 0;
  const old = isTreeBlock && type === EXTENT_ITEM;
  const draft: Draft = {
    logical: object,
    length: bytes,
    generation: read64(view, at + 8),
    isTreeBlock,
    level: old ? view.getUint8(at + HEAD_BYTES + TREE_BLOCK_INFO - 1) : type === METADATA_ITEM ? offset : 0,
    whole: false,
    count: read64(view, at),
    references: [],
    counted: 0,
    simple: true,
    trees: [],
    parents: [],
  };
  const end = at + length;
  for (let r = at + HEAD_BYTES + (old ? TREE_BLOCK_INFO : 0); r < end; ) {
    const kind = view.getUint8(r);
    const size = INLINE_BYTES.get(kind);
    if (size === undefined || r + size > end) {
      // a kind of the future: how long it is cannot be known
      draft.simple = false;
      break;
    }
    addReference(draft, kind, view, r + 1);
    r += size;
  }
  return draft;
}

function addReference(draft: Draft, kind: number, view: DataView, at: number): void {
  if (kind === TREE_BLOCK_REF) draft.trees.push(readSigned64(view, at));
  else if (kind === SHARED_BLOCK_REF) draft.parents.push(read64(view, at));
  else if (kind === SHARED_DATA_REF) draft.simple = false;
  else if (kind === DATA_REF) addDataReference(draft, view, at);
}
function addDataReference(draft: Draft, view: DataView, at: number): void {
  const count = view.getUint32(at + 24, true);
  draft.counted += count;
  if (draft.references.length >= MOST_REFERENCES) draft.simple = false;
  else {
    draft.references.push({
      tree: readSigned64(view, at),
      inode: readSigned64(view, at + 8),
      offset: readSigned64(view, at + 16),
      count,
    });
  }
}
/** References that had no room in the extent's own item: here the key says what they refer to, except for files. */
function addKeyed(draft: Draft, { type, view, at, length, offset }: TreeItem): void {
  if (type === TREE_BLOCK_REF) draft.trees.push(offset > Number.MAX_SAFE_INTEGER ? offset - 2 ** 64 : offset);
  else if (type === SHARED_BLOCK_REF) draft.parents.push(offset);
  else if (type === DATA_REF && length >= DATA_REF_BYTES) addDataReference(draft, view, at);
  else draft.simple = false;
}

import { read64 } from '../little-endian.ts';
import type { BytePath } from '../visible-path.ts';
import { garbled, plausible, readBytes64, type TreeItem, type TreeSearch } from './tree-search.ts';

/**
 * Items of an inode in its subvolume's tree (include/uapi/linux/btrfs_tree.h): key (inode, 1, 0) 40 u32 links, 52 u32
 * mode; (inode, 12, directory) names one after the other: 8 u16 length, 10 name; (inode, 13, hash) the same with 0 u64
 * directory, 16 u16 length, 18 name; (inode, 108, byte in the file) 8 u64 bytes unpacked, 16 u8 compression, 17 u8
 * encryption, 20 u8 type (0 inline, 1 written, 2 preallocated), 21 u64 extent (0: a hole), 29 u64 its bytes, 37 u64 where
 * in it (unpacked) the file's bytes begin, 45 u64 how many.
 */
const INODE_ITEM = 1;
const INODE_REF = 12;
const INODE_EXTREF = 13;
export const FILE_EXTENT = 108;
const EXTENT_BYTES = 53;
const INLINE = 0;
const PREALLOCATED = 2;
/** a small file comes whole with one call; of a large one only what is needed is read */
const AT_ONCE = 24;

/** One run of a file's bytes, as its tree has it. */
export interface FileExtent {
  /** byte in the file */
  readonly offset: number;
  /** the data extent: its logical address and bytes on disk */
  readonly extent: number;
  readonly extentBytes: number;
  /** byte in the extent (unpacked) where these begin */
  readonly into: number;
  readonly length: number;
  /** compressed or encrypted: no byte of the file belongs to one sector */
  readonly packed: boolean;
  readonly unwritten: boolean;
}
export interface Inode {
  readonly mode: number;
  readonly links: number;
  readonly names: readonly { readonly directory: number; readonly name: BytePath }[];
  readonly extents: readonly FileExtent[];
  /** false: there are more extents than `extents` has */
  readonly whole: boolean;
}

/** Undefined when the subvolume has no such inode (any more). */
export function readInode(search: TreeSearch, tree: number, inode: number): Inode | undefined {
  let found: { mode: number; links: number } | undefined;
  const names: { directory: number; name: BytePath }[] = [];
  const extents: FileExtent[] = [];
  const visit = (item: TreeItem): void => {
    if (item.object !== inode) throw garbled('items of another inode');
    if (item.type === INODE_ITEM) {
      if (item.length < 56) throw garbled('an inode that is too short');
      found = { links: item.view.getUint32(item.at + 40, true), mode: item.view.getUint32(item.at + 52, true) };
    } else if (item.type === INODE_REF || item.type === INODE_EXTREF) addNames(item, names);
    else if (item.type === FILE_EXTENT) addExtent(item, extents);
  };
  const from = { object: inode, type: INODE_ITEM, offset: 0 };
  let last = 0;
  const end = { object: inode, type: FILE_EXTENT, offset: -1 };
  const whole = search.each(
    { tree, from, to: end },
    (item) => {
      last = item.type;
      visit(item);
    },
    AT_ONCE,
  );
  // many names or attributes: those were cut off before the extents began
  if (!whole && last < FILE_EXTENT) {
    names.length = 0;
    search.each({ tree, from, to: { object: inode, type: INODE_EXTREF, offset: -1 } }, visit);
  }
  return found === undefined ? undefined : { ...found, names, extents, whole };
}

/** The runs of a file that begin in the bytes `[from, to)` of it. */
export function readFileExtents(
  search: TreeSearch,
  tree: number,
  inode: number,
  from: number,
  to: number,
): FileExtent[] {
  const extents: FileExtent[] = [];
  const at = (offset: number) => ({ object: inode, type: FILE_EXTENT, offset });
  search.each({ tree, from: at(from), to: at(to - 1) }, (item) => {
    if (item.type === FILE_EXTENT) addExtent(item, extents);
  });
  return extents;
}

/** An item that is no data extent (inline, a hole) adds none. */
export function addExtent({ view, at, length, offset }: TreeItem, extents: FileExtent[]): FileExtent[] {
  if (length < 21) throw garbled('a file extent that is too short');
  const type = view.getUint8(at + 20);
  if (type === INLINE) return extents;
  if (length < EXTENT_BYTES) throw garbled('a file extent that is too short');
  const extent = readBytes64(view, at + 21);
  if (extent === 0) return extents;
  extents.push({
    offset: plausible(offset),
    extent,
    extentBytes: readBytes64(view, at + 29),
    into: readBytes64(view, at + 37),
    length: readBytes64(view, at + 45),
    packed: view.getUint16(at + 16, true) !== 0,
    unwritten: type === PREALLOCATED,
  });
  return extents;
}

function addNames(
  { view, raw, at, length, type, offset }: TreeItem,
  names: { directory: number; name: BytePath }[],
): void {
  const extended = type === INODE_EXTREF;
  const head = extended ? 18 : 10;
  for (let p = at; p < at + length; ) {
    const bytes = p + head <= at + length ? view.getUint16(p + head - 2, true) : length;
    if (p + head + bytes > at + length) throw garbled('a name that is too long');
    names.push({
      directory: extended ? read64(view, p) : offset,
      name: raw.toString('latin1', p + head, p + head + bytes),
    });
    p += head + bytes;
  }
}

/** Directories: the one name they have; undefined when the inode has none. */
export function readDirectoryName(search: TreeSearch, tree: number, inode: number) {
  const names: { directory: number; name: BytePath }[] = [];
  const range = {
    tree,
    from: { object: inode, type: INODE_REF, offset: 0 },
    to: { object: inode, type: INODE_EXTREF, offset: -1 },
  };
  search.each(range, (item) => {
    if (item.type === INODE_REF || item.type === INODE_EXTREF) addNames(item, names);
  });
  return names[0];
}

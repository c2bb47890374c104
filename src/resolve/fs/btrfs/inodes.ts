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
/** items of most inodes: the inode, a name, a run of its bytes or an attribute, and one of the next, which shows the end */
const ITEMS_EACH = 4;
/** inodes with numbers so near to each other are read with one search: those between cost less than another one */
const NEAR = 3;
/** each kept on the way */
const MOST_TOGETHER = 1024;

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
  /** of the leaf that has it */
  readonly generation: number;
}
export interface InodeName {
  readonly directory: number;
  readonly name: BytePath;
}
export interface Inode {
  readonly mode: number;
  readonly links: number;
  readonly names: readonly InodeName[];
  /** the first of them */
  readonly extents: readonly FileExtent[];
  /** false: there may be more extents than `extents` has */
  readonly whole: boolean;
  /** of the youngest leaf that its mode, links or names come from */
  readonly generation: number;
}

/** While its items come. */
interface Draft {
  /** undefined: there is no such inode */
  mode: number | undefined;
  links: number;
  names: InodeName[];
  readonly extents: FileExtent[];
  whole: boolean;
  generation: number;
  /** type of the last item that came */
  last: number;
}

/** Undefined when the subvolume has no such inode (any more). */
export function readInode(search: TreeSearch, tree: number, inode: number): Inode | undefined {
  let found: Inode | undefined;
  readInodes(search, tree, [inode], (_, what) => {
    found = what;
  });
  return found;
}

/** Reads inodes of one subvolume with as few searches as it takes: `inodes` ascend. A visitor may search. */
export function readInodes(
  search: TreeSearch,
  tree: number,
  inodes: readonly number[],
  visit: (inode: number, what: Inode | undefined) => void,
): void {
  for (let at = 0; at < inodes.length; ) {
    const end = endOfGroup(inodes, at);
    for (const draft of readGroup(search, tree, inodes, at, end)) {
      visit(inodes[at++] as number, finished(search, tree, inodes[at - 1] as number, draft));
    }
  }
}

function endOfGroup(inodes: readonly number[], at: number): number {
  let end = at + 1;
  while (end < inodes.length && end - at < MOST_TOGETHER && nextTo(inodes, end)) end++;
  return end;
}
function nextTo(inodes: readonly number[], at: number): boolean {
  return (inodes[at] as number) - (inodes[at - 1] as number) <= NEAR;
}

/** At least one of the inodes `[at, end)`, in their order; a file of many runs ends it early. */
function readGroup(search: TreeSearch, tree: number, inodes: readonly number[], at: number, end: number): Draft[] {
  const first = inodes[at] as number;
  const last = inodes[end - 1] as number;
  const drafts = [emptyDraft()];
  let seen = first;
  const from = { object: first, type: INODE_ITEM, offset: 0 };
  const visit = (item: TreeItem): void => {
    const { object } = item;
    if (object < first && object >= 0) throw garbled('items of another inode');
    // the kernel's own objects come last
    seen = object < 0 ? Number.POSITIVE_INFINITY : object;
    while (seen > (inodes[at + drafts.length - 1] as number) && at + drafts.length < end) drafts.push(emptyDraft());
    const draft = drafts[drafts.length - 1] as Draft;
    if (seen === inodes[at + drafts.length - 1]) addItem(draft, item);
  };
  const whole = search.each({ tree, from, to: LAST_KEY }, visit, ITEMS_EACH * (last - first + 1));
  if (whole || seen > last) {
    while (at + drafts.length < end) drafts.push(emptyDraft());
    return drafts;
  }
  // cut off: within the last one that it came to, or in one that nobody asked for before it
  const cut = drafts[drafts.length - 1] as Draft;
  if (seen === inodes[at + drafts.length - 1]) cut.whole = false;
  else if (seen < (inodes[at + drafts.length - 1] as number)) drafts.pop();
  return drafts;
}
const LAST_KEY = { object: -1, type: 255, offset: -1 } as const;

function emptyDraft(): Draft {
  return { mode: undefined, links: 0, names: [], extents: [], whole: true, generation: 0, last: 0 };
}
function addItem(draft: Draft, item: TreeItem): void {
  const { type, generation } = item;
  draft.last = type;
  if (type === FILE_EXTENT) {
    addExtent(item, draft.extents);
    return;
  }
  if (type === INODE_ITEM) {
    if (item.length < 56) throw garbled('an inode that is too short');
    draft.links = item.view.getUint32(item.at + 40, true);
    draft.mode = item.view.getUint32(item.at + 52, true);
  } else if (type === INODE_REF || type === INODE_EXTREF) addNames(item, draft.names);
  else return;
  if (generation > draft.generation) draft.generation = generation;
}
function finished(search: TreeSearch, tree: number, inode: number, draft: Draft): Inode | undefined {
  const { mode, links, extents, whole } = draft;
  if (mode === undefined) return undefined;
  if (whole || draft.last > INODE_EXTREF)
    return { mode, links, names: draft.names, extents, whole, generation: draft.generation };
  // many names: cut off among them
  const { names, generation } = readNames(search, tree, inode);
  return { mode, links, names, extents, whole, generation: Math.max(generation, draft.generation) };
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
export function addExtent({ view, at, length, offset, generation }: TreeItem, extents: FileExtent[]): FileExtent[] {
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
    generation,
  });
  return extents;
}

function addNames({ view, raw, at, length, type, offset }: TreeItem, names: InodeName[]): void {
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

/** All names of an inode; directories have one. `generation`: of the youngest leaf that they come from. */
export function readNames(search: TreeSearch, tree: number, inode: number) {
  const names: InodeName[] = [];
  let generation = 0;
  const range = {
    tree,
    from: { object: inode, type: INODE_REF, offset: 0 },
    to: { object: inode, type: INODE_EXTREF, offset: -1 },
  };
  search.each(range, (item) => {
    if (item.type !== INODE_REF && item.type !== INODE_EXTREF) return;
    if (item.generation > generation) generation = item.generation;
    addNames(item, names);
  });
  return { names, generation };
}

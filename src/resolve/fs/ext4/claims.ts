import { eachOverlap, touches, type Wanted } from '../wanted.ts';
import {
  DEEPEST_EXTENT_TREE,
  type MapVisitor,
  visitExtentNode,
  visitIndirectBlock,
  visitIndirectRoot,
} from './block-map.ts';
import type { DeviceReader, Reading } from './device-reader.ts';
import { DirectoryPieces, HIT, HitTable, MAP_NODE, MapNodes } from './hits.ts';
import { decodeInode, INODE_FLAG, type Inode, MAP_BYTES, MAP_OFFSET, MODE, stampOf } from './inode.ts';
import type { Superblock } from './superblock.ts';

/** EXT4_XATTR_REFCOUNT_MAX (fs/ext4/xattr.h): more inodes do not share one block of attributes. */
const MOST_SHARERS = 1024;
const NAMED_DAMAGES = 10;

/** Collects what blocks the inodes of a file system claim. Bounded by the device, whatever its bytes say. */
export interface Claims {
  readonly hits: HitTable;
  /** of the hits; those that are hit through blocks of their maps come with `loadInodes` */
  readonly inodes: Map<number, Inode>;
  /** of those that the kernel does not tell the places of: what they looked like */
  readonly stamps: Map<number, string>;
  /** of every directory that was looked at */
  readonly directories: DirectoryPieces;
  readonly problems: string[];
  /** The map in an inode; `at` is the inode's first byte. */
  map(inode: number, reading: Reading, at: number, extents: boolean, directory: boolean): void;
  attributes(inode: number, block: number, reading: Reading, at: number): void;
  /** Reads the blocks of maps that were found since the last call. */
  readNodes(reader: DeviceReader, pause: () => Promise<void>): Promise<void>;
}

export function createClaims(sb: Superblock, wanted: Wanted): Claims {
  const hits = new HitTable();
  const inodes = new Map<number, Inode>();
  const stamps = new Map<number, string>();
  const directories = new DirectoryPieces();
  const problems: string[] = [];
  const damagedInodes = new Set<number>();
  const wantedCount = wanted.from.reduce((sum, from, i) => sum + (wanted.to[i] as number) - from, 0);
  let nodes = new MapNodes();
  let nodeCount = 0;
  let directoryBlocks = 0;
  let dataBlocks = 0;
  let attributeBlocks = 0;
  // the inode whose map is being visited
  let number = 0;
  let kind = 0;

  const damaged = (inode = number): void => {
    if (damagedInodes.has(inode) || damagedInodes.size > NAMED_DAMAGES) return;
    damagedInodes.add(inode);
    if (damagedInodes.size > NAMED_DAMAGES) problems.push('the block maps of more inodes are damaged');
    else problems.push(`the block map of inode ${inode} is damaged`);
  };
  const visitor: MapVisitor = {
    data(logical, physical, count, unwritten) {
      if (count === 0) return;
      if (physical === 0 || physical + count > sb.blocksCount) {
        damaged();
        return;
      }
      if ((kind & MAP_NODE.directory) !== 0) {
        // directories that claim more than there is cannot all be what they say
        directoryBlocks += count;
        if (directoryBlocks > sb.blocksCount) damaged();
        else directories.add(number, physical, count);
      }
      if (!touches(wanted, physical, count)) return;
      const what = unwritten ? HIT.unwritten : HIT.data;
      eachOverlap(wanted, physical, count, (from, n) => {
        dataBlocks += n;
        // a block is one file's; a few may change hands while they are looked at
        if (dataBlocks > 2 * wantedCount) damaged();
        else hits.add(number, logical + from - physical, from, n, what);
      });
    },
    child(block, logical, level) {
      if (block === 0 || block >= sb.blocksCount || ++nodeCount > sb.blocksCount) {
        damaged();
        return;
      }
      nodes.add(number, block, logical, level, kind);
      if (touches(wanted, block, 1) && ++dataBlocks <= 2 * wantedCount) hits.add(number, logical, block, 1, HIT.map);
    },
    damaged: () => damaged(),
  };

  return {
    hits,
    inodes,
    stamps,
    directories,
    problems,
    map(inode, { raw, view, words }, at, extents, directory) {
      number = inode;
      const before = hits.length;
      const nodesBefore = nodes.length;
      kind = (extents ? MAP_NODE.extents : 0) | (directory ? MAP_NODE.directory : 0);
      if (extents) visitExtentNode(words, (at + MAP_OFFSET) >>> 2, MAP_BYTES, undefined, visitor);
      else visitIndirectRoot(view, at + MAP_OFFSET, sb.blockBytes, visitor);
      if (hits.length === before) return;
      const decoded = decodeInode(raw, at);
      inodes.set(inode, decoded);
      // of what cannot be opened, and of maps in blocks of their own, the inode has to tell whether it is what it was
      const isClosed =
        (decoded.mode & MODE.type) === MODE.symlink ||
        (decoded.flags & (INODE_FLAG.eaInode | INODE_FLAG.encrypted)) !== 0;
      if (isClosed || nodes.length > nodesBefore) stamps.set(inode, stampOf(raw, at));
    },
    attributes(inode, block, { raw }, at) {
      if (block >= sb.blocksCount || !touches(wanted, block, 1)) return;
      if (++attributeBlocks > MOST_SHARERS * wantedCount) damaged(inode);
      else {
        hits.add(inode, 0, block, 1, HIT.attributes);
        inodes.set(inode, decodeInode(raw, at));
        stamps.set(inode, stampOf(raw, at));
      }
    },
    async readNodes(reader, pause) {
      for (let depth = 0; depth <= DEEPEST_EXTENT_TREE && nodes.length > 0; depth++) {
        const level = nodes;
        nodes = new MapNodes();
        let before = 0;
        const unreadable = await reader.readSorted(
          level,
          (i, { view, words }, at) => {
            number = level.inode[i] as number;
            kind = level.kind[i] as number;
            const block = level.block[i] as number;
            // a block of a map has one parent: a second one would be damage, and could make the map endless
            if (block === before) {
              damaged();
              return;
            }
            before = block;
            const node = { logical: level.logical[i] as number, level: level.level[i] as number };
            if ((kind & MAP_NODE.extents) !== 0) visitExtentNode(words, at >>> 2, sb.blockBytes, node.level, visitor);
            else visitIndirectBlock(view, at, sb.blockBytes, node, visitor);
          },
          pause,
        );
        if (unreadable.length > 0) {
          problems.push(`${unreadable.length} blocks of block maps cannot be read, first block ${unreadable[0]}`);
        }
      }
      if (nodes.length > 0) problems.push('block maps are deeper than they can be');
    },
  };
}

import { eachOverlap, touches, type Wanted } from '../wanted.ts';
import {
  DEEPEST_EXTENT_TREE,
  type MapVisitor,
  visitExtentNode,
  visitIndirectBlock,
  visitIndirectRoot,
} from './block-map.ts';
import type { DeviceReader, Piece } from './device-reader.ts';
import type { Group } from './group-descriptors.ts';
import { HIT, HitTable, InodeSet } from './hits.ts';
import {
  decodeInode,
  INODE_FLAG,
  type Inode,
  inlineDirectoryParts,
  MAP_BYTES,
  MAP_OFFSET,
  MODE,
  mapKind,
} from './inode.ts';
import type { Superblock } from './superblock.ts';

export interface Ext4Volume {
  readonly superblock: Superblock;
  readonly groups: readonly Group[];
  readonly reader: DeviceReader;
}
/** Blocks of a directory's entries. */
export interface DirectoryPiece extends Piece {
  readonly inode: number;
}
export interface Scan {
  readonly hits: HitTable;
  /** the inodes of the hits */
  readonly inodes: Map<number, Inode>;
  /** every directory, in pieces of contiguous blocks */
  readonly directoryPieces: DirectoryPiece[];
  readonly inlineDirectories: { readonly inode: number; readonly parts: readonly Uint8Array[] }[];
  readonly directories: InodeSet;
  readonly encrypted: Set<number>;
  /** what could not be looked at, for people; empty when the scan is whole */
  readonly problems: string[];
}

/** A block of a map that is yet to be read. */
interface Node extends Piece {
  readonly inode: number;
  readonly logical: number;
  readonly level: number;
  readonly extents: boolean;
  readonly directory: boolean;
}

/**
 * Reads every inode in use once, in the order of the device, and keeps those that own a wanted block: the cost does
 * not depend on how many blocks are asked about. `pause` is awaited between reads.
 */
export async function scanInodes(
  volume: Ext4Volume,
  wanted: Wanted,
  pause: (inodesDone: number) => Promise<void>,
): Promise<Scan> {
  const { superblock: sb, groups, reader } = volume;
  const scan: Scan = {
    hits: new HitTable(),
    inodes: new Map(),
    directoryPieces: [],
    inlineDirectories: [],
    directories: new InodeSet(sb.inodesCount),
    encrypted: new Set(),
    problems: [],
  };
  const collector = createCollector(sb, wanted, scan);
  const perBlock = sb.blockBytes / sb.inodeBytes;
  for (const [number, group] of groups.entries()) {
    const blocks = Math.ceil(group.usedInodes / perBlock);
    if (blocks > 0 && !(group.inodeTable > 0 && group.inodeTable + blocks <= sb.blocksCount)) {
      scan.problems.push(`the inode table of group ${number} lies outside of the device`);
      continue;
    }
    for (let done = 0; done < blocks; ) {
      const count = Math.min(blocks - done, reader.longestBlocks);
      const base = number * sb.inodesPerGroup + 1 + done * perBlock;
      const { raw, view, unreadable } = reader.read(group.inodeTable + done, count);
      for (const block of unreadable) {
        const first = base + (block - group.inodeTable - done) * perBlock;
        scan.problems.push(`inodes ${first} to ${first + perBlock - 1} cannot be read`);
      }
      const inodes = Math.min(count * perBlock, group.usedInodes - done * perBlock);
      for (let i = 0, at = 0; i < inodes; i++, at += sb.inodeBytes) {
        // mode 0: never used
        if (view.getUint16(at, true) !== 0) collector.inode(base + i, raw, view, at);
      }
      done += count;
      await pause(base + inodes);
    }
  }
  for (let level = 0; level <= DEEPEST_EXTENT_TREE; level++) {
    const nodes = collector.takeNodes();
    if (nodes.length === 0) break;
    const bad = await reader.readSorted(nodes, collector.node, () => pause(sb.inodesCount));
    if (bad.length > 0) scan.problems.push(`${bad.length} blocks of extent maps cannot be read, first block ${bad[0]}`);
  }
  return scan;
}

function createCollector(sb: Superblock, wanted: Wanted, scan: Scan) {
  let nodes: Node[] = [];
  const seen = new Set<number>();
  const damagedInodes = new Set<number>();
  const current = { number: 0, inode: undefined as Inode | undefined, extents: false, directory: false };

  const keep = (number: number, load: () => Inode): void => {
    if (!scan.inodes.has(number)) scan.inodes.set(number, load());
  };
  /** set before visiting; the visitor reads them */
  let load: () => Inode = () => {
    throw new Error('no inode is being visited');
  };
  const damaged = (): void => {
    if (damagedInodes.has(current.number)) return;
    damagedInodes.add(current.number);
    if (damagedInodes.size <= 10) scan.problems.push(`the block map of inode ${current.number} is damaged`);
  };
  const visitor: MapVisitor = {
    data(logical, physical, count, unwritten) {
      if (count === 0) return;
      if (physical === 0 || physical + count > sb.blocksCount) {
        damaged();
        return;
      }
      if (current.directory) pushPieces(scan.directoryPieces, current.number, physical, count);
      if (!touches(wanted, physical, count)) return;
      keep(current.number, load);
      const what = unwritten ? HIT.unwritten : HIT.data;
      eachOverlap(wanted, physical, count, (from, n) =>
        scan.hits.add(current.number, logical + from - physical, from, n, what),
      );
    },
    child(block, logical, level) {
      // a map block has one parent: a second one would be damage, and could make the map endless
      if (block === 0 || block >= sb.blocksCount || seen.has(block)) {
        damaged();
        return;
      }
      seen.add(block);
      const { number: inode, extents, directory } = current;
      nodes.push({ block, count: 1, inode, logical, level, extents, directory });
      if (!touches(wanted, block, 1)) return;
      keep(inode, load);
      scan.hits.add(inode, logical, block, 1, HIT.map);
    },
    damaged,
  };
  const pending = new Map<number, Inode>();

  return {
    inode(number: number, raw: Buffer, view: DataView, at: number): void {
      const inode = decodeInode(view, at);
      const directory = (inode.mode & MODE.type) === MODE.directory && inode.links > 0;
      Object.assign(current, { number, inode, directory });
      load = () => inode;
      if (directory) {
        scan.directories.add(number);
        if ((inode.flags & INODE_FLAG.encrypted) !== 0) scan.encrypted.add(number);
        if ((inode.flags & INODE_FLAG.inlineData) !== 0) {
          const { parts } = inlineDirectoryParts(Buffer.from(raw.subarray(at, at + sb.inodeBytes)));
          scan.inlineDirectories.push({ inode: number, parts });
        }
      }
      const { attributeBlock } = inode;
      if (attributeBlock > 0 && attributeBlock < sb.blocksCount && touches(wanted, attributeBlock, 1)) {
        keep(number, load);
        scan.hits.add(number, 0, attributeBlock, 1, HIT.attributes);
      }
      const kind = mapKind(inode);
      if (kind === 'none') return;
      current.extents = kind === 'extents';
      const before = nodes.length;
      if (current.extents) visitExtentNode(view, at + MAP_OFFSET, MAP_BYTES, undefined, visitor);
      else visitIndirectRoot(view, at + MAP_OFFSET, sb.blockBytes, visitor);
      if (nodes.length > before) pending.set(number, inode);
    },
    node(node: Node, _raw: Buffer, view: DataView, at: number): void {
      Object.assign(current, { number: node.inode, extents: node.extents, directory: node.directory });
      load = () => pending.get(node.inode) as Inode;
      if (node.extents) visitExtentNode(view, at, sb.blockBytes, node.level, visitor);
      else visitIndirectBlock(view, at, sb.blockBytes, node, visitor);
    },
    /** the blocks of maps found since the last call, in the order of the device */
    takeNodes(): Node[] {
      const taken = nodes.sort((a, b) => a.block - b.block);
      nodes = [];
      return taken;
    },
  };
}

/** Directory blocks are read in pieces that fit any buffer. */
const LONGEST_PIECE = 128;
function pushPieces(pieces: DirectoryPiece[], inode: number, block: number, count: number): void {
  for (let done = 0; done < count; done += LONGEST_PIECE) {
    pieces.push({ inode, block: block + done, count: Math.min(LONGEST_PIECE, count - done) });
  }
}

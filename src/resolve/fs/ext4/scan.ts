import type { Wanted } from '../wanted.ts';
import { type Claims, createClaims } from './claims.ts';
import type { DeviceReader, Reading } from './device-reader.ts';
import type { Group } from './group-descriptors.ts';
import { InodeSet } from './hits.ts';
import { decodeInode, INODE_FLAG, INODE_WORD, inlineDirectoryParts, MAP_BYTES, MODE, stampOf } from './inode.ts';
import type { Superblock } from './superblock.ts';

export interface Ext4Volume {
  readonly superblock: Superblock;
  readonly groups: readonly Group[];
  readonly reader: DeviceReader;
  /** what of the group descriptors could not be looked at, for people */
  readonly problems: readonly string[];
}
export interface InlineDirectory {
  readonly inode: number;
  readonly parts: readonly Uint8Array[];
}
/** What was found in the inode tables that were read. */
export interface Scan extends Pick<Claims, 'hits' | 'inodes' | 'stamps' | 'problems'> {
  readonly directoryPieces: Claims['directories'];
  readonly inlineDirectories: readonly InlineDirectory[];
  readonly directories: InodeSet;
  /** directories whose names are stored as ciphertext */
  readonly encrypted: ReadonlySet<number>;
}
export interface Scanner {
  readonly scan: Scan;
  /** Reads the inode tables of these groups, and the maps they lead to. `pause` is awaited between reads. */
  read(groups: Iterable<number>, pause: (inodesDone: number) => Promise<void>): Promise<void>;
}

/**
 * Reads every inode in use once, in the order of the device, and keeps those that own a wanted block: the cost does
 * not depend on how many blocks are asked about. No object is made for an inode that owns none.
 */
export function createScanner(volume: Ext4Volume, wanted: Wanted): Scanner {
  const { superblock: sb, groups, reader } = volume;
  const claims = createClaims(sb, wanted);
  const inlineDirectories: InlineDirectory[] = [];
  const directories = new InodeSet(sb.inodesCount);
  const encrypted = new Set<number>();
  const perBlock = sb.blockBytes / sb.inodeBytes;
  const inodeWords = sb.inodeBytes / 4;

  const directory = (number: number, flags: number, { raw }: Reading, at: number): void => {
    directories.add(number);
    if ((flags & INODE_FLAG.encrypted) !== 0) encrypted.add(number);
    if ((flags & INODE_FLAG.inlineData) === 0) return;
    const { parts } = inlineDirectoryParts(Uint8Array.from(raw.subarray(at, at + sb.inodeBytes)));
    inlineDirectories.push({ inode: number, parts });
  };

  const visit = (reading: Reading, first: number, count: number): void => {
    const { words } = reading;
    for (let i = 0, w = 0; i < count; i++, w += inodeWords) {
      const mode = (words[w + INODE_WORD.mode] as number) & 0xffff;
      // never used
      if (mode === 0) continue;
      const number = first + i;
      const type = mode & MODE.type;
      const flags = words[w + INODE_WORD.flags] as number;
      const attributesHigh = (words[w + INODE_WORD.attributesHigh] as number) >>> 16;
      const attributes = (words[w + INODE_WORD.attributes] as number) + attributesHigh * 0x1_0000_0000;
      if (attributes !== 0) claims.attributes(number, attributes, reading, w * 4);
      // an inode that is being removed has no entries any more
      const isDirectory = type === MODE.directory && (words[w + INODE_WORD.links] as number) >>> 16 > 0;
      if (isDirectory) directory(number, flags, reading, w * 4);
      if (type !== MODE.file && type !== MODE.directory && type !== MODE.symlink) continue;
      if ((flags & INODE_FLAG.inlineData) !== 0) continue;
      const extents = (flags & INODE_FLAG.extents) !== 0;
      // a short target lies in the inode
      const fast = type === MODE.symlink && !extents && (words[w + INODE_WORD.size] as number) < MAP_BYTES;
      if (!fast) claims.map(number, reading, w * 4, extents, isDirectory);
    }
  };

  const readGroup = async (number: number, pause: (inodesDone: number) => Promise<void>): Promise<void> => {
    const group = groups[number] as Group;
    const blocks = Math.ceil(group.usedInodes / perBlock);
    if (blocks > 0 && !(group.inodeTable > 0 && group.inodeTable + blocks <= sb.blocksCount)) {
      claims.problems.push(`the inode table of group ${number} lies outside of the device`);
      return;
    }
    for (let done = 0; done < blocks; ) {
      const count = Math.min(blocks - done, reader.longestBlocks);
      const first = number * sb.inodesPerGroup + 1 + done * perBlock;
      const reading = reader.read(group.inodeTable + done, count);
      reportUnreadable(reading.unreadable, (block) => first + (block - group.inodeTable - done) * perBlock);
      visit(reading, first, Math.min(count * perBlock, group.usedInodes - done * perBlock));
      done += count;
      await pause(first + count * perBlock);
    }
  };
  /** Neighbouring blocks are told as one range of inodes. */
  const reportUnreadable = (blocks: readonly number[], firstInode: (block: number) => number): void => {
    for (let i = 0; i < blocks.length; ) {
      let next = i + 1;
      while (next < blocks.length && blocks[next] === (blocks[next - 1] as number) + 1) next++;
      const from = firstInode(blocks[i] as number);
      const to = firstInode(blocks[next - 1] as number) + perBlock - 1;
      claims.problems.push(`inodes ${from} to ${to} are unreadable`);
      i = next;
    }
  };

  const { hits, inodes, stamps, problems } = claims;
  return {
    scan: {
      hits,
      inodes,
      stamps,
      problems,
      directoryPieces: claims.directories,
      inlineDirectories,
      directories,
      encrypted,
    },
    async read(numbers, pause) {
      for (const number of numbers) await readGroup(number, pause);
      await claims.readNodes(reader, () => pause(sb.inodesCount));
      for (let i = 0; i < hits.length; i++) {
        const inode = hits.inode[i] as number;
        if (inodes.has(inode)) continue;
        const reading = readInode(volume, inode);
        inodes.set(inode, decodeInode(reading.raw, reading.at));
        stamps.set(inode, stampOf(reading.raw, reading.at));
      }
    },
  };
}

/** One inode as it is on the device now. It must lie in the file system. */
export function readInode({ superblock: sb, groups, reader }: Ext4Volume, inode: number): Reading & { at: number } {
  const group = Math.floor((inode - 1) / sb.inodesPerGroup);
  const byte = ((inode - 1) % sb.inodesPerGroup) * sb.inodeBytes;
  const block = (groups[group] as Group).inodeTable + Math.floor(byte / sb.blockBytes);
  return { ...reader.read(block, 1), at: byte % sb.blockBytes };
}

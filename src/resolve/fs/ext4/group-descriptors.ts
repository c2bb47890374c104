import { join32, viewOf } from '../little-endian.ts';
import { groupStart, hasSuperblock, type Superblock } from './superblock.ts';

/**
 * struct ext4_group_desc: 0x0/0x4/0x8 block bitmap, inode bitmap, inode table (low), 0x12 flags, 0x1C itable_unused
 * (low), 0x20/0x24/0x28 the high words, 0x32 itable_unused (high); 32 bytes without 64bit.
 */
export interface Group {
  readonly blockBitmap: number;
  readonly inodeBitmap: number;
  readonly inodeTable: number;
  /** no inode was ever used */
  readonly inodesUninitialized: boolean;
  /** the block bitmap was never written: only the group's own metadata is in use */
  readonly blocksUninitialized: boolean;
  /** inodes from the start of the table that may be in use */
  readonly usedInodes: number;
}
const INODE_UNINIT = 0x1;
const BLOCK_UNINIT = 0x2;

export function descriptorsPerBlock(sb: Superblock): number {
  return sb.blockBytes / sb.descriptorBytes;
}
export function descriptorBlockCount(sb: Superblock): number {
  return Math.ceil(sb.groupCount / descriptorsPerBlock(sb));
}

/** Where descriptor block `n` lies (fs/ext4/super.c, descriptor_loc). */
export function descriptorBlock(sb: Superblock, n: number): number {
  // with 1 KiB blocks and bigalloc, block 0 is the boot sector's and the superblock lies in block 1
  const superblockBlock = sb.blockBytes === 1024 ? 1 : sb.firstDataBlock;
  if (sb.firstMetaGroup === undefined || n < sb.firstMetaGroup) return superblockBlock + 1 + n;
  const group = n * descriptorsPerBlock(sb);
  if (group === 0) return superblockBlock + 1;
  return groupStart(sb, group) + (hasSuperblock(sb, group) ? 1 : 0);
}

/** Where the first copy of descriptor block `n` lies, if there is one (fs/ext4/super.c; e2fsprogs, ext2fs_descriptor_block_loc2). */
export function descriptorCopy(sb: Superblock, n: number): number | undefined {
  if (sb.firstMetaGroup !== undefined && n >= sb.firstMetaGroup) {
    const group = n * descriptorsPerBlock(sb) + 1;
    return group < sb.groupCount ? groupStart(sb, group) + (hasSuperblock(sb, group) ? 1 : 0) : undefined;
  }
  for (let group = 1; group < sb.groupCount; group++) {
    if (hasSuperblock(sb, group)) return groupStart(sb, group) + 1 + n;
  }
  return undefined;
}

/** A copy tells where things lie, but not what of them is in use: it is written when the file system is made or grown. */
export function asCopies(sb: Superblock, groups: readonly Group[]): Group[] {
  const inUse = { inodesUninitialized: false, blocksUninitialized: false, usedInodes: sb.inodesPerGroup };
  return groups.map((group) => ({ ...group, ...inUse }));
}

/** `raw` holds the descriptors from group `first` on; stops at its end or at the last group. */
export function decodeGroups(sb: Superblock, raw: Uint8Array, first: number): Group[] {
  const view = viewOf(raw);
  const wide = sb.descriptorBytes >= 64;
  const groups: Group[] = [];
  for (let at = 0, group = first; at + sb.descriptorBytes <= raw.length && group < sb.groupCount; group++) {
    const pointer = (low: number, high: number): number =>
      join32(view.getUint32(at + low, true), wide ? view.getUint32(at + high, true) : 0);
    const flags = sb.groupsHaveChecksums ? view.getUint16(at + 0x12, true) : 0;
    const unused = view.getUint16(at + 0x1c, true) + (wide ? view.getUint16(at + 0x32, true) * 0x10000 : 0);
    const inodesUninitialized = (flags & INODE_UNINIT) !== 0;
    const used = sb.groupsHaveChecksums ? sb.inodesPerGroup - unused : sb.inodesPerGroup;
    groups.push({
      blockBitmap: pointer(0x0, 0x20),
      inodeBitmap: pointer(0x4, 0x24),
      inodeTable: pointer(0x8, 0x28),
      inodesUninitialized,
      blocksUninitialized: (flags & BLOCK_UNINIT) !== 0,
      usedInodes: inodesUninitialized ? 0 : Math.min(sb.inodesPerGroup, Math.max(0, used)),
    });
    at += sb.descriptorBytes;
  }
  return groups;
}

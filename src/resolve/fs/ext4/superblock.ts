import { join32, viewOf } from '../little-endian.ts';

/**
 * struct ext4_super_block (fs/ext4/ext4.h), 1024 bytes at byte 1024 of the device: 0x0 inodes_count, 0x4
 * blocks_count_lo, 0x14 first_data_block, 0x18 log_block_size, 0x1C log_cluster_size, 0x20 blocks_per_group, 0x28
 * inodes_per_group, 0x38 magic, 0x4C rev_level, 0x54 first_ino, 0x58 inode_size, 0x5C/0x60/0x64
 * compat/incompat/ro_compat, 0xCE reserved_gdt_blocks, 0xFE desc_size, 0x104 first_meta_bg, 0x150 blocks_count_hi,
 * 0x168 mmp_block, 0x174 log_groups_per_flex, 0x240/0x244/0x26C quota inodes, 0x24C backup_bgs[2], 0x280 orphan_file_inum.
 */
export const SUPERBLOCK_OFFSET = 1024;
export const SUPERBLOCK_BYTES = 1024;
const MAGIC = 0xef53;

const COMPAT = { sparseSuper2: 0x200 } as const;
const INCOMPAT = { metaBg: 0x10, is64bit: 0x80, mmp: 0x100, flexBg: 0x200 } as const;
const RO_COMPAT = { sparseSuper: 0x1, gdtChecksum: 0x10, bigalloc: 0x200, metadataChecksum: 0x400 } as const;
/** filetype, recover, meta_bg, extents, 64bit, mmp, flex_bg, ea_inode, csum_seed, largedir, inline_data, encrypt, casefold */
const KNOWN_INCOMPAT =
  0x2 | 0x4 | 0x10 | 0x40 | 0x80 | 0x100 | 0x200 | 0x400 | 0x2000 | 0x4000 | 0x8000 | 0x10000 | 0x20000;

export interface Superblock {
  readonly inodesCount: number;
  readonly blocksCount: number;
  readonly firstDataBlock: number;
  readonly blockBytes: number;
  /** blocks that one bit of a block bitmap stands for: 1 without bigalloc */
  readonly blocksPerCluster: number;
  readonly blocksPerGroup: number;
  readonly inodesPerGroup: number;
  readonly inodeBytes: number;
  readonly firstInode: number;
  readonly descriptorBytes: number;
  readonly reservedDescriptorBlocks: number;
  /** undefined without meta_bg */
  readonly firstMetaGroup: number | undefined;
  /** the groups with copies of the superblock, where not by the rule of sparse_super */
  readonly backupGroups: readonly number[] | undefined;
  readonly sparseSuper: boolean;
  /** whether UNINIT flags and unused inode counts of groups may be believed */
  readonly groupsHaveChecksums: boolean;
  readonly multiMountBlock: number | undefined;
  readonly quotaInodes: readonly number[];
  readonly orphanInode: number;
  readonly groupCount: number;
  /** groups whose metadata lie together: 1 without flex_bg */
  readonly groupsPerFlex: number;
}

export type SuperblockReading =
  | { readonly kind: 'ok'; readonly superblock: Superblock }
  | { readonly kind: 'refused'; readonly reason: string };

/** Refuses what it does not know: an unknown format must not be guessed at. */
export function decodeSuperblock(raw: Uint8Array): SuperblockReading {
  if (raw.length < SUPERBLOCK_BYTES) return refused('the superblock is cut short');
  const view = viewOf(raw);
  const u16 = (at: number): number => view.getUint16(at, true);
  const u32 = (at: number): number => view.getUint32(at, true);
  if (u16(0x38) !== MAGIC) return refused('there is no ext2, ext3 or ext4 superblock');
  const [compat, incompat, roCompat] = [u32(0x5c), u32(0x60), u32(0x64)];
  const unknown = (incompat & ~KNOWN_INCOMPAT) >>> 0;
  if (unknown !== 0) return refused(`it has features that are not known here (incompat 0x${unknown.toString(16)})`);
  const is64bit = (incompat & INCOMPAT.is64bit) !== 0;
  const dynamic = u32(0x4c) > 0;
  const inodeBytes = dynamic ? u16(0x58) : 128;
  const logBlock = u32(0x18);
  const logCluster = (roCompat & RO_COMPAT.bigalloc) !== 0 ? u32(0x1c) : logBlock;
  if (logBlock > 6 || logCluster > 20 || logCluster < logBlock) return refused('its block or cluster size is damaged');
  const blockBytes = 1024 << logBlock;
  const blocksCount = join32(u32(0x4), is64bit ? u32(0x150) : 0);
  const firstDataBlock = u32(0x14);
  const blocksPerGroup = u32(0x20);
  const inodesPerGroup = u32(0x28);
  const descriptorBytes = is64bit ? u16(0xfe) : 32;
  const groupCount = Math.ceil((blocksCount - firstDataBlock) / blocksPerGroup);
  const sound =
    isPowerOfTwo(inodeBytes) &&
    inodeBytes >= 128 &&
    inodeBytes <= blockBytes &&
    isPowerOfTwo(descriptorBytes) &&
    descriptorBytes >= 32 &&
    descriptorBytes <= blockBytes &&
    firstDataBlock <= 1 &&
    blocksCount > firstDataBlock &&
    Number.isSafeInteger(blocksCount * blockBytes) &&
    blocksPerGroup > 0 &&
    blocksPerGroup <= (blockBytes * 8) << (logCluster - logBlock) &&
    inodesPerGroup > 0 &&
    inodesPerGroup <= blockBytes * 8 &&
    groupCount * inodesPerGroup === u32(0) &&
    u32(0) * inodeBytes <= blocksCount * blockBytes;
  if (!sound) return refused('its superblock contradicts itself');
  return {
    kind: 'ok',
    superblock: {
      inodesCount: u32(0),
      blocksCount,
      firstDataBlock,
      blockBytes,
      blocksPerCluster: 1 << (logCluster - logBlock),
      blocksPerGroup,
      inodesPerGroup,
      inodeBytes,
      firstInode: dynamic ? u32(0x54) : 11,
      descriptorBytes,
      reservedDescriptorBlocks: u16(0xce),
      firstMetaGroup: (incompat & INCOMPAT.metaBg) !== 0 ? u32(0x104) : undefined,
      backupGroups: (compat & COMPAT.sparseSuper2) !== 0 ? [u32(0x24c), u32(0x250)] : undefined,
      sparseSuper: (roCompat & RO_COMPAT.sparseSuper) !== 0,
      groupsHaveChecksums: (roCompat & (RO_COMPAT.gdtChecksum | RO_COMPAT.metadataChecksum)) !== 0,
      multiMountBlock: (incompat & INCOMPAT.mmp) !== 0 ? u32(0x168) : undefined,
      quotaInodes: [u32(0x240), u32(0x244), u32(0x26c)].filter((ino) => ino !== 0),
      orphanInode: u32(0x280),
      groupCount,
      groupsPerFlex: (incompat & INCOMPAT.flexBg) !== 0 ? 1 << Math.min(view.getUint8(0x174), 16) : 1,
    },
  };
}

/** Whether a group starts with a copy of the superblock (fs/ext4/balloc.c, ext4_bg_has_super). */
export function hasSuperblock(sb: Superblock, group: number): boolean {
  if (group === 0) return true;
  if (sb.backupGroups !== undefined) return sb.backupGroups.includes(group);
  if (group === 1 || !sb.sparseSuper) return true;
  return [3, 5, 7].some((base) => isPowerOf(group, base));
}
export function groupStart(sb: Superblock, group: number): number {
  return sb.firstDataBlock + group * sb.blocksPerGroup;
}
export function groupOfBlock(sb: Superblock, block: number): number {
  return Math.floor((block - sb.firstDataBlock) / sb.blocksPerGroup);
}

function refused(reason: string): SuperblockReading {
  return { kind: 'refused', reason };
}
function isPowerOfTwo(n: number): boolean {
  return n > 0 && (n & (n - 1)) === 0;
}
function isPowerOf(n: number, base: number): boolean {
  let power = base;
  while (power < n) power *= base;
  return power === n;
}

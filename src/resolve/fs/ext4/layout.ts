import { eachOverlap, type Wanted } from '../wanted.ts';
import { descriptorBlock, descriptorBlockCount, descriptorsPerBlock, type Group } from './group-descriptors.ts';
import { groupStart, hasSuperblock, type Superblock } from './superblock.ts';

/** Blocks whose use is fixed by the superblock and the group descriptors. */
export interface FixedPart {
  readonly block: number;
  readonly count: number;
  readonly metadata: string;
  /** inode tables: the inodes in this part */
  readonly inodes?: { readonly first: number; readonly last: number };
}

export function inodeTableBlocks(sb: Superblock): number {
  return Math.ceil((sb.inodesPerGroup * sb.inodeBytes) / sb.blockBytes);
}

/** The wanted parts of the fixed layout, unordered. */
export function fixedParts(sb: Superblock, groups: readonly Group[], wanted: Wanted): FixedPart[] {
  const parts: FixedPart[] = [];
  const add = (start: number, count: number, metadata: string): void =>
    eachOverlap(wanted, start, count, (block, n) => parts.push({ block, count: n, metadata }));
  if (sb.blockBytes === 1024) add(0, 1, 'boot block');
  if (sb.multiMountBlock !== undefined) add(sb.multiMountBlock, 1, 'multiple-mount protection');
  const tableBlocks = inodeTableBlocks(sb);
  const inodesPerBlock = sb.blockBytes / sb.inodeBytes;
  for (const [number, group] of groups.entries()) {
    addSuperblock(sb, number, add);
    add(group.blockBitmap, 1, 'block bitmap');
    add(group.inodeBitmap, 1, 'inode bitmap');
    eachOverlap(wanted, group.inodeTable, tableBlocks, (block, count) => {
      const base = number * sb.inodesPerGroup + 1;
      const first = base + (block - group.inodeTable) * inodesPerBlock;
      const last = Math.min(first + count * inodesPerBlock, base + sb.inodesPerGroup) - 1;
      parts.push({ block, count, metadata: 'inode table', inodes: { first, last } });
    });
  }
  return parts;
}

/** Superblock and descriptors at the start of a group (fs/ext4/balloc.c, ext4_num_base_meta_blocks). */
function addSuperblock(sb: Superblock, group: number, add: (start: number, count: number, name: string) => void): void {
  const perBlock = descriptorsPerBlock(sb);
  const metaGroup = Math.floor(group / perBlock);
  let at = groupStart(sb, group);
  if (group === 0 && sb.blockBytes === 1024) at = 1;
  const copy = hasSuperblock(sb, group);
  if (copy) add(at++, 1, group === 0 ? 'superblock' : 'superblock backup');
  if (sb.firstMetaGroup !== undefined && metaGroup >= sb.firstMetaGroup) {
    const position = group % perBlock;
    const isMain = position === 0;
    if (!isMain && position !== 1 && position !== perBlock - 1) return;
    add(isMain ? descriptorBlock(sb, metaGroup) : at, 1, isMain ? 'group descriptors' : 'group descriptors backup');
    return;
  }
  if (!copy) return;
  const blocks = sb.firstMetaGroup ?? descriptorBlockCount(sb);
  add(at, blocks, group === 0 ? 'group descriptors' : 'group descriptors backup');
  add(at + blocks, sb.reservedDescriptorBlocks, 'reserved group descriptors');
}

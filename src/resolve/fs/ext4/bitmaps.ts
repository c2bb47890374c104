import type { Run } from '../../../model/extent.ts';
import type { Ext4Volume } from './scan.ts';
import { groupOfBlock, groupStart } from './superblock.ts';

export interface BitmapPart {
  readonly block: number;
  readonly count: number;
  /** undefined when the bitmap cannot be read */
  readonly inUse: boolean | undefined;
}

/** Splits block ranges by what the block bitmaps say; a bit stands for a cluster (one block without bigalloc). */
export function splitByBitmap(volume: Ext4Volume, ranges: readonly Run[]): BitmapPart[] {
  const { superblock: sb, groups, reader } = volume;
  const parts: BitmapPart[] = [];
  let loaded = -1;
  let bits: Uint8Array | undefined;
  const load = (group: number): void => {
    if (group === loaded) return;
    loaded = group;
    bits = undefined;
    const bitmap = groups[group]?.blockBitmap ?? 0;
    if (bitmap <= 0 || bitmap >= sb.blocksCount) return;
    const { raw, unreadable } = reader.read(bitmap, 1);
    if (unreadable.length === 0) bits = Uint8Array.prototype.slice.call(raw, 0, sb.blockBytes);
  };
  for (const range of ranges) {
    const end = range.start + range.count;
    for (let block: number = range.start; block < end; ) {
      const group = groupOfBlock(sb, block);
      if (group < 0 || group >= groups.length) {
        // in front of the first group: block 0 of a file system with 1 KiB blocks
        parts.push({ block, count: 1, inUse: undefined });
        block++;
        continue;
      }
      const base = groupStart(sb, group);
      const stop = Math.min(end, base + sb.blocksPerGroup);
      if (groups[group]?.blocksUninitialized === true) {
        parts.push({ block, count: stop - block, inUse: false });
        block = stop;
        continue;
      }
      load(group);
      const stateOf = (b: number): boolean | undefined => {
        if (bits === undefined) return undefined;
        const bit = Math.floor((b - base) / sb.blocksPerCluster);
        return (((bits[bit >>> 3] as number) >>> (bit & 7)) & 1) === 1;
      };
      const inUse = stateOf(block);
      let next = block + 1;
      while (next < stop && stateOf(next) === inUse) next++;
      parts.push({ block, count: next - block, inUse });
      block = next;
    }
  }
  return parts;
}

/** Whether an inode is in use; undefined when the bitmap cannot be read. */
export function inodeInUse(volume: Ext4Volume, inode: number): boolean | undefined {
  const { superblock: sb, groups, reader } = volume;
  const group = groups[Math.floor((inode - 1) / sb.inodesPerGroup)];
  if (group === undefined || group.inodesUninitialized) return false;
  if (group.inodeBitmap <= 0 || group.inodeBitmap >= sb.blocksCount) return undefined;
  const { raw, unreadable } = reader.read(group.inodeBitmap, 1);
  if (unreadable.length > 0) return undefined;
  const bit = (inode - 1) % sb.inodesPerGroup;
  return (((raw[bit >>> 3] as number) >>> (bit & 7)) & 1) === 1;
}

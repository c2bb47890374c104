import type { Superblock } from './superblock.ts';

/** Inodes that no directory lists (fs/ext4/ext4.h, EXT4_*_INO): what their blocks are. */
export const RESIZE_INODE = 7;
const ROOT_INODE = 2;
const RESERVED: Readonly<Record<number, string>> = {
  1: 'bad block list',
  3: 'quota',
  4: 'quota',
  5: 'boot loader',
  6: 'undelete directory',
  7: 'resize inode',
  8: 'journal',
  9: 'exclude bitmap',
  10: 'replica inode',
};

/** What an inode of the file system's own holds; undefined for those that have names. */
export function specialUse(sb: Superblock, inode: number): string | undefined {
  if (inode === sb.orphanInode) return 'orphan file';
  if (sb.quotaInodes.includes(inode)) return 'quota';
  if (inode === ROOT_INODE || inode >= sb.firstInode) return undefined;
  return RESERVED[inode] ?? 'reserved inode';
}
export function isNamed(sb: Superblock, inode: number): boolean {
  return specialUse(sb, inode) === undefined;
}

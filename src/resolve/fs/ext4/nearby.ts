import { errnoOf } from '../../../model/errors.ts';
import type { Run } from '../../../model/extent.ts';
import type { FilesystemIo } from '../../../ports.ts';
import { type BytePath, joinPath } from '../visible-path.ts';
import { openInode } from './handle.ts';
import type { Ext4Volume } from './scan.ts';
import { groupOfBlock } from './superblock.ts';

/** For more ranges than these, everything is read. */
const MOST_RANGES = 16;
/** Part of the groups that may be read in vain, should the owner be elsewhere. */
const MOST_PART = 1 / 4;

/**
 * Groups whose inodes most likely own these blocks: the kernel puts a file's data into the flexible group of its inode
 * (fs/ext4/mballoc.c, ext4_inode_to_goal_block), and the inode into its directory's. Undefined when that would not
 * save much, or nothing is to be looked for.
 */
export function groupsNearby({ superblock: sb, groups }: Ext4Volume, blocks: readonly Run[]): number[] | undefined {
  if (blocks.length === 0 || blocks.length > MOST_RANGES) return undefined;
  const near = new Set<number>();
  for (const { start, count } of blocks) {
    const first = Math.floor(groupOfBlock(sb, start) / sb.groupsPerFlex);
    const last = Math.floor(groupOfBlock(sb, start + count - 1) / sb.groupsPerFlex);
    for (let flex = first; flex <= last; flex++) {
      if (near.size > groups.length * MOST_PART) return undefined;
      for (let i = 0; i < sb.groupsPerFlex; i++) near.add(flex * sb.groupsPerFlex + i);
    }
  }
  if (near.size > groups.length * MOST_PART) return undefined;
  return [...near].filter((group) => group >= 0 && group < groups.length).sort((a, b) => a - b);
}

/** The path within the file system of a directory, as the kernel says; undefined when it cannot be told. */
export function askDirectoryPath(
  directory: number,
  { io, mountFd, mountRoot }: { readonly io: FilesystemIo; readonly mountFd: number; readonly mountRoot: BytePath },
): BytePath | undefined {
  const opened = openInode(io, mountFd, directory, 0, 'directory');
  if (opened.kind !== 'open') return undefined;
  try {
    const shown = Buffer.from(io.pathOf(opened.fd)).toString('latin1');
    const mountpoint = Buffer.from(io.pathOf(mountFd)).toString('latin1');
    if (shown === mountpoint) return mountRoot;
    const prefix = mountpoint === '/' ? '/' : `${mountpoint}/`;
    return shown.startsWith(prefix) ? joinPath(mountRoot, shown.slice(prefix.length)) : undefined;
  } catch (error) {
    // beyond PATH_MAX the kernel does not tell it
    if (errnoOf(error) === undefined) throw error;
    return undefined;
  } finally {
    io.close(opened.fd);
  }
}

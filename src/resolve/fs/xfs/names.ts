import { errnoOf } from '../../../model/errors.ts';
import type { FilesystemIo } from '../../../ports.ts';
import { walkTree } from '../tree.ts';
import { type BytePath, joinPath } from '../visible-path.ts';
import type { XfsInode } from './bulkstat.ts';
import { openXfsInode } from './handle.ts';
import { searchNearby } from './nearby.ts';
import { readParents } from './parents.ts';

const S_IFMT = 0xf000;
const S_IFDIR = 0x4000;
/** With more inodes than this one walk of all directories is quicker than looking around each. */
const FEW_INODES = 50;

export interface NameSources {
  readonly io: FilesystemIo;
  readonly mountFd: number;
  /** where the mount's root lies in the file system */
  readonly mountRoot: BytePath;
  readonly parentPointers: boolean;
}

export function isDirectory(inode: XfsInode): boolean {
  return (inode.mode & S_IFMT) === S_IFDIR;
}

/** Absolute paths within the file system of each inode, as far as they could be found. */
export async function readXfsNames(
  inodes: readonly XfsInode[],
  sources: NameSources,
  pause: (directories: number) => Promise<void>,
): Promise<Map<number, Set<BytePath>>> {
  const names = new Map<number, Set<BytePath>>();
  const others: XfsInode[] = [];
  for (const inode of inodes) {
    names.set(inode.inode, new Set());
    if (!isDirectory(inode)) others.push(inode);
    else {
      const path = directoryPath(sources, inode);
      if (path !== undefined) names.get(inode.inode)?.add(path);
    }
  }
  const missing = (): XfsInode[] => others.filter((i) => (names.get(i.inode)?.size ?? 0) < i.links);
  const add = (inode: number, path: BytePath): void => {
    names.get(inode)?.add(path);
  };
  if (sources.parentPointers) await readParents(sources, missing(), add, () => pause(0));
  if (missing().length > 0 && missing().length <= FEW_INODES)
    await searchNearby(sources, missing(), add, () => pause(0));
  if (missing().length > 0) await walkNames(sources, missing(), names, pause);
  return names;
}

/** What the kernel says of an open directory, which is always its true path; as a path within the file system. */
export function directoryPath(sources: NameSources, inode: XfsInode): BytePath | undefined {
  const { io, mountFd, mountRoot } = sources;
  let fd: number | undefined;
  try {
    fd = openXfsInode(io, mountFd, inode, 'directory');
    if (fd === undefined) return undefined;
    const mounted = Buffer.from(io.pathOf(mountFd)).toString('latin1');
    const path = Buffer.from(io.pathOf(fd)).toString('latin1');
    const prefix = mounted === '/' ? '' : mounted;
    if (path !== mounted && !path.startsWith(`${prefix}/`)) return undefined;
    return joinPath(mountRoot, path.slice(prefix.length));
  } catch (error) {
    // longer than PATH_MAX, or gone: the name is missing, which the link count tells
    if (errnoOf(error) === undefined) throw error;
    return undefined;
  } finally {
    if (fd !== undefined) io.close(fd);
  }
}

/** One walk over all directories, comparing inode numbers only. */
async function walkNames(
  sources: NameSources,
  missing: readonly XfsInode[],
  names: Map<number, Set<BytePath>>,
  pause: (directories: number) => Promise<void>,
): Promise<void> {
  const open = new Map(missing.map((i) => [i.inode, i.links]));
  const steps = walkTree(sources.io, sources.mountFd, {
    wants: (inode) => open.has(inode),
    entry({ inode, directoryPath: directory, name }) {
      const found = names.get(inode);
      if (found === undefined) return;
      found.add(joinPath(sources.mountRoot, directory === '' ? name : `${directory}/${name}`));
      if (found.size >= (open.get(inode) ?? 0)) open.delete(inode);
    },
    // what lies beneath is missing, which the link count tells
    blocked: () => undefined,
    enough: () => open.size === 0,
  });
  for await (const directories of steps) await pause(directories);
}

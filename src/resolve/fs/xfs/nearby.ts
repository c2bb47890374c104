import type { FilesystemIo } from '../../../ports.ts';
import { nameIn, visitDirents } from '../dirents.ts';
import { type BytePath, joinPath } from '../visible-path.ts';
import { createBulkReader, type XfsInode } from './bulkstat.ts';
import { openXfsInode } from './handle.ts';
import { directoryPath, isDirectory, type NameSources } from './names.ts';

/** XFS puts files close behind the inode of the directory they are made in. */
const BATCH = 1024;
/** How far back each attempt looks, in inode numbers. */
const REACHES = [192, 2048, 8192, 32768];
const AHEAD = 64;
const MOST_DIRECTORIES = 64;
const LISTING_BYTES = 64 * 1024;

/** Looks for names in the directories around an inode, nearest first: for few inodes far quicker than a walk. */
export async function searchNearby(
  sources: NameSources,
  missing: readonly XfsInode[],
  add: (inode: number, path: BytePath) => void,
  pause: () => Promise<void>,
): Promise<void> {
  const reader = createBulkReader(sources.io, sources.mountFd, BATCH);
  const open = new Map(missing.map((i) => [i.inode, isDirectory(i) ? 1 : i.links]));
  const listed = new Set<number>();
  const found = (inode: number, path: BytePath): void => {
    add(inode, path);
    const left = (open.get(inode) ?? 0) - 1;
    if (left <= 0) open.delete(inode);
    else open.set(inode, left);
  };
  for (const reach of REACHES) {
    for (const target of missing) {
      if (!open.has(target.inode)) continue;
      await pause();
      const directories = directoriesAround(reader, target.inode, reach).filter((d) => !listed.has(d.inode));
      directories.sort((a, b) => Math.abs(a.inode - target.inode) - Math.abs(b.inode - target.inode));
      for (const directory of directories.slice(0, MOST_DIRECTORIES)) {
        if (!open.has(target.inode)) break;
        listed.add(directory.inode);
        listDirectory(sources, directory, open, found);
      }
    }
    if (open.size === 0) return;
  }
}

function directoriesAround(reader: ReturnType<typeof createBulkReader>, inode: number, reach: number): XfsInode[] {
  const directories: XfsInode[] = [];
  const end = inode + AHEAD;
  for (let from = Math.max(0, inode - reach); from <= end; ) {
    const batch = reader.read(from);
    const last = batch.at(-1);
    if (last === undefined) break;
    for (const one of batch) if (one.inode <= end && isDirectory(one) && one.links > 0) directories.push(one);
    from = last.inode + 1;
  }
  return directories;
}

function listDirectory(
  sources: NameSources,
  directory: XfsInode,
  open: ReadonlyMap<number, number>,
  found: (inode: number, path: BytePath) => void,
): void {
  const { io, mountFd } = sources;
  const matches = namesIn(io, mountFd, directory, open);
  if (matches.length === 0) return;
  const path = directoryPath(sources, directory);
  if (path !== undefined) for (const { inode, name } of matches) found(inode, joinPath(path, name));
}

function namesIn(
  io: FilesystemIo,
  mountFd: number,
  directory: XfsInode,
  open: ReadonlyMap<number, number>,
): { readonly inode: number; readonly name: BytePath }[] {
  const fd = openXfsInode(io, mountFd, directory, 'directory');
  if (fd === undefined) return [];
  const listing = Buffer.alloc(LISTING_BYTES);
  const matches: { inode: number; name: BytePath }[] = [];
  try {
    for (let length = io.readDirectory(fd, listing); length > 0; length = io.readDirectory(fd, listing)) {
      visitDirents(listing, length, (inode, _type, from, end) => {
        if (open.has(inode)) matches.push({ inode, name: nameIn(listing, from, end) });
      });
    }
  } finally {
    io.close(fd);
  }
  return matches;
}

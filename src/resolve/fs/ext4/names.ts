import type { FilesystemIo } from '../../../ports.ts';
import { visitDirents } from '../dirents.ts';
import { type BytePath, joinPath } from '../visible-path.ts';
import { visitEntries } from './directory.ts';
import { openInode } from './handle.ts';
import { InodeSet } from './hits.ts';
import type { Ext4Volume, Scan } from './scan.ts';

const ROOT_INODE = 2;
/** deeper than any path the kernel resolves; ends loops that damage could make */
const DEEPEST = 4096;
const LISTING_BYTES = 64 * 1024;

export interface Names {
  /** absolute paths within the file system, one per hard link that was found */
  pathsOf(inode: number): BytePath[];
}
interface Entry {
  readonly directory: number;
  readonly name: BytePath;
}

/** Finds every name of the needed inodes by reading all directory blocks once, in the order of the device. */
export async function readNames(
  volume: Ext4Volume,
  scan: Scan,
  needed: ReadonlySet<number>,
  access: { readonly io: FilesystemIo; readonly mountFd: number },
  pause: () => Promise<void>,
): Promise<Names> {
  const { superblock: sb, reader } = volume;
  const names = new Map<number, Entry[]>();
  const parents = new Map<number, Entry>();
  const isNeeded = new InodeSet(sb.inodesCount);
  for (const inode of needed) isNeeded.add(inode);

  const found = (directory: number, inode: number, name: () => BytePath): void => {
    const isDirectory = scan.directories.has(inode);
    if (!isDirectory && !isNeeded.has(inode)) return;
    const entry = { directory, name: name() };
    if (isDirectory) parents.set(inode, entry);
    else names.set(inode, [...(names.get(inode) ?? []), entry]);
  };
  // what is stored of an encrypted name is ciphertext: those directories are listed as people see them
  const listing = Buffer.alloc(LISTING_BYTES);
  for (const directory of scan.encrypted) {
    await pause();
    list(access, directory, listing, (inode, from, to) =>
      found(directory, inode, () => listing.toString('latin1', from, to)),
    );
  }
  for (const { inode: directory, parts } of scan.inlineDirectories) {
    if (scan.encrypted.has(directory)) continue;
    for (const part of parts) {
      visitEntries(part, 0, part.length, (inode, from, to) =>
        found(directory, inode, () => Buffer.from(part.subarray(from, to)).toString('latin1')),
      );
    }
  }
  const pieces = scan.directoryPieces.filter((p) => !scan.encrypted.has(p.inode)).sort((a, b) => a.block - b.block);
  const unreadable = await reader.readSorted(
    pieces,
    (piece, raw, _view, at) => {
      for (let i = 0; i < piece.count; i++) {
        const start = at + i * sb.blockBytes;
        visitEntries(raw, start, start + sb.blockBytes, (inode, from, to) =>
          found(piece.inode, inode, () => raw.toString('latin1', from, to)),
        );
      }
    },
    pause,
  );
  if (unreadable.length > 0) {
    scan.problems.push(`${unreadable.length} directory blocks cannot be read, first block ${unreadable[0]}`);
  }
  return { pathsOf: (inode) => pathsFrom(inode, scan, names, parents) };
}

function pathsFrom(
  inode: number,
  scan: Scan,
  names: ReadonlyMap<number, readonly Entry[]>,
  parents: ReadonlyMap<number, Entry>,
): BytePath[] {
  const directoryPath = (directory: number): BytePath | undefined => {
    const parts: BytePath[] = [];
    for (let at = directory; at !== ROOT_INODE; ) {
      const entry = parents.get(at);
      if (entry === undefined || parts.length > DEEPEST) return undefined;
      parts.push(entry.name);
      at = entry.directory;
    }
    return `/${parts.reverse().join('/')}`;
  };
  if (scan.directories.has(inode)) {
    const path = directoryPath(inode);
    return path === undefined ? [] : [path];
  }
  return (names.get(inode) ?? []).flatMap(({ directory, name }) => {
    const path = directoryPath(directory);
    return path === undefined ? [] : [joinPath(path, name)];
  });
}

function list(
  { io, mountFd }: { readonly io: FilesystemIo; readonly mountFd: number },
  directory: number,
  into: Buffer,
  visit: (inode: number, from: number, to: number) => void,
): void {
  const opened = openInode(io, mountFd, directory, 0, 'directory');
  // names of what is in it stay unknown, which their link counts then tell
  if (opened.kind !== 'open') return;
  try {
    for (let length = io.readDirectory(opened.fd, into); length > 0; length = io.readDirectory(opened.fd, into)) {
      visitDirents(into, length, (inode, _type, from, to) => visit(inode, from, to));
    }
  } finally {
    io.close(opened.fd);
  }
}

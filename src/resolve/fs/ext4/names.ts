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
  const directoryPath = createDirectoryPaths(parents);
  return {
    pathsOf(inode) {
      const entries = names.get(inode) ?? [];
      const found = scan.directories.has(inode)
        ? [directoryPath(inode)]
        : entries.map(({ directory, name }) => {
            const path = directoryPath(directory);
            return path === undefined ? undefined : joinPath(path, name);
          });
      return found.filter((path) => path !== undefined);
    },
  };
}

/** Paths of directories, each put together once; undefined where a name on the way to the root was not found. */
function createDirectoryPaths(parents: ReadonlyMap<number, Entry>): (inode: number) => BytePath | undefined {
  const known = new Map<number, BytePath | undefined>([[ROOT_INODE, '/']]);
  return (inode) => {
    const below: number[] = [];
    let at = inode;
    while (!known.has(at)) {
      const entry = parents.get(at);
      if (entry === undefined || below.length > DEEPEST) {
        known.set(at, undefined);
        break;
      }
      below.push(at);
      at = entry.directory;
    }
    let path = known.get(at);
    for (const directory of below.reverse()) {
      path = path === undefined ? undefined : joinPath(path, (parents.get(directory) as Entry).name);
      known.set(directory, path);
    }
    return path;
  };
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

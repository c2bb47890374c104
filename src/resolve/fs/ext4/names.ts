import { errnoOf } from '../../../model/errors.ts';
import type { FilesystemIo } from '../../../ports.ts';
import { nameEnd, visitDirents } from '../dirents.ts';
import { type BytePath, joinPath } from '../visible-path.ts';
import { visitEntries } from './directory.ts';
import { openInode } from './handle.ts';
import { InodeSet } from './hits.ts';
import type { Ext4Volume, Scan } from './scan.ts';

const ROOT_INODE = 2;
/** deeper than any path the kernel resolves; ends loops that damage could make */
const DEEPEST = 4096;
const LISTING_BYTES = 64 * 1024;

/** Absolute paths within the file system, one per hard link that was found, by inode. */
export type Names = ReadonlyMap<number, readonly BytePath[]>;
interface Entry {
  readonly directory: number;
  readonly name: BytePath;
}
export interface NamesContext {
  readonly io: FilesystemIo;
  readonly mountFd: number;
  readonly pause: () => Promise<void>;
  /** tells the path of a directory that the scan did not lead to; undefined where it cannot */
  readonly askPath: ((directory: number) => BytePath | undefined) | undefined;
}

/** Finds every name of the needed inodes by reading all directory blocks once, in the order of the device. */
export async function readNames(
  volume: Ext4Volume,
  scan: Scan,
  needed: ReadonlySet<number>,
  context: NamesContext,
): Promise<Names> {
  const { superblock: sb, reader } = volume;
  const entries = new Map<number, Entry[]>();
  const parents = new Map<number, Entry>();
  const isNeeded = new InodeSet(sb.inodesCount);
  for (const inode of needed) if (!scan.directories.has(inode)) isNeeded.add(inode);
  const composing = context.askPath === undefined;

  const found = (directory: number, inode: number, raw: Buffer, from: number, to: number): void => {
    if (inode > sb.inodesCount) return;
    if (isNeeded.has(inode)) {
      const known = entries.get(inode);
      const entry = { directory, name: raw.toString('latin1', from, to) };
      if (known === undefined) entries.set(inode, [entry]);
      else known.push(entry);
    } else if (composing && scan.directories.has(inode)) {
      parents.set(inode, { directory, name: raw.toString('latin1', from, to) });
    }
  };
  await listEncrypted(scan, context, found);
  for (const { inode: directory, parts } of scan.inlineDirectories) {
    if (scan.encrypted.has(directory)) continue;
    for (const part of parts) {
      const raw = Buffer.from(part.buffer as ArrayBuffer);
      const words = new Uint32Array(part.buffer as ArrayBuffer);
      visitEntries(raw, words, part.byteOffset, part.byteOffset + part.length, (inode, from, to) =>
        found(directory, inode, raw, from, to),
      );
    }
  }
  const { inode: owners, count } = scan.directoryPieces;
  const unreadable = await reader.readSorted(
    scan.directoryPieces,
    (piece, { raw, words }, at) => {
      const directory = owners[piece] as number;
      if (scan.encrypted.has(directory)) return;
      const end = at + (count[piece] as number) * sb.blockBytes;
      for (let start = at; start < end; start += sb.blockBytes) {
        visitEntries(raw, words, start, start + sb.blockBytes, (inode, from, to) =>
          found(directory, inode, raw, from, to),
        );
      }
    },
    context.pause,
  );
  if (unreadable.length > 0) {
    scan.problems.push(`${unreadable.length} directory blocks cannot be read, first block ${unreadable[0]}`);
  }
  const directoryPath = context.askPath ?? createDirectoryPaths(parents);
  const names = new Map<number, BytePath[]>();
  for (const inode of needed) {
    const paths = scan.directories.has(inode)
      ? [directoryPath(inode)]
      : (entries.get(inode) ?? []).map(({ directory, name }) => {
          const path = directoryPath(directory);
          return path === undefined ? undefined : joinPath(path, name);
        });
    names.set(
      inode,
      paths.filter((path) => path !== undefined),
    );
  }
  return names;
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

/**
 * What is stored of an encrypted name is ciphertext: those directories are listed as people see them. One that cannot
 * be listed leaves names unknown, which link counts then tell.
 */
async function listEncrypted(
  scan: Scan,
  { io, mountFd, pause }: NamesContext,
  found: (directory: number, inode: number, raw: Buffer, from: number, to: number) => void,
): Promise<void> {
  if (scan.encrypted.size === 0) return;
  const listing = Buffer.alloc(LISTING_BYTES);
  for (const directory of scan.encrypted) {
    await pause();
    const opened = openInode(io, mountFd, directory, 0, 'directory');
    if (opened.kind !== 'open') continue;
    try {
      for (let length = io.readDirectory(opened.fd, listing); length > 0; ) {
        visitDirents(listing, length, (inode, _type, from, end) =>
          found(directory, inode, listing, from, nameEnd(listing, from, end)),
        );
        length = io.readDirectory(opened.fd, listing);
      }
    } catch (error) {
      if (errnoOf(error) === undefined) throw error;
      scan.problems.push(`the encrypted directory ${directory} cannot be listed`);
    } finally {
      io.close(opened.fd);
    }
  }
}

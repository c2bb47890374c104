import { errnoOf } from '../../model/errors.ts';
import type { FilesystemIo } from '../../ports.ts';
import { DIRENT_TYPE, visitDirents } from './dirents.ts';
import { type BytePath, bytesOf } from './visible-path.ts';

const LISTING_BYTES = 128 * 1024;
/** Directories between two turns of the event loop. */
const DIRECTORIES_PER_TURN = 64;

export interface TreeEntry {
  /** the open directory that holds it */
  readonly directory: number;
  /** relative to the root of the walk; '' is the root itself */
  readonly directoryPath: BytePath;
  readonly name: BytePath;
  readonly type: number;
  /** exact below 2^53 */
  readonly inode: number;
}
export interface TreeVisitor {
  /** Whether the entry is worth its name; called for every entry. */
  wants(inode: number, type: number): boolean;
  /** an entry that `wants` asked for */
  entry(entry: TreeEntry): void;
  /** a directory that was opened, before its entries */
  directory?(fd: number, path: BytePath): void;
  /** a directory that could not be entered; EXDEV: something is mounted on it */
  blocked(path: BytePath, errno: string): void;
  /** true ends the walk */
  enough(): boolean;
}

interface Frame {
  readonly fd: number;
  readonly path: BytePath;
  readonly children: BytePath[];
}

/**
 * Visits a directory and all below it, never across a mount point; descriptors of one branch are held open. Yields
 * the number of directories so far from time to time, for the caller to pause, hand on what it has, or stop.
 */
export async function* walkTree(
  io: FilesystemIo,
  root: number,
  visitor: TreeVisitor,
): AsyncGenerator<number, void, void> {
  const listing = Buffer.alloc(LISTING_BYTES);
  const frames: Frame[] = [{ fd: root, path: '', children: [] }];
  let directories = 0;
  let entered: Frame | undefined = frames[0];
  try {
    while (frames.length > 0) {
      if (entered !== undefined) {
        visitor.directory?.(entered.fd, entered.path);
        for (const full of readEntries(io, entered, listing, visitor)) if (full) yield directories;
        if (++directories % DIRECTORIES_PER_TURN === 0) yield directories;
      }
      const frame = frames.at(-1) as Frame;
      const name = visitor.enough() ? undefined : frame.children.pop();
      entered = name === undefined ? undefined : openChild(io, frame, name, visitor);
      if (entered !== undefined) frames.push(entered);
      else if (name === undefined) {
        frames.pop();
        if (frame.fd !== root) io.close(frame.fd);
      }
    }
  } finally {
    for (const { fd } of frames) if (fd !== root) io.close(fd);
  }
}

function openChild(io: FilesystemIo, parent: Frame, name: BytePath, visitor: TreeVisitor): Frame | undefined {
  const path = parent.path === '' ? name : `${parent.path}/${name}`;
  try {
    return { fd: io.openBeneath(parent.fd, bytesOf(name), 'directory'), path, children: [] };
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === undefined) throw error;
    // gone since it was listed, or of unknown type and no directory
    if (errno !== 'ENOENT' && errno !== 'ENOTDIR' && errno !== 'ELOOP') visitor.blocked(path, errno);
    return undefined;
  }
}

/** Yields after each filled buffer of records whether more may follow. */
function* readEntries(
  io: FilesystemIo,
  { fd, path, children }: Frame,
  listing: Buffer,
  visitor: TreeVisitor,
): Generator<boolean, void, void> {
  try {
    for (let length = io.readDirectory(fd, listing); length > 0; length = io.readDirectory(fd, listing)) {
      visitDirents(listing, length, (inode, type, from, to) => {
        const wanted = visitor.wants(inode, type);
        const descend = type === DIRENT_TYPE.directory || type === DIRENT_TYPE.unknown;
        if (!wanted && !descend) return;
        const name = listing.toString('latin1', from, to);
        if (descend) children.push(name);
        if (wanted) visitor.entry({ directory: fd, directoryPath: path, name, type, inode });
      });
      yield length > listing.length / 2;
    }
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === undefined) throw error;
    visitor.blocked(path, errno);
  }
}

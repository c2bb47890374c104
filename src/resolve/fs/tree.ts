import { errnoOf } from '../../model/errors.ts';
import type { FilesystemIo } from '../../ports.ts';
import { DIRENT_TYPE, nameIn, visitDirents } from './dirents.ts';
import { viewOf } from './little-endian.ts';
import { type BytePath, bytesOf } from './visible-path.ts';

/** So much of a directory is looked at in one step. */
const LISTING_BYTES = 32 * 1024;

/** An entry while it is visited: its name lies in a listing that is used for the next ones as well. */
export interface TreeEntry {
  /** the open directory that holds it */
  readonly directory: number;
  /** relative to the root of the walk; '' is the root itself */
  readonly directoryPath: BytePath;
  readonly listing: Buffer;
  /** where in the listing the name begins, and where its record ends */
  readonly from: number;
  readonly end: number;
  readonly type: number;
  /** exact below 2^53 */
  readonly inode: number;
}
/** Relative to the root of the walk. */
export function pathOfEntry({ directoryPath, listing, from, end }: TreeEntry): BytePath {
  const name = nameIn(listing, from, end);
  return directoryPath === '' ? name : `${directoryPath}/${name}`;
}
/** Opens what the entry names. @throws as `FilesystemIo.openBeneath` */
export function openEntry(io: FilesystemIo, { directory, listing, from }: TreeEntry): number {
  return io.openBeneath(directory, listing, 'file', from);
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
}

/** An open directory that is still to be walked, and its path relative to the root of the walk. */
export interface OpenDirectory {
  readonly fd: number;
  readonly path: BytePath;
}
/**
 * Directories with all below them, never across a mount point; descriptors of one branch are held open. Does a little
 * at each step, so that its owner can pause, hand a part of it to another walk, or stop.
 */
export interface TreeWalk {
  /** directories entered so far */
  readonly directories: number;
  /** Adds a directory; `keep` leaves its descriptor open when it is done. */
  add(directory: OpenDirectory, keep?: boolean): void;
  /** Looks through some of the entries of one directory; false when nothing is left to do. */
  step(): boolean;
  /** Opens and gives away about half of what is still to be walked, at most `most`, from as near to the root as may be. */
  give(most: number): OpenDirectory[];
  /** Closes what is open, done or not. */
  close(): void;
}

interface Frame {
  readonly fd: number;
  readonly path: BytePath;
  readonly keep: boolean;
  readonly children: BytePath[];
  state: 'new' | 'listing' | 'listed';
}

export function createTreeWalk(io: FilesystemIo, visitor: TreeVisitor): TreeWalk {
  const listing = Buffer.alloc(LISTING_BYTES);
  const view = viewOf(listing);
  /** roots that are waiting, and the branch that is being walked on top of the one they came from */
  const waiting: Frame[] = [];
  const frames: Frame[] = [];
  let directories = 0;

  function leave(frame: Frame): void {
    if (!frame.keep) io.close(frame.fd);
  }
  function list(frame: Frame): void {
    const { fd, path } = frame;
    try {
      const length = io.readDirectory(fd, listing);
      if (length === 0) frame.state = 'listed';
      else visitDirents(listing, length, (inode, type, from, end) => visit(inode, type, from, end, frame), view);
    } catch (error) {
      const errno = errnoOf(error);
      if (errno === undefined) throw error;
      frame.state = 'listed';
      visitor.blocked(path, errno);
    }
  }
  function visit(inode: number, type: number, from: number, end: number, frame: Frame): void {
    const wanted = visitor.wants(inode, type);
    if (type === DIRENT_TYPE.directory || type === DIRENT_TYPE.unknown) frame.children.push(nameIn(listing, from, end));
    if (wanted) visitor.entry({ directory: frame.fd, directoryPath: frame.path, listing, from, end, type, inode });
  }
  function openNext(frame: Frame): Frame | undefined {
    for (let name = frame.children.pop(); name !== undefined; name = frame.children.pop()) {
      const child = openChild(io, frame, name, visitor);
      if (child !== undefined) return child;
    }
    return undefined;
  }

  return {
    get directories() {
      return directories;
    },
    add({ fd, path }, keep = false) {
      waiting.push({ fd, path, keep, children: [], state: 'new' });
    },
    step() {
      const frame = frames.at(-1);
      if (frame === undefined) {
        const next = waiting.pop();
        if (next === undefined) return false;
        frames.push(next);
        return true;
      }
      if (frame.state === 'new') {
        directories++;
        visitor.directory?.(frame.fd, frame.path);
        frame.state = 'listing';
      }
      if (frame.state === 'listing') list(frame);
      if (frame.state === 'listing') return true;
      const child = openNext(frame);
      if (child !== undefined) frames.push(child);
      else {
        frames.pop();
        leave(frame);
      }
      return frames.length > 0 || waiting.length > 0;
    },
    give(most) {
      const given: OpenDirectory[] = waiting.splice(0, Math.min(most, Math.ceil(waiting.length / 2)));
      for (const frame of frames) {
        const share = Math.min(most - given.length, Math.ceil(frame.children.length / 2));
        if (share <= 0) continue;
        for (const name of frame.children.splice(0, share)) {
          const child = openChild(io, frame, name, visitor);
          if (child !== undefined) given.push(child);
        }
        break;
      }
      return given.map(({ fd, path }) => ({ fd, path }));
    },
    close() {
      for (const frame of [...frames, ...waiting]) leave(frame);
      frames.length = 0;
      waiting.length = 0;
    },
  };
}

/** Steps between two turns of the event loop. */
const STEPS_PER_TURN = 16;

/** Visits a directory and all below it; yields the number of directories so far, for the caller to pause or stop. */
export function* walkTree(io: FilesystemIo, root: number, visitor: TreeVisitor): Generator<number, void, void> {
  const walk = createTreeWalk(io, visitor);
  walk.add({ fd: root, path: '' }, true);
  try {
    for (let steps = 1; walk.step(); steps++) if (steps % STEPS_PER_TURN === 0) yield walk.directories;
  } finally {
    walk.close();
  }
}

function openChild(io: FilesystemIo, parent: Frame, name: BytePath, visitor: TreeVisitor): Frame | undefined {
  const path = parent.path === '' ? name : `${parent.path}/${name}`;
  try {
    const fd = io.openBeneath(parent.fd, bytesOf(name), 'directory');
    return { fd, path, keep: false, children: [], state: 'new' };
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === undefined) throw error;
    // gone since it was listed, or of unknown type and no directory
    if (errno !== 'ENOENT' && errno !== 'ENOTDIR' && errno !== 'ELOOP') visitor.blocked(path, errno);
    return undefined;
  }
}

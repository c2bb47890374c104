import { errnoOf, messageOf } from '../../../model/errors.ts';
import type { FilesystemIo } from '../../../ports.ts';
import type { FiemapExtent } from '../fiemap.ts';
import { createExtentReader, type ExtentReader } from '../file-extents.ts';
import { type BytePath, bytesOf, isWithin } from '../visible-path.ts';
import { openInode } from './handle.ts';
import { HIT } from './hits.ts';
import { type Inode, MODE, stampOf } from './inode.ts';
import type { Names } from './names.ts';
import { type Ext4Volume, readInode, type Scan } from './scan.ts';

export interface Verdicts {
  /** indexes into the hit table: the file has moved since it was read from the device */
  readonly moved: ReadonlySet<number>;
  /** names that lead to the inode now, and how many it has */
  readonly names: ReadonlyMap<number, { readonly paths: readonly BytePath[]; readonly links: number }>;
  /** why some could not be checked against the kernel; undefined when all were */
  readonly unchecked: string | undefined;
}
export interface VerifyContext {
  readonly io: FilesystemIo;
  readonly mountFd: number;
  /** what of the file system is mounted there */
  readonly mountRoot: BytePath;
  readonly pause: () => Promise<void>;
}
/** The map of a file with more wanted pieces than this is read as a whole. */
const FEW_PIECES = 256;
const INODES_PER_TURN = 256;

/**
 * Asks the kernel last of all, when nothing more is read from the device: each name is opened and must lead to the
 * inode, whose own map (FIEMAP) must say that the block is its. What has no such map or cannot be opened (attributes,
 * blocks of maps, symlinks) must have the same inode on the device as before.
 */
export async function verifyHits(
  volume: Ext4Volume,
  scan: Scan,
  names: Names,
  skip: (inode: number) => boolean,
  context: VerifyContext,
): Promise<Verdicts> {
  const { hits } = scan;
  const byInode = new Map<number, number[]>();
  for (let i = 0; i < hits.length; i++) {
    const inode = hits.inode[i] as number;
    if (skip(inode)) continue;
    const list = byInode.get(inode);
    if (list === undefined) byInode.set(inode, [i]);
    else list.push(i);
  }
  const moved = new Set<number>();
  const move = (list: readonly number[]): void => {
    for (const i of list) moved.add(i);
  };
  const told = new Map<number, { paths: readonly BytePath[]; links: number }>();
  const reader = createExtentReader(context.io);
  let unchecked: string | undefined;
  let done = 0;
  for (const [number, indexes] of byInode) {
    if (++done % INODES_PER_TURN === 0) await context.pause();
    const inode = scan.inodes.get(number) as Inode;
    const data = indexes.filter((i) => isData(hits.what[i] as number));
    const tellsItself = isOpenable(inode) && data.length === indexes.length;
    if (!tellsItself && !isUnchanged(volume, scan, number)) {
      move(indexes);
      continue;
    }
    const candidates = names.get(number) ?? [];
    if (!isOpenable(inode)) {
      told.set(number, { paths: candidates, links: inode.links });
      continue;
    }
    const opened = openNames(number, inode, candidates, context);
    if (opened.kind === 'gone') move(indexes);
    if (opened.kind === 'denied') {
      unchecked ??= opened.reason;
      told.set(number, { paths: candidates, links: inode.links });
    }
    if (opened.kind !== 'open') continue;
    told.set(number, opened);
    try {
      if (opened.fd !== undefined) move(movedIn(reader, opened.fd, scan, data, volume.superblock.blockBytes));
    } catch (error) {
      if (errnoOf(error) === undefined) throw error;
      unchecked ??= messageOf(error);
    } finally {
      if (opened.fd !== undefined) context.io.close(opened.fd);
    }
  }
  return { moved, names: told, unchecked };
}

type Opened =
  | {
      readonly kind: 'open';
      readonly fd: number | undefined;
      readonly paths: readonly BytePath[];
      readonly links: number;
    }
  | { readonly kind: 'gone' }
  | { readonly kind: 'denied'; readonly reason: string };

/** Opens each name; the first that leads to the inode stays open. By its handle where no name can be opened. */
function openNames(number: number, inode: Inode, candidates: readonly BytePath[], context: VerifyContext): Opened {
  const { io, mountFd, mountRoot } = context;
  const kind = (inode.mode & MODE.type) === MODE.directory ? 'directory' : 'file';
  const paths: BytePath[] = [];
  let links = inode.links;
  let open: number | undefined;
  let handle = candidates.length === 0;
  for (const path of candidates) {
    const relative = relativeTo(mountRoot, path);
    if (relative === undefined) {
      handle = true;
      paths.push(path);
      continue;
    }
    let fd: number | undefined;
    try {
      fd = io.openBeneath(mountFd, bytesOf(relative), kind);
      const status = io.status(fd);
      if (status.inode !== String(number)) continue;
      paths.push(path);
      links = status.linkCount;
      if (open !== undefined) continue;
      open = fd;
      fd = undefined;
    } catch (error) {
      const errno = errnoOf(error);
      if (errno === undefined) throw error;
      // another name or file by now; whatever else keeps it from being opened says nothing against the name
      if (errno === 'ENOENT' || errno === 'ENOTDIR' || errno === 'ELOOP' || errno === 'ENXIO') continue;
      handle = true;
      paths.push(path);
    } finally {
      if (fd !== undefined) io.close(fd);
    }
  }
  if (open !== undefined) return { kind: 'open', fd: open, paths, links };
  if (!handle) return { kind: 'gone' };
  const byHandle = openInode(io, mountFd, number, inode.generation, kind);
  if (byHandle.kind === 'open') return { kind: 'open', fd: byHandle.fd, paths, links };
  // an orphan nobody has open waits for the next mount to be removed: nothing to compare with
  if (byHandle.kind === 'gone' && inode.links === 0) return { kind: 'open', fd: undefined, paths, links };
  return byHandle;
}

function relativeTo(root: BytePath, path: BytePath): BytePath | undefined {
  if (!isWithin(path, root)) return undefined;
  const rest = path.slice(root === '/' ? 1 : root.length + 1);
  return rest === '' ? '.' : rest;
}

function isOpenable(inode: Inode): boolean {
  const type = inode.mode & MODE.type;
  return type === MODE.file || type === MODE.directory;
}
/** Whether a hit is data of the file rather than a block that serves it. */
export function isData(what: number): boolean {
  return what === HIT.data || what === HIT.unwritten;
}

/** Symlinks cannot be opened, and no call tells where attributes and map blocks lie: their inode must be what it was. */
function isUnchanged(volume: Ext4Volume, { stamps }: Scan, number: number): boolean {
  const { raw, at } = readInode(volume, number);
  return stampOf(raw, at) === stamps.get(number);
}

/** Those of the hits that the file's own map does not show any more. */
function movedIn(
  reader: ExtentReader,
  fd: number,
  scan: Scan,
  indexes: readonly number[],
  blockBytes: number,
): number[] {
  const { hits } = scan;
  const whole = indexes.length > FEW_PIECES ? reader.read(fd) : undefined;
  return indexes.filter((i) => {
    const logical = (hits.logical[i] as number) * blockBytes;
    const physical = (hits.physical[i] as number) * blockBytes;
    const length = (hits.count[i] as number) * blockBytes;
    if (whole !== undefined) return !isMapped(whole, logical, physical, length);
    return !reader.isAt(fd, logical, physical, length);
  });
}

/** Whether all of `[logical, logical + length)` lies at `physical` according to a sorted extent map. */
function isMapped(map: readonly FiemapExtent[], logical: number, physical: number, length: number): boolean {
  let low = 0;
  let high = map.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const e = map[middle] as FiemapExtent;
    if (e.logical + e.length <= logical) low = middle + 1;
    else high = middle;
  }
  let covered = logical;
  for (let i = low; i < map.length && covered < logical + length; i++) {
    const e = map[i] as FiemapExtent;
    if (e.logical > covered || e.physical - e.logical !== physical - logical) return false;
    covered = e.logical + e.length;
  }
  return covered >= logical + length;
}

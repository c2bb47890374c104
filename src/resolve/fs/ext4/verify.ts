import { errnoOf, messageOf } from '../../../model/errors.ts';
import type { FilesystemIo } from '../../../ports.ts';
import type { FiemapExtent } from '../fiemap.ts';
import { createExtentReader, type ExtentReader } from '../file-extents.ts';
import { openInode } from './handle.ts';
import { HIT } from './hits.ts';
import { type Inode, MODE } from './inode.ts';
import type { Scan } from './scan.ts';

export interface Verdicts {
  /** indexes into the hit table: the file has moved since it was read from the device */
  readonly moved: Set<number>;
  /** why some could not be checked against the kernel; undefined when all were */
  readonly unchecked: string | undefined;
}
/** A file with more wanted pieces than this is read as a whole. */
const FEW_PIECES = 4;

/** Asks the kernel (FIEMAP on the opened inode) whether files and directories still own what the device said. */
export async function verifyHits(
  scan: Scan,
  access: { readonly io: FilesystemIo; readonly mountFd: number; readonly blockBytes: number },
  skip: (inode: number) => boolean,
  pause: () => Promise<void>,
): Promise<Verdicts> {
  const { hits } = scan;
  const byInode = new Map<number, number[]>();
  for (let i = 0; i < hits.length; i++) {
    const inode = hits.inode[i] as number;
    const isData = hits.what[i] === HIT.data || hits.what[i] === HIT.unwritten;
    if (!isData || skip(inode) || !isOpenable(scan.inodes.get(inode))) continue;
    const list = byInode.get(inode);
    if (list === undefined) byInode.set(inode, [i]);
    else list.push(i);
  }
  const moved = new Set<number>();
  let unchecked: string | undefined;
  const reader = createExtentReader(access.io);
  let done = 0;
  for (const [number, indexes] of byInode) {
    if (++done % 256 === 0) await pause();
    const inode = scan.inodes.get(number) as Inode;
    const directory = (inode.mode & MODE.type) === MODE.directory;
    const opened = openInode(access.io, access.mountFd, number, inode.generation, directory ? 'directory' : 'file');
    if (opened.kind === 'gone') {
      // an orphan nobody has open waits for the next mount to be removed: nothing to compare with
      if (inode.links > 0) for (const i of indexes) moved.add(i);
      continue;
    }
    if (opened.kind === 'denied') {
      unchecked ??= opened.reason;
      continue;
    }
    try {
      compare(reader, opened.fd, scan, indexes, access.blockBytes, moved);
    } catch (error) {
      if (errnoOf(error) === undefined) throw error;
      unchecked ??= messageOf(error);
    } finally {
      access.io.close(opened.fd);
    }
  }
  return { moved, unchecked };
}

function isOpenable(inode: Inode | undefined): boolean {
  const type = (inode?.mode ?? 0) & MODE.type;
  return type === MODE.file || type === MODE.directory;
}

function compare(
  reader: ExtentReader,
  fd: number,
  scan: Scan,
  indexes: readonly number[],
  blockBytes: number,
  moved: Set<number>,
): void {
  const { hits } = scan;
  const whole = indexes.length > FEW_PIECES ? reader.read(fd) : undefined;
  for (const i of indexes) {
    const logical = (hits.logical[i] as number) * blockBytes;
    const length = (hits.count[i] as number) * blockBytes;
    const map = whole ?? reader.read(fd, logical, length);
    if (!isMapped(map, logical, (hits.physical[i] as number) * blockBytes, length)) moved.add(i);
  }
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

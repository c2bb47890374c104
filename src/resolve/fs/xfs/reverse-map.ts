import { errnoOf } from '../../../model/errors.ts';
import { clip, endOf, type Run, run, subtract } from '../../../model/extent.ts';
import { bytesFromSectors, sectorsCovering, wholeSectors } from '../../../model/units.ts';
import {
  decodeFsmap,
  encodeDevice,
  encodeFsmap,
  FS_IOC_GETFSMAP,
  type FsmapRecord,
  fsmapBuffer,
  isWholeFsmap,
  readFsmap,
  SMALL_FSMAP,
} from '../getfsmap.ts';
import { askMany, sharedRoom } from '../many-ioctls.ts';
import { breathe, type FilesystemTask } from '../resolver.ts';
import { DAMAGED } from './damaged.ts';
import type { XfsGeometry } from './geometry.ts';

/** A record of the reverse map, cut to what was asked. */
export interface MappedRecord {
  readonly where: Run;
  readonly record: FsmapRecord;
}
export interface ReverseMap {
  readonly records: readonly MappedRecord[];
  /** what the kernel told nothing of */
  readonly untold: readonly Run[];
  /** where the map itself cannot be read */
  readonly unreadable: readonly Unreadable[];
}
export interface Unreadable {
  readonly where: Run;
  readonly errno: string;
}

/** A range is cut in halves around an unreadable block of the map down to this: 1 MiB. */
const SMALLEST_CUT = 2048;
/** So many failures in one allocation group, and the rest of it is given up. */
const MOST_FAILURES = 64;
const ASKED_PER_TURN = 256;

/** Asks for exactly the wanted ranges. @throws Error with `code` where the kernel has no such map for us */
export async function askReverseMap(
  task: FilesystemTask,
  mountFd: number,
  g: XfsGeometry,
  wanted: readonly Run[],
): Promise<ReverseMap> {
  const [records, untold, unreadable]: [MappedRecord[], Run[], Unreadable[]] = [[], [], []];
  const buffer = fsmapBuffer();
  const device = encodeDevice(task.device.devNumber);
  const failures = new Map<number, number>();
  const groupSectors = wholeSectors(g.blockBytes * g.groupBlocks);
  const asked = splitByGroup(wanted, groupSectors);
  const total = asked.length;
  let turns = 0;
  let reached = 0;
  const take = (r: Run, record: FsmapRecord): void => {
    const start = wholeSectors(record.physical);
    // records are whole extents: cut to what was asked
    const where = clip(run(start, sectorsCovering(record.physical, record.length)), r);
    if (where === undefined) return;
    if (where.start > reached) untold.push(run(reached, where.start - reached));
    reached = Math.max(reached, endOf(where));
    records.push({ where, record });
  };
  const finish = (r: Run): void => {
    if (reached < endOf(r)) untold.push(run(reached, endOf(r) - reached));
  };
  const open: Run[] = [];
  for await (const [r, told] of askTogether(task, mountFd, device, asked)) {
    reached = r.start;
    for (const record of told ?? []) take(r, record);
    if (told === undefined) open.push(r);
    else finish(r);
  }
  open.reverse();
  for (let r = open.pop(); r !== undefined; r = open.pop()) {
    reached = r.start;
    try {
      for (const record of readFsmap(task.io, mountFd, buffer, device, byteRange(r))) {
        take(r, record);
        if (++turns % (ASKED_PER_TURN * 16) === 0) await breathe(task.signal);
      }
      finish(r);
    } catch (error) {
      const errno = errnoOf(error);
      if (errno === undefined || !DAMAGED.includes(errno)) throw error;
      const rest = run(reached, endOf(r) - reached);
      const group = Math.floor(rest.start / groupSectors);
      const failed = (failures.get(group) ?? 0) + 1;
      failures.set(group, failed);
      if (rest.count <= SMALLEST_CUT || failed > MOST_FAILURES) unreadable.push({ where: rest, errno });
      else {
        const half = Math.ceil(rest.count / 2);
        open.push(run(rest.start + half, rest.count - half), run(rest.start, half));
      }
    }
    if (++turns % ASKED_PER_TURN === 0) {
      task.onProgress({
        phase: `asking the reverse map of ${task.mount.mountpoint.text}`,
        done: Math.max(0, total - open.length),
        total,
      });
      await breathe(task.signal);
    }
  }
  return { records, untold, unreadable };
}

/** So many in one piece of work: their requests and answers take half a kilobyte each. */
const TOGETHER = 4096;
/** Fewer are quicker asked one by one. */
const MANY = 256;

/** Asks about many ranges in several threads; undefined where that was not enough, or failed. */
async function* askTogether(
  task: FilesystemTask,
  mountFd: number,
  device: number,
  asked: readonly Run[],
): AsyncGenerator<readonly [Run, readonly FsmapRecord[] | undefined]> {
  const pause = (): Promise<void> => breathe(task.signal);
  for (let from = 0; from < asked.length; from += TOGETHER) {
    const some = asked.slice(from, from + TOGETHER);
    if (some.length < MANY) {
      for (const r of some) yield [r, undefined];
      continue;
    }
    const packed = sharedRoom(some.length * SMALL_FSMAP);
    const place = (i: number): Buffer => packed.subarray(i * SMALL_FSMAP, (i + 1) * SMALL_FSMAP);
    for (const [i, r] of some.entries()) encodeFsmap(place(i), device, byteRange(r).from, byteRange(r).to);
    const many = { fd: mountFd, request: FS_IOC_GETFSMAP, size: SMALL_FSMAP, packed };
    const failures = await askMany(task.io, many, pause);
    for (const [i, r] of some.entries()) {
      const told = failures.has(i) || !isWholeFsmap(place(i)) ? undefined : decodeFsmap(place(i));
      yield [r, told];
    }
  }
}

/** Each allocation group has a map of its own: what is wrong with one says nothing of the others. */
function splitByGroup(wanted: readonly Run[], groupSectors: number): Run[] {
  const parts: Run[] = [];
  for (const r of wanted) {
    for (let from: number = r.start; from < endOf(r); ) {
      const to = Math.min(endOf(r), (Math.floor(from / groupSectors) + 1) * groupSectors);
      parts.push(run(from, to - from));
      from = to;
    }
  }
  return parts;
}
function byteRange(r: Run): { readonly from: number; readonly to: number } {
  const from = bytesFromSectors(r.start);
  return { from, to: from + bytesFromSectors(r.count) };
}

/** Whether the map still says of `where` what it said before: same inode, same fork, same place in the file. */
export function stillMapped(
  task: FilesystemTask,
  mountFd: number,
  buffer: Buffer,
  claim: { readonly where: Run; readonly inode: number; readonly offset: number; readonly flags: number },
): boolean {
  const { where, inode, offset, flags } = claim;
  const found: Run[] = [];
  const from = bytesFromSectors(where.start);
  for (const record of readFsmap(task.io, mountFd, buffer, encodeDevice(task.device.devNumber), byteRange(where))) {
    const part = clip(run(wholeSectors(record.physical), sectorsCovering(record.physical, record.length)), where);
    if (part === undefined || record.owner !== inode || (record.flags & FORKS) !== (flags & FORKS)) continue;
    if ((flags & FORKS) === 0 && record.offset + from - record.physical !== offset) continue;
    found.push(part);
  }
  return subtract([where], found).length === 0;
}
/** attribute fork, extent map, special owner (include/uapi/linux/fsmap.h) */
const FORKS = 0x2 | 0x4 | 0x10;

import { AgentError } from '../../model/errors.ts';
import type { FilesystemIo } from '../../ports.ts';
import { read64, viewOf, write64 } from './little-endian.ts';

/**
 * FS_IOC_GETFSMAP (include/uapi/linux/fsmap.h), everything in bytes. struct fsmap_head: 0 u32 iflags, 4 u32 oflags, 8
 * u32 capacity, 12 u32 entries, 16 reserved, 64 low key, 128 high key, 192 records. struct fsmap (64): 0 u32 device, 4
 * u32 flags, 8 u64 physical, 16 u64 owner, 24 u64 offset, 32 u64 length, 40 reserved.
 */
export const FS_IOC_GETFSMAP = 0xc0c0583b;
const LOW_KEY = 64;
const HIGH_KEY = 128;
const RECORDS = 192;
const RECORD = 64;
const CAPACITY = 128;
/** Enough for what a few sectors show: who shares them, and where a file's pieces meet. */
const FEW = 4;

export const FSMAP = {
  UNWRITTEN: 0x1,
  ATTR_FORK: 0x2,
  EXTENT_MAP: 0x4,
  SHARED: 0x8,
  SPECIAL: 0x10,
  LAST: 0x20,
} as const;

export interface FsmapRecord {
  readonly physical: number;
  readonly length: number;
  readonly flags: number;
  /** an inode, unless flag SPECIAL */
  readonly owner: number;
  /** byte in the file where `physical` lies; not exact beyond 2^53, where sparse files can have bytes */
  readonly offset: number;
}

/** new_encode_dev (include/linux/kdev_t.h) of `major:minor`. */
export function encodeDevice(devNumber: string): number {
  const [major, minor] = devNumber.split(':').map(Number);
  return (((minor ?? 0) & 0xff) | ((major ?? 0) << 8) | (((minor ?? 0) & ~0xff) << 12)) >>> 0;
}

export function fsmapBuffer(): Buffer {
  return Buffer.alloc(RECORDS + CAPACITY * RECORD);
}
/** Bytes of a request with room for a few records. */
export const SMALL_FSMAP = RECORDS + FEW * RECORD;
function capacityOf(buffer: Buffer): number {
  return (buffer.length - RECORDS) / RECORD;
}
/**
 * Asks for `[from, to)`. Both keys carry the device: with 0 in the low key the kernel would answer from the start of
 * every device with a greater number.
 */
export function encodeFsmap(buffer: Buffer, device: number, from: number, to: number): void {
  buffer.fill(0, 0, RECORDS);
  const view = viewOf(buffer);
  view.setUint32(8, capacityOf(buffer), true);
  view.setUint32(LOW_KEY, device, true);
  write64(view, LOW_KEY + 8, from);
  view.setUint32(HIGH_KEY, device, true);
  view.setUint32(HIGH_KEY + 4, 0xffffffff, true);
  write64(view, HIGH_KEY + 8, to - 1);
  buffer.fill(0xff, HIGH_KEY + 16, HIGH_KEY + 32);
}
/** @throws AgentError CODEC_REPLY for addresses that no device has */
export function decodeFsmap(buffer: Buffer): FsmapRecord[] {
  const view = viewOf(buffer);
  const entries = Math.min(view.getUint32(12, true), capacityOf(buffer));
  const records: FsmapRecord[] = [];
  for (let i = 0, at = RECORDS; i < entries; i++, at += RECORD) {
    const [physical, length, owner] = [read64(view, at + 8), read64(view, at + 32), read64(view, at + 16)];
    if (!Number.isSafeInteger(physical + length) || !Number.isSafeInteger(owner)) {
      throw new AgentError('CODEC_REPLY', 'GETFSMAP told of bytes that no device has');
    }
    records.push({ flags: view.getUint32(at + 4, true), physical, owner, offset: read64(view, at + 24), length });
  }
  return records;
}
/** Byte of the last record of an answer after which there are more. */
function lastBeforeMore(buffer: Buffer): number | undefined {
  const view = viewOf(buffer);
  const entries = Math.min(view.getUint32(12, true), capacityOf(buffer));
  const last = RECORDS + (entries - 1) * RECORD;
  return entries === 0 || (view.getUint32(last + 4, true) & FSMAP.LAST) !== 0 ? undefined : last;
}
export function isWholeFsmap(buffer: Buffer): boolean {
  return lastBeforeMore(buffer) === undefined;
}
/** Makes the last record the low key: a key with a length means "after this". False when the answer was whole. */
export function continueFsmap(buffer: Buffer): boolean {
  const view = viewOf(buffer);
  const last = lastBeforeMore(buffer);
  if (last === undefined) return false;
  buffer.copy(buffer, LOW_KEY, last, last + RECORD);
  view.setUint32(12, 0, true);
  return true;
}

/** Answers in a row that may begin at the same byte: owners of one shared extent come in several. */
const MOST_AT_ONE_PLACE = 65_536;

/**
 * All records of `[from, to)`; the first may start earlier and the last end later.
 * @throws AgentError CODEC_REPLY when the answers lead nowhere
 */
export function* readFsmap(
  io: FilesystemIo,
  fd: number,
  buffer: Buffer,
  device: number,
  range: { readonly from: number; readonly to: number },
): Generator<FsmapRecord> {
  encodeFsmap(buffer, device, range.from, range.to);
  let reached = -1;
  let repeated = 0;
  do {
    io.ioctl(fd, FS_IOC_GETFSMAP, buffer);
    // decoded before yielding: the buffer may be used for another question meanwhile by nobody but us
    const records = decodeFsmap(buffer);
    yield* records;
    const last = records.at(-1)?.physical ?? reached;
    repeated = last > reached ? 0 : repeated + 1;
    if (last < reached || repeated > MOST_AT_ONE_PLACE) {
      throw new AgentError('CODEC_REPLY', 'GETFSMAP answers in circles');
    }
    reached = last;
  } while (continueFsmap(buffer));
}

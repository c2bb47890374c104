import { AgentError } from '../../model/errors.ts';
import { read64, viewOf, write64 } from './little-endian.ts';

/**
 * FS_IOC_FIEMAP (include/uapi/linux/fiemap.h): where a file's bytes lie on the file system's block device. Never sent
 * with FIEMAP_FLAG_SYNC: that forces writeback, which is no thing to do to a sick device.
 * struct fiemap: 0 u64 start, 8 u64 length, 16 u32 flags, 20 u32 mapped, 24 u32 capacity, 28 pad, 32 extents.
 * struct fiemap_extent (56): 0 u64 logical, 8 u64 physical, 16 u64 length, 24 u64[2], 40 u32 flags, 44 u32[3].
 */
export const FS_IOC_FIEMAP = 0xc020660b;
const HEADER = 32;
const RECORD = 56;
export const FIEMAP = {
  LAST: 0x1,
  UNKNOWN: 0x2,
  DELALLOC: 0x4,
  ENCODED: 0x8,
  INLINE: 0x200,
  TAIL: 0x400,
  UNWRITTEN: 0x800,
  SHARED: 0x2000,
} as const;
/** With any of these `physical` is not where the bytes can be found on the device. */
const UNPLACED = FIEMAP.UNKNOWN | FIEMAP.DELALLOC | FIEMAP.INLINE | FIEMAP.TAIL;

/**
 * Or that are told as unwritten and at the very start of the device: so f2fs tells of space that it has promised and
 * given no place yet (fs/f2fs/data.c: NEW_ADDR). Others keep their superblock there.
 */
function hasPlace(physical: number, flags: number): boolean {
  if ((flags & UNPLACED) !== 0) return false;
  return physical !== 0 || (flags & FIEMAP.UNWRITTEN) === 0;
}

/** Bytes in the file, bytes on the device. */
export interface FiemapExtent {
  readonly logical: number;
  readonly physical: number;
  readonly length: number;
  readonly flags: number;
}

export function fiemapBuffer(capacity: number): Buffer {
  return Buffer.alloc(HEADER + capacity * RECORD);
}
/** Makes `buffer` a request for the bytes `[start, start + length)` of a file. */
export function encodeFiemap(buffer: Buffer, start: number, length: number, view = viewOf(buffer)): void {
  write64(view, 0, start);
  write64(view, 8, length);
  view.setUint32(16, 0, true);
  view.setUint32(20, 0, true);
  view.setUint32(24, Math.floor((buffer.length - HEADER) / RECORD), true);
  view.setUint32(28, 0, true);
}
export function decodeFiemap(buffer: Buffer): FiemapExtent[] {
  const view = viewOf(buffer);
  const count = Math.min(view.getUint32(20, true), Math.floor((buffer.length - HEADER) / RECORD));
  const extents: FiemapExtent[] = [];
  for (let i = 0, at = HEADER; i < count; i++, at += RECORD) {
    const flags = view.getUint32(at + 40, true);
    extents.push({ logical: read64(view, at), physical: read64(view, at + 8), length: read64(view, at + 16), flags });
  }
  return extents;
}
/**
 * Calls back for each extent that has a place on the device. Returns the byte from which the map goes on, or undefined
 * at its end. @throws AgentError CODEC_REPLY for places that no device has
 */
export function visitFiemap(
  buffer: Buffer,
  capacity: number,
  visit: (logical: number, physical: number, length: number, flags: number) => void,
  view = viewOf(buffer),
): number | undefined {
  const count = Math.min(view.getUint32(20, true), capacity);
  let next: number | undefined;
  for (let i = 0, at = HEADER; i < count; i++, at += RECORD) {
    const flags = view.getUint32(at + 40, true);
    const [logical, length] = [read64(view, at), read64(view, at + 16)];
    next = (flags & FIEMAP.LAST) === 0 ? logical + length : undefined;
    const physical = read64(view, at + 8);
    if (!hasPlace(physical, flags)) continue;
    if (!Number.isSafeInteger(physical + length))
      throw new AgentError('CODEC_REPLY', 'FIEMAP told of bytes that no device has');
    visit(logical, physical, length, flags);
  }
  return count < capacity ? undefined : next;
}
export function isPlaced(e: FiemapExtent): boolean {
  return hasPlace(e.physical, e.flags);
}

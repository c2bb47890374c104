import { AgentError, errnoOf } from '../../model/errors.ts';
import { bytesFromSectors, sectorCount, sectorsCovering, wholeSectors } from '../../model/units.ts';
import type { FilesystemIo } from '../../ports.ts';
import {
  decodeFiemap,
  encodeFiemap,
  FIEMAP,
  type FiemapExtent,
  FS_IOC_FIEMAP,
  fiemapBuffer,
  visitFiemap,
} from './fiemap.ts';
import { viewOf } from './little-endian.ts';
import { type RangeIndex, rangeFrom } from './wanted.ts';

/** More than almost every file has; a longer map comes in several calls. */
const CAPACITY = 128;
/** The largest length the kernel takes: the whole file */
const WHOLE_FILE = Number.MAX_SAFE_INTEGER;

/** Reads extent maps, reusing one buffer. */
export interface ExtentReader {
  /** Extents of `[start, start + length)`. @throws Error with `code` EOPNOTSUPP where the file system has no FIEMAP */
  read(fd: number, start?: number, length?: number): FiemapExtent[];
  /** Whether all of `[logical, logical + length)` of the file lies at `physical`. @throws as `read` */
  isAt(fd: number, logical: number, physical: number, length: number): boolean;
}

export function createExtentReader(io: FilesystemIo): ExtentReader {
  const buffer = fiemapBuffer(CAPACITY);
  const view = viewOf(buffer);
  let covered = 0;
  let ahead = 0;
  const cover = (from: number, at: number, bytes: number): void => {
    if (from <= covered && at - from === ahead) covered = Math.max(covered, from + bytes);
  };
  return {
    isAt(fd, logical, physical, length) {
      const end = logical + length;
      covered = logical;
      ahead = physical - logical;
      while (covered < end) {
        const from = covered;
        encodeFiemap(buffer, from, end - from, view);
        io.ioctl(fd, FS_IOC_FIEMAP, buffer);
        visitFiemap(buffer, CAPACITY, cover, view);
        if (covered === from) return false;
      }
      return true;
    },
    read(fd, start = 0, length = WHOLE_FILE) {
      const all: FiemapExtent[] = [];
      const end = start + length;
      for (let from = start; from < end; ) {
        encodeFiemap(buffer, from, end - from);
        io.ioctl(fd, FS_IOC_FIEMAP, buffer);
        const some = decodeFiemap(buffer);
        for (const extent of some) all.push(extent);
        const last = some.at(-1);
        if (last === undefined || some.length < CAPACITY || (last.flags & FIEMAP.LAST) !== 0) break;
        from = afterLast(from, last.logical + last.length);
      }
      return all;
    },
  };
}
/** @throws AgentError CODEC_REPLY for a map that does not advance: it would never end */
function afterLast(from: number, next: number): number {
  if (next > from) return next;
  throw new AgentError('CODEC_REPLY', 'FIEMAP answers in circles');
}

/** Looks for wanted sectors in the maps of very many files: nothing is kept of what does not match. */
export interface ExtentSearch {
  /** whether any file told where it lies; undefined before the first was asked */
  readonly supported: boolean | undefined;
  /** Pieces as in FoundFile; undefined where a file or directory does not tell. */
  find(fd: number): number[] | undefined;
}

/** Ranges of sectors; `from` is the first of each, ascending. */
export type WantedSectors = RangeIndex & { readonly from: Float64Array };

export function createExtentSearch(io: FilesystemIo, wanted: WantedSectors): ExtentSearch {
  const buffer = fiemapBuffer(CAPACITY);
  const view = viewOf(buffer);
  let supported: boolean | undefined;
  let pieces: number[] = [];
  const take = (logical: number, physical: number, length: number, flags: number): void => {
    const first = wholeSectors(physical);
    const end = first + sectorsCovering(physical, length);
    // where within a compressed extent a byte of the file lies cannot be told: all of it is lost
    const encoded = (flags & FIEMAP.ENCODED) !== 0;
    for (let i = rangeFrom(wanted, first); i < wanted.to.length; i++) {
      const start = Math.max(first, wanted.from[i] as number);
      if (start >= end) return;
      const count = sectorCount(Math.min(end, wanted.to[i] as number) - start);
      const offset = encoded ? logical : logical + bytesFromSectors(sectorCount(start)) - physical;
      pieces.push(start, count, offset, encoded ? length : bytesFromSectors(count), flags);
    }
  };
  return {
    get supported() {
      return supported;
    },
    find(fd) {
      pieces = [];
      for (let from = 0; from < WHOLE_FILE; ) {
        encodeFiemap(buffer, from, WHOLE_FILE - from, view);
        try {
          io.ioctl(fd, FS_IOC_FIEMAP, buffer);
        } catch (error) {
          const errno = errnoOf(error);
          // many file systems tell nothing of their directories
          if (errno !== 'ENOTSUP' && errno !== 'ENOTTY') throw error;
          supported ??= false;
          return undefined;
        }
        supported = true;
        const next = visitFiemap(buffer, CAPACITY, take, view);
        if (next === undefined) break;
        from = afterLast(from, next);
      }
      return pieces;
    },
  };
}

import type { FilesystemIo } from '../../ports.ts';
import { decodeFiemap, encodeFiemap, FIEMAP, type FiemapExtent, FS_IOC_FIEMAP, fiemapBuffer } from './fiemap.ts';

/** More than almost every file has; a longer map comes in several calls. */
const CAPACITY = 128;
/** The largest length the kernel takes: the whole file */
const WHOLE_FILE = Number.MAX_SAFE_INTEGER;

/** Reads extent maps, reusing one buffer. */
export interface ExtentReader {
  /** Extents of `[start, start + length)`. @throws Error with `code` EOPNOTSUPP where the file system has no FIEMAP */
  read(fd: number, start?: number, length?: number): FiemapExtent[];
}

export function createExtentReader(io: FilesystemIo): ExtentReader {
  const buffer = fiemapBuffer(CAPACITY);
  return {
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
        if (last.logical + last.length <= from) break; // a map that does not advance would never end
        from = last.logical + last.length;
      }
      return all;
    },
  };
}

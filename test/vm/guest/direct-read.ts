import { closeSync, constants, openSync, readSync } from 'node:fs';
import { addressOf } from '../../../src/linux/native.ts';

const page = 4096;

/**
 * Which of the first pages of a file or device cannot be read. Past the page cache, which reads more than is asked
 * for: a large folio fails as a whole.
 */
export function failingPages(path: string, count: number): number[] {
  const file = openSync(path, constants.O_RDONLY | constants.O_DIRECT);
  try {
    const buffer = alignedPage();
    return [...Array(count).keys()].filter((i) => {
      try {
        return readSync(file, buffer, 0, page, i * page) !== page;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EIO') throw error;
        return true;
      }
    });
  } finally {
    closeSync(file);
  }
}

/** O_DIRECT takes only memory that starts where a block may. */
function alignedPage(): Uint8Array {
  const room = Buffer.alloc(2 * page);
  const past = Number(addressOf(room) % BigInt(page));
  const from = past === 0 ? 0 : page - past;
  return room.subarray(from, from + page);
}

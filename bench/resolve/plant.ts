import {
  closeSync,
  fsyncSync,
  ftruncateSync,
  linkSync,
  mkdirSync,
  openSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { createRandom } from '../../test/loopfs/random.ts';

const FILES_PER_DIRECTORY = 100;
const BLOCK = 4096;

/** Directory of the file with this number: four levels, 100 files in each. */
export function directoryOf(number: number): string {
  const n = Math.floor(number / FILES_PER_DIRECTORY);
  const level = (span: number): string => `d${Math.floor(n / span) % 20}`;
  return `${level(8000)}/${level(400)}/${level(20)}/${level(1)}`;
}
export function fileOf(number: number): string {
  return `${directoryOf(number)}/file-${number}`;
}

/**
 * `files` files in directories of 100: four of five up to 4 KiB, the rest up to 32 KiB; one of 50 with a second name,
 * one of 100 a symlink beside it, sparse or preallocated tails; and 20 files of 5,000 pieces in all sizes.
 */
export function plantTree(mountpoint: string, files: number): void {
  const random = createRandom(1);
  const data = Buffer.alloc(32 * 1024, 'pmemwatch ');
  for (let i = 0; i < files; i++) {
    if (i % FILES_PER_DIRECTORY === 0) mkdirSync(join(mountpoint, directoryOf(i)), { recursive: true });
    const path = join(mountpoint, fileOf(i));
    const size = random.chance(0.8) ? random.int(1, BLOCK) : random.int(1, data.length);
    const fd = openSync(path, 'w');
    writeSync(fd, data, 0, size);
    if (i % 100 === 3) ftruncateSync(fd, size + 100 * BLOCK);
    closeSync(fd);
    if (i % 50 === 7) linkSync(path, `${path}-again`);
    if (i % 100 === 9) symlinkSync(`file-${i}`, `${path}-link`);
  }
  const pieces = Math.min(5000, Math.ceil(files / 20));
  for (let i = 0; i < 20; i++) {
    const fd = openSync(join(mountpoint, `pieces-${i}`), 'w');
    for (let p = 0; p < pieces; p++) {
      writeSync(fd, data, 0, BLOCK, p * 2 * BLOCK);
      if (p % 500 === 499) fsyncSync(fd);
    }
    closeSync(fd);
  }
  writeFileSync(join(mountpoint, '.planted'), `${files}\n`);
}

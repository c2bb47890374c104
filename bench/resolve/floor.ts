/**
 * `node bench/resolve/floor.ts MOUNT`: what a walk's system calls alone take from Node, in one thread: every file is opened, asked
 * for its map and closed; no name is made, no answer looked at. Five times; the first ones warm up.
 */
import { createFilesystemIo } from '../../src/linux/filesystem-io.ts';
import { DIRENT_TYPE, nameIn, visitDirents } from '../../src/resolve/fs/dirents.ts';
import { encodeFiemap, FS_IOC_FIEMAP, fiemapBuffer } from '../../src/resolve/fs/fiemap.ts';
import { viewOf } from '../../src/resolve/fs/little-endian.ts';

const ROUNDS = 5;
const CAPACITY = 128;
const LISTING_BYTES = 32 * 1024;
const io = createFilesystemIo({ dev: '/dev', proc: '/proc', rootfs: '/' });
const map = fiemapBuffer(CAPACITY);
const mapView = viewOf(map);
const listing = Buffer.alloc(LISTING_BYTES);
const listingView = viewOf(listing);

function walk(directory: number): number {
  const below: string[] = [];
  let files = 0;
  const visit = (_inode: number, type: number, from: number, end: number): void => {
    if (type === DIRENT_TYPE.directory) below.push(nameIn(listing, from, end));
    if (type !== DIRENT_TYPE.file) return;
    const fd = io.openBeneath(directory, listing, 'file', from);
    encodeFiemap(map, 0, Number.MAX_SAFE_INTEGER, mapView);
    io.ioctl(fd, FS_IOC_FIEMAP, map);
    io.close(fd);
    files++;
  };
  for (let n = io.readDirectory(directory, listing); n > 0; n = io.readDirectory(directory, listing)) {
    visitDirents(listing, n, visit, listingView);
  }
  for (const name of below) {
    const child = io.openBeneath(directory, Buffer.from(name, 'latin1'), 'directory');
    files += walk(child);
    io.close(child);
  }
  return files;
}

const [mountpoint] = process.argv.slice(2);
if (mountpoint === undefined) throw new Error('floor.ts MOUNT');
for (let round = 0; round < ROUNDS; round++) {
  const root = io.openPath(Buffer.from(mountpoint), 'directory');
  const began = performance.now();
  const files = walk(root);
  console.log(`${files} files: ${(performance.now() - began).toFixed(0)} ms`);
  io.close(root);
}

/**
 * `node busy-writer.ts ROOT SEED`: makes files that each lie where they were made until they are removed, under names
 * that are never used again, and tells every name with its sectors: `start count path`. So whoever says that a name lies
 * elsewhere is wrong, whenever it was said.
 */
import { closeSync, mkdirSync, openSync, renameSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { decodeFiemap, encodeFiemap, FS_IOC_FIEMAP, fiemapBuffer, isPlaced } from '../../src/resolve/fs/fiemap.ts';
import { io } from './lab.ts';
import { createRandom } from './random.ts';

const MOST_FILES = 60;
const [root = '', seed = '1'] = process.argv.slice(2);
const random = createRandom(Number(seed));
const map = fiemapBuffer(16);
/** FIEMAP_FLAG_SYNC: gives the file its place, without waiting for the journal as fsync does */
const SYNC = 1;
const files: { path: string; places: string[] }[] = [];
for (let i = 0; i < 4; i++) mkdirSync(join(root, `busy ${i}`));

for (let number = 0; ; number++) {
  const name = join(root, `busy ${random.int(0, 3)}`, `file ${number}`);
  const victim = files.length > 0 ? random.int(0, files.length - 1) : 0;
  const file = files[victim];
  if (file === undefined || files.length < MOST_FILES / 2 || (files.length < MOST_FILES && random.chance(0.4)))
    make(name);
  else if (random.chance(0.3)) {
    tell(name, file.places);
    renameSync(file.path, name);
    file.path = name;
  } else {
    unlinkSync(file.path);
    files.splice(victim, 1);
  }
}

function make(path: string): void {
  const fd = openSync(path, 'w');
  writeSync(fd, Buffer.alloc(4096 * random.int(1, 12), 7));
  encodeFiemap(map, 0, 1 << 20);
  map.writeUInt32LE(SYNC, 16);
  io.ioctl(fd, FS_IOC_FIEMAP, map);
  const places = decodeFiemap(map)
    .filter(isPlaced)
    .map((e) => `${e.physical / 512} ${e.length / 512}`);
  closeSync(fd);
  tell(path, places);
  files.push({ path, places });
}
function tell(path: string, places: readonly string[]): void {
  for (const place of places) process.stdout.write(`${place} ${path}\n`);
}

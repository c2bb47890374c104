/**
 * A process that keeps changing a folder of a btrfs until it is killed: `node btrfs-writer.ts FOLDER SEED`. Every file has
 * a number of its own in its name, and each of its blocks begins with that number and the block's offset.
 */
import { execFileSync } from 'node:child_process';
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { createRandom } from './random.ts';

const [folder = '', seed = '1'] = process.argv.slice(2);
const random = createRandom(Number(seed));
const BLOCK = 4096;
const files: { number: number; name: string }[] = [];
let made = 0;

function write(number: number, name: string, at: number, blocks: number): void {
  const fd = openSync(join(folder, name), 'a+');
  closeSync(fd);
  const open = openSync(join(folder, name), 'r+');
  for (let b = at; b < at + blocks; b++) {
    writeSync(open, Buffer.alloc(BLOCK, `${number}:${b * BLOCK};`), 0, BLOCK, b * BLOCK);
  }
  if (random.chance(0.3)) fsyncSync(open);
  closeSync(open);
}

for (;;) {
  const what = random.int(0, 99);
  const file = files.length === 0 ? undefined : random.pick(files);
  if (file === undefined || what < 30 || files.length < 50) {
    const number = made++;
    const next = { number, name: `n${number}.0` };
    write(number, next.name, 0, random.int(1, 40));
    files.push(next);
  } else if (what < 55) write(file.number, file.name, random.int(0, 30), random.int(1, 10));
  else if (what < 70) {
    const name = `n${file.number}.${random.int(1, 1_000_000)}`;
    renameSync(join(folder, file.name), join(folder, name));
    file.name = name;
  } else if (what < 95) {
    rmSync(join(folder, file.name));
    files.splice(files.indexOf(file), 1);
  } else if (what === 95) execFileSync('sync', ['-f', folder]);
}

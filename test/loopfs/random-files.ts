import { closeSync, fsyncSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { addFile, addWritten, contents, type Garden, place } from './garden.ts';
import { tool } from './lab.ts';

export function plainFiles(garden: Garden, count: number): void {
  const { random, options } = garden;
  for (let i = 0; i < count; i++) {
    const size = random.chance(0.1) ? random.int(1, 300) * 1024 : random.int(1, 5 * options.blockBytes);
    addFile(garden, place(garden, `plain ${i}`), contents(garden, size));
  }
}
/** Small enough to lie in an inode, a directory leaf or a tree block where the file system does that. */
export function tinyFiles(garden: Garden, count: number): void {
  for (let i = 0; i < count; i++) {
    addFile(garden, place(garden, `tiny ${i}`), contents(garden, garden.random.int(1, 200)));
  }
}
export function emptyFiles(garden: Garden, count: number): void {
  for (let i = 0; i < count; i++) addFile(garden, place(garden, `empty ${i}`), Buffer.alloc(0));
}
export function sparseFiles(garden: Garden, count: number): void {
  const { random, options } = garden;
  for (let i = 0; i < count; i++) {
    addWritten(garden, place(garden, `sparse ${i}`), (fd) => {
      // far enough for double indirect blocks, and for triple ones with small blocks
      const furthest = random.pick([20, 2000, 60_000, 250_000]);
      for (let piece = random.int(1, 8); piece > 0; piece--) {
        const length = random.int(1, 3 * options.blockBytes);
        writeSync(fd, contents(garden, length), 0, length, random.int(0, furthest) * options.blockBytes);
      }
      if (random.chance(0.5)) ftruncateSync(fd, (furthest + random.int(10, 50_000)) * options.blockBytes);
    });
  }
}
export function preallocatedFiles(garden: Garden, count: number): void {
  const { random, options } = garden;
  for (let i = 0; i < count; i++) {
    const path = place(garden, `preallocated ${i}`);
    addFile(garden, path, contents(garden, random.int(1, 20 * options.blockBytes)));
    if (!options.preallocation) continue;
    const blocks = (most: number): string => String(random.int(1, most) * options.blockBytes);
    const keep = random.chance(0.5) ? ['-n'] : [];
    tool('fallocate', ...keep, '-o', blocks(30), '-l', blocks(60), path.toString());
    if (random.chance(0.5)) tool('fallocate', '-p', '-o', blocks(20), '-l', blocks(5), path.toString());
    // written into the middle of what was preallocated
    const fd = openSync(path, 'r+');
    writeSync(fd, contents(garden, options.blockBytes), 0, options.blockBytes, random.int(1, 40) * options.blockBytes);
    closeSync(fd);
  }
}
/** Every second block, so that no two pieces join: the map needs blocks of its own. */
export function fragmentedFiles(garden: Garden, count: number): void {
  const { random, options } = garden;
  for (let i = 0; i < count; i++) {
    addWritten(garden, place(garden, `many pieces ${i}`), (fd) => {
      const pieces = i === 0 ? Math.ceil(1500 * options.scale) : random.int(5, 250);
      for (let p = 0; p < pieces; p++) {
        writeSync(fd, contents(garden, options.blockBytes), 0, options.blockBytes, p * 2 * options.blockBytes);
        if (p % 200 === 199) fsyncSync(fd);
      }
    });
  }
}
/** Written to the device in turn, so that their blocks lie between each other's. */
export function grownInTurn(garden: Garden, count: number): void {
  const { random, options } = garden;
  const open: { fd: number; path: Buffer }[] = [];
  for (let i = 0; i < count; i++) {
    const path = place(garden, `grown in turn ${i}`);
    open.push({ fd: openSync(path, 'w'), path });
  }
  for (let turn = 0; turn < 12; turn++) {
    for (const { fd } of open) {
      writeSync(fd, contents(garden, random.int(1, 4 * options.blockBytes)));
      if (random.chance(0.4)) fsyncSync(fd);
    }
  }
  for (const { fd, path } of open) {
    closeSync(fd);
    garden.files.push(path);
  }
}
export function oddNames(garden: Garden, count: number): void {
  const { random, options } = garden;
  const fixed = [
    Buffer.from('new\nline'),
    Buffer.from([0x6e, 0x6f, 0x74, 0xff, 0xfe, 0x80, 0x75]),
    Buffer.from('quote"and\'and\\backslash'),
    Buffer.from('tab\tand \x1b[31mescape'),
    Buffer.from(' (deleted)'),
    Buffer.from('...'),
    Buffer.from('-rf'),
    Buffer.from(' '),
    Buffer.from('ü'.repeat(127)),
    Buffer.from('l'.repeat(255)),
  ];
  for (let i = 0; i < count; i++) {
    const made = Buffer.from(
      Array.from({ length: random.int(3, 255) }, () => random.pick([random.int(1, 46), random.int(48, 255)])),
    );
    // a name of dots would be another directory's
    const name = fixed[i] ?? Buffer.concat([made.subarray(0, 250), Buffer.from(`#${i}`)]);
    addFile(garden, place(garden, name), contents(garden, random.int(1, 2 * options.blockBytes)));
  }
}

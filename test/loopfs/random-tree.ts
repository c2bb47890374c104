import { execFileSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { createServer, type Server } from 'node:net';
import { addFile, below, contents, exists, type Garden, place, type Step } from './garden.ts';
import { isSmall, tool } from './lab.ts';
import { createRandom, seedFromEnvironment } from './random.ts';
import {
  emptyFiles,
  fragmentedFiles,
  grownInTurn,
  oddNames,
  plainFiles,
  preallocatedFiles,
  sparseFiles,
  tinyFiles,
} from './random-files.ts';

export interface TreeOptions {
  readonly blockBytes: number;
  /** default: `PMEMWATCH_SEED`, or a fixed one */
  readonly seed?: number;
  /** how much of everything; 1 (the default, but for small labs) makes about 900 inodes beside a directory of 1,000 names */
  readonly scale?: number;
  /** the file system shares extents between files (FICLONE) */
  readonly reflinks?: boolean;
  /** half of the contents compress well */
  readonly compression?: boolean;
  /** the file system preallocates (fallocate); default true */
  readonly preallocation?: boolean;
  /** the largest value of one extended attribute; default fits in one block */
  readonly attributeBytes?: number;
}
export interface RandomTree {
  readonly seed: number;
  /** inodes without a name, held open by this process */
  readonly deletedInodes: ReadonlySet<string>;
  /** every name that was made and still is there, below the root */
  readonly paths: readonly Buffer[];
  /** may be called again */
  close(): void;
}

/**
 * Grows a tree that makes the way from a sector to a path hard: files of every kind, from a seed that repeats it. The
 * same seed on the same file system makes the same calls in the same order. Needs root, and setfattr and fallocate.
 */
export function growRandomTree(root: string, options: TreeOptions): RandomTree {
  const full: Required<TreeOptions> = {
    seed: seedFromEnvironment(),
    scale: isSmall ? 0.12 : 1,
    reflinks: false,
    compression: false,
    preallocation: true,
    attributeBytes: Math.min(3000, options.blockBytes - 200),
    ...options,
  };
  const random = createRandom(full.seed);
  const at = Buffer.from(root);
  const garden: Garden = { random, options: full, root: at, directories: [at], files: [], others: [] };
  for (const [step, count] of steps) step(garden, Math.ceil(count * full.scale));
  const server = listen(garden);
  const open = deletedButOpen(garden, Math.ceil(6 * full.scale));
  tool('sync', '-f', root);
  return {
    seed: full.seed,
    deletedInodes: new Set(open.map((fd) => fstatSync(fd, { bigint: true }).ino.toString())),
    paths: [...garden.directories.slice(1), ...garden.files, ...garden.others].filter((p) => exists(p)),
    close() {
      for (const fd of open.splice(0)) closeSync(fd);
      server.close();
    },
  };
}

const steps: readonly (readonly [Step, number])[] = [
  [directories, 40],
  [deepDirectories, 2],
  [plainFiles, 160],
  [tinyFiles, 90],
  [emptyFiles, 25],
  [sparseFiles, 35],
  [preallocatedFiles, 35],
  [fragmentedFiles, 8],
  [grownInTurn, 12],
  [oddNames, 45],
  [largeDirectory, 1],
  [symlinks, 60],
  [specialFiles, 9],
  [hardLinks, 70],
  [attributes, 110],
  [sharedExtents, 24],
  [removals, 40],
];

function directories(garden: Garden, count: number): void {
  for (let i = 0; i < count; i++) {
    const path = place(garden, `directory ${i}`);
    mkdirSync(path);
    garden.directories.push(path);
  }
}
function deepDirectories(garden: Garden, count: number): void {
  for (let i = 0; i < count; i++) {
    let path = below(garden.root, `deep ${i}`);
    mkdirSync(path);
    for (let level = 0; level < 30; level++) {
      path = below(path, `${'d'.repeat(garden.random.int(1, 60))}${level}`);
      mkdirSync(path);
      if (level % 10 === 9) garden.directories.push(path);
    }
    addFile(garden, below(path, 'at the bottom'), contents(garden, garden.options.blockBytes));
  }
}
/** Grown past several index blocks, then emptied by a third: its blocks keep removed names. */
function largeDirectory(garden: Garden, count: number): void {
  for (let n = 0; n < count; n++) {
    const directory = place(garden, `large ${n}`);
    mkdirSync(directory);
    const name = (i: number): Buffer => below(directory, `entry with a somewhat long name ${'n'.repeat(i % 90)} ${i}`);
    const entries = Math.ceil(1500 * garden.options.scale);
    for (let i = 0; i < entries; i++) writeFileSync(name(i), i % 10 === 0 ? contents(garden, 2000) : '');
    for (let i = 0; i < entries; i += 3) unlinkSync(name(i));
    garden.directories.push(directory);
  }
}
function symlinks(garden: Garden, count: number): void {
  const { random } = garden;
  for (let i = 0; i < count; i++) {
    const length = i % 2 === 0 ? random.int(1, 59) : random.int(60, Math.min(1000, garden.options.blockBytes - 30));
    const path = place(garden, `link ${i}`);
    symlinkSync('t'.repeat(length), path);
    garden.others.push(path);
  }
}
function specialFiles(garden: Garden, count: number): void {
  const kinds = [['p'], ['c', '1', '3'], ['b', '7', '200']];
  for (let i = 0; i < count; i++) {
    const path = place(garden, `special ${i}`);
    tool('mknod', path.toString(), ...(kinds[i % kinds.length] as string[]));
    garden.others.push(path);
  }
}
function hardLinks(garden: Garden, count: number): void {
  for (let i = 0; i < count; i++) {
    // some get many names, most get one more
    const target = i % 3 === 0 ? (garden.files[i % 7] as Buffer) : garden.random.pick(garden.files);
    const path = place(garden, `another name ${i}`);
    linkSync(target, path);
    garden.others.push(path);
  }
}
/** From a few bytes, which an inode holds, to as much as the file system takes; some the same on several files. */
function attributes(garden: Garden, count: number): void {
  const { random, options, root } = garden;
  const common = random.bytes(Math.min(700, options.attributeBytes), false);
  let dump = '';
  // one each: together they might be more than fits
  const done = new Set<number>();
  for (let i = 0; i < count; i++) {
    const path = random.pick(i % 5 === 0 ? garden.others : i % 5 === 1 ? garden.directories : garden.files);
    const { ino } = lstatSync(path);
    if (done.has(ino)) continue;
    done.add(ino);
    const value =
      i % 4 === 0
        ? common
        : random.bytes(i % 4 === 1 ? random.int(500, options.attributeBytes) : random.int(1, 90), false);
    const escaped = [...path].map((b) => `\\${b.toString(8).padStart(3, '0')}`).join('');
    // user attributes are for files and directories only
    dump += `# file: ${escaped}\ntrusted.${i % 4 === 0 ? 'common' : `own${i % 3}`}=0x${value.toString('hex')}\n\n`;
  }
  execFileSync('setfattr', ['-h', '--restore=-'], {
    input: dump,
    cwd: root.toString(),
    stdio: ['pipe', 'pipe', 'pipe'],
  });
}
/** Whole copies, then some of them overwritten in the middle: extents that several files show in part. */
function sharedExtents(garden: Garden, count: number): void {
  const { random, options } = garden;
  if (!options.reflinks) return;
  const large = garden.files.filter((f) => lstatSync(f).size > 4 * options.blockBytes && isText(f));
  for (let i = 0; i < count; i++) {
    const path = below(random.pick(garden.directories.filter(isText)), `shared ${i}`);
    const original = random.pick(large);
    tool('cp', '--reflink=always', original.toString(), path.toString());
    garden.files.push(path);
    if (random.chance(0.5)) continue;
    const fd = openSync(random.chance(0.5) ? path : original, 'r+');
    writeSync(fd, contents(garden, options.blockBytes), 0, options.blockBytes, options.blockBytes);
    closeSync(fd);
  }
}
/** Names that survive the way through the arguments of a program. */
function isText(path: Buffer): boolean {
  return Buffer.from(path.toString()).equals(path);
}
/** Holes in the free space, freed inodes, and directory blocks with removed names. */
function removals(garden: Garden, count: number): void {
  const made: Buffer[] = [];
  for (let i = 0; i < count; i++) {
    const path = place(garden, `gone ${i}`);
    writeFileSync(path, contents(garden, garden.random.int(1, 8 * garden.options.blockBytes)));
    made.push(path);
  }
  tool('sync', '-f', garden.root.toString());
  for (const path of made) if (garden.random.chance(0.7)) rmSync(path);
}

function listen(garden: Garden): Server {
  // a folder of its own: the socket goes when it is closed, and that must not move a block of what was looked at
  const folder = below(garden.root, 'sockets');
  mkdirSync(folder);
  garden.others.push(folder);
  const path = below(folder, 'socket');
  const server = createServer().listen(path.toString());
  server.unref();
  if (!existsSync(path)) throw new Error('a socket is made before listen() returns');
  garden.others.push(path);
  return server;
}
function deletedButOpen(garden: Garden, count: number): number[] {
  const { random, options } = garden;
  const open: number[] = [];
  for (let i = 0; i < count; i++) {
    const path = place(garden, `deleted but open ${i}`);
    const fd = openSync(path, 'w+');
    // more than one answer of the kernel holds
    const pieces = i === 0 ? Math.max(150, Math.ceil(400 * options.scale)) : random.int(1, 12);
    for (let p = 0; p < pieces; p++) {
      writeSync(fd, contents(garden, options.blockBytes), 0, options.blockBytes, p * 2 * options.blockBytes);
    }
    fsyncSync(fd);
    unlinkSync(path);
    open.push(fd);
  }
  return open;
}

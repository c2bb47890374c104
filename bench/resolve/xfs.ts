import { execFile } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createFilesystemIo } from '../../src/linux/filesystem-io.ts';
import { run } from '../../src/model/extent.ts';
import type { ResolveAnswer } from '../../src/model/owner.ts';
import type { FilesystemIo } from '../../src/ports.ts';
import { createExtentReader } from '../../src/resolve/fs/file-extents.ts';
import { enableParentPointers } from '../../test/loopfs/parent-pointers.ts';
import { createRandom, type Random } from '../../test/loopfs/random.ts';
import { compareAnswers } from './measure.ts';
import { fileOf } from './plant.ts';
import type { BenchLab, BenchSubject, BenchWork } from './subject.ts';

const execute = promisify(execFile);
const MANY = 10_000;
const MOST_MEMORY = 150 * 1024 * 1024;

export const xfs: BenchSubject = {
  name: 'xfs',
  needs: ['mkfs.xfs', 'xfs_io', 'find'],
  files: { reduced: 100_000, full: 1_000_000 },
  mkfs: ['mkfs.xfs', '-q', '-m', 'rmapbt=1,reflink=1'],
  bytes: (files) => Math.max(2 ** 30, files * 28 * 1024),
  works,
};

/** There is no peer: what limits the finding of every path is the time for one, and nothing may be listed for it. */
export const xfsParents: BenchSubject = {
  ...xfs,
  name: 'xfs-parents',
  files: { reduced: 100_000, full: 100_000 },
  prepare: enableParentPointers,
  async works(lab) {
    const sectors = ownedSectors(lab, createRandom(4), MANY / 2);
    const whole = async (): Promise<string[]> => linesOf(await lab.resolve(sectors.map((s) => run(s, 1))));
    const lines = await whole();
    const inodes = new Set(lines.map((line) => Number(line.split(' ', 1)[0])));
    const byParents = await parentPaths(lab, inodes);
    compareAnswers('paths by parent pointers', await byParents(), lines);
    const rest = { peer: '-', memoryBytes: MOST_MEMORY };
    return [
      {
        work: `every path of ${inodes.size} inodes`,
        ours: byParents,
        atMostMs: { warm: (lines.length * 20) / 1000 },
        ...rest,
      },
      { work: `the whole answer for ${sectors.length} sectors, with ${lines.length} paths`, ours: whole, ...rest },
    ];
  },
};

type IoModule = typeof import('../../src/linux/filesystem-io.ts');
type InodesModule = typeof import('../../src/resolve/fs/xfs/bulkstat.ts');
type NamesModule = typeof import('../../src/resolve/fs/xfs/names.ts');

/** Finds `inode path` in this process, from handles (number and generation) and without reading a directory. */
async function parentPaths({ mountpoint }: BenchLab, numbers: ReadonlySet<number>): Promise<() => Promise<string[]>> {
  const { createFilesystemIo } = (await import('../../dist/linux/filesystem-io.js' as string)) as IoModule;
  const { statInodes } = (await import('../../dist/resolve/fs/xfs/bulkstat.js' as string)) as InodesModule;
  const { readXfsNames } = (await import('../../dist/resolve/fs/xfs/names.js' as string)) as NamesModule;
  const io: FilesystemIo = {
    ...createFilesystemIo({ dev: '/dev', proc: '/proc', rootfs: '/' }),
    readDirectory() {
      throw new Error('a directory is read');
    },
  };
  const turn = async (): Promise<void> => undefined;
  const known = openSync(mountpoint, 'r');
  const { inodes } = await statInodes(io, known, numbers, turn).finally(() => closeSync(known));
  return async () => {
    const mountFd = openSync(mountpoint, 'r');
    try {
      const { signal } = new AbortController();
      const sources = { io, mountFd, mountRoot: '/', parentPointers: true, signal };
      const { paths } = await readXfsNames([...inodes.values()], sources, { turn, tell: () => undefined });
      return [...paths].flatMap(([inode, its]) => [...its].map((path) => `${inode} ${mountpoint}${path}`));
    } finally {
      closeSync(mountFd);
    }
  };
}

async function works(lab: BenchLab): Promise<readonly BenchWork[]> {
  const sectors = ownedSectors(lab, createRandom(3), MANY);
  const row = (count: number, peer: string, theirs: BenchWork['theirs'], atLeast: BenchWork['atLeast']): BenchWork => ({
    work: `${count} ${count === 1 ? 'sector' : 'sectors'}`,
    peer,
    memoryBytes: MOST_MEMORY,
    ours: async () => linesOf(await lab.resolve(sectors.slice(0, count).map((s) => run(s, 1)))),
    ...(theirs === undefined ? {} : { theirs }),
    ...(atLeast === undefined ? {} : { atLeast }),
  });
  return [
    row(1, 'xfs_io fsmap + find -inum', () => findInodes(lab, sectors.slice(0, 1)), { warm: 30, cold: 30 }),
    row(10, 'xfs_io fsmap + find -inum', () => findInodes(lab, sectors.slice(0, 10)), { warm: 10, cold: 10 }),
    row(MANY, 'xfs_io fsmap + find -printf + awk', () => printAll(lab, sectors), { warm: 2.5, cold: 1.5 }),
  ];
}

/** `inode path`, once each. */
function linesOf({ results }: ResolveAnswer): string[] {
  const lines = new Set<string>();
  for (const { owners } of results) {
    for (const { inode, paths } of owners) for (const path of paths ?? []) lines.add(`${inode} ${path}`);
  }
  return [...lines];
}

async function inodesOf({ mountpoint }: BenchLab, sectors: readonly number[]): Promise<string[]> {
  const commands = sectors.flatMap((s) => ['-c', `fsmap -d ${s} ${s}`]);
  const { stdout } = await execute('xfs_io', ['-r', ...commands, mountpoint], { maxBuffer: 1 << 28 });
  return [...new Set([...stdout.matchAll(/ inode (\d+) /g)].map((m) => m[1] as string))];
}
async function findInodes(lab: BenchLab, sectors: readonly number[]): Promise<string[]> {
  const inodes = await inodesOf(lab, sectors);
  const wanted = inodes.flatMap((inode, i) => (i === 0 ? ['-inum', inode] : ['-o', '-inum', inode]));
  const args = [lab.mountpoint, '-xdev', '(', ...wanted, ')', '-printf', '%i %p\\n'];
  const { stdout } = await execute('find', args, { maxBuffer: 1 << 28 });
  return stdout.split('\n').filter((line) => line !== '');
}
async function printAll(lab: BenchLab, sectors: readonly number[]): Promise<string[]> {
  const inodes = await inodesOf(lab, sectors);
  const script =
    'find "$1" -xdev -printf "%i %p\\n" | awk -v list="$2" \'BEGIN { n = split(list, a, " "); for (i = 1; i <= n; i++) w[a[i]] } $1 in w\'';
  const { stdout } = await execute('sh', ['-c', script, 'sh', lab.mountpoint, inodes.join(' ')], {
    maxBuffer: 1 << 28,
  });
  return stdout.split('\n').filter((line) => line !== '');
}

/** One random sector of each of as many random files with one name; some of files in many pieces. */
export function ownedSectors(lab: BenchLab, random: Random, count: number): number[] {
  const reader = createExtentReader(createFilesystemIo({ dev: '/dev', proc: '/proc', rootfs: '/' }));
  const sectors = new Set<number>();
  for (let tries = 0; sectors.size < count && tries < count * 20; tries++) {
    const number = random.int(0, lab.files - 1);
    // those have a second name
    if (number % 50 === 7) continue;
    const name = sectors.size > 10 && random.chance(0.1) ? `pieces-${random.int(0, 19)}` : fileOf(number);
    const fd = openSync(join(lab.mountpoint, name), 'r');
    const extents = reader.read(fd);
    closeSync(fd);
    const extent = random.pick(extents);
    sectors.add(Math.floor((extent.physical + random.int(0, extent.length - 1)) / 512));
  }
  return [...sectors];
}

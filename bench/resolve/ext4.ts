import { execFile } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createFilesystemIo } from '../../src/linux/filesystem-io.ts';
import { run } from '../../src/model/extent.ts';
import type { ResolveAnswer } from '../../src/model/owner.ts';
import { createExtentReader } from '../../src/resolve/fs/file-extents.ts';
import { createRandom, type Random } from '../../test/loopfs/random.ts';
import { fileOf } from './plant.ts';
import type { BenchLab, BenchSubject, BenchWork } from './subject.ts';

const execute = promisify(execFile);
const BLOCK_SECTORS = 8;
const MANY = 10_000;
const MOST_MEMORY = 30 * 1024 * 1024;
const PEER = 'debugfs icheck + ncheck';

export const ext4: BenchSubject = {
  name: 'ext4',
  needs: ['mkfs.ext4', 'debugfs', 'dumpe2fs'],
  files: { reduced: 100_000, full: 1_000_000 },
  mkfs: ['mkfs.ext4', '-q', '-F', '-b', '4096', '-i', '8192', '-E', 'lazy_itable_init=0'],
  bytes: (files) => Math.max(2 ** 30, files * 16 * 1024),
  works,
};

async function works(lab: BenchLab): Promise<readonly BenchWork[]> {
  const random = createRandom(2);
  const owned = await ownedBlocks(lab, random, MANY * 0.95);
  const free = await freeBlocks(lab, random, MANY * 0.05);
  const mixed = [...owned, ...free].sort((a, b) => a - b);
  const one = owned[1] as number;
  const nobody = free[1] as number;
  const row = (work: string, blocks: readonly number[], rest: Partial<BenchWork>): BenchWork => ({
    work,
    peer: PEER,
    memoryBytes: MOST_MEMORY,
    ours: async () => {
      const answer = await lab.resolve(blocks.map((b) => run(b * BLOCK_SECTORS + (b % BLOCK_SECTORS), 1)));
      return linesOf(answer);
    },
    theirs: () => debugfs(lab, blocks),
    ...rest,
  });
  const unowned = '1 unowned sector';
  return [
    row('1 owned sector', [one], { atLeast: { warm: 1, cold: 0.5 } }),
    row(unowned, [nobody], {}),
    row(`${MANY} sectors, ${free.length} of them unowned`, mixed, {
      atLeast: { warm: 50, cold: 20 },
      atMostOf: { work: unowned, times: 1.5 },
    }),
  ];
}

/** `block inode path`: what icheck and ncheck say. */
function linesOf({ results }: ResolveAnswer): string[] {
  const lines: string[] = [];
  for (const { start, owners } of results) {
    for (const { inode, paths, mountpoint = '' } of owners) {
      const block = Math.floor(start / BLOCK_SECTORS);
      for (const path of paths ?? []) lines.push(`${block} ${inode} ${path.slice(mountpoint.length)}`);
    }
  }
  return lines;
}

async function debugfs({ device }: BenchLab, blocks: readonly number[]): Promise<string[]> {
  const ask = async (request: string): Promise<string> => {
    const { stdout } = await execute('debugfs', ['-R', request, `/dev/${device}`], { maxBuffer: 1 << 28 });
    return stdout;
  };
  const inodes = [...(await ask(`icheck ${blocks.join(' ')}`)).matchAll(/^(\d+)\t(\d+)$/gm)];
  const numbers = new Set(inodes.map((m) => m[2]));
  const names = new Map<string, string[]>();
  if (numbers.size > 0) {
    for (const [, inode, path] of (await ask(`ncheck ${[...numbers].join(' ')}`)).matchAll(/^(\d+)\t(.*)$/gm)) {
      names.set(inode as string, [...(names.get(inode as string) ?? []), (path as string).replace(/^\/\//, '/')]);
    }
  }
  return inodes.flatMap(([, block, inode]) =>
    (names.get(inode as string) ?? []).map((path) => `${block} ${inode} ${path}`),
  );
}

/** One random block of each of as many random files; some of files in many pieces. */
async function ownedBlocks(lab: BenchLab, random: Random, count: number): Promise<number[]> {
  const io = createFilesystemIo({ dev: '/dev', proc: '/proc', rootfs: '/' });
  const reader = createExtentReader(io);
  const blocks = new Set<number>();
  const inPieces = new Map<string, ReturnType<typeof reader.read>>();
  while (blocks.size < count) {
    const name = random.chance(0.1) ? `pieces-${random.int(0, 19)}` : fileOf(random.int(0, lab.files - 1));
    let extents = inPieces.get(name);
    if (extents === undefined) {
      const fd = openSync(join(lab.mountpoint, name), 'r');
      extents = reader.read(fd);
      closeSync(fd);
      if (extents.length > 100) inPieces.set(name, extents);
    }
    const extent = random.pick(extents);
    blocks.add(Math.floor((extent.physical + random.int(0, extent.length - 1)) / 4096));
  }
  return [...blocks];
}
async function freeBlocks({ device }: BenchLab, random: Random, count: number): Promise<number[]> {
  const { stdout } = await execute('dumpe2fs', [`/dev/${device}`], { maxBuffer: 1 << 28 });
  const ranges = [...stdout.matchAll(/^ {2}Free blocks: .*$/gm)].flatMap((m) => [...m[0].matchAll(/(\d+)-(\d+)/g)]);
  const blocks = new Set<number>();
  while (blocks.size < count) {
    const [, first, last] = random.pick(ranges);
    blocks.add(random.int(Number(first), Number(last)));
  }
  return [...blocks];
}

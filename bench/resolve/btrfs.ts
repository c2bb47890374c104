import { execFile, execFileSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createFilesystemIo } from '../../src/linux/filesystem-io.ts';
import { run } from '../../src/model/extent.ts';
import type { ResolveAnswer } from '../../src/model/owner.ts';
import { isPlaced } from '../../src/resolve/fs/fiemap.ts';
import { createExtentReader } from '../../src/resolve/fs/file-extents.ts';
import { createRandom, type Random } from '../../test/loopfs/random.ts';
import { fileOf, plantTree } from './plant.ts';
import type { BenchLab, BenchSubject, BenchWork } from './subject.ts';

const execute = promisify(execFile);
const BLOCK = 4096;
const MANY = 10_000;
const MOST_MEMORY = 150 * 1024 * 1024;
const SNAPSHOT = 'snapshot';
const TOP_LEVEL = '5';

/** The peer names no file of the snapshot ("not mounted", although it is there below the mount): half of all names. */
export const btrfs: BenchSubject = {
  name: 'btrfs',
  needs: ['mkfs.btrfs', 'btrfs'],
  files: { reduced: 100_000, full: 100_000 },
  mkfs: ['mkfs.btrfs', '-q', '-d', 'single', '-m', 'dup'],
  mountOptions: 'noatime',
  bytes: (files) => Math.max(2 ** 31, files * 32 * 1024),
  plant(mountpoint, files) {
    plantTree(mountpoint, files);
    execFileSync('btrfs', ['subvolume', 'snapshot', mountpoint, join(mountpoint, SNAPSHOT)], { stdio: 'pipe' });
  },
  works,
};

async function works(lab: BenchLab): Promise<readonly BenchWork[]> {
  const chunks = await dataChunks(lab);
  const owned = ownedAddresses(lab, createRandom(3), MANY);
  const row = (addresses: readonly number[], rest: Partial<BenchWork>): BenchWork => ({
    work: addresses.length === 1 ? '1 sector' : `${addresses.length} sectors, with every name in the snapshot`,
    peer: 'btrfs inspect-internal logical-resolve',
    memoryBytes: MOST_MEMORY,
    ours: async () => {
      const answer = await lab.resolve(addresses.map((a) => run(placeOf(chunks, a) / 512, 1)));
      return linesOf(answer, addresses);
    },
    theirs: () => logicalResolve(lab, addresses),
    ...rest,
  });
  return [row([owned[1] as number], {}), row(owned, { atLeast: { warm: 40 } })];
}

/** `address path` of the files that the peer can name. @throws Error when the snapshot's are not named as well */
function linesOf({ results }: ResolveAnswer, addresses: readonly number[]): string[] {
  const lines: string[] = [];
  for (const [i, { owners }] of results.entries()) {
    const [first, ...others] = owners;
    const paths = (subvolume: boolean): string[] =>
      owners
        .filter((o) => (o.subvolume === TOP_LEVEL) === subvolume)
        .flatMap((o) => o.paths ?? [])
        .map((path) => path.slice((first?.mountpoint ?? '').length));
    const inSnapshot = paths(false).map((path) => path.slice(SNAPSHOT.length + 1));
    if (others.length === 0 || inSnapshot.sort().join() !== paths(true).sort().join()) {
      throw new Error(`the snapshot of ${addresses[i]} is not told: ${JSON.stringify(owners)}`);
    }
    for (const path of paths(true)) lines.push(`${addresses[i]} ${path}`);
  }
  return lines;
}

/** One process for each address: there is no other way to ask. A shell starts them faster than Node does. */
async function logicalResolve({ mountpoint }: BenchLab, addresses: readonly number[]): Promise<string[]> {
  const loop = 'while read a; do echo "@$a"; btrfs inspect-internal logical-resolve $a "$0"; done 2>/dev/null';
  const asking = execute('sh', ['-c', loop, mountpoint], { maxBuffer: 1 << 28 });
  asking.child.stdin?.end(`${addresses.join('\n')}\n`);
  const { stdout } = await asking;
  const lines: string[] = [];
  let address = '';
  for (const line of stdout.split('\n')) {
    if (line.startsWith('@')) address = line.slice(1);
    else if (line.startsWith(mountpoint)) lines.push(`${address} ${line.slice(mountpoint.length)}`);
  }
  return lines;
}

interface DataChunk {
  readonly logical: number;
  readonly length: number;
  readonly physical: number;
}
async function dataChunks({ device }: BenchLab): Promise<DataChunk[]> {
  const args = ['inspect-internal', 'dump-tree', '-t', 'chunk', `/dev/${device}`];
  const { stdout } = await execute('btrfs', args, { maxBuffer: 1 << 28 });
  const pattern =
    /CHUNK_ITEM (\d+)\).*\n\t\tlength (\d+) owner \d+ stripe_len \d+ type DATA\b(?:.|\n)*?offset (\d+)\n/g;
  return [...stdout.matchAll(pattern)].map(([, logical, length, physical]) => ({
    logical: Number(logical),
    length: Number(length),
    physical: Number(physical),
  }));
}
function placeOf(chunks: readonly DataChunk[], address: number): number {
  const chunk = chunks.find((c) => c.logical <= address && address < c.logical + c.length);
  if (chunk === undefined) throw new Error(`no chunk holds ${address}`);
  return address - chunk.logical + chunk.physical;
}

/** One random block of each of as many random files; some of files in many pieces. Small files lie in the trees. */
function ownedAddresses(lab: BenchLab, random: Random, count: number): number[] {
  const io = createFilesystemIo({ dev: '/dev', proc: '/proc', rootfs: '/' });
  const reader = createExtentReader(io);
  const addresses = new Set<number>();
  while (addresses.size < count) {
    const name = random.chance(0.1) ? `pieces-${random.int(0, 19)}` : fileOf(random.int(0, lab.files - 1));
    const fd = openSync(join(lab.mountpoint, name), 'r');
    const extents = reader.read(fd).filter(isPlaced);
    closeSync(fd);
    if (extents.length === 0) continue;
    const extent = random.pick(extents);
    addresses.add(extent.physical + BLOCK * random.int(0, extent.length / BLOCK - 1));
  }
  return [...addresses].sort((a, b) => a - b);
}

import { execFileSync, spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../../src/model/extent.ts';
import type { FilesystemIo } from '../../src/ports.ts';
import type { FilesystemTask } from '../../src/resolve/fs/resolver.ts';
import { facts } from '../../test/loopfs/lab.ts';
import { createRandom } from '../../test/loopfs/random.ts';
import type { BenchLab, BenchSubject, BenchWork } from './subject.ts';
import { ownedSectors, xfs } from './xfs.ts';

const MANY = 10_000;
const MOST_MEMORY = 150 * 1024 * 1024;
const PEER = 'a walk in C, one thread';

/** Any file system is walked alike; on this one the resolver of its own is passed by. */
export const walkSubject: BenchSubject = {
  ...xfs,
  name: 'walk',
  needs: ['mkfs.xfs', 'cc'],
  files: { reduced: 100_000, full: 100_000 },
  works,
};

async function works(lab: BenchLab): Promise<readonly BenchWork[]> {
  const program = join(tmpdir(), 'pmemwatch-bench-walk');
  execFileSync('cc', ['-O2', '-o', program, join(import.meta.dirname, 'walk.c')]);
  const sectors = ownedSectors(lab, createRandom(5), MANY);
  const roots = { dev: '/dev', proc: '/proc', rootfs: '/' };
  const { createFilesystemIo } = (await import('../../dist/linux/filesystem-io.js' as string)) as IoModule;
  const { createLanes } = (await import('../../dist/linux/lanes.js' as string)) as LanesModule;
  const row = (threads: number, io: FilesystemIo, atLeast: number): BenchWork => ({
    work: `walk, ${threads} ${threads === 1 ? 'thread' : 'threads'}`,
    peer: PEER,
    memoryBytes: MOST_MEMORY,
    ours: () => walkWith(lab, io, sectors),
    theirs: () => walkInC(program, lab, sectors),
    atLeast: { warm: atLeast },
  });
  return [row(1, createFilesystemIo(roots), 0.9), row(2, createFilesystemIo(roots, createLanes(roots, 2)), 1.5)];
}
type IoModule = typeof import('../../src/linux/filesystem-io.ts');
type LanesModule = typeof import('../../src/linux/lanes.ts');
type WalkModule = typeof import('../../src/resolve/fs/walk.ts');

async function walkWith(lab: BenchLab, io: FilesystemIo, sectors: readonly number[]): Promise<string[]> {
  const { walk } = (await import('../../dist/resolve/fs/walk.js' as string)) as WalkModule;
  const { blockDevices, mounts } = facts();
  const device = blockDevices.find((d) => d.name === lab.device);
  const mount = mounts.find((m) => m.devNumber === device?.devNumber);
  if (device === undefined || mount === undefined) throw new Error(`${lab.device} is not mounted`);
  const task: FilesystemTask = {
    device,
    wanted: sectors.map((s) => run(s, 1)),
    mount,
    mounts,
    walkRoots: [],
    io,
    onProgress: () => undefined,
    signal: new AbortController().signal,
  };
  const lines: string[] = [];
  for await (const owners of walk.resolve(task)) {
    for (const { start, count, paths } of owners) {
      for (let s: number = start; s < start + count; s++) for (const path of paths ?? []) lines.push(`${s} ${path}`);
    }
  }
  return lines;
}

function walkInC(program: string, lab: BenchLab, sectors: readonly number[]): Promise<string[]> {
  const child = spawn(program, [lab.mountpoint], { stdio: ['pipe', 'pipe', 'inherit'] });
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.stdin.end(sectors.join('\n'));
  return new Promise((done, fail) => {
    child.on('error', fail);
    child.on('close', () =>
      done(
        Buffer.concat(chunks)
          .toString()
          .split('\n')
          .filter((line) => line !== ''),
      ),
    );
  });
}

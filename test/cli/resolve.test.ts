import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CommandContext } from '../../src/cli/command.ts';
import type { Owner, ResolveAnswer } from '../../src/model/owner.ts';
import { sector, sectorCount } from '../../src/model/units.ts';
import type { ResolveJob } from '../../src/ports.ts';
import { createHostTree } from '../fakes/host-tree.ts';
import { lines, platformOf, runCommand } from './run-command.ts';

const host = createHostTree('@disk devices/platform/ndbus0/region0/pfn0.0/block/pmem0\ndev = 259:0\n');
const file: Owner = {
  kind: 'file',
  device: 'pmem0',
  start: sector(262144),
  count: sectorCount(8),
  layers: [{ device: 'dm-0', kind: 'dm-linear', start: sector(260096), count: sectorCount(8) }],
  fsType: 'xfs',
  mountpoint: '/pg',
  inode: '131',
  offset: 8192,
  length: 4096,
  state: 'data',
  paths: ['/pg/a\nb', '/pg/other'],
  pathsBase64: ['L3BnL2EKYg==', 'L3BnL290aGVy'],
  pathsComplete: true,
  linkCount: 2,
  openBy: [
    {
      pid: 4711,
      command: 'postgres',
      mapped: true,
      mapsDamaged: true,
      unit: 'postgresql@15.service',
      container: null,
      pod: null,
    },
  ],
};

function answering(owner: Owner, complete = true, progress?: { phase: string; done: number; total: number }) {
  const jobs: ResolveJob[] = [];
  const platform = platformOf(host, {
    resolver: {
      async resolve(job, onProgress): Promise<ResolveAnswer> {
        jobs.push(job);
        if (progress !== undefined) onProgress(progress);
        const results = job.runs.map(({ start, count }) => ({ start, count, complete, owners: [owner] }));
        return { device: job.device, complete, results };
      },
    },
  });
  return {
    jobs,
    run: (words: string[], context: Partial<CommandContext> = {}) =>
      runCommand(['resolve', ...words], { platform, ...context }),
  };
}

test('JSON is the contract: devices as nodes, layers by kernel name, one document', async () => {
  const { run } = answering(file);
  const { code, stdout, stderr } = await run(['pmem0', '262144+8', '--json']);
  assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
  assert.deepEqual(JSON.parse(stdout), {
    device: '/dev/pmem0',
    complete: true,
    results: [{ start: 262144, count: 8, complete: true, owners: [{ ...file, device: '/dev/pmem0' }] }],
  });
});

test('the device may be named by name or by node, ranges in any form', async () => {
  const { jobs, run } = answering(file);
  await run(['pmem0', '1']);
  await run(['/dev/pmem0', '1+1', '2+3']);
  await run(['pmem0', '-'], { stdin: lines('1\n2+3\n\n4 5\n 6\t7 \n') });
  assert.deepEqual(
    jobs.map(({ device, runs }) => [device, runs.map(({ start, count }) => `${start}+${count}`).join(' ')]),
    [
      ['pmem0', '1+1'],
      ['pmem0', '1+1 2+3'],
      ['pmem0', '1+1 2+3 4+5 6+7'],
    ],
  );
});

test('an empty list on standard input is an answer, not a question', async () => {
  const { jobs, run } = answering(file);
  const { code, stdout } = await run(['pmem0', '-', '--json'], { stdin: lines('') });
  assert.equal(code, 0);
  assert.deepEqual(JSON.parse(stdout), { device: '/dev/pmem0', complete: true, results: [] });
  assert.equal(jobs.length, 0);
});

test('text names the file, its bytes and who uses it, and escapes what names may hold', async () => {
  const { stdout } = await answering(file).run(['pmem0', '262144+8']);
  assert.equal(
    stdout,
    `pmem0 262144+8  4 KiB
  file /pg/a\\nb bytes 8192–12287  xfs on /pg
    also /pg/other
    postgres (pid 4711, postgresql@15.service) has the damaged page mapped
    through dm-linear dm-0, sectors 260096+8
`,
  );
});

test('text tells container and pod, the kernel, what readers get, and who may be missing', async () => {
  const id = 'ab'.repeat(32);
  const reader = (pid: number) => ({
    ...{ pid, command: 'reader', mapped: false, mapsDamaged: false },
    ...{ unit: `cri-containerd-${id}.scope`, container: id, pod: '6e5f4a3b-2c1d-4e9f-8a7b-6c5d4e3f2a10' },
  });
  const { layers, ...onDisk } = file;
  const { stdout } = await answering({
    ...onDisk,
    kind: 'deleted',
    paths: [],
    dax: true,
    formerPath: '/pg/old',
    openBy: Array.from({ length: 20 }, (_, i) => reader(100 + i)),
    openByCount: 936,
    openByComplete: false,
    openByReason: '1 process may not be looked at',
    kernelUsers: [{ kind: 'loop', name: '/dev/loop3' }],
    readersGet: { read: 'EIO', mapped: 'SIGBUS', from: null, why: null },
  }).run(['pmem0', '262144+8']);
  const shown = stdout.split('\n').map((line) => line.trim());
  assert.deepEqual(
    [...shown.slice(1, 4), ...shown.slice(14)],
    [
      'deleted file, still open inode 131 bytes 8192–12287  xfs on /pg',
      'was /pg/old',
      'reader (pid 100, container abababababab, pod 6e5f4a3b-2c1d-4e9f-8a7b-6c5d4e3f2a10) has it open',
      'reader (pid 111, container abababababab, pod 6e5f4a3b-2c1d-4e9f-8a7b-6c5d4e3f2a10) has it open',
      'and 924 more processes',
      'it is the disk of /dev/loop3',
      'who else uses it is not known: 1 process may not be looked at',
      'read(2) fails with EIO, mapped memory with SIGBUS (DAX)',
      '',
    ],
  );
});

test('an incomplete answer is printed, and is exit code 2 with the reason', async () => {
  const unknown: Owner = {
    kind: 'unknown',
    device: 'pmem0',
    start: sector(1),
    count: sectorCount(1),
    reason: 'permission denied',
  };
  const { code, stdout, stderr } = await answering(unknown, false).run(['pmem0', '1', '--json']);
  assert.equal(code, 2);
  assert.equal(JSON.parse(stdout).complete, false);
  assert.equal(stderr, 'pmemwatch resolve: not complete: permission denied\n');
});

test('progress is shown on a terminal only, and leaves no trace there', async () => {
  const progress = { phase: 'reading inode tables', done: 1, total: 4 };
  assert.equal((await answering(file, true, progress).run(['pmem0', '1'])).stderr, '');
  const shown = (await answering(file, true, progress).run(['pmem0', '1'], { showsProgress: true })).stderr;
  assert.match(shown, /reading inode tables 25 %/);
  assert.ok(shown.endsWith('\r\u001b[K'));
});

test('a device that is not there is wrong usage', async () => {
  const { code, stderr } = await answering(file).run(['/dev/disk/by-id/none', '1']);
  assert.equal(code, 2);
  assert.match(stderr, /does not exist: pmemwatch list shows the devices/);
});

import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { readStack } from '../../src/discover/stack.ts';
import { createLocalTree } from '../../src/linux/probe/kernel-files.ts';
import { run } from '../../src/model/extent.ts';
import { sectorCount } from '../../src/model/units.ts';
import { resolveRuns } from '../../src/resolve/resolve.ts';
import { type FakeFile, fakeProcesses, mapLine } from './fake-processes.ts';

const dax = { name: 'dax0.0', devNumber: '252:0', size: sectorCount(1 << 20) };
const node: FakeFile = { link: '/dev/dax0.0', devNumber: '0:5', inode: '301', mode: 0o020600, deviceNumber: '252:0' };
const facts = { blockDevices: [], daxDevices: [dax], mounts: [] };
const never = new AbortController().signal;

test('of a DAX device it is told who maps the damaged bytes, who maps others, and what an access comes to', async () => {
  const io = fakeProcesses([
    { pid: 10, command: 'db', maps: mapLine(node, { offset: 0x200000, length: 0x200000 }) },
    { pid: 11, command: 'near', maps: mapLine(node, { offset: 0, length: 0x200000 }), fds: { 3: node } },
  ]);
  const job = { device: 'dax0.0', runs: [run(0x200000 / 512 + 8, 1)], deadlineMs: 1000, walkRoots: [] };
  const answer = await resolveRuns(job, facts, io, () => undefined, never);
  const [owner] = answer.results[0]?.owners ?? [];
  assert.deepEqual(
    [answer.complete, owner?.kind, owner?.metadata, owner?.openByComplete],
    [true, 'raw', 'device-dax', true],
  );
  assert.deepEqual(
    owner?.openBy?.map((o) => [o.command, o.mapped, o.mapsDamaged]),
    [
      ['db', true, true],
      ['near', true, false],
    ],
  );
  assert.deepEqual(owner?.readersGet, { read: 'unsupported', mapped: 'SIGBUS', from: null, why: null });
});

test('sectors beyond a DAX device, and devices that are not there, are wrong questions', async () => {
  const ask = (device: string, start: number) =>
    resolveRuns(
      { device, runs: [run(start, 1)], deadlineMs: 1000, walkRoots: [] },
      facts,
      fakeProcesses([]),
      () => undefined,
      never,
    );
  await assert.rejects(ask('dax0.0', 1 << 20), { code: 'RESOLVE', message: /1048576 sectors/ });
  await assert.rejects(ask('dax1.0', 0), { code: 'RESOLVE', message: /no block device dax1\.0/ });
});

test('a DAX device that is asked about is read from its bus', async (t) => {
  const root = await temporaryTree(t);
  const tree = createLocalTree(root);
  const deviceMapper = { table: () => [] };
  const found = await readStack({ sysfs: tree, procfs: tree, deviceMapper }, 'dax0.0');
  assert.deepEqual(found.daxDevices, [{ name: 'dax0.0', devNumber: '252:0', size: 2048 }]);
  assert.deepEqual((await readStack({ sysfs: tree, procfs: tree, deviceMapper }, 'dax9.9')).daxDevices, []);
});

async function temporaryTree(t: TestContext): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'pmemwatch-dax-'));
  t.after(() => rm(root, { recursive: true }));
  const folder = join(root, 'bus/dax/devices/dax0.0');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'dev'), '252:0\n');
  await writeFile(join(folder, 'size'), '1048576\n');
  return root;
}

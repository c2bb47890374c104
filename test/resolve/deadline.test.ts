import assert from 'node:assert/strict';
import { test } from 'node:test';
import { run } from '../../src/model/extent.ts';
import type { Owner } from '../../src/model/owner.ts';
import { pathFromText } from '../../src/model/path.ts';
import type { BlockDevice, Mount } from '../../src/model/topology.ts';
import { bytes, sector, sectorCount } from '../../src/model/units.ts';
import type { FilesystemIo, ResolveProgress } from '../../src/ports.ts';
import { resolveRuns } from '../../src/resolve/resolve.ts';
import { failure } from './fake-processes.ts';
import { memoryIo } from './memory-io.ts';

const base = { logicalBlockBytes: bytes(512), hasBadblocks: false, dax: true, slaves: [], holders: [] } as const;
const disk: BlockDevice = { ...base, name: 'pmem0', devNumber: '259:0', size: sectorCount(100_000), kind: 'disk' };
function partition(n: number): BlockDevice {
  const partitionOf = { disk: 'pmem0', start: sector(n * 10_000) };
  const name = `pmem0p${n}`;
  return { ...base, name, devNumber: `259:${n}`, size: sectorCount(10_000), kind: 'partition', partitionOf };
}
function mount(n: number, mountpoint: string): Mount {
  const source = pathFromText(`/dev/pmem0p${n}`);
  const place = { root: pathFromText('/'), mountpoint: pathFromText(mountpoint) };
  return {
    id: 30 + n,
    parentId: 20,
    devNumber: `259:${n}`,
    ...place,
    fsType: 'f2fs',
    source,
    options: [],
    superOptions: [],
  };
}
const facts = {
  blockDevices: [disk, partition(1), partition(2)],
  mounts: [mount(1, '/endless'), mount(2, '/small')],
};

/** The directory of one file system never ends; the other has none of what is asked. `mountOf` tells what a path leads to. */
function twoFilesystems(mountOf = (path: string): string => (path === '/endless' ? '259:1' : '259:2')): FilesystemIo {
  const opened = ['', '', ''];
  return {
    ...memoryIo(Buffer.alloc(0)),
    openPath: (path) => opened.push(Buffer.from(path).toString()) - 1,
    status: (fd) => {
      const devNumber = mountOf(opened[fd] as string);
      return { devNumber, deviceNumber: '0:0', inode: '1', mode: 0o40755, linkCount: 2, size: 0 };
    },
    readDirectory(fd, into) {
      if (opened[fd] !== '/endless') return 0;
      // struct linux_dirent64 of FIFOs, which nobody asks for
      const records = Buffer.from(into.buffer, into.byteOffset, into.length).fill(0);
      for (let at = 0; at < into.length; at += 32) {
        records.writeUInt16LE(32, at + 16);
        records[at + 18] = 1;
        records.write('p', at + 19);
      }
      return into.length;
    },
    // FIEMAP of a directory without extents
    ioctl: () => 0,
  };
}
async function ask(io: FilesystemIo, deadlineMs: number, told: ResolveProgress[] = []) {
  const job = { device: 'pmem0', runs: [run(10_100, 8), run(20_100, 8)], deadlineMs, walkRoots: [] };
  const answer = await resolveRuns(job, facts, io, (p) => told.push(p), new AbortController().signal);
  return answer.results.map((r) => [r.complete, r.owners[0]?.kind, r.owners[0]?.reason]);
}

test('a file system that takes all its time leaves the others theirs, and the whole keeps its deadline', async () => {
  const before = performance.now();
  const [endless, small] = await ask(twoFilesystems(), 600);
  assert.ok(performance.now() - before < 5_000);
  assert.match(String(endless?.[2]), /the deadline passed before all of it was looked at/);
  assert.match(String(small?.[2]), /in no file: free space or metadata, which a walk of f2fs cannot tell apart/);
  assert.deepEqual([endless?.[0], small?.[0]], [false, false]);
});

test('a file system that was mounted over, or changes under the look, is not told in the name of another', async () => {
  const [covered] = await ask(
    twoFilesystems(() => '259:2'),
    300,
  );
  assert.deepEqual(covered?.slice(0, 2), [false, 'unknown']);
  assert.match(String(covered?.[2]), /mounted on \/endless, where something else is in the way/);
  let looks = 0;
  const [, changed] = await ask(
    twoFilesystems((path) => (path === '/endless' || ++looks < 2 ? '259:1' : '259:2')),
    300,
  );
  assert.equal(changed?.[1], 'unknown');
  looks = 0;
  const unmounted = twoFilesystems((path) => (path === '/endless' ? '259:1' : ++looks < 2 ? '259:2' : '8:1'));
  assert.match(
    String((await ask(unmounted, 300))[1]?.[2]),
    /what is mounted on \/small changed while it was looked at/,
  );
});

test('a cancelled question is given up, not answered', async () => {
  const abort = new AbortController();
  const job = { device: 'pmem0', runs: [run(10_100, 8)], deadlineMs: 60_000, walkRoots: [] };
  const asked = resolveRuns(job, facts, twoFilesystems(), () => abort.abort(new Error('stop')), abort.signal);
  await assert.rejects(asked, { message: 'stop' });
});

test('processes that cannot be listed leave the owners known, and who uses them unknown', async () => {
  const raw: Owner[] = [];
  const io: FilesystemIo = {
    ...memoryIo(Buffer.alloc(8192)),
    listProc: () => {
      throw failure('EACCES');
    },
  };
  const job = { device: 'pmem0', runs: [run(0, 8)], deadlineMs: 1000, walkRoots: [] };
  const never = new AbortController().signal;
  const answer = await resolveRuns(job, { blockDevices: [disk], mounts: [] }, io, () => undefined, never);
  raw.push(...(answer.results[0]?.owners ?? []));
  assert.deepEqual(
    raw.map((o) => [o.kind, o.openBy, o.openByComplete, o.openByReason]),
    [['raw', [], false, 'the list of processes cannot be read']],
  );
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FilesystemIo } from '../../src/ports.ts';
import { deletedName, findUses, type Uses, type UseTarget } from '../../src/resolve/open-by.ts';
import { touchesBytes } from '../../src/resolve/process-maps.ts';
import { type FakeFile, type FakeProcess, failure, fakeProcesses, mapLine } from './fake-processes.ts';

const damaged: FakeFile = { link: '/pg/file', devNumber: '259:0', inode: '42' };
const target: UseTarget = { kind: 'file', superDevice: '259:0', inode: '42', ambiguous: false };
const mounts = new Map([
  [30, '259:0'],
  [31, '0:50'],
]);

function look(io: FilesystemIo, targets: readonly UseTarget[] = [target], signal = new AbortController().signal) {
  return findUses({ targets, mounts, io, signal });
}
function ask(processes: readonly FakeProcess[], targets?: readonly UseTarget[]): Promise<Uses> {
  return look(fakeProcesses(processes), targets);
}

test('who maps a damaged page is told apart from who maps another part of the file, and who has it open only', async () => {
  const uses = await ask([
    { pid: 10, command: 'hit', maps: mapLine(damaged, { offset: 0x4000 }) },
    { pid: 11, command: 'near', maps: mapLine(damaged, { offset: 0x8000 }) },
    { pid: 12, command: 'open', fds: { 0: { ...damaged }, 3: damaged } },
    { pid: 13, command: 'none', maps: mapLine({ ...damaged, inode: '421' }) },
  ]);
  assert.deepEqual(
    uses.of(target).map((u) => [u.pid, u.command, u.mapped.length, touchesBytes(u.mapped, 0x5000, 512)]),
    [
      [10, 'hit', 1, true],
      [11, 'near', 1, false],
      [12, 'open', 0, false],
    ],
  );
  assert.deepEqual([uses.complete, uses.reason], [true, undefined]);
});

test('the page before and the page after a mapping are not in it', () => {
  const mapped = [{ from: 0x4000, to: 0x6000 }];
  const hit = (offset: number): boolean => touchesBytes(mapped, offset, 512);
  assert.deepEqual([0x3e00, 0x4000, 0x5e00, 0x6000].map(hit), [false, true, true, false]);
});

test('a mapping of huge pages at the top of the address space keeps its exact file range', async () => {
  const line = mapLine(damaged, { at: 0xffff_8000_0000_0000n, length: 0x40000000, offset: 0x200000 });
  const [use] = (await ask([{ pid: 10, maps: line }])).of(target);
  assert.deepEqual(use?.mapped, [{ from: 0x200000, to: 0x40200000 }]);
});

test('a file of the same inode number on another file system is nobody of ours, and its server is not asked', async () => {
  const io = fakeProcesses([
    { pid: 10, fds: { 3: { link: '/nfs/file', devNumber: '0:50', inode: '42', mountId: 31 } } },
    { pid: 11, maps: mapLine({ ...damaged, devNumber: '259:1' }) },
  ]);
  const uses = await look(io);
  assert.deepEqual(uses.of(target), []);
  assert.deepEqual(io.asked, []);
});

test('sockets, pipes and epoll descriptors are not looked into: that can wait for a process that hangs', async () => {
  const io = fakeProcesses([
    { pid: 10, fds: { 3: { ...damaged, link: 'anon_inode:[eventpoll]' }, 4: { ...damaged, link: 'socket:[42]' } } },
  ]);
  const info: string[] = [];
  const watched = {
    ...io,
    readProc(path: string) {
      info.push(path);
      return io.readProc(path);
    },
  };
  assert.deepEqual((await look(watched)).of(target), []);
  assert.deepEqual(info, []);
});

test('a file opened through a mount that is in no list is asked for its file system', async () => {
  const io = fakeProcesses([{ pid: 10, fds: { 3: { ...damaged, mountId: 99 } } }]);
  assert.equal((await look(io)).of(target).length, 1);
  assert.deepEqual(io.asked, ['10/fd/3']);
});

test('a process whose first thread has ended shows what its other threads have', async () => {
  const thread = { pid: 21, maps: mapLine(damaged), fds: { 3: damaged } };
  const uses = await ask([
    { pid: 20, command: 'headless', threads: [thread] },
    { pid: 2, command: 'kthreadd' },
  ]);
  assert.deepEqual(
    uses.of(target).map((u) => [u.pid, u.command, u.mapped.length]),
    [[20, 'headless', 1]],
  );
});

test('processes that may not be looked at are counted, those that end meanwhile are not', async () => {
  const uses = await ask([
    { pid: 10, maps: { errno: 'EACCES' }, fds: { errno: 'EACCES' } },
    { pid: 11, maps: { errno: 'ESRCH' }, fds: { errno: 'ENOENT' } },
    { pid: 12, fds: { 3: damaged } },
  ]);
  assert.equal(uses.of(target).length, 1);
  assert.deepEqual([uses.complete, uses.reason], [false, '1 process may not be looked at']);
});

test('a kernel thread, which has no program, is asked for nothing more; a process whose first thread ended is', async () => {
  const io = fakeProcesses([{ pid: 2 }, { pid: 10, threads: [{ pid: 11, fds: { 3: damaged } }] }]);
  const read: string[] = [];
  const uses = await look({
    ...io,
    readProcWithin(path, ms) {
      read.push(path);
      return io.readProcWithin(path, ms);
    },
  });
  assert.deepEqual(read, ['10/maps', '10/task/11/maps']);
  assert.deepEqual([uses.of(target).length, uses.complete], [1, true]);
});

test('a process that hangs in the kernel hides no other, and what it has open is still told', async () => {
  const hangs = { errno: 'ETIMEDOUT' };
  const many = Array.from({ length: 40 }, (_, i) => ({ pid: 100 + i, fds: { 3: damaged } }));
  const uses = await ask([{ pid: 10, command: 'stuck', maps: hangs, fds: { 3: damaged } }, ...many]);
  assert.equal(uses.of(target).length, 41);
  assert.match(uses.reason ?? '', /memory maps of stuck \(pid 10\) did not come within 2 s/);
});

test('when several processes hang, no more maps are waited for, and that is said', async () => {
  const stuck = [10, 11, 12].map((pid) => ({ pid, maps: { errno: 'ETIMEDOUT' } }));
  const io = fakeProcesses([...stuck, ...Array.from({ length: 40 }, (_, i) => ({ pid: 100 + i, maps: '' }))]);
  let read = 0;
  const uses = await look({
    ...io,
    readProcWithin(path, ms) {
      read++;
      return io.readProcWithin(path, ms);
    },
  });
  assert.ok(read <= 8, `${read} maps were read`);
  assert.match(uses.reason ?? '', /did not come within 2 s, so that those of 35 others were not read/);
});

test('past the deadline what was found is told, with how far it came', async () => {
  const abort = new AbortController();
  const io = fakeProcesses(Array.from({ length: 100 }, (_, i) => ({ pid: 1 + i, fds: { 3: damaged } })));
  const slow: FilesystemIo = {
    ...io,
    readProcWithin(path, ms) {
      if (path === '16/maps') abort.abort();
      return io.readProcWithin(path, ms);
    },
  };
  const uses = await look(slow, [target], abort.signal);
  assert.equal(uses.of(target).length, 16);
  assert.equal(uses.reason, 'the deadline passed after 16 of 100 processes');
});

test('a bug is not taken for a process that ended', async () => {
  const io = fakeProcesses([{ pid: 10, maps: '' }]);
  await assert.rejects(look({ ...io, readProcWithin: () => Promise.reject(new TypeError('bug')) }), TypeError);
  await assert.rejects(look({ ...io, linkProc: () => assert.fail(), listProc: (p) => (p === '' ? ['10'] : ['3']) }));
});

test('in file systems whose inode numbers repeat, each file is told with its own st_dev', async () => {
  const subvolume: UseTarget = { ...target, superDevice: '0:40', ambiguous: true };
  const own = { link: '/b/file', devNumber: '0:41', inode: '42', mountId: 32 };
  const uses = await findUses({
    targets: [subvolume],
    mounts: new Map([[32, '0:40']]),
    io: fakeProcesses([
      { pid: 10, fds: { 3: own } },
      { pid: 11, maps: mapLine({ ...own, devNumber: '0:40' }), mapFiles: { '7f0000000000-7f0000002000': own } },
      { pid: 12, maps: mapLine({ ...own, devNumber: '0:40' }) },
    ]),
    signal: new AbortController().signal,
  });
  assert.deepEqual(
    uses.of(subvolume).map((u) => [u.pid, u.statDevice]),
    [
      [10, '0:41'],
      [11, '0:41'],
      [12, undefined],
    ],
  );
});

const node: FakeFile = { link: '/dev/pmem0', devNumber: '0:5', inode: '300', mode: 0o060660, deviceNumber: '259:0' };
const raw: UseTarget = { kind: 'device', number: '259:0', name: 'pmem0' };

test('who has a block device itself open or mapped is found, under whatever name its node has', async () => {
  const uses = await ask(
    [
      { pid: 10, command: 'open', fds: { 3: node } },
      { pid: 11, command: 'renamed', fds: { 3: { ...node, link: '/data/raw', inode: '7', mountId: 31 } } },
      { pid: 12, command: 'maps', maps: mapLine({ ...node, inode: '301' }, { offset: 0x1000 }) },
      { pid: 13, command: 'other', fds: { 3: { ...node, link: '/dev/pmem1', deviceNumber: '259:1' } } },
      { pid: 14, command: 'file', fds: { 3: { ...damaged, deviceNumber: '259:0' } } },
    ],
    [raw],
  );
  assert.deepEqual(
    uses.of(raw).map((u) => [u.command, u.mapped]),
    [
      ['open', []],
      ['renamed', []],
      ['maps', [{ from: 0x1000, to: 0x3000 }]],
    ],
  );
});

test('mappings of a DAX device are compared by their offset, and follow the node where that can be followed', async () => {
  const dax: UseTarget = { kind: 'device', number: '252:0', name: 'dax0.0' };
  const daxNode: FakeFile = {
    link: '/dev/dax0.0',
    devNumber: '0:5',
    inode: '301',
    mode: 0o020660,
    deviceNumber: '252:0',
  };
  const line = mapLine(daxNode, { offset: 0x200000, length: 0x200000 });
  const renamed = { ...daxNode, link: '/dev/other' };
  const uses = await ask(
    [
      { pid: 10, maps: line },
      { pid: 11, maps: mapLine(renamed), mapFiles: { '7f0000000000-7f0000002000': daxNode } },
      { pid: 12, maps: line, mapFiles: { '7f0000000000-7f0000200000': { ...daxNode, deviceNumber: '252:9' } } },
    ],
    [dax],
  );
  assert.deepEqual(
    uses.of(dax).map((u) => [u.pid, touchesBytes(u.mapped, 0x300000, 512), touchesBytes(u.mapped, 0, 512)]),
    [
      [10, true, false],
      [11, false, true],
    ],
  );
});

test('only the mark at the end of a name tells a deleted file', () => {
  const text = (name: string) => Buffer.from(deletedName(Buffer.from(name)) ?? '').toString();
  assert.equal(text('/a/b (deleted)'), '/a/b');
  assert.equal(text('/a/b (deleted) (deleted)'), '/a/b (deleted)');
  assert.equal(deletedName(Buffer.from('/a (deleted)/b')), undefined);
});

test('no processes at all is not the same as no users', async () => {
  const io = fakeProcesses([]);
  const uses = await look({
    ...io,
    listProc: () => {
      throw failure('EACCES');
    },
  });
  assert.deepEqual([uses.complete, uses.reason], [false, 'the list of processes cannot be read']);
});

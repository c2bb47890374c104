import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createFilesystemIo } from '../../src/linux/filesystem-io.ts';

const io = createFilesystemIo({ dev: '/dev', proc: '/proc', rootfs: '/' });
let folder = '';
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'pmemwatch-io-'));
  mkdirSync(join(folder, 'real'));
  writeFileSync(join(folder, 'real/file'), Buffer.alloc(8192, 1));
  symlinkSync('real', join(folder, 'link'));
  symlinkSync('file', join(folder, 'real/alias'));
});
after(() => rmSync(folder, { recursive: true }));

test('a path in the namespace of a process is opened as that process sees it, and never through a link of its', () => {
  const open = (rest: string, kind: 'file' | 'directory' = 'file'): string => {
    const fd = io.openPath(Buffer.from(`/proc/${process.pid}/root${folder}/${rest}`), kind, true);
    const { inode } = io.status(fd);
    io.close(fd);
    return inode;
  };
  const fd = io.openPath(Buffer.from(join(folder, 'real/file')), 'file');
  assert.equal(open('real/file'), io.status(fd).inode);
  io.close(fd);
  for (const path of ['link/file', 'real/alias']) assert.throws(() => open(path), { code: 'ELOOP' }, path);
  assert.throws(() => open(`${'../'.repeat(30)}etc/passwd`), { code: 'EXDEV' });
  const root = io.openPath(Buffer.from(`/proc/${process.pid}/root`), 'directory');
  io.close(root);
});

test('the page cache tells which pages of a file it holds, without reading any', () => {
  const fd = io.openPath(Buffer.from(join(folder, 'real/file')), 'file');
  try {
    assert.deepEqual([...io.cachedPages(fd, 100, 8000)], [1, 1]);
    assert.deepEqual([...io.cachedPages(fd, 4096, 1)], [1]);
  } finally {
    io.close(fd);
  }
});

test('a file of procfs that does not come within its deadline is told as late, and holds up nothing else', async () => {
  const pipe = join(folder, 'pipe');
  execFileSync('mkfifo', [pipe]);
  const slow = createFilesystemIo({ dev: '/dev', proc: folder, rootfs: '/' });
  await assert.rejects(slow.readProcWithin('pipe', 20), { code: 'ETIMEDOUT' });
  // what hangs already costs neither time nor a thread
  await assert.rejects(slow.readProcWithin('pipe', 600_000), { code: 'ETIMEDOUT' });
  assert.equal((await slow.readProcWithin('real/file', 10_000)).length, 8192);
  await assert.rejects(slow.readProcWithin('nothing', 10_000), { code: 'ENOENT' });
  closeSync(openSync(pipe, 'w'));
  rmSync(pipe);
  writeFileSync(pipe, 'released');
  const again = async (): Promise<Uint8Array> => {
    try {
      return await slow.readProcWithin('pipe', 10_000);
    } catch {
      // the hanging call is still on its way back
      await new Promise((done) => setTimeout(done, 5));
      return again();
    }
  };
  assert.equal(Buffer.from(await again()).toString(), 'released');
});

test('the status of an open file tells the mount that mountinfo lists', () => {
  const fd = io.openPath(Buffer.from('/'), 'directory');
  const { mountId } = io.status(fd);
  io.close(fd);
  const table = Buffer.from(io.readProc('self/mountinfo')).toString();
  assert.match(table, new RegExp(`^${mountId} `, 'm'));
});

test('the links of a directory of procfs that say a path are told with it, and the others counted', () => {
  const io = createFilesystemIo({ dev: '/dev', proc: '/proc', rootfs: '/' });
  const fd = openSync('/proc/self/status', 'r');
  try {
    const { count, paths } = io.linksProc('self/fd');
    const links = new Map(paths.map(({ name, target }) => [name, Buffer.from(target).toString()]));
    assert.equal(links.get(String(fd)), `/proc/${process.pid}/status`);
    // those of the event loop are among them
    assert.ok(count > links.size, [...links.values()].join(' '));
    assert.ok([...links.values()].every((target) => target.startsWith('/')));
    assert.equal(io.linkProc('self/no-such-link'), undefined);
    assert.throws(() => io.linksProc('self/no-such-directory'), { code: 'ENOENT' });
  } finally {
    closeSync(fd);
  }
});

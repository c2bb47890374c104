/** `check` for those who ask from elsewhere: real files, links and special files, on what a mount table says is a watched disk. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { CheckedFile } from '../../src/resolve/check.ts';
import { createCountedProbe, createHost } from './rig.ts';

const never = new AbortController().signal;
const NOT_WATCHED = 'it lies on no mounted file system of a watched device';

/** `/pg` is mounted from pmem0 as far as the host says, and `/home` from another disk; all of it is one folder of this machine. */
function pretendedMounts(t: TestContext) {
  const host = createHost();
  const probe = createCountedProbe(host, 5_000);
  t.after(async () => {
    await probe.close();
    host.remove();
  });
  const root = host.roots.rootfs;
  const number = statSync(root).dev;
  const devNumber = `${number >> 8}:${number & 0xff}`;
  for (const [disk, dev] of [
    ['pmem0', devNumber],
    ['sda', '8:0'],
  ] as const) {
    host.write(`sys/block/${disk}/dev`, `${dev}\n`);
    host.write(`sys/block/${disk}/size`, '1000000000\n');
    host.write(`sys/block/${disk}/badblocks`, '');
    host.write(`sys/dev/block/${dev}/dev`, `${dev}\n`);
  }
  const table = `21 1 ${devNumber} / /pg rw - ext4 /dev/pmem0 rw\n22 1 8:0 / /home rw - ext4 /dev/sda rw\n`;
  for (const name of ['1/mountinfo', 'self/mountinfo']) host.write(`proc/${name}`, table);
  for (const folder of ['pg/base/deep', 'home']) mkdirSync(join(root, folder), { recursive: true });
  const check = async (...paths: readonly string[]) => {
    const files: CheckedFile[] = [];
    const job = { paths, deadlineMs: 20_000, tellClean: true, within: ['pmem0'] };
    const end = await probe.check(
      job,
      () => undefined,
      never,
      async (found) => void files.push(...(found as CheckedFile[])),
    );
    return { end, files, reasons: files.map(({ path, reason }) => [path, reason ?? null]) };
  };
  const write = (path: string, text = ''): void => writeFileSync(join(root, path), text);
  return { root, check, write };
}

test('a file on a watched disk is looked at, and one elsewhere is not, whether it exists or not', async (t) => {
  const { check, write } = pretendedMounts(t);
  for (const file of ['pg/empty', 'home/empty', 'etc-passwd']) write(file);
  const { files, end } = await check('/pg/empty', '/home/empty', '/home/none', '/etc-passwd', '/none');
  assert.deepEqual(files[0], { path: '/pg/empty', pathBase64: 'L3BnL2VtcHR5', complete: true, ranges: [] });
  for (const file of files.slice(1)) assert.deepEqual([file.complete, file.reason], [false, NOT_WATCHED], file.path);
  assert.equal(files.length, 5);
  assert.equal(end.complete, false);
});

test('a name that begins like a mount point is none of it', async (t) => {
  const { check, root, write } = pretendedMounts(t);
  mkdirSync(join(root, 'pgdata'));
  write('pgdata/file');
  assert.deepEqual((await check('/pgdata/file')).reasons, [['/pgdata/file', NOT_WATCHED]]);
});

test('no symbolic link leads out: not at the end, not on the way, not the mount point itself, not below a directory', async (t) => {
  const { check, root, write } = pretendedMounts(t);
  write('home/secret');
  write('pg/base/file');
  symlinkSync(join(root, 'home/secret'), join(root, 'pg/absolute'));
  symlinkSync('../home/secret', join(root, 'pg/relative'));
  symlinkSync('../home', join(root, 'pg/folder'));
  symlinkSync('file', join(root, 'pg/base/beside'));
  const links = ['/pg/absolute', '/pg/relative', '/pg/folder/secret', '/pg/folder', '/pg/base/beside'];
  const { reasons } = await check(...links);
  for (const [path, reason] of reasons) {
    assert.match(reason ?? '', /leads through a symbolic link|^cannot be opened \(ENOTDIR\)$/, path ?? '');
  }
  assert.equal(reasons.length, links.length);
  // what lies below: files, and no link
  const below = await check('/pg');
  assert.deepEqual(below.reasons, [['/pg/base/file', null]]);
  // somebody puts a link where the mount point was
  execFileSync('mv', [join(root, 'pg'), join(root, 'moved')]);
  symlinkSync('home', join(root, 'pg'));
  const [moved] = (await check('/pg/secret')).reasons;
  assert.match(moved?.[1] ?? '', /leads through a symbolic link/);
});

test('what is mounted there by now is not what the table of mounts says', async (t) => {
  const { check, root } = pretendedMounts(t);
  if (process.getuid?.() !== 0) {
    t.skip('needs root: a mount');
    return;
  }
  execFileSync('mount', ['-t', 'tmpfs', 'none', join(root, 'pg')]);
  try {
    writeFileSync(join(root, 'pg/file'), '');
    const [file] = (await check('/pg/file')).reasons;
    assert.match(file?.[1] ?? '', /something else is mounted/);
  } finally {
    execFileSync('umount', [join(root, 'pg')]);
  }
});

test('a FIFO and a socket answer at once, a device is not opened', { timeout: 20_000 }, async (t) => {
  const { check, root } = pretendedMounts(t);
  execFileSync('mkfifo', [join(root, 'pg/fifo')]);
  const special = ['/pg/fifo'];
  if (process.getuid?.() === 0) {
    execFileSync('mknod', [join(root, 'pg/device'), 'c', '10', '130']);
    special.push('/pg/device');
  }
  const { reasons } = await check(...special);
  assert.deepEqual(
    reasons,
    special.map((path) => [path, 'neither a file nor a directory']),
  );
});

test('names that are too long, and paths of 4096 bytes, are refused by the kernel and nothing else', async (t) => {
  const { check } = pretendedMounts(t);
  const long = `/pg/${'a'.repeat(300)}`;
  const deep = `/pg${'/b'.repeat(2040)}`;
  assert.deepEqual((await check(long, deep)).reasons, [
    [long, 'cannot be opened (ENAMETOOLONG)'],
    [deep, 'cannot be opened (ENOENT)'],
  ]);
});

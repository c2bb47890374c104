import assert from 'node:assert/strict';
import { closeSync, linkSync, mkdirSync, mkdtempSync, openSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createFilesystemIo } from '../../src/linux/filesystem-io.ts';
import { handleOf, ioctl, pollPriority } from '../../src/linux/native.ts';
import { nameEnd, visitDirents } from '../../src/resolve/fs/dirents.ts';

const io = createFilesystemIo({ dev: '/dev', proc: '/proc', rootfs: '/' });

function inFolder<T>(body: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'pmemwatch-native-'));
  try {
    return body(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('a refused call throws an error that carries the name of its errno', () => {
  const fd = openSync('/dev/null', 'r');
  try {
    assert.throws(() => ioctl(fd, 0xc0c0583b, Buffer.alloc(64)), { code: 'ENOTTY', syscall: 'ioctl 0xc0c0583b' });
  } finally {
    closeSync(fd);
  }
});

test('statx tells links, type and size of an open file', () => {
  inFolder((folder) => {
    writeFileSync(join(folder, 'a'), 'four');
    linkSync(join(folder, 'a'), join(folder, 'b'));
    const fd = io.openPath(Buffer.from(join(folder, 'a')), 'file');
    const status = io.status(fd);
    io.close(fd);
    assert.deepEqual([status.linkCount, status.size, status.mode & 0xf000], [2, 4, 0x8000]);
    assert.match(status.devNumber, /^\d+:\d+$/);
    assert.match(status.inode, /^\d+$/);
  });
});

test('a directory is read with names and inode numbers, whatever bytes the names are made of', () => {
  inFolder((folder) => {
    const name = Buffer.from([0x61, 0xff, 0x0a]);
    writeFileSync(Buffer.concat([Buffer.from(`${folder}/`), name]), '');
    const fd = io.openPath(Buffer.from(folder), 'directory');
    const records = Buffer.alloc(4096);
    const found: [Buffer, number][] = [];
    const length = io.readDirectory(fd, records);
    visitDirents(records, length, (inode, _type, from, end) =>
      found.push([Buffer.from(records.subarray(from, nameEnd(records, from, end))), inode]),
    );
    const child = io.openBeneath(fd, name, 'file');
    assert.deepEqual(found, [[name, Number(io.status(child).inode)]]);
    io.close(child);
    io.close(fd);
  });
});

test('opening beneath a directory goes through no link and over no mount point', () => {
  inFolder((folder) => {
    mkdirSync(join(folder, 'real'));
    symlinkSync('real', join(folder, 'link'));
    const fd = io.openPath(Buffer.from(folder), 'directory');
    assert.throws(() => io.openBeneath(fd, Buffer.from('link'), 'directory'), { code: /ELOOP|ENOTDIR/ });
    assert.throws(() => io.openBeneath(fd, Buffer.from('absent'), 'directory'), { code: 'ENOENT' });
    io.close(fd);
    const root = io.openPath(Buffer.from('/'), 'directory');
    assert.throws(() => io.openBeneath(root, Buffer.from('proc'), 'directory'), { code: 'EXDEV' });
    io.close(root);
  });
});

test('a device node that is not the expected device is refused', () => {
  assert.throws(() => io.openDevice('null', '1:3'), { code: 'ENODEV' });
});

test('an open file has a handle', () => {
  inFolder((folder) => {
    const fd = io.openPath(Buffer.from(folder), 'directory');
    const { handle } = handleOf(fd);
    assert.ok(handle.length >= 8);
    io.close(fd);
  });
});

test('waiting for a change of mounts that does not come ends by itself, without holding the process up', async () => {
  const fd = openSync('/proc/self/mountinfo', 'r');
  let turns = 0;
  const ticking = setInterval(() => turns++, 5);
  const changed = await pollPriority(fd, 50);
  clearInterval(ticking);
  closeSync(fd);
  assert.equal(changed, false);
  assert.ok(turns > 0, 'the event loop went on meanwhile');
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createProblems } from '../../src/discover/look.ts';
import { parseMountinfo, readMounts } from '../../src/discover/mountinfo.ts';
import { bytesOfPath } from '../../src/model/path.ts';
import { createKernelTree } from '../fakes/kernel-tree.ts';

function parse(text: string) {
  return parseMountinfo(Buffer.from(text, 'latin1'));
}

test('every field of a line is read, with any number of optional fields', () => {
  for (const optional of ['', 'shared:1 ', 'shared:1 master:2 propagate_from:3 unbindable ']) {
    const { mounts } = parse(`36 29 259:0 /sub /mnt/x rw,relatime ${optional}- xfs /dev/pmem0 rw,dax=always\n`);
    assert.equal(mounts.length, 1);
    const { root, mountpoint, source, ...rest } = mounts[0] as (typeof mounts)[0];
    assert.deepEqual([root.text, mountpoint.text, source.text], ['/sub', '/mnt/x', '/dev/pmem0']);
    assert.deepEqual(rest, {
      id: 36,
      parentId: 29,
      devNumber: '259:0',
      fsType: 'xfs',
      options: ['rw', 'relatime'],
      superOptions: ['rw', 'dax=always'],
    });
  }
});

test('octal escapes become the bytes they stand for, and bytes that are not UTF-8 survive exactly', () => {
  const { mounts } = parse('1 2 259:0 / /a\\040b\\134\\011\\012\xff\\043 rw - ext4 /dev/pmem0 rw\n');
  const path = mounts[0]?.mountpoint;
  assert.ok(path);
  assert.deepEqual(bytesOfPath(path), Buffer.from('/a b\\\t\n\xff#', 'latin1'));
  assert.equal(path.text, '/a b\\\t\n\\xff#');
});

test('a mount point of several bytes per character is text', () => {
  const { mounts } = parseMountinfo(Buffer.from('1 2 259:0 / /données rw - ext4 /dev/pmem0 rw\n', 'utf8'));
  assert.equal(mounts[0]?.mountpoint.text, '/données');
});

test('a line of another shape is counted, and the others are kept', () => {
  const { mounts, skipped } = parse('nonsense\n1 2 259:0 / / rw - ext4 /dev/pmem0 rw\n1 2 259:0 / / rw ext4\n');
  assert.equal(mounts.length, 1);
  assert.equal(skipped, 2);
});

test('every mount of a block device is kept, btrfs with its anonymous number too, and pseudo file systems are not', async () => {
  const text = [
    '1 0 259:0 / /a rw - xfs /dev/pmem0 rw',
    '2 0 259:0 /sub /b rw - xfs /dev/pmem0 rw',
    '3 0 0:44 /vol /c rw - btrfs /dev/pmem1 rw,subvol=/vol',
    '4 0 0:21 / /sys rw - sysfs sysfs rw',
    '5 0 0:27 / /run rw - tmpfs tmpfs rw',
    '6 0 0:50 / /net rw - nfs4 host:/dev/x rw',
    '7 0 8:1 / /d rw - ext4 none rw',
    '',
  ].join('\n');
  const tree = createKernelTree([['1/mountinfo', { kind: 'file', data: Buffer.from(text) }]]);
  const mounts = await readMounts(tree, createProblems());
  assert.deepEqual(
    mounts.map(({ mountpoint }) => mountpoint.text),
    ['/a', '/b', '/c', '/d'],
  );
});

test('without a look at init our own mounts are taken, and that is said', async () => {
  const data = Buffer.from('1 0 259:0 / /a rw - xfs /dev/pmem0 rw\n');
  const tree = createKernelTree([
    ['1/mountinfo', { kind: 'error', errno: 'EACCES' }],
    ['self/mountinfo', { kind: 'file', data }],
  ]);
  const problems = createProblems();
  assert.equal((await readMounts(tree, problems)).length, 1);
  assert.deepEqual(
    problems.found.map(({ subject }) => subject),
    ['1/mountinfo'],
  );
});

import assert from 'node:assert/strict';
import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { test } from 'node:test';
import { createExtentReader } from '../../src/resolve/fs/file-extents.ts';
import { io, obstacle, resolveAll, resolveSectors, tool, withLab } from './lab.ts';
import { namesBelow, pathsByInode } from './oracle.ts';
import { growRandomTree } from './random-tree.ts';
import { testXfs, xfsKinds } from './xfs-kinds.ts';

const skip = obstacle('mkfs.xfs', 'setfattr', 'losetup', 'fallocate') ?? false;

for (const kind of xfsKinds) testXfs(kind);

test('XFS: a file shared by reflink is told for every owner', { skip }, async (t) => {
  const mkfs = ['mkfs.xfs', '-q', '-m', 'rmapbt=1,reflink=1'];
  await withLab(t, { megabytes: 512, mkfs }, async (lab) => {
    const { mountpoint } = lab;
    tool('dd', 'if=/dev/urandom', `of=${mountpoint}/original`, 'bs=64k', 'count=4', 'status=none');
    tool('cp', '--reflink=always', `${mountpoint}/original`, `${mountpoint}/copy`);
    tool('sync', '-f', mountpoint);
    const owners = await resolveAll(lab);
    const shared = owners.filter((o) => o.kind === 'file' && o.shared === true);
    assert.deepEqual([...new Set(shared.flatMap((o) => o.paths ?? []))].sort(), [
      `${mountpoint}/copy`,
      `${mountpoint}/original`,
    ]);
    const [one] = shared;
    assert.ok(one);
    const answer = await resolveSectors(lab.device, [[one.start + 3, 2]]);
    assert.deepEqual(
      answer.results[0]?.owners.map((o) => [o.start, o.count, o.offset, o.length]),
      shared.filter((o) => o.start === one.start).map((o) => [one.start + 3, 2, (o.offset ?? 0) + 3 * 512, 1024]),
    );
  });
});

test('XFS: one sector of a file far from its directory is found with its names', { skip }, async (t) => {
  await withLab(t, { megabytes: 512, mkfs: ['mkfs.xfs', '-q', '-m', 'rmapbt=1'] }, async (lab, defer) => {
    const tree = growRandomTree(lab.mountpoint, { blockBytes: 4096 });
    t.diagnostic(`PMEMWATCH_SEED=${tree.seed}`);
    defer(tree.close);
    const names = namesBelow(lab.mountpoint);
    const paths = pathsByInode(names);
    for (const owner of (await resolveAll(lab)).filter((o) => o.kind === 'file').filter((_, i) => i % 199 === 0)) {
      const answer = await resolveSectors(lab.device, [[owner.start, 1]]);
      const [one] = answer.results[0]?.owners ?? [];
      assert.equal(one?.inode, owner.inode);
      assert.deepEqual([...(one?.pathsBase64 ?? [])].sort(), paths.get(owner.inode ?? ''));
    }
  });
});

test('XFS without a reverse map: what is preallocated behind the end of an open file is the file too', {
  skip,
}, async (t) => {
  await withLab(t, { megabytes: 512, mkfs: ['mkfs.xfs', '-q', '-m', 'rmapbt=0'] }, async (lab, defer) => {
    const path = `${lab.mountpoint}/growing`;
    const fd = openSync(path, 'a');
    defer(() => closeSync(fd));
    for (let i = 0; i < 64; i++) writeSync(fd, Buffer.alloc(64 * 1024, 1));
    fsyncSync(fd);
    const behind = createExtentReader(io)
      .read(fd)
      .find((e) => e.logical >= 4 * 1024 * 1024);
    assert.ok(behind, 'nothing is preallocated');
    const answer = await resolveSectors(lab.device, [[behind.physical / 512 + 8, 1]]);
    assert.deepEqual(
      answer.results[0]?.owners.map((o) => [o.kind, o.paths, o.offset, o.state]),
      [['file', [path], behind.logical + 4096, 'unwritten']],
    );
  });
});

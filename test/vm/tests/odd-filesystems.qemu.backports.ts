import '../guest/small-labs.ts';
import '../../loopfs/f2fs.loopfs.ts';
import '../../loopfs/realtime.loopfs.ts';
import '../../loopfs/encrypted.loopfs.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ext4Kinds, testExt4 } from '../../loopfs/ext4-kinds.ts';
import { testXfs, xfsKinds } from '../../loopfs/xfs-kinds.ts';

// What few kernels are built with, and that of the machine that this guest runs on may not be: f2fs, realtime devices,
// case folding, quota, the old XFS. The tests are those of the loop devices, on a tree that an emulated processor can manage.
const ext4 = ext4Kinds.filter(({ name }) => /case folding|quota/.test(name));
const xfs = xfsKinds.filter(({ name }) => /parent pointers|fourth version/.test(name));
for (const kind of ext4) testExt4(kind);
for (const kind of xfs) testXfs(kind);

test('the kinds are still named so', () => {
  assert.deepEqual([ext4.length, xfs.length], [2, 2]);
});

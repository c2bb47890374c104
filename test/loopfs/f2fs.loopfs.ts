import assert from 'node:assert/strict';
import { test } from 'node:test';
import { obstacle, resolveSectors, withLab } from './lab.ts';
import { assertAsContents, assertAsFiemap, assertEverySectorOnce, bySector, namesBelow } from './oracle.ts';
import { growRandomTree } from './random-tree.ts';

const skip = obstacle('mkfs.f2fs', 'setfattr', 'losetup', 'fallocate') ?? false;

test('f2fs: every sector is resolved as FIEMAP says, and holds what the file shows there', { skip }, async (t) => {
  await withLab(t, { megabytes: 256, mkfs: ['mkfs.f2fs', '-q'] }, async (lab, defer) => {
    const tree = growRandomTree(lab.mountpoint, { blockBytes: 4096 });
    t.diagnostic(`PMEMWATCH_SEED=${tree.seed}`);
    defer(tree.close);
    const answer = await resolveSectors(lab.device, [[0, lab.sectors]]);
    const owners = answer.results[0]?.owners ?? [];
    const sectors = bySector(owners);
    assertEverySectorOnce(sectors, lab.sectors);
    assertAsFiemap(sectors, namesBelow(lab.mountpoint), tree.deletedInodes);
    assertAsContents(owners, lab.device);
    assert.ok(owners.some((o) => o.kind === 'deleted' && o.openBy?.some((p) => p.pid === process.pid)));
    // what no file maps cannot be told apart by a walk
    const kinds = new Set(owners.map((o) => o.kind));
    assert.deepEqual([...kinds].sort(), ['deleted', 'directory', 'file', 'unknown']);
  });
});

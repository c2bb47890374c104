import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { test } from 'node:test';
import { isSmall, obstacle, resolveSectors, tool, withLab } from './lab.ts';
import { assertAsContents, assertAsFiemap, assertEverySectorOnce, bySector, namesBelow } from './oracle.ts';
import { growRandomTree } from './random-tree.ts';

const skip = obstacle('mkfs.xfs', 'xfs_io', 'setfattr', 'losetup', 'fallocate') ?? false;

const kinds = [
  { what: 'extents of 4 KiB', options: [], both: true },
  // what lies on the data device is no different
  { what: 'extents of 64 KiB', options: ['-r', 'extsize=64k'], both: !isSmall },
] as const;

for (const { what, options, both } of kinds) {
  test(`XFS with a realtime device, ${what}: every sector is resolved as FIEMAP says`, { skip }, async (t) => {
    const mkfs = ['mkfs.xfs', '-q', '-m', 'rmapbt=0', ...options];
    const size = { megabytes: 320, realtimeMegabytes: isSmall ? 32 : 128 };
    await withLab(t, { ...size, mkfs }, async ({ mountpoint, device, sectors: total, realtime }, defer) => {
      const folders = { realtime: `${mountpoint}/realtime`, ...(both ? { data: `${mountpoint}/data` } : {}) };
      for (const folder of Object.values(folders)) mkdirSync(folder);
      // whatever is made below it is of the realtime device
      tool('xfs_io', '-c', 'chattr +t', folders.realtime);
      const trees = Object.values(folders).map((folder) => growRandomTree(folder, { blockBytes: 4096 }));
      for (const tree of trees) defer(tree.close);
      t.diagnostic(`PMEMWATCH_SEED=${trees[0]?.seed}`);
      const deleted = new Set(trees.flatMap((tree) => [...tree.deletedInodes]));

      const there = await resolveSectors(realtime, [[0, size.realtimeMegabytes * 2048]]);
      const owners = there.results[0]?.owners ?? [];
      const sectors = bySector(owners);
      assertEverySectorOnce(sectors, size.realtimeMegabytes * 2048);
      assertAsFiemap(sectors, namesBelow(folders.realtime), deleted);
      assertAsContents(owners, realtime);
      assert.ok(owners.some((o) => o.kind === 'deleted' && o.openBy?.some((p) => p.pid === process.pid)));
      assert.deepEqual([...new Set(owners.map((o) => o.kind))].sort(), ['deleted', 'file', 'free']);

      if (folders.data === undefined) return;
      const here = await resolveSectors(device, [[0, total]]);
      const others = here.results[0]?.owners ?? [];
      const onData = bySector(others);
      assertEverySectorOnce(onData, total);
      const files = namesBelow(folders.data);
      const ofTheRealtimeTree = namesBelow(folders.realtime).filter(({ kind }) => kind !== 'file');
      assertAsFiemap(onData, [...files, ...ofTheRealtimeTree], deleted);
      assertAsContents(others, device);
    });
  });
}

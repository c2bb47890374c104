import assert from 'node:assert/strict';
import { closeSync, mkdirSync, openSync, readdirSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { discoverFacts, resolveDevice, withPool } from './btrfs-lab.ts';
import {
  assertAsDump,
  assertAsFiemap,
  assertAsLogicalResolve,
  assertSameBytes,
  byBlock,
  readDump,
} from './btrfs-oracle.ts';
import { obstacle, tool } from './lab.ts';
import { namesBelow } from './oracle.ts';
import { createRandom } from './random.ts';
import { growRandomTree } from './random-tree.ts';

const skip = obstacle('mkfs.btrfs', 'btrfs', 'losetup', 'setfattr', 'fallocate') ?? false;
const variants: readonly {
  readonly name: string;
  readonly devices: number;
  readonly mkfs: readonly string[];
  readonly mountOptions?: string;
  /** a whole random tree, or a small one */
  readonly scale: number;
}[] = [
  {
    name: 'single',
    devices: 1,
    mkfs: ['-d', 'single', '-m', 'single'],
    mountOptions: 'noatime,commit=1,compress=zstd',
    scale: 1,
  },
  { name: 'DUP', devices: 1, mkfs: ['-d', 'dup', '-m', 'dup'], scale: 0.2 },
  { name: 'mixed block groups', devices: 1, mkfs: ['-M', '-n', '4096'], scale: 0.2 },
  { name: 'RAID0', devices: 2, mkfs: ['-d', 'raid0', '-m', 'raid0'], scale: 0.2 },
  {
    name: 'RAID1',
    devices: 2,
    mkfs: ['-d', 'raid1', '-m', 'raid1'],
    mountOptions: 'noatime,commit=1,compress-force=lzo',
    scale: 1,
  },
  { name: 'RAID1C3', devices: 3, mkfs: ['-d', 'raid1c3', '-m', 'raid1c3'], scale: 0.2 },
  { name: 'RAID10', devices: 4, mkfs: ['-d', 'raid10', '-m', 'raid10'], scale: 1 },
  { name: 'RAID5', devices: 3, mkfs: ['-d', 'raid5', '-m', 'raid1'], scale: 0.2 },
  { name: 'RAID6', devices: 4, mkfs: ['-d', 'raid6', '-m', 'raid6'], scale: 0.2 },
];

for (const { name, devices, mkfs, mountOptions, scale } of variants) {
  test(`btrfs ${name}: every sector of every device is told as its own tools, FIEMAP and the bytes themselves say`, {
    skip,
  }, async (t) => {
    await withPool(
      t,
      { devices, megabytes: 400, mkfs, ...(mountOptions === undefined ? {} : { mountOptions }) },
      async (pool, defer) => {
        const at = (...parts: string[]): string => join(pool.mountpoint, ...parts);
        const tree = growRandomTree(pool.mountpoint, { blockBytes: 4096, reflinks: true, compression: true, scale });
        t.diagnostic(`PMEMWATCH_SEED=${tree.seed}`);
        defer(tree.close);
        growSubvolumes(pool.mountpoint, tree.seed);
        tool('sync', '-f', pool.mountpoint);

        const facts = await discoverFacts();
        const found = [];
        for (const device of pool.devices) found.push(await resolveDevice(device, pool.sectors, facts));
        const dump = readDump(pool);
        const names = namesBelow(pool.mountpoint);
        assert.ok(
          names.some((n) => n.path.toString().startsWith(at('snapshot/'))),
          'the snapshot is not there',
        );
        const blocksOf = found.map((f) => byBlock(f.owners));
        let same = 0;
        for (const [i, { owners, complete }] of found.entries()) {
          const unknown = owners.filter((o) => o.kind === 'unknown');
          assert.deepEqual(unknown, []);
          assert.ok(complete, JSON.stringify(owners.find((o) => o.pathsComplete === false)));
          const blocks = blocksOf[i] as ReturnType<typeof byBlock>;
          assertAsDump(dump, i + 1, blocks, pool.sectors);
          assertAsFiemap(dump, i + 1, blocks, names);
          same += assertSameBytes(pool.images[i] as string, blocks);
          for (const o of owners) {
            if (o.kind === 'deleted') assert.ok(tree.deletedInodes.has(o.inode ?? ''), JSON.stringify(o));
          }
        }
        assert.ok(same > 500, `only ${same} blocks could be compared`);
        assertAsLogicalResolve(dump, pool, blocksOf, createRandom(tree.seed).pick);
        const all = found.flatMap((f) => f.owners);
        assert.ok(all.some((o) => o.kind === 'deleted' && o.openBy?.some((p) => p.pid === process.pid)));
      },
    );
  });
}

/** Subvolumes inside and beside each other, a snapshot that then differs, extents shared across, one deleted again. */
function growSubvolumes(root: string, seed: number): void {
  const at = (...parts: string[]): string => join(root, ...parts);
  const subvolume = (...args: readonly string[]): void => void tool('btrfs', 'subvolume', ...args);
  const random = createRandom(seed + 1);
  subvolume('create', at('outer'));
  mkdirSync(at('outer/folder'));
  subvolume('create', at('outer/folder/inner'));
  for (let i = 0; i < 30; i++) {
    const bytes = random.bytes(random.int(1, 200_000), random.chance(0.3));
    writeFileSync(at(i % 2 === 0 ? 'outer/folder' : 'outer/folder/inner', `file ${i}`), bytes);
  }
  tool('cp', '--reflink=always', at('outer/folder/file 0'), at('outer/folder/inner/shared'));
  tool('sync', '-f', root);
  subvolume('snapshot', root, at('snapshot'));
  subvolume('snapshot', '-r', at('outer'), at('outer snapshot'));
  for (let i = 0; i < 30; i += 3) {
    const path = at(i % 2 === 0 ? 'outer/folder' : 'outer/folder/inner', `file ${i}`);
    if (random.chance(0.3)) rmSync(path);
    else {
      const fd = openSync(path, 'r+');
      writeSync(fd, random.bytes(4096, false), 0, 4096, 4096 * random.int(0, 20));
      closeSync(fd);
    }
  }
  subvolume('create', at('passing'));
  writeFileSync(at('passing/file'), random.bytes(100_000, false));
  tool('sync', '-f', root);
  subvolume('delete', at('passing'));
  tool('btrfs', 'subvolume', 'sync', root);
  assert.ok(!readdirSync(root).includes('passing'));
}

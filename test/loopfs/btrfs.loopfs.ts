import assert from 'node:assert/strict';
import { closeSync, mkdirSync, openSync, readdirSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Run, run } from '../../src/model/extent.ts';
import type { Owner } from '../../src/model/owner.ts';
import { pathFromText } from '../../src/model/path.ts';
import { checkPaths } from '../../src/resolve/check.ts';
import type { HostFacts } from '../../src/resolve/climb.ts';
import { discoverFacts, type Pool, resolveDevice, withPool } from './btrfs-lab.ts';
import {
  assertAsDump,
  assertAsFiemap,
  assertAsLogicalResolve,
  assertSameBytes,
  byBlock,
  readDump,
} from './btrfs-oracle.ts';
import { io, obstacle, tool } from './lab.ts';
import { namesBelow } from './oracle.ts';
import { createRandom, type Random } from './random.ts';
import { growRandomTree } from './random-tree.ts';

const skip = obstacle('mkfs.btrfs', 'btrfs', 'losetup', 'setfattr', 'fallocate') ?? false;
const whole = process.env['PMEMWATCH_SCALE'] !== undefined;
const variants: readonly {
  readonly name: string;
  readonly devices: number;
  readonly mkfs: readonly string[];
  readonly mountOptions?: string;
  /** a whole random tree, or a small one; `PMEMWATCH_SCALE` makes all of them whole */
  readonly scale: number;
}[] = [
  {
    name: 'single',
    devices: 1,
    mkfs: ['-d', 'single', '-m', 'single'],
    mountOptions: 'noatime,commit=1,compress=zstd',
    scale: 1,
  },
  { name: 'DUP', devices: 1, mkfs: ['-d', 'dup', '-m', 'dup'], scale: 0.1 },
  { name: 'mixed block groups', devices: 1, mkfs: ['-M', '-n', '4096'], scale: 0.1 },
  { name: 'RAID0', devices: 2, mkfs: ['-d', 'raid0', '-m', 'raid0'], scale: 0.1 },
  {
    name: 'RAID1',
    devices: 2,
    mkfs: ['-d', 'raid1', '-m', 'raid1'],
    mountOptions: 'noatime,commit=1,compress-force=lzo',
    scale: 0.3,
  },
  { name: 'RAID1C3', devices: 3, mkfs: ['-d', 'raid1c3', '-m', 'raid1c3'], scale: 0.1 },
  { name: 'RAID10', devices: 4, mkfs: ['-d', 'raid10', '-m', 'raid10'], scale: 0.3 },
  { name: 'RAID5', devices: 3, mkfs: ['-d', 'raid5', '-m', 'raid1'], scale: 0.1 },
  { name: 'RAID6', devices: 4, mkfs: ['-d', 'raid6', '-m', 'raid6'], scale: 0.1 },
];

/** What differs from others by arithmetic alone, which quick tests cover too. */
const thorough = new Set(['RAID0', 'RAID1C3']);
for (const { name, devices, mkfs, mountOptions, scale } of variants) {
  const left = thorough.has(name) && !whole ? 'only with PMEMWATCH_SCALE set: it takes long' : false;
  test(`btrfs ${name}: every sector of every device is told as its own tools, FIEMAP and the bytes themselves say`, {
    skip: skip || left,
  }, async (t) => {
    await withPool(
      t,
      {
        devices,
        megabytes: scale < 1 && !whole ? 256 : 400,
        mkfs,
        ...(mountOptions === undefined ? {} : { mountOptions }),
      },
      async (pool, defer) => {
        const at = (...parts: string[]): string => join(pool.mountpoint, ...parts);
        const tree = growRandomTree(pool.mountpoint, {
          blockBytes: 4096,
          reflinks: true,
          compression: true,
          scale: whole ? 1 : scale,
        });
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
        const random = createRandom(tree.seed);
        assertAsLogicalResolve(dump, pool, blocksOf, random.pick);
        await assertCheckAgrees(pool, facts, blocksOf, random);
        const all = found.flatMap((f) => f.owners);
        assert.ok(all.some((o) => o.kind === 'deleted' && o.openBy?.some((p) => p.pid === process.pid)));
      },
    );
  });
}

/** `check` goes the other way, from files to sectors: with some blocks bad it finds exactly the bytes that `resolve` names. */
async function assertCheckAgrees(
  { devices, mountpoint }: Pool,
  facts: HostFacts,
  blocksOf: readonly ReadonlyMap<number, readonly Owner[]>[],
  random: Random,
): Promise<void> {
  const bad = new Map<string, Run[]>(devices.map((d) => [d, []]));
  const expected = new Set<string>();
  for (const [i, blocks] of blocksOf.entries()) {
    const held = [...blocks].filter(([, owners]) => owners.some((o) => o.kind === 'file'));
    for (let n = 0; n < 150; n++) {
      const [block, owners] = random.pick(held);
      bad.get(devices[i] as string)?.push(run(block * 8, 8));
      for (const o of owners) {
        const into = o.packed === true ? 0 : block * 4096 - o.start * 512;
        const bytes = o.packed === true ? o.length : 4096;
        for (const path of o.pathsBase64 ?? []) expected.add(`${path} ${(o.offset ?? 0) + into}+${bytes}`);
      }
    }
  }
  assert.ok(expected.size > 100, 'almost nothing was asked about');
  const found = new Set<string>();
  const at = pathFromText(mountpoint);
  for await (const file of checkPaths([at], bad, facts, io, new AbortController().signal)) {
    for (const r of file.ranges) {
      // neighbouring bad blocks come as one range, except where any of them spoils the same bytes
      const step = r.length === r.count * 512 ? 4096 : r.length;
      for (let b = 0; b < r.length; b += step) found.add(`${file.pathBase64} ${r.offset + b}+${step}`);
    }
  }
  const shown = (all: ReadonlySet<string>): string[] =>
    [...all].map((s) => s.replace(/^\S+/, (path) => Buffer.from(path, 'base64').toString('latin1'))).sort();
  assert.deepEqual(shown(found), shown(expected));
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

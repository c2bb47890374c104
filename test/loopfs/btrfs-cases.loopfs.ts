import assert from 'node:assert/strict';
import { closeSync, fsyncSync, mkdirSync, openSync, unlinkSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { run } from '../../src/model/extent.ts';
import type { Owner } from '../../src/model/owner.ts';
import { pathFromText } from '../../src/model/path.ts';
import { checkFile } from '../../src/resolve/check.ts';
import { createExtentReader } from '../../src/resolve/fs/file-extents.ts';
import { discoverFacts, type Pool, withPool } from './btrfs-lab.ts';
import { placesOf, readDump } from './btrfs-oracle.ts';
import { io, obstacle, resolveSectors, tool } from './lab.ts';
import { createRandom } from './random.ts';

const skip = obstacle('mkfs.btrfs', 'btrfs', 'losetup') ?? false;
const single = { devices: 1, megabytes: 256, mkfs: ['-d', 'single', '-m', 'single'] };
const mirrored = { devices: 2, megabytes: 256, mkfs: ['-d', 'raid1', '-m', 'raid1'] };
const noise = (bytes: number): Buffer => createRandom(5).bytes(bytes, false);

/** The first sector of a file's byte on one of the devices (1 is the first), as FIEMAP and the chunk tree have it. */
function sectorOf(pool: Pool, path: string, device = 1, byte = 0): number {
  const fd = openSync(path, 'r');
  try {
    const [e] = createExtentReader(io).read(fd, byte, 1);
    assert.ok(e);
    const place = placesOf(readDump(pool).chunks, e.physical + byte - e.logical).find((p) => p.device === device);
    assert.ok(place);
    return place.byte / 512;
  } finally {
    closeSync(fd);
  }
}
async function ownersOf(pool: Pool, sector: number, device = 1, facts?: Awaited<ReturnType<typeof discoverFacts>>) {
  const name = pool.devices[device - 1] as string;
  const answer = await resolveSectors(name, [[sector, 1]], { facts: facts ?? (await discoverFacts()) });
  return { complete: answer.complete, owners: answer.results[0]?.owners ?? [] };
}
function pathsOf(owners: readonly Owner[]): (readonly string[] | undefined)[] {
  return owners.map((o) => o.paths);
}

test('btrfs: what was written a moment ago is a file, although no commit has told the extent tree', {
  skip,
}, async (t) => {
  await withPool(t, { ...single, mountOptions: 'noatime,commit=300' }, async (pool) => {
    const path = join(pool.mountpoint, 'new');
    writeFileSync(join(pool.mountpoint, 'old'), noise(100_000));
    tool('sync', '-f', pool.mountpoint);
    const fd = openSync(path, 'w');
    writeSync(fd, noise(50_000));
    fsyncSync(fd);
    closeSync(fd);
    const { owners } = await ownersOf(pool, sectorOf(pool, path));
    assert.deepEqual(pathsOf(owners), [[path]]);
    // a clone that is not committed either shares what is
    const clone = join(pool.mountpoint, 'clone');
    tool('cp', '--reflink=always', join(pool.mountpoint, 'old'), clone);
    const both = await ownersOf(pool, sectorOf(pool, clone));
    assert.deepEqual(both.owners.flatMap((o) => o.paths).sort(), [clone, join(pool.mountpoint, 'old')]);
    unlinkSync(path);
  });
});

test('btrfs: where only a subvolume is mounted, names outside of it are said to be missing', { skip }, async (t) => {
  await withPool(t, single, async (pool, defer) => {
    const at = (name: string): string => join(pool.mountpoint, name);
    tool('btrfs', 'subvolume', 'create', at('home'));
    writeFileSync(at('home/mine'), noise(20_000));
    tool('btrfs', 'subvolume', 'snapshot', at('home'), at('backup'));
    tool('sync', '-f', pool.mountpoint);
    const sector = sectorOf(pool, at('home/mine'));
    const device = `/dev/${pool.devices[0]}`;
    tool('umount', pool.mountpoint);
    tool('mount', '-o', 'subvol=home', device, pool.mountpoint);
    defer(() => undefined);
    const { owners, complete } = await ownersOf(pool, sector);
    const seen = owners.find((o) => o.paths?.length === 1);
    const hidden = owners.find((o) => o.paths?.length === 0);
    assert.deepEqual(seen?.paths, [at('mine')]);
    assert.equal(seen?.pathsComplete, true);
    assert.equal(hidden?.pathsComplete, false);
    assert.match(hidden?.reason ?? '', /outside of what is mounted/);
    assert.equal(complete, false);
  });
});

test('btrfs: the part of an extent that was overwritten is held by nobody, and is told so', { skip }, async (t) => {
  await withPool(t, single, async (pool) => {
    const path = join(pool.mountpoint, 'file');
    writeFileSync(path, noise(400_000));
    tool('sync', '-f', pool.mountpoint);
    const before = sectorOf(pool, path, 1, 40_960);
    const fd = openSync(path, 'r+');
    writeSync(fd, noise(8192), 0, 8192, 40_960);
    fsyncSync(fd);
    closeSync(fd);
    tool('sync', '-f', pool.mountpoint);
    const { owners } = await ownersOf(pool, before);
    assert.deepEqual(
      owners.map((o) => o.kind),
      ['unreferenced'],
    );
    const around = await ownersOf(pool, before - 8);
    assert.deepEqual([around.owners[0]?.paths, around.owners[0]?.offset], [[path], 36_864]);
  });
});

test('btrfs: a copy that is bad too, or on a device that is gone, is no good copy', { skip }, async (t) => {
  await withPool(t, mirrored, async (pool) => {
    const path = join(pool.mountpoint, 'file');
    writeFileSync(path, noise(20_000));
    tool('sync', '-f', pool.mountpoint);
    const [first, second] = [sectorOf(pool, path, 1), sectorOf(pool, path, 2)];
    const facts = await discoverFacts();
    const unlisted = await ownersOf(pool, first);
    // nobody knows what a loop device's own disk is worth
    assert.equal(unlisted.owners[0]?.goodCopy?.exists, 'unknown');
    const clean = new Map(pool.devices.map((d) => [d, []]));
    const { owners } = await ownersOf(pool, first, 1, { ...facts, badRuns: clean });
    assert.deepEqual(owners[0]?.goodCopy, { exists: 'yes', where: `/dev/${pool.devices[1]} (btrfs RAID1)` });
    const badRuns = new Map([[pool.devices[1] as string, [run(second, 1)]]]);
    const both = await ownersOf(pool, first, 1, { ...facts, badRuns });
    assert.deepEqual(both.owners[0]?.goodCopy, { exists: 'no', where: null });

    const bad = new Map([
      [pool.devices[0] as string, []],
      [pool.devices[1] as string, [run(second, 1)]],
    ]);
    const checked = checkFile(pathFromText(path), bad, { ...facts, badRuns: bad }, io);
    assert.deepEqual(
      checked.ranges.map((r) => [r.offset, r.length, r.device, r.goodCopy?.exists]),
      [[0, 512, pool.devices[1], 'yes']],
    );
    assert.equal(checked.complete, true);

    tool('umount', pool.mountpoint);
    tool('btrfs', 'device', 'scan', '--forget');
    tool('mount', '-o', 'degraded,ro', `/dev/${pool.devices[0]}`, pool.mountpoint);
    const alone = await ownersOf(pool, first);
    assert.deepEqual(pathsOf(alone.owners), [[path]]);
    assert.deepEqual(alone.owners[0]?.goodCopy, { exists: 'no', where: null });
  });
});

test('btrfs: processes are told of the subvolume whose file they have open, not of its snapshot', {
  skip,
}, async (t) => {
  await withPool(t, single, async (pool, defer) => {
    const at = (name: string): string => join(pool.mountpoint, name);
    mkdirSync(at('folder'));
    writeFileSync(at('folder/file'), noise(20_000));
    tool('btrfs', 'subvolume', 'snapshot', pool.mountpoint, at('snapshot'));
    tool('sync', '-f', pool.mountpoint);
    const fd = openSync(at('snapshot/folder/file'), 'r');
    defer(() => closeSync(fd));
    const { owners } = await ownersOf(pool, sectorOf(pool, at('folder/file')));
    const users = owners.map((o) => [o.paths?.[0], o.openBy?.some((p) => p.pid === process.pid)]);
    assert.deepEqual(users.sort(), [
      [at('folder/file'), false],
      [at('snapshot/folder/file'), true],
    ]);
  });
});

test('btrfs: a loop device on a file in a subvolume is looked through to what is on it', {
  skip: skip || (obstacle('mkfs.ext4') ?? false),
}, async (t) => {
  await withPool(t, single, async (pool, defer) => {
    const at = (name: string): string => join(pool.mountpoint, name);
    tool('btrfs', 'subvolume', 'create', at('machines'));
    const image = at('machines/image');
    writeFileSync(image, noise(8 * 1024 * 1024));
    tool('mkfs.ext4', '-q', '-F', image);
    tool('sync', '-f', pool.mountpoint);
    const loop = tool('losetup', '--show', '-f', image).toString().trim();
    defer(() => tool('losetup', '-d', loop));
    mkdirSync(at('inside'));
    tool('mount', '-o', 'ro', loop, at('inside'));
    defer(() => tool('umount', at('inside')));
    const facts = await discoverFacts();
    // the superblock of an ext4 lies 1024 bytes from its start
    const { owners } = await ownersOf(pool, sectorOf(pool, image, 1, 1024), 1, facts);
    assert.deepEqual([owners[0]?.kind, owners[0]?.metadata, owners[0]?.fsType], ['metadata', 'superblock', 'ext4']);
    assert.equal(owners[0]?.layers?.[0]?.kind, 'loop');
  });
});

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Owner } from '../../src/model/owner.ts';
import { createExtentReader } from '../../src/resolve/fs/file-extents.ts';
import { discoverFacts, type Pool, resolveDevice, withPool } from './btrfs-lab.ts';
import { byBlock, placesOf, readDump } from './btrfs-oracle.ts';
import { io, obstacle, resolveSectors, tool } from './lab.ts';
import { createRandom, seedFromEnvironment } from './random.ts';

const skip = obstacle('mkfs.btrfs', 'btrfs', 'losetup') ?? false;
const BLOCK = 4096;
const ROUNDS = Number(process.env['PMEMWATCH_ROUNDS'] ?? 5);

test('while a writer changes a btrfs, what does not change is told as it is, and of the rest nothing that never was', {
  skip,
}, async (t) => {
  const seed = seedFromEnvironment();
  t.diagnostic(`PMEMWATCH_SEED=${seed}`);
  const mkfs = ['-d', 'raid1', '-m', 'raid1'];
  await withPool(t, { devices: 2, megabytes: 512, mkfs }, async (pool, defer) => {
    const calm = growCalm(pool, seed);
    tool('btrfs', 'subvolume', 'snapshot', pool.mountpoint, join(pool.mountpoint, 'snapshot'));
    const busy = join(pool.mountpoint, 'busy');
    mkdirSync(busy);
    tool('sync', '-f', pool.mountpoint);
    const stable = stableBlocks(pool, calm);
    const writer = spawn(process.execPath, [join(import.meta.dirname, 'btrfs-writer.ts'), busy, String(seed)], {
      stdio: 'inherit',
    });
    const ended = new Promise((done) => writer.once('exit', done));
    let told = 0;
    let changed = 0;
    try {
      await sleep(1500);
      const numbers = new Map<string, string>();
      for (let round = 0; round < ROUNDS; round++) {
        const facts = await discoverFacts();
        const { owners } = await resolveDevice(pool.devices[1] as string, pool.sectors, facts);
        writer.kill('SIGSTOP');
        const blocks = byBlock(owners);
        assertCalm(blocks, stable);
        for (const owner of owners) assertOneNumber(owner, busy, numbers);
        const doubtful = mismatches(pool.images[1] as string, blocks, busy);
        told += doubtful.compared;
        changed += doubtful.blocks.length;
        const now = await resolveSectors(
          pool.devices[1] as string,
          doubtful.blocks.map((b) => [b * 8, 8]),
          { facts },
        );
        // what was told is not so any more: it changed in the meantime, and is not told again
        for (const { start, owners: again } of now.results) {
          const before = blocks.get(start / 8)?.filter((o) => again.some((a) => sameFile(a, o)));
          assert.deepEqual(before, [], `sector ${start} is still told as another file's than its bytes say`);
        }
        writer.kill('SIGCONT');
        await sleep(200);
      }
      assert.ok(numbers.size > 100, `only ${numbers.size} busy files were seen`);
    } finally {
      writer.kill('SIGKILL');
      await ended;
    }
    defer(() => undefined);
    t.diagnostic(`${told} blocks of changing files were told, ${changed} of them had changed a moment later`);
    assert.ok(told > 500 && changed < told / 4);
  });
});

function growCalm({ mountpoint }: Pool, seed: number): string[] {
  const random = createRandom(seed);
  mkdirSync(join(mountpoint, 'calm'));
  return Array.from({ length: 150 }, (_, i) => {
    const path = join(mountpoint, 'calm', `file ${i}`);
    writeFileSync(path, random.bytes(random.int(5000, 200_000), false));
    return path;
  });
}

/** Where blocks of the calm files lie on the second device. */
function stableBlocks(pool: Pool, paths: readonly string[]): Map<number, { path: string; offset: number }> {
  const { chunks } = readDump(pool);
  const reader = createExtentReader(io);
  const blocks = new Map<number, { path: string; offset: number }>();
  for (const path of paths) {
    const fd = openSync(path, 'r');
    for (const e of reader.read(fd)) {
      for (let b = 0; b < e.length; b += BLOCK) {
        for (const p of placesOf(chunks, e.physical + b)) {
          if (p.device === 2) blocks.set(p.byte / BLOCK, { path, offset: e.logical + b });
        }
      }
    }
    closeSync(fd);
  }
  assert.ok(blocks.size > 1000);
  return blocks;
}

function assertCalm(
  blocks: ReadonlyMap<number, readonly Owner[]>,
  stable: ReadonlyMap<number, { readonly path: string; readonly offset: number }>,
): void {
  for (const [block, { path, offset }] of stable) {
    const owners = blocks.get(block) ?? [];
    if (owners.some((o) => o.kind === 'unknown')) continue;
    const told = owners.map((o) => [o.paths, (o.offset ?? 0) + block * BLOCK - o.start * 512]);
    const copy = path.replace('/calm/', '/snapshot/calm/');
    told.sort((a, b) => String(a[0]).localeCompare(String(b[0])));
    assert.deepEqual(
      told,
      [
        [[path], offset],
        [[copy], offset],
      ],
      `block ${block}: ${JSON.stringify(owners)}`,
    );
  }
}

/** All that is ever told of one inode names one file: no name is given to another's bytes. */
function assertOneNumber(owner: Owner, busy: string, numbers: Map<string, string>): void {
  for (const path of owner.paths ?? []) {
    if (!path.startsWith(busy)) continue;
    const number = /\/n(\d+)\./.exec(path)?.[1] ?? path;
    const before = numbers.get(owner.inode ?? '');
    assert.ok(before === undefined || before === number, `inode ${owner.inode} is n${before} and ${path}`);
    numbers.set(owner.inode ?? '', number);
  }
}

/** Blocks whose bytes on the device are not those of the file that was told. */
function mismatches(image: string, blocks: ReadonlyMap<number, readonly Owner[]>, busy: string) {
  const disk = openSync(image, 'r');
  const raw = Buffer.alloc(64);
  const found: number[] = [];
  let compared = 0;
  for (const [block, owners] of blocks) {
    const owner = owners.find((o) => o.kind === 'file' && o.paths?.[0]?.startsWith(busy));
    const number = /\/n(\d+)\./.exec(owner?.paths?.[0] ?? '')?.[1];
    if (owner === undefined || number === undefined) continue;
    readSync(disk, raw, 0, raw.length, block * BLOCK);
    const offset = (owner.offset ?? 0) + block * BLOCK - owner.start * 512;
    if (!raw.toString('latin1').startsWith(`${number}:${offset};`)) found.push(block);
    compared++;
  }
  closeSync(disk);
  return { compared, blocks: found };
}
function sameFile(a: Owner, b: Owner): boolean {
  return (
    a.kind === 'file' && a.inode === b.inode && (a.offset ?? 0) - a.start * 512 === (b.offset ?? 0) - b.start * 512
  );
}

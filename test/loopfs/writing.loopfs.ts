import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import type { Owner } from '../../src/model/owner.ts';
import { obstacle, resolveAll, withLab } from './lab.ts';
import { assertEverySectorOnce, bySector } from './oracle.ts';
import { seedFromEnvironment } from './random.ts';
import { type Account, now, type PlacePeriod } from './writer.ts';

const skip = obstacle('mkfs.ext4', 'losetup') ?? false;
const ROUNDS = Number(process.env['PMEMWATCH_ROUNDS'] ?? 6);
const FIRST_CHANGES = 100;
const variants: readonly { name: string; block: number; mkfs: readonly string[] }[] = [
  { name: 'ext4', block: 4096, mkfs: ['mkfs.ext4', '-q', '-F', '-b', '4096'] },
  {
    name: 'ext4 with 1 KiB blocks and inline data',
    block: 1024,
    mkfs: ['mkfs.ext4', '-q', '-F', '-b', '1024', '-O', 'inline_data'],
  },
  { name: 'ext3', block: 4096, mkfs: ['mke2fs', '-q', '-F', '-b', '4096', '-t', 'ext3'] },
];

interface Round {
  readonly from: bigint;
  readonly to: bigint;
  readonly owners: readonly Owner[];
}

for (const { name, block, mkfs } of variants) {
  test(`${name}: while a writer keeps changing the tree, nothing is told that was not so while it was asked`, {
    skip,
  }, async (t) => {
    const seed = seedFromEnvironment();
    t.diagnostic(`PMEMWATCH_SEED=${seed}`);
    await withLab(t, { megabytes: 64, mkfs }, async (lab) => {
      const root = join(lab.mountpoint, 'tree');
      mkdirSync(root);
      const changes = new Int32Array(new SharedArrayBuffer(4));
      const worker = new Worker(new URL('./writer.ts', import.meta.url), {
        workerData: { writer: { root, seed, blockBytes: block, changes } },
      });
      const handed = new Promise<Account>((done, fail) => {
        worker.once('message', done);
        worker.once('error', fail);
      });
      const rounds: Round[] = [];
      // a disk may be slow: there must be something to look at
      while (Atomics.load(changes, 0) < FIRST_CHANGES) await new Promise((done) => setTimeout(done, 20));
      while (rounds.length < ROUNDS) {
        const from = now();
        const owners = await resolveAll(lab);
        rounds.push({ from, to: now(), owners });
      }
      worker.postMessage('stop');
      const account = await handed;
      await worker.terminate();
      let compared = 0;
      for (const round of rounds) compared += compare(round, account, lab.sectors, root);
      t.diagnostic(`${changes[0]} changes, ${rounds.length} rounds, ${compared} owners compared`);
      assert.ok(compared > 0, `nothing was compared`);
    });
  });
}

/** Returns how many owners were compared. */
function compare({ from, to, owners }: Round, account: Account, total: number, root: string): number {
  const sectors = bySector(owners);
  assertEverySectorOnce(sectors, total);
  const during = <P extends { from: bigint; to: bigint }>(p: P): boolean => p.from <= to && p.to >= from;
  const names = account.names.filter(during);
  const places = account.places.filter(during);
  let compared = 0;
  for (const owner of owners) {
    const ours = owner.kind === 'file' && (owner.paths ?? []).some((path) => path.startsWith(`${root}/`));
    if (!ours) continue;
    compared++;
    const place = places.find((p) => p.inode === owner.inode && holds(p, owner));
    assert.ok(place, `inode ${owner.inode} never held ${JSON.stringify(owner)}`);
    for (const path of owner.paths ?? []) {
      const known = names.some((n) => n.inode === owner.inode && n.path === path);
      assert.ok(known, `inode ${owner.inode} was not named ${path}`);
    }
  }
  // what did not change all the while must be told, or be said to be unknown
  for (const place of places.filter((p) => p.surelyFrom <= from && p.surelyTo >= to)) {
    const steady = names.filter((n) => n.inode === place.inode && n.surelyFrom <= from && n.surelyTo >= to);
    for (const owner of sectors.get(place.sector) ?? []) {
      if (owner.kind === 'unknown') continue;
      assert.equal(owner.inode, place.inode, `sector ${place.sector}: ${JSON.stringify(owner)}`);
      if (owner.pathsComplete !== true) continue;
      for (const { path } of steady) assert.ok(owner.paths?.includes(path), `${path} is missing: ${owner.paths}`);
    }
  }
  return compared;
}

/** Whether the sectors of a file lie where its account says, all of them. */
function holds(place: PlacePeriod, owner: Owner): boolean {
  const inside = place.sector <= owner.start && owner.start + owner.count <= place.sector + place.count;
  return inside && owner.offset === place.offset + (owner.start - place.sector) * 512;
}

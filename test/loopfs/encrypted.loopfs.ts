import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import type { Owner } from '../../src/model/owner.ts';
import { isSmall, type Lab, obstacle, resolveAll, resolveSectors, tool, withLab } from './lab.ts';
import { assertAsFiemap, assertEverySectorOnce, bySector, namesBelow, pathsByInode } from './oracle.ts';
import { growRandomTree } from './random-tree.ts';

const skip = obstacle('mkfs.ext4', 'xfs_io', 'setfattr', 'losetup', 'fallocate') ?? false;
const kinds = [
  { what: 'ext4 with encrypted directories', features: 'encrypt' },
  // names of both kinds at once are kept with their hash
  { what: 'ext4 with encrypted directories in which case does not count', features: 'encrypt,casefold', folded: true },
] as const;

// a small lab is there for what this kernel may lack
for (const { what, features, ...kind } of isSmall ? kinds.slice(1) : kinds) {
  test(`${what}: every sector is resolved to names as people see them, with the key and without`, {
    skip,
  }, async (t) => {
    const mkfs = ['mkfs.ext4', '-q', '-F', '-b', '4096', '-O', features];
    await withLab(t, { megabytes: 256, mkfs }, (lab, defer) => withAndWithoutKey(t, lab, 'folded' in kind, defer));
  });
}

async function withAndWithoutKey(
  t: TestContext,
  lab: Lab,
  folded: boolean,
  defer: (undo: () => unknown) => void,
): Promise<void> {
  const { mountpoint } = lab;
  const secret = `${mountpoint}/secret`;
  mkdirSync(secret);
  const key = addKey(mountpoint);
  tool('xfs_io', '-c', `set_encpolicy -v 2 ${key}`, secret);
  if (folded) tool('chattr', '+F', secret);
  writeFileSync(`${mountpoint}/in the open`, 'x'.repeat(20_000));
  const tree = growRandomTree(secret, { blockBytes: 4096 });
  t.diagnostic(`PMEMWATCH_SEED=${tree.seed}`);
  defer(tree.close);

  const seen = bySector(await resolveAll(lab));
  assertEverySectorOnce(seen, lab.sectors);
  assertAsFiemap(seen, namesBelow(mountpoint), tree.deletedInodes);
  const plain = places(seen);

  tree.close();
  tool('sync', '-f', mountpoint);
  lab.unmount();
  lab.mount(); // the key goes with the mount
  const answer = await resolveSectors(lab.device, [[0, lab.sectors]]);
  assert.equal(answer.complete, true);
  const locked = answer.results[0]?.owners ?? [];
  const names = namesBelow(mountpoint);
  assert.ok(
    names.every(({ path }) => !path.toString().includes('plain 1')),
    'the names can still be read: the key is not gone',
  );
  const sectors = bySector(locked);
  assertEverySectorOnce(sectors, lab.sectors);
  const paths = pathsByInode(names);
  for (const o of locked) {
    if (o.kind !== 'file' && o.kind !== 'directory' && o.kind !== 'symlink') continue;
    assert.deepEqual([...(o.pathsBase64 ?? [])].sort(), paths.get(o.inode ?? ''), `names of inode ${o.inode}`);
  }
  // no encrypted file can be opened to be asked: what lies where is what it was before
  const now = places(sectors);
  for (const [sector, place] of plain) {
    if (!place.includes(' deleted ')) assert.equal(now.get(sector), place, `sector ${sector}`);
  }
  assert.ok(now.size > 1000);
}

/** What lies at the sectors of files and directories, without names. */
function places(sectors: ReadonlyMap<number, readonly Owner[]>): Map<number, string> {
  const found = new Map<number, string>();
  for (const [sector, [owner]] of sectors) {
    if (owner?.inode === undefined || owner.kind === 'metadata') continue;
    const offset = owner.offset === undefined ? '' : owner.offset + (sector - owner.start) * 512;
    found.set(sector, `${owner.inode} ${owner.kind} ${offset} ${owner.state}`);
  }
  return found;
}

function addKey(mountpoint: string): string {
  const said = execFileSync('xfs_io', ['-c', 'add_enckey', mountpoint], { input: 'k'.repeat(64) }).toString();
  const key = /identifier ([0-9a-f]{32})/.exec(said)?.[1];
  if (key === undefined) throw new Error(`xfs_io said ${said}`);
  return key;
}

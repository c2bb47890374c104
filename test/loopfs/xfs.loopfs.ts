import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import type { Owner } from '../../src/model/owner.ts';
import { obstacle, resolveAll, resolveSectors, tool, withLab } from './lab.ts';
import { assertAsFiemap, assertEverySectorOnce, bySector, namesBelow, pathsByInode } from './oracle.ts';
import { growRandomTree } from './random-tree.ts';

const skip = obstacle('mkfs.xfs', 'xfs_io', 'xfs_db', 'setfattr', 'losetup', 'fallocate') ?? false;
const variants: readonly { name: string; reverseMap: boolean; options: readonly string[] }[] = [
  { name: 'XFS with a reverse map', reverseMap: true, options: ['-m', 'rmapbt=1'] },
  { name: 'XFS with a reverse map and 1 KiB blocks', reverseMap: true, options: ['-m', 'rmapbt=1', '-b', 'size=1024'] },
  {
    name: 'XFS with a reverse map and sectors of 4 KiB',
    reverseMap: true,
    options: ['-m', 'rmapbt=1', '-s', 'size=4096'],
  },
  { name: 'XFS without a reverse map', reverseMap: false, options: ['-m', 'rmapbt=0'] },
  { name: 'XFS of the fourth version', reverseMap: false, options: ['-m', 'crc=0'] },
];

for (const { name, reverseMap, options } of variants) {
  test(`${name}: every sector is resolved as FIEMAP, fsmap and xfs_db say`, { skip }, async (t) => {
    await withLab(t, { megabytes: 512, mkfs: ['mkfs.xfs', '-q', ...options] }, async (lab, defer) => {
      const tree = growRandomTree(lab.mountpoint, { blockBytes: 4096 });
      t.diagnostic(`PMEMWATCH_SEED=${tree.seed}`);
      let open = true;
      const close = (): void => {
        if (open) tree.close();
        open = false;
      };
      defer(close);
      const owners = await resolveAll(lab);
      const sectors = bySector(owners);
      assertEverySectorOnce(sectors, lab.sectors);
      assertAsFiemap(sectors, namesBelow(lab.mountpoint), tree.deletedInodes);
      assert.ok(owners.some((o) => o.kind === 'deleted' && o.openBy?.some((p) => p.pid === process.pid)));
      if (reverseMap) {
        assert.deepEqual(
          owners.filter((o) => o.kind === 'unknown'),
          [],
        );
        assertAsFsmap(sectors, lab.mountpoint);
      }
      close();
      lab.unmount();
      assertAsXfsDb(sectors, lab.device, tree.deletedInodes);
    });
  });
}

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

const fsmapNames: readonly (readonly [RegExp, (o: Owner) => boolean])[] = [
  [/^static fs metadata/, (o) => /^(superblock|superblock backup|allocation group header)$/.test(o.metadata ?? '')],
  [/^per-AG metadata/, (o) => o.metadata === 'free-space or reverse-map btree'],
  [/^inode btree/, (o) => o.metadata === 'inode btree'],
  [/^refcount btree/, (o) => o.metadata === 'refcount btree'],
  [/^inodes/, (o) => o.metadata === 'inode'],
  [/^journalling log/, (o) => o.metadata === 'journal'],
  [/^free space/, (o) => o.kind === 'free'],
  [/^\d+\s+extent map/, (o) => o.metadata === 'extent map'],
  [/^\d+\s+attr/, (o) => o.metadata === 'xattr'],
  [/^\d+\s+\d+\.\.\d+/, (o) => ['file', 'directory', 'symlink', 'deleted', 'metadata'].includes(o.kind)],
];

/** The kernel's whole map as xfs_io prints it: sectors, owners, metadata names. */
function assertAsFsmap(sectors: ReadonlyMap<number, readonly Owner[]>, mountpoint: string): void {
  const text = tool('xfs_io', '-r', '-c', 'fsmap -v', mountpoint).toString();
  let compared = 0;
  for (const [, first, last, what] of text.matchAll(/^\s*\d+: \d+:\d+ \[(\d+)\.\.(\d+)\]:\s+(.*)$/gm)) {
    const expected = fsmapNames.find(([pattern]) => pattern.test(what as string));
    assert.ok(expected, `fsmap says ${what}`);
    const inode = /^(\d+)\s/.exec(what as string)?.[1];
    for (const sector of [Number(first), Number(last)]) {
      const owners = sectors.get(sector) ?? [];
      const match = owners.some((o) => expected[1](o) && (inode === undefined || o.inode === inode));
      assert.ok(match, `sector ${sector} is ${what}, not ${JSON.stringify(owners)}`);
      compared++;
    }
  }
  assert.ok(compared > 1000, 'fsmap printed almost nothing: the oracle is broken');
}

/** What each block is according to the file system's own debugger, unmounted. */
function assertAsXfsDb(
  sectors: ReadonlyMap<number, readonly Owner[]>,
  device: string,
  deleted: ReadonlySet<string>,
): void {
  const asked: number[] = [];
  for (const [sector, owners] of sectors) {
    const held = owners.some((o) => o.inode !== undefined && o.kind !== 'metadata');
    // freed by the unmount
    if (owners.some((o) => deleted.has(o.inode ?? ''))) continue;
    const wanted = held || owners.some((o) => o.metadata === 'xattr' || o.metadata === 'extent map');
    if (wanted && (sectors.get(sector - 1)?.[0] !== owners[0] || sector % 8 === 0)) asked.push(sector);
  }
  const commands = ['blockget -n', ...asked.flatMap((s) => [`daddr ${s}`, 'blockuse'])];
  const input = `${commands.join('\n')}\n`;
  const text = execFileSync('xfs_db', ['-r', `/dev/${device}`], { input, maxBuffer: 1 << 28 }).toString('latin1');
  const said = [...text.matchAll(/^block \d+ \(\d+\/\d+\) type (\w+)(?: inode (\d+))?/gm)];
  assert.equal(said.length, asked.length, 'xfs_db answered less than it was asked');
  for (const [i, sector] of asked.entries()) {
    const [, type, inode] = said[i] as unknown as [string, string, string | undefined];
    const owners = sectors.get(sector) ?? [];
    const match = owners.some((o) => o.inode === inode && kindFits(o, type));
    assert.ok(match, `xfs_db says sector ${sector} is ${type} of ${inode}, not ${JSON.stringify(owners)}`);
  }
}
function kindFits(owner: Owner, type: string): boolean {
  if (owner.kind === 'directory') return type === 'dir';
  if (owner.kind === 'symlink') return type === 'symlink';
  if (owner.kind === 'file') return type === 'data';
  // blocks of an extent map count as the file's data there
  return owner.metadata === 'xattr' ? type === 'attr' : type === 'data' || type === 'dir';
}

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import type { Owner } from '../../src/model/owner.ts';
import { type Lab, obstacle, resolveAll, resolveSectors, tool, withLab } from './lab.ts';
import { assertAsContents, assertAsFiemap, assertEverySectorOnce, bySector, namesBelow } from './oracle.ts';
import { enableParentPointers } from './parent-pointers.ts';
import { growRandomTree } from './random-tree.ts';

const skip = obstacle('mkfs.xfs', 'xfs_io', 'xfs_db', 'setfattr', 'losetup', 'fallocate') ?? false;
export interface XfsKind {
  readonly name: string;
  readonly reverseMap: boolean;
  readonly options: readonly string[];
  readonly reflinks?: boolean;
  readonly journalMegabytes?: number;
  readonly prepare?: (image: string) => void;
}
export const xfsKinds: readonly XfsKind[] = [
  { name: 'XFS with a reverse map', reverseMap: true, options: ['-m', 'rmapbt=1'] },
  { name: 'XFS with reflinks', reverseMap: true, reflinks: true, options: ['-m', 'rmapbt=1,reflink=1'] },
  { name: 'XFS with a reverse map and 1 KiB blocks', reverseMap: true, options: ['-m', 'rmapbt=1', '-b', 'size=1024'] },
  {
    name: 'XFS with a reverse map and sectors of 4 KiB',
    reverseMap: true,
    options: ['-m', 'rmapbt=1', '-s', 'size=4096'],
  },
  {
    name: 'XFS with parent pointers',
    reverseMap: true,
    reflinks: true,
    options: ['-m', 'rmapbt=1,reflink=1'],
    prepare: enableParentPointers,
  },
  { name: 'XFS with its journal elsewhere', reverseMap: true, options: ['-m', 'rmapbt=1'], journalMegabytes: 64 },
  { name: 'XFS without a reverse map', reverseMap: false, reflinks: true, options: ['-m', 'rmapbt=0,reflink=1'] },
  { name: 'XFS of the fourth version', reverseMap: false, options: ['-m', 'crc=0'] },
];

export function testXfs({ name, reverseMap, reflinks = false, options, ...more }: XfsKind): void {
  test(`${name}: every sector is resolved as FIEMAP, fsmap and xfs_db say`, { skip }, async (t) => {
    await withLab(t, { megabytes: 512, mkfs: ['mkfs.xfs', '-q', ...options], ...more }, async (lab, defer) => {
      const tree = growRandomTree(lab.mountpoint, { blockBytes: 4096, reflinks });
      t.diagnostic(`PMEMWATCH_SEED=${tree.seed}`);
      defer(tree.close);
      const owners = await resolveAll(lab);
      const sectors = bySector(owners);
      assertEverySectorOnce(sectors, lab.sectors);
      assertAsFiemap(sectors, namesBelow(lab.mountpoint), tree.deletedInodes);
      assertAsContents(owners, lab.device);
      assert.ok(owners.some((o) => o.kind === 'deleted' && o.openBy?.some((p) => p.pid === process.pid)));
      assert.equal(
        owners.some((o) => o.shared === true),
        reflinks,
      );
      if (reverseMap) {
        assert.deepEqual(
          owners.filter((o) => o.kind === 'unknown'),
          [],
        );
        assertAsFsmap(sectors, lab);
      }
      if (lab.journal !== '') await assertJournalAside(lab);
      tree.close();
      lab.unmount();
      // the debugger of this distribution refuses what it does not know
      if (more.prepare === undefined) assertAsXfsDb(sectors, lab, tree.deletedInodes);
    });
  });
}

/** No sector of the data device is a journal, every one of the other device up to its end is. */
async function assertJournalAside({ device, sectors, journal, mountpoint }: Lab): Promise<void> {
  const here = await resolveSectors(device, [[0, sectors]]);
  assert.equal(
    here.results[0]?.owners.some((o) => o.metadata === 'journal'),
    false,
  );
  const blocks = Number(/^log\s+=\S+\s+bsize=\d+\s+blocks=(\d+)/m.exec(tool('xfs_info', mountpoint).toString())?.[1]);
  const size = 64 * 2048;
  const there = await resolveSectors(journal, [[0, size]]);
  assert.equal(there.complete, true);
  assert.deepEqual(
    there.results[0]?.owners.map(({ kind, start, count, metadata, fsType }) => [kind, start, count, metadata, fsType]),
    [
      ['metadata', 0, blocks * 8, 'journal', 'xfs'],
      ...(blocks * 8 === size
        ? []
        : [['raw', blocks * 8, size - blocks * 8, 'beyond the end of the XFS journal', 'xfs']]),
    ],
  );
}

const fsmapNames: readonly (readonly [RegExp, (o: Owner) => boolean])[] = [
  [/^static fs metadata/, (o) => /^(superblock|superblock backup|allocation group header)$/.test(o.metadata ?? '')],
  [/^per-AG metadata/, (o) => o.metadata === 'free-space or reverse-map btree'],
  [/^inode btree/, (o) => o.metadata === 'inode btree'],
  [/^refcount btree/, (o) => o.metadata === 'refcount btree'],
  [/^inodes/, (o) => o.metadata === 'inode'],
  [/^cow reservation/, (o) => o.metadata === 'copy-on-write staging'],
  [/^journalling log/, (o) => o.metadata === 'journal'],
  [/^free space/, (o) => o.kind === 'free'],
  [/^\d+\s+extent map/, (o) => o.metadata === 'extent map'],
  [/^\d+\s+attr/, (o) => o.metadata === 'xattr'],
  [/^\d+\s+\d+\.\.\d+/, (o) => ['file', 'directory', 'symlink', 'deleted', 'metadata'].includes(o.kind)],
];

/** The kernel's whole map as xfs_io prints it: sectors, owners, metadata names. */
function assertAsFsmap(sectors: ReadonlyMap<number, readonly Owner[]>, { device, mountpoint }: Lab): void {
  const number = tool('cat', `/sys/class/block/${device}/dev`).toString().trim();
  const text = tool('xfs_io', '-r', '-c', 'fsmap -v', mountpoint).toString();
  let compared = 0;
  for (const [, on, first, last, what] of text.matchAll(/^\s*\d+: (\d+:\d+) \[(\d+)\.\.(\d+)\]:\s+(.*)$/gm)) {
    // a journal elsewhere is listed too
    if (on !== number) continue;
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
  { device, journal }: Lab,
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
  const aside = journal === '' ? [] : ['-l', `/dev/${journal}`];
  const text = execFileSync('xfs_db', [...aside, '-r', `/dev/${device}`], { input, maxBuffer: 1 << 28 }).toString(
    'latin1',
  );
  const said = [...text.matchAll(/^block \d+ \(\d+\/\d+\) type (\w+)(?: inode (\d+))?/gm)];
  assert.equal(said.length, asked.length, 'xfs_db answered less than it was asked');
  for (const [i, sector] of asked.entries()) {
    const [, type, inode] = said[i] as unknown as [string, string, string | undefined];
    const owners = sectors.get(sector) ?? [];
    // of shared blocks it does not keep who has them
    const match =
      type === 'rldata' ? owners.every((o) => o.shared) : owners.some((o) => o.inode === inode && kindFits(o, type));
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

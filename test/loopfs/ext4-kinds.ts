import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { test } from 'node:test';
import type { Owner } from '../../src/model/owner.ts';
import { obstacle, resolveAll, tool, withLab } from './lab.ts';
import { assertAsContents, assertAsFiemap, assertEverySectorOnce, bySector, namesBelow } from './oracle.ts';
import { growRandomTree } from './random-tree.ts';

const skip = obstacle('mkfs.ext4', 'debugfs', 'dumpe2fs', 'setfattr', 'losetup', 'fallocate') ?? false;
export interface Ext4Kind {
  readonly name: string;
  readonly block: number;
  readonly options: readonly string[];
  readonly attributeBytes?: number;
  /** the tree is in a directory in which case does not count */
  readonly folded?: boolean;
}
export const ext4Kinds: readonly Ext4Kind[] = [
  { name: 'ext4 as made by default, 4 KiB blocks', block: 4096, options: ['-b', '4096'] },
  { name: 'ext4 with 1 KiB blocks', block: 1024, options: ['-b', '1024'] },
  {
    name: 'ext4 with 2 KiB blocks and flexible groups turned off',
    block: 2048,
    options: ['-b', '2048', '-O', '^flex_bg'],
  },
  { name: 'ext3: indirect maps, no checksums', block: 4096, options: ['-b', '4096', '-t', 'ext3'] },
  {
    name: 'ext2 with 1 KiB blocks and inodes of 128 bytes',
    block: 1024,
    options: ['-b', '1024', '-t', 'ext2', '-I', '128'],
  },
  { name: 'ext4 with bigalloc', block: 4096, options: ['-b', '4096', '-O', 'bigalloc', '-C', '16384'] },
  { name: 'ext4 with inline data', block: 4096, options: ['-b', '4096', '-O', 'inline_data'] },
  { name: 'ext4 with meta_bg', block: 1024, options: ['-b', '1024', '-O', 'meta_bg,^resize_inode'] },
  {
    name: 'ext4 with case folding and large directories',
    block: 4096,
    options: ['-b', '4096', '-O', 'casefold,large_dir'],
    folded: true,
  },
  {
    name: 'ext4 with many small groups, sparse_super2 and quota',
    block: 1024,
    options: ['-b', '1024', '-g', '1024', '-O', 'sparse_super2,quota'],
  },
  {
    name: 'ext4 of 32 bits without checksums of metadata',
    block: 4096,
    options: ['-b', '4096', '-O', '^64bit,^metadata_csum'],
  },
  {
    name: 'ext4 with large extended attributes in inodes',
    block: 4096,
    options: ['-b', '4096', '-O', 'ea_inode'],
    attributeBytes: 20_000,
  },
];

export function testExt4({ name, block, options, attributeBytes, folded = false }: Ext4Kind): void {
  test(`${name}: every sector is resolved as FIEMAP, debugfs and dumpe2fs say`, { skip }, async (t) => {
    const mkfs = [options.includes('-t') ? 'mke2fs' : 'mkfs.ext4', '-q', '-F', ...options];
    await withLab(t, { megabytes: 256, mkfs }, async (lab, defer) => {
      const root = folded ? foldedFolder(lab.mountpoint) : lab.mountpoint;
      const tree = growRandomTree(root, {
        blockBytes: block,
        ...(attributeBytes === undefined ? {} : { attributeBytes }),
        preallocation: !name.startsWith('ext3') && !name.startsWith('ext2'),
      });
      t.diagnostic(`PMEMWATCH_SEED=${tree.seed}`);
      defer(tree.close);
      const owners = await resolveAll(lab);
      const sectors = bySector(owners);
      assertEverySectorOnce(sectors, lab.sectors);
      assertAsFiemap(sectors, namesBelow(lab.mountpoint), tree.deletedInodes);
      assert.ok(owners.some((o) => o.kind === 'deleted' && o.openBy?.some((p) => p.pid === process.pid)));
      assertAsContents(owners, lab.device);
      assertAsDumpe2fs(sectors, lab.device, block);
      const symlinks = namesBelow(lab.mountpoint).filter(({ kind }) => kind === 'symlink');
      assertAsDebugfs(sectors, lab.device, block, lab.mountpoint, new Set(symlinks.map(({ inode }) => inode)));
      const unknown = owners.filter((o) => o.kind === 'unknown');
      assert.deepEqual(unknown, []);
    });
  });
}

function foldedFolder(mountpoint: string): string {
  const folder = `${mountpoint}/folded`;
  mkdirSync(folder);
  tool('chattr', '+F', folder);
  return folder;
}

/** Free blocks and the fixed layout. */
function assertAsDumpe2fs(sectors: ReadonlyMap<number, readonly Owner[]>, device: string, block: number): void {
  const text = tool('dumpe2fs', `/dev/${device}`).toString();
  const clusterBlocks = Number(/^Cluster size:\s+(\d+)$/m.exec(text)?.[1] ?? block) / block;
  const free = new Set<number>();
  for (const [, list] of text.matchAll(/^ {2}Free blocks: (.*)$/gm)) {
    for (const part of (list ?? '').split(', ').filter((p) => p !== '')) {
      const [first, last] = part.split('-').map(Number) as [number, number | undefined];
      for (let b = first; b < (last ?? first) + clusterBlocks; b++) free.add(b);
    }
  }
  const fixed = new Map<number, RegExp>();
  const add = (pattern: RegExp, metadata: RegExp): void => {
    for (const [, first, last] of text.matchAll(pattern)) {
      for (let b = Number(first); b <= Number(last ?? first); b++) fixed.set(b, metadata);
    }
  };
  add(/(?:Primary|Backup) superblock at (\d+)/g, /^superblock/);
  add(/Group descriptors? at (\d+)(?:-(\d+))?/g, /^group descriptors/);
  add(/Reserved GDT blocks at (\d+)(?:-(\d+))?/g, /^reserved group descriptors$/);
  add(/Block bitmap at (\d+)/g, /^block bitmap$/);
  add(/Inode bitmap at (\d+)/g, /^inode bitmap$/);
  add(/Inode table at (\d+)(?:-(\d+))?/g, /^inode table$/);
  const perBlock = block / 512;
  const blocks = Math.floor(sectors.size / perBlock);
  for (let b = 0; b < blocks; b++) {
    for (const owner of sectors.get(b * perBlock) ?? []) {
      assert.equal(owner.kind === 'free', free.has(b), `block ${b}: ${JSON.stringify(owner)}`);
      const expected = fixed.get(b);
      if (expected !== undefined) assert.match(owner.metadata ?? owner.kind, expected, `block ${b}`);
    }
  }
}

/** Which inode owns each block in use (icheck), and the names of inodes (ncheck). */
function assertAsDebugfs(
  sectors: ReadonlyMap<number, readonly Owner[]>,
  device: string,
  block: number,
  mountpoint: string,
  symlinks: ReadonlySet<string>,
): void {
  const perBlock = block / 512;
  const asked: number[] = [];
  for (const [sector, owners] of sectors) {
    if (sector % perBlock === 0 && owners.some((o) => o.kind !== 'free')) asked.push(sector / perBlock);
  }
  const inodes = new Map<number, string>();
  for (let i = 0; i < asked.length; i += 2000) {
    const list = asked.slice(i, i + 2000).join(' ');
    const text = tool('debugfs', '-R', `icheck ${list}`, `/dev/${device}`).toString();
    for (const [, b, inode] of text.matchAll(/^(\d+)\t(\d+)$/gm)) inodes.set(Number(b), inode as string);
  }
  for (const b of asked) {
    const owners = sectors.get(b * perBlock) ?? [];
    const inode = inodes.get(b);
    const said = owners.map(
      (o) => o.inode ?? (/reserved group descriptors|journal|resize/.test(o.metadata ?? '') ? 'own' : undefined),
    );
    // icheck passes over inodes without links
    if (owners.every((o) => o.linkCount === 0)) continue;
    // with an attribute in an inode of its own, icheck takes the text of a short symlink for block numbers
    if (inode !== undefined && symlinks.has(inode) && owners.every((o) => o.metadata !== undefined)) continue;
    if (inode === undefined || inode === '7') {
      // what the resize inode maps are the reserved descriptors
      assert.ok(
        said.every((s) => s === undefined || s === 'own' || s === '7'),
        `block ${b}: ${JSON.stringify(owners)}`,
      );
    } else assert.ok(said.includes(inode), `block ${b} is of inode ${inode}: ${JSON.stringify(owners)}`);
  }
  const shown = new Map(owners(sectors).map((o) => [o.inode, o]));
  const numbers = [...shown.keys()].filter((n): n is string => n !== undefined);
  const text = tool('debugfs', '-R', `ncheck ${numbers.join(' ')}`, `/dev/${device}`).toString('latin1');
  let compared = 0;
  // names may hold line breaks: only what stands before the first is compared
  for (const line of text.split('\n')) {
    const [, inode, path] = /^(\d+)\t(\/.*)$/s.exec(line) ?? [];
    if (path === undefined) continue;
    // the root is shown as //
    const full = `${mountpoint}${path.replace(/^\/\//, '/')}`;
    const known = shown.get(inode)?.pathsBase64?.map((p) => Buffer.from(p, 'base64').toString('latin1')) ?? [];
    if (known.length === 0) continue;
    assert.ok(
      known.some((k) => k.split('\n')[0] === full),
      `ncheck names ${inode} ${full}: ${known}`,
    );
    compared++;
  }
  assert.ok(compared > 20, 'ncheck named almost nothing: the oracle is broken');
}
function owners(sectors: ReadonlyMap<number, readonly Owner[]>): Owner[] {
  return [...new Set([...sectors.values()].flat())].filter(
    (o) => o.kind === 'file' || o.kind === 'directory' || o.kind === 'symlink',
  );
}

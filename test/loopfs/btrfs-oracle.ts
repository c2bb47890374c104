import assert from 'node:assert/strict';
import { closeSync, openSync, readSync } from 'node:fs';
import type { Owner } from '../../src/model/owner.ts';
import { FIEMAP, isPlaced } from '../../src/resolve/fs/fiemap.ts';
import { createExtentReader } from '../../src/resolve/fs/file-extents.ts';
import type { Pool } from './btrfs-lab.ts';
import { io, tool } from './lab.ts';
import type { Named } from './oracle.ts';

const BLOCK = 4096;

/** Owners of each block of 4 KiB: nothing in btrfs is smaller. */
export function byBlock(owners: readonly Owner[]): Map<number, Owner[]> {
  const blocks = new Map<number, Owner[]>();
  for (const owner of owners) {
    assert.equal((owner.start % 8) + (owner.count % 8), 0, `not whole blocks: ${JSON.stringify(owner)}`);
    for (let b = owner.start / 8; b < (owner.start + owner.count) / 8; b++) {
      const known = blocks.get(b);
      if (known === undefined) blocks.set(b, [owner]);
      else known.push(owner);
    }
  }
  return blocks;
}

export interface OracleChunk {
  readonly logical: number;
  readonly length: number;
  readonly type: string;
  readonly subStripes: number;
  readonly stripes: readonly { readonly device: number; readonly byte: number }[];
}
export interface OracleExtent {
  readonly logical: number;
  readonly length: number;
  readonly kind: 'data' | 'tree';
  /** roots of tree blocks that are named directly */
  readonly roots: readonly string[];
}
/** What the file system's own dumper prints. */
export interface Dump {
  readonly chunks: readonly OracleChunk[];
  readonly extents: readonly OracleExtent[];
}

export function readDump({ devices }: Pool): Dump {
  const dump = (tree: string): string =>
    tool('btrfs', 'inspect-internal', 'dump-tree', '-t', tree, `/dev/${devices[0]}`).toString('latin1');
  const chunks: OracleChunk[] = [];
  for (const [head, body] of itemsOf(dump('chunk'))) {
    const [, logical] = /CHUNK_ITEM (\d+)\)/.exec(head) ?? [];
    if (logical === undefined) continue;
    const [, length, type] = /length (\d+) owner \d+ stripe_len 65536 type (\S+)/.exec(body) ?? [];
    const stripes = [...body.matchAll(/stripe \d+ devid (\d+) offset (\d+)/g)].map(([, device, byte]) => ({
      device: Number(device),
      byte: Number(byte),
    }));
    const subStripes = Number(/sub_stripes (\d+)/.exec(body)?.[1]);
    chunks.push({ logical: Number(logical), length: Number(length), type: type as string, subStripes, stripes });
  }
  const superblock = tool('btrfs', 'inspect-internal', 'dump-super', `/dev/${devices[0]}`).toString();
  const nodeBytes = Number(/^nodesize\s+(\d+)$/m.exec(superblock)?.[1]);
  const extents: OracleExtent[] = [];
  for (const [head, body] of itemsOf(dump('extent'))) {
    const [, logical, kind, offset] = /key \((\d+) (EXTENT_ITEM|METADATA_ITEM) (\d+)\)/.exec(head) ?? [];
    if (logical === undefined) continue;
    const tree = kind === 'METADATA_ITEM' || body.includes('TREE_BLOCK\n');
    extents.push({
      logical: Number(logical),
      length: kind === 'METADATA_ITEM' ? nodeBytes : Number(offset),
      kind: tree ? 'tree' : 'data',
      roots: [...body.matchAll(/tree block backref root (\S+)/g)].map((m) => m[1] as string),
    });
  }
  assert.ok(chunks.length > 2 && extents.length > 5, 'dump-tree printed almost nothing: the oracle is broken');
  return { chunks, extents };
}
function itemsOf(text: string): [string, string][] {
  return [...text.matchAll(/^\titem \d+ (key \([^\n]*)\n((?:\t\t[^\n]*\n)*)/gm)].map((m) => [
    m[1] as string,
    m[2] as string,
  ]);
}

/** Where each copy of a logical block lies: written from the format's description, not from the code under test. */
export function placesOf(chunks: readonly OracleChunk[], logical: number): { device: number; byte: number }[] {
  const chunk = chunks.find((c) => c.logical <= logical && logical < c.logical + c.length);
  assert.ok(chunk, `no chunk holds ${logical}`);
  const { stripes, subStripes } = chunk;
  const into = logical - chunk.logical;
  const at = (i: number, byte: number) => ({
    device: (stripes[i] as { device: number }).device,
    byte: (stripes[i] as { byte: number }).byte + byte,
  });
  const stripe = Math.floor(into / 65536);
  const rest = into % 65536;
  if (chunk.type.includes('RAID0')) {
    return [at(stripe % stripes.length, Math.floor(stripe / stripes.length) * 65536 + rest)];
  }
  if (/RAID10/.test(chunk.type)) {
    const groups = stripes.length / subStripes;
    const byte = Math.floor(stripe / groups) * 65536 + rest;
    const first = (stripe % groups) * subStripes;
    return Array.from({ length: subStripes }, (_, i) => at(first + i, byte));
  }
  if (/RAID[56]/.test(chunk.type)) {
    const data = stripes.length - (chunk.type.includes('RAID6') ? 2 : 1);
    const row = Math.floor(stripe / data);
    // data 0 of the first row is on stripe 0, and everything goes round by one with each row
    return [at(((stripe % data) + row) % stripes.length, row * 65536 + rest)];
  }
  return stripes.map((_, i) => at(i, into));
}

/** Each block: file, metadata, free, as the extent tree on the device has it. */
export function assertAsDump(
  { chunks, extents }: Dump,
  device: number,
  blocks: ReadonlyMap<number, readonly Owner[]>,
  total: number,
): void {
  const expected = new Map<number, string>();
  let parity = 0;
  for (const chunk of chunks) {
    const columns = chunk.type.includes('RAID6') ? 2 : chunk.type.includes('RAID5') ? 1 : 0;
    if (columns === 0) continue;
    const perDevice = chunk.length / (chunk.stripes.length - columns);
    for (const s of chunk.stripes) {
      if (s.device !== device) continue;
      for (let b = 0; b < perDevice; b += BLOCK) expected.set((s.byte + b) / BLOCK, 'parity');
    }
    for (let l = chunk.logical; l < chunk.logical + chunk.length; l += BLOCK) {
      for (const p of placesOf(chunks, l)) if (p.device === device) expected.delete(p.byte / BLOCK);
    }
  }
  for (const e of extents) {
    for (let b = 0; b < e.length; b += BLOCK) {
      for (const p of placesOf(chunks, e.logical + b)) {
        const what = e.kind === 'data' ? 'data' : `tree ${e.roots.join(',')}`;
        if (p.device === device) expected.set(p.byte / BLOCK, what);
      }
    }
  }
  for (const at of [64 * 1024, 64 * 1024 * 1024]) if (at < total * 512) expected.set(at / BLOCK, 'superblock');
  for (let b = 0; b < total / 8; b++) {
    const owners = blocks.get(b) ?? [];
    const what = expected.get(b) ?? (b < 16 ? 'boot' : 'free');
    const told = JSON.stringify(owners);
    const [one] = owners;
    assert.ok(one, `block ${b} has no owner`);
    if (what === 'parity') parity++;
    if (what === 'free') assert.equal(one.kind, 'free', `block ${b} is free: ${told}`);
    else if (what === 'boot') assert.equal(one.metadata, 'boot loader area');
    else if (what === 'parity') assert.match(one.metadata ?? '', /parity [PQ]$/, `block ${b} is parity: ${told}`);
    else if (what === 'superblock') assert.match(one.metadata ?? '', /^superblock/, told);
    else if (what === 'data')
      assert.ok(
        owners.every((o) => isDataOwner(o)),
        `block ${b} is data: ${told}`,
      );
    else {
      assert.equal(one.kind, 'metadata', `block ${b} is of ${what}: ${told}`);
      for (const root of what
        .slice(5)
        .split(',')
        .filter((r) => r !== ''))
        assertTreeNamed(root, one.metadata ?? '');
    }
    assert.ok(owners.length === 1 || owners.every((o) => o.shared), `block ${b} is shared: ${told}`);
  }
  const some = chunks.some((c) => /RAID[56]/.test(c.type) && c.stripes.some((s) => s.device === device));
  assert.equal(parity > 0, some);
}
function isDataOwner({ kind, metadata }: Owner): boolean {
  return kind === 'file' || kind === 'deleted' || kind === 'unreferenced' || metadata === 'free-space cache';
}
const treeNames: Readonly<Record<string, RegExp>> = {
  ROOT_TREE: /root tree/,
  EXTENT_TREE: /extent tree/,
  CHUNK_TREE: /chunk tree/,
  DEV_TREE: /device tree/,
  FS_TREE: /top-level subvolume/,
  CSUM_TREE: /checksum tree/,
  QUOTA_TREE: /quota tree/,
  UUID_TREE: /uuid tree/,
  FREE_SPACE_TREE: /free-space tree/,
  DATA_RELOC_TREE: /data relocation tree/,
};
function assertTreeNamed(root: string, metadata: string): void {
  const expected = treeNames[root] ?? new RegExp(`subvolume ${root}\\b`);
  assert.match(metadata, expected, `a block of tree ${root}`);
}

/** A file's block as FIEMAP and stat tell it. */
interface FileBlock {
  readonly path: string;
  readonly offset: number;
  readonly flags: number;
}
/** Every block of every file on this device, both ways round: names, offsets, states. */
export function assertAsFiemap(
  { chunks }: Dump,
  device: number,
  blocks: ReadonlyMap<number, readonly Owner[]>,
  names: readonly Named[],
): void {
  const reader = createExtentReader(io);
  const expected = new Map<number, FileBlock[]>();
  const packed = new Set<string>();
  let compared = 0;
  for (const { path, kind } of names) {
    if (kind !== 'file') continue;
    const name = path.toString('latin1');
    const fd = openSync(path, 'r');
    try {
      for (const e of reader.read(fd).filter(isPlaced)) {
        // of a compressed extent FIEMAP tells the start, but not its length on the device
        const length = (e.flags & FIEMAP.ENCODED) !== 0 ? BLOCK : e.length;
        if ((e.flags & FIEMAP.ENCODED) !== 0) packed.add(name);
        for (let b = 0; b < length; b += BLOCK) {
          for (const p of placesOf(chunks, e.physical + b)) {
            if (p.device !== device) continue;
            const at = p.byte / BLOCK;
            const all = expected.get(at) ?? [];
            all.push({ path: name, offset: e.logical + b, flags: e.flags });
            expected.set(at, all);
          }
        }
      }
    } finally {
      closeSync(fd);
    }
  }
  for (const [block, files] of expected) {
    const owners = blocks.get(block) ?? [];
    for (const f of files) {
      const owner = owners.find((o) => pathsIn(o).includes(f.path) && covers(o, block, f));
      assert.ok(owner, `block ${block} is ${JSON.stringify(f)}, not ${JSON.stringify(owners)}`);
      assert.equal(owner.state, (f.flags & FIEMAP.UNWRITTEN) !== 0 ? 'unwritten' : 'data');
      assert.equal(owner.packed === true, (f.flags & FIEMAP.ENCODED) !== 0);
      compared++;
    }
  }
  assert.ok(compared > 500, 'FIEMAP placed almost nothing: the oracle is broken');
  const allPaths = new Set(names.map((n) => n.path.toString('latin1')));
  for (const [block, owners] of blocks) {
    for (const o of owners) {
      if (o.kind !== 'file') continue;
      assert.equal(o.pathsComplete, true, JSON.stringify(o));
      for (const path of pathsIn(o)) {
        assert.ok(allPaths.has(path), `there is no ${path}`);
        // of a compressed extent, only its first block is known to FIEMAP
        const known = o.packed === true ? packed.has(path) : expected.get(block)?.some((f) => f.path === path);
        assert.ok(known, `FIEMAP does not know that block ${block} is of ${path}`);
      }
    }
  }
}
function covers(o: Owner, block: number, f: FileBlock): boolean {
  const offset = o.offset ?? Number.NaN;
  return o.packed === true
    ? f.offset >= offset && f.offset < offset + (o.length ?? 0)
    : offset + block * BLOCK - o.start * 512 === f.offset;
}
function pathsIn(owner: Owner): string[] {
  return (owner.pathsBase64 ?? []).map((p) => Buffer.from(p, 'base64').toString('latin1'));
}

/** The bytes on the device are the bytes of the file: with no arithmetic in between. */
export function assertSameBytes(image: string, blocks: ReadonlyMap<number, readonly Owner[]>): number {
  const disk = openSync(image, 'r');
  const there = Buffer.alloc(BLOCK);
  const here = Buffer.alloc(BLOCK);
  let compared = 0;
  try {
    for (const [block, owners] of blocks) {
      for (const o of owners) {
        const path = o.pathsBase64?.[0];
        if (o.kind !== 'file' || o.packed === true || o.state !== 'data' || path === undefined) continue;
        readSync(disk, there, 0, BLOCK, block * BLOCK);
        const fd = openSync(Buffer.from(path, 'base64'), 'r');
        try {
          const read = readSync(fd, here, 0, BLOCK, (o.offset ?? 0) + block * BLOCK - o.start * 512);
          assert.ok(there.subarray(0, read).equals(here.subarray(0, read)), `block ${block} is not of ${o.paths?.[0]}`);
        } finally {
          closeSync(fd);
        }
        compared++;
      }
    }
  } finally {
    closeSync(disk);
  }
  return compared;
}

/** Inode, offset and subvolume of some data blocks, as the kernel resolves each by itself. */
export function assertAsLogicalResolve(
  { chunks, extents }: Dump,
  pool: Pool,
  blocksOf: readonly ReadonlyMap<number, readonly Owner[]>[],
  pick: <T>(from: readonly T[]) => T,
): void {
  const data = extents.filter((e) => e.kind === 'data');
  for (let i = 0; i < 60; i++) {
    const e = pick(data);
    const logical = e.logical + (i % (e.length / BLOCK)) * BLOCK;
    const [place] = placesOf(chunks, logical);
    const owners = blocksOf[(place?.device ?? 0) - 1]?.get((place?.byte ?? 0) / BLOCK) ?? [];
    let text = '';
    try {
      text = tool('btrfs', 'inspect-internal', 'logical-resolve', '-P', String(logical), pool.mountpoint).toString();
    } catch {
      // a part of an extent that is in no file: it says so by failing
    }
    const said = [...text.matchAll(/inode (\d+) offset (\d+) root (\d+)/g)].map((m) => `${m[3]}/${m[1]}`);
    const ours = owners.filter((o) => o.inode !== undefined).map((o) => `${o.subvolume}/${o.inode}`);
    assert.deepEqual(
      [...new Set(ours)].sort(),
      [...new Set(said)].sort(),
      `logical ${logical}: ${JSON.stringify(owners)}`,
    );
  }
}

import assert from 'node:assert/strict';
import { closeSync, type Dirent, lstatSync, openSync, readdirSync, readSync } from 'node:fs';
import type { Owner } from '../../src/model/owner.ts';
import { FIEMAP, isPlaced } from '../../src/resolve/fs/fiemap.ts';
import { createExtentReader } from '../../src/resolve/fs/file-extents.ts';
import { io, tool } from './lab.ts';

/** A name in the tree as readdir and lstat tell it. */
export interface Named {
  readonly path: Buffer;
  readonly inode: string;
  readonly kind: 'file' | 'directory' | 'symlink' | 'special';
}
export function namesBelow(root: string): Named[] {
  const found: Named[] = [];
  const add = (path: Buffer): void => {
    const stat = lstatSync(path, { bigint: true });
    const kind = stat.isDirectory()
      ? 'directory'
      : stat.isSymbolicLink()
        ? 'symlink'
        : stat.isFile()
          ? 'file'
          : 'special';
    found.push({ path, inode: stat.ino.toString(), kind });
    if (kind !== 'directory') return;
    for (const entry of readdirSync(path, { encoding: 'buffer', withFileTypes: true }) as unknown as Dirent<Buffer>[]) {
      add(Buffer.concat([path, Buffer.from('/'), entry.name]));
    }
  };
  add(Buffer.from(root));
  return found;
}

/** Paths in base64 by inode, sorted. */
export function pathsByInode(names: readonly Named[]): Map<string, string[]> {
  const paths = new Map<string, string[]>();
  for (const { inode, path } of names) paths.set(inode, [...(paths.get(inode) ?? []), path.toString('base64')].sort());
  return paths;
}

/** One 512-byte sector as FIEMAP places it in a file. */
export interface PlacedSector {
  readonly inode: string;
  readonly offset: number;
  readonly unwritten: boolean;
}
/** Every sector of every file, and of the directories where the file system tells them; several where they share it. */
export function fiemapOfAll(names: readonly Named[]): Map<number, PlacedSector[]> {
  const sectors = new Map<number, PlacedSector[]>();
  const reader = createExtentReader(io);
  const asked = new Set<string>();
  for (const { path, inode, kind } of names) {
    // opening a FIFO hangs, and a device acts
    if ((kind !== 'file' && kind !== 'directory') || asked.has(inode)) continue;
    asked.add(inode);
    const fd = openSync(path, 'r');
    try {
      for (const e of reader.read(fd).filter(isPlaced)) {
        const unwritten = (e.flags & FIEMAP.UNWRITTEN) !== 0;
        for (let b = 0; b < e.length; b += 512) {
          const place = { inode, offset: e.logical + b, unwritten };
          const there = sectors.get((e.physical + b) / 512);
          if (there === undefined) sectors.set((e.physical + b) / 512, [place]);
          else there.push(place);
        }
      }
    } catch (error) {
      // XFS tells no map of its directories through FIEMAP
      if (kind !== 'directory') throw error;
    } finally {
      closeSync(fd);
    }
  }
  return sectors;
}

/** Owners by sector; several where storage is shared. */
export function bySector(owners: readonly Owner[]): Map<number, Owner[]> {
  const sectors = new Map<number, Owner[]>();
  for (const owner of owners) {
    for (let s: number = owner.start; s < owner.start + owner.count; s++)
      sectors.set(s, [...(sectors.get(s) ?? []), owner]);
  }
  return sectors;
}

export function assertEverySectorOnce(sectors: ReadonlyMap<number, readonly Owner[]>, total: number): void {
  assert.equal(sectors.size, total, 'some sectors have no owner');
  for (const [sector, owners] of sectors) {
    const shared = owners.length === 1 || owners.every((o) => o.metadata === 'xattr' || o.shared === true);
    assert.ok(shared, `sector ${sector} has ${owners.length} owners: ${JSON.stringify(owners)}`);
  }
}

/** Files, offsets, states and names of all sectors, both ways round. */
export function assertAsFiemap(
  sectors: ReadonlyMap<number, readonly Owner[]>,
  names: readonly Named[],
  deletedInodes: ReadonlySet<string>,
): void {
  const placed = fiemapOfAll(names);
  assert.ok(placed.size > 1000, 'FIEMAP placed almost nothing: the oracle is broken');
  for (const [sector, places] of placed) {
    for (const { inode, offset, unwritten } of places) {
      const its = sectors.get(sector)?.filter((o) => o.inode === inode) ?? [];
      assert.ok(its.length > 0, `sector ${sector} is of inode ${inode} but ${JSON.stringify(sectors.get(sector))}`);
      const owner = its.find((o) => (o.offset ?? Number.NaN) + (sector - o.start) * 512 === offset);
      assert.ok(owner, `sector ${sector} is byte ${offset} of inode ${inode} but ${JSON.stringify(its)}`);
      assert.equal(owner.state, unwritten ? 'unwritten' : 'data', `state of sector ${sector}`);
    }
  }
  const paths = pathsByInode(names);
  const kinds = new Map(names.map((n) => [n.inode, n.kind]));
  for (const [sector, owners] of sectors) {
    for (const owner of owners) {
      if (owner.kind === 'deleted')
        assert.ok(deletedInodes.has(owner.inode ?? ''), `inode ${owner.inode} was not deleted`);
      if (owner.kind !== 'file' && owner.kind !== 'directory' && owner.kind !== 'symlink') continue;
      const inode = owner.inode ?? '';
      if (owner.kind === 'file') {
        assert.ok(
          placed.get(sector)?.some((p) => p.inode === inode),
          `FIEMAP does not know of sector ${sector} in inode ${inode}`,
        );
      }
      assert.equal(owner.kind, kinds.get(inode));
      assert.deepEqual([...(owner.pathsBase64 ?? [])].sort(), paths.get(inode), `names of inode ${inode}`);
      assert.equal(owner.pathsComplete, true);
    }
  }
}

/**
 * What the device holds at the first and the last sector of each piece of a file is what the file shows there. Says
 * nothing of the file system's own maps, so that an error which FIEMAP and we have in common is found.
 */
export function assertAsContents(owners: readonly Owner[], device: string): void {
  // what was read ahead before does not follow the files
  tool('blockdev', '--flushbufs', `/dev/${device}`);
  const disk = openSync(`/dev/${device}`, 'r');
  const stored = Buffer.alloc(512);
  const shown = Buffer.alloc(512);
  let compared = 0;
  try {
    for (const owner of owners) {
      const [path] = owner.pathsBase64 ?? [];
      if (owner.kind !== 'file' || owner.state !== 'data' || path === undefined) continue;
      const file = openSync(Buffer.from(path, 'base64'), 'r');
      try {
        for (const into of new Set([0, owner.count - 1])) {
          // behind the end of the file the device may hold anything
          if (readSync(file, shown, 0, 512, (owner.offset ?? 0) + into * 512) < 512) continue;
          readSync(disk, stored, 0, 512, (owner.start + into) * 512);
          assert.ok(stored.equals(shown), `sector ${owner.start + into} of ${device} is not ${JSON.stringify(owner)}`);
          compared++;
        }
      } finally {
        closeSync(file);
      }
    }
  } finally {
    closeSync(disk);
  }
  assert.ok(compared > 100, 'almost nothing was compared: the oracle is broken');
}

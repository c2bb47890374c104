import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { closeSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import type { Owner } from '../../src/model/owner.ts';
import { isPlaced } from '../../src/resolve/fs/fiemap.ts';
import { createExtentReader } from '../../src/resolve/fs/file-extents.ts';
import { FS_IOC_GETFSMAP } from '../../src/resolve/fs/getfsmap.ts';
import { io, obstacle, resolveAll, resolveSectors, tool, withLab } from './lab.ts';
import { assertEverySectorOnce, bySector } from './oracle.ts';
import { growRandomTree } from './random-tree.ts';

const skip = obstacle('mkfs.xfs', 'setfattr', 'losetup', 'fallocate') ?? false;
const ROUNDS = Number(process.env['PMEMWATCH_CHANGING_ROUNDS'] ?? 4);

for (const { name, mkfs } of [
  { name: 'XFS with a reverse map', mkfs: ['mkfs.xfs', '-q', '-m', 'rmapbt=1,reflink=1'] },
  { name: 'XFS without a reverse map', mkfs: ['mkfs.xfs', '-q', '-m', 'rmapbt=0,reflink=1'] },
]) {
  test(`${name}: while it changes, nothing is told that was not so, and what stays is told in whole`, {
    skip,
  }, async (t) => {
    await withLab(t, { megabytes: 400, mkfs }, async (lab) => {
      const kept = Array.from({ length: 40 }, (_, i) => {
        const path = join(lab.mountpoint, `kept ${i}`);
        writeFileSync(path, Buffer.alloc(4096 * (1 + (i % 5)), i));
        return path;
      });
      tool('sync', '-f', lab.mountpoint);
      const stays = new Map(kept.flatMap((path) => sectorsOf(path).map((sector) => [sector, path] as const)));
      const program = join(import.meta.dirname, 'busy-writer.ts');
      const writer = spawn(process.execPath, [program, lab.mountpoint, '20161'], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const lines: string[] = [];
      const listening = (async () => {
        for await (const line of createInterface({ input: writer.stdout })) lines.push(line);
      })();
      const told: Owner[] = [];
      try {
        while (lines.length < 100) await new Promise((done) => setTimeout(done, 20));
        for (let round = 0; round < ROUNDS; round++) {
          const owners = await resolveAll(lab);
          const sectors = bySector(owners);
          assert.equal(sectors.size, lab.sectors);
          for (const [sector, path] of stays) {
            const owner = sectors.get(sector)?.[0];
            assert.deepEqual([owner?.kind, owner?.paths, owner?.pathsComplete], ['file', [path], true]);
          }
          for (const owner of owners) if (owner.kind === 'file') told.push(owner);
        }
        assert.equal(writer.exitCode, null, 'the writer ended');
      } finally {
        writer.kill('SIGKILL');
        await listening;
      }
      const places = placesByPath(lines);
      let judged = 0;
      for (const owner of told) {
        for (const path of owner.paths ?? []) {
          // the last one was made, but not told any more
          const known = places.get(path);
          if (known === undefined) continue;
          judged++;
          const there = known.some(
            ({ start, count }) => start <= owner.start && owner.start + owner.count <= start + count,
          );
          assert.ok(there, `${path} never lay on ${owner.start}+${owner.count}: ${JSON.stringify(owner)}`);
        }
      }
      t.diagnostic(`${judged} answers about files of ${places.size} names that came and went`);
      assert.ok(judged > 0, 'nothing that changes was told: the test shows nothing');
    });
  });
}

/** Where each name of the writer lay for as long as it was there. */
function placesByPath(lines: readonly string[]): Map<string, { readonly start: number; readonly count: number }[]> {
  const places = new Map<string, { start: number; count: number }[]>();
  for (const line of lines) {
    const [, start, count, path] = /^(\d+) (\d+) (.*)$/.exec(line) ?? [];
    if (path === undefined) continue;
    const place = { start: Number(start), count: Number(count) };
    const known = places.get(path);
    if (known === undefined) places.set(path, [place]);
    else known.push(place);
  }
  return places;
}

function sectorsOf(path: string): number[] {
  const fd = openSync(path, 'r');
  try {
    const extents = createExtentReader(io).read(fd).filter(isPlaced);
    return extents.flatMap((e) => Array.from({ length: e.length / 512 }, (_, i) => e.physical / 512 + i));
  } finally {
    closeSync(fd);
  }
}

test('XFS: where the reverse map cannot be read, that is told, and nothing else suffers', { skip }, async (t) => {
  const mkfs = ['mkfs.xfs', '-q', '-m', 'rmapbt=1'];
  await withLab(t, { megabytes: 400, mkfs }, async (lab, defer) => {
    const tree = growRandomTree(lab.mountpoint, { blockBytes: 4096, scale: 0.3 });
    defer(tree.close);
    const truth = bySector(await resolveAll(lab));
    const bad = { from: 2 * 2048 * 512, to: 22 * 2048 * 512 };
    const damaged = {
      ...io,
      ioctl(fd: number, request: number, buffer: Uint8Array): number {
        if (request === FS_IOC_GETFSMAP) {
          const view = new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength);
          const [from, to] = [Number(view.getBigUint64(72, true)), Number(view.getBigUint64(136, true))];
          if (from < bad.to && to >= bad.from) throw Object.assign(new Error('EIO: ioctl'), { code: 'EIO' });
        }
        return io.ioctl(fd, request, buffer);
      },
    };
    const answer = await resolveSectors(lab.device, [[0, lab.sectors]], { io: damaged });
    const owners = answer.results[0]?.owners ?? [];
    const sectors = bySector(owners);
    assertEverySectorOnce(sectors, lab.sectors);
    let unknown = 0;
    for (const [sector, now] of sectors) {
      const before = truth.get(sector) ?? [];
      const inside = sector * 512 >= bad.from - 2 ** 20 && sector * 512 < bad.to + 2 ** 20;
      for (const owner of now) {
        if (inside && owner.kind === 'unknown') {
          assert.match(owner.reason ?? '', /reverse map cannot be read there \(EIO\)/);
          unknown++;
        } else {
          const same = before.some((o) => o.kind === owner.kind && o.inode === owner.inode);
          // without the map an inode's own block is told as such only when an inode of it is in use
          assert.ok(same, `sector ${sector}: ${JSON.stringify(owner)} but ${JSON.stringify(before)}`);
        }
      }
    }
    assert.ok(unknown > 0 && unknown <= 22 * 2048, `${unknown} sectors are unknown`);
    assert.equal(answer.complete, false);
    const elsewhere = await resolveSectors(lab.device, [[0, 8]], { io: damaged });
    assert.equal(elsewhere.complete, true);
  });
});

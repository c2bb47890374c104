import assert from 'node:assert/strict';
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readStack } from '../../src/discover/stack.ts';
import { createLocalTree } from '../../src/linux/probe/kernel-files.ts';
import { type Run, run } from '../../src/model/extent.ts';
import { pathFromText } from '../../src/model/path.ts';
import { checkFile } from '../../src/resolve/check.ts';
import type { HostFacts } from '../../src/resolve/climb.ts';
import { io, type Lab, obstacle, resolveSectors, tool, withLab } from './lab.ts';

const why = obstacle('mkfs.ext4', 'losetup');
const skip = why ?? false;

const page = 4096;
const pages = 24;

/** Block devices as the probe sees them, without tables: there is no device-mapper in these tests. */
function stack(asked: string): Promise<HostFacts> {
  const deviceMapper = { table: () => [] };
  return readStack(
    { sysfs: createLocalTree('/sys'), procfs: createLocalTree('/proc', 'PROCFS_READ'), deviceMapper },
    asked,
  );
}

/** Every page of the file says its own number, so that it can be found on the raw device. */
function writePages(path: string): void {
  const file = openSync(path, 'w');
  for (let i = 0; i < pages; i++) {
    const content = Buffer.alloc(page, `page ${i} of ${path};`);
    writeSync(file, content, 0, page, i * page);
    fsyncSync(file);
  }
  closeSync(file);
}
/** Where the pages lie on the device, by looking for what they say. */
function findPages(device: string, path: string): number[] {
  tool('sync');
  const raw = readFileSync(`/dev/${device}`);
  return Array.from({ length: pages }, (_, i) => {
    const at = raw.indexOf(`page ${i} of ${path};`);
    assert.ok(at >= 0 && at % page === 0, `page ${i} is at ${at}`);
    return at / 512;
  });
}

async function withInner(
  lab: Lab,
  defer: (undo: () => unknown) => void,
  offset: number,
): Promise<{ readonly image: string; readonly loop: string; readonly folder: string }> {
  const image = join(lab.mountpoint, 'disk image.img');
  // holes and pieces: written in no order, so that the image lies in several extents
  writeFileSync(image, '');
  truncateSync(image, 12 * 1024 * 1024 + offset);
  const loop = tool('losetup', '--show', '-f', '-o', String(offset), image).toString().trim().replace('/dev/', '');
  defer(() => tool('losetup', '-d', `/dev/${loop}`));
  tool('mkfs.ext4', '-q', '-F', '-b', '4096', `/dev/${loop}`);
  const folder = join(lab.folder, 'inner');
  mkdirSync(folder);
  return { image, loop, folder };
}

for (const offset of [0, 1024 * 1024]) {
  test(
    `a sector below a file that a loop device shows from byte ${offset} on is resolved to the file in it, and back`,
    {
      skip,
    },
    (t) =>
      withLab(t, { megabytes: 48, mkfs: ['mkfs.ext4', '-q', '-F', '-b', '4096'] }, async (lab, defer) => {
        const { image, loop, folder } = await withInner(lab, defer, offset);
        tool('mount', `/dev/${loop}`, folder);
        defer(() => tool('umount', folder));
        const path = join(folder, 'inside');
        writePages(path);
        const places = findPages(lab.device, path);
        const facts = await stack(lab.device);
        const answer = await resolveSectors(
          lab.device,
          places.map((start) => [start, 8] as const),
          { facts },
        );
        for (const [i, { owners, complete }] of answer.results.entries()) {
          assert.equal(complete, true);
          assert.deepEqual(
            owners.map((o) => [o.kind, o.paths, o.offset, o.length, o.start]),
            [['file', [path], i * page, page, places[i]]],
          );
          assert.deepEqual(
            owners[0]?.layers?.map((l) => [l.device, l.kind, l.name]),
            [[loop, 'loop', image]],
          );
        }
        const bad = new Map<string, readonly Run[]>([
          [lab.device, [run(places[5] as number, 8), run(places[9] as number, 1)]],
        ]);
        const checked = checkFile(pathFromText(path), bad, facts, io);
        assert.deepEqual([checked.complete, checked.reason], [true, undefined]);
        assert.deepEqual(
          checked.ranges.map((r) => [r.offset, r.length, r.device, r.start]),
          [
            [5 * page, page, lab.device, places[5]],
            [9 * page, 512, lab.device, places[9]],
          ],
        );
      }),
  );
}

test('a file that a loop device shows, with nothing mounted from it, is itself the owner', { skip }, (t) =>
  withLab(t, { megabytes: 48, mkfs: ['mkfs.ext4', '-q', '-F', '-b', '4096'] }, async (lab, defer) => {
    const { image, loop, folder } = await withInner(lab, defer, 0);
    tool('mount', `/dev/${loop}`, folder);
    const path = join(folder, 'inside');
    writePages(path);
    const [place] = findPages(lab.device, path);
    tool('umount', folder);
    const { results } = await resolveSectors(lab.device, [[place as number, 8]], { facts: await stack(lab.device) });
    assert.deepEqual(
      results[0]?.owners.map((o) => [o.kind, o.paths, o.length]),
      [['file', [image], page]],
    );
  }),
);

test('a loop device on a block device instead of a file is a window of it', { skip }, (t) =>
  withLab(t, { megabytes: 48, mkfs: ['mkfs.ext4', '-q', '-F', '-b', '4096'] }, async (lab, defer) => {
    lab.unmount();
    const offset = 2 * 1024 * 1024;
    const on = `/dev/${lab.device}`;
    const loop = tool('losetup', '--show', '-f', '-o', String(offset), on).toString().trim().replace('/dev/', '');
    defer(() => tool('losetup', '-d', `/dev/${loop}`));
    tool('mkfs.ext4', '-q', '-F', '-b', '4096', `/dev/${loop}`);
    const folder = join(lab.folder, 'window');
    mkdirSync(folder);
    tool('mount', `/dev/${loop}`, folder);
    defer(() => tool('umount', folder));
    const path = join(folder, 'inside');
    writePages(path);
    const [place] = findPages(lab.device, path);
    const facts = await stack(lab.device);
    const { results } = await resolveSectors(lab.device, [[place as number, 8]], { facts });
    assert.deepEqual(
      results[0]?.owners.map((o) => [o.kind, o.paths, o.offset, o.layers?.map((l) => [l.device, l.kind])]),
      [['file', [path], 0, [[loop, 'loop']]]],
    );
    const checked = checkFile(pathFromText(path), new Map([[lab.device, [run(place as number, 1)]]]), facts, io);
    assert.deepEqual(
      [checked.complete, ...checked.ranges.map((r) => [r.offset, r.device, r.start])],
      [true, [0, lab.device, place]],
    );
  }),
);

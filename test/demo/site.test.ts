import assert from 'node:assert/strict';
import { existsSync, statSync } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import { test } from 'node:test';
import { candidateFolders, deviceNumbers, tryParent, writeVictim } from '../../src/demo/site.ts';

test('device numbers are taken apart as the C library does', () => {
  const table: [dev: bigint, major: bigint, minor: bigint][] = [
    [0xfe00n, 254n, 0n],
    [0x801n, 8n, 1n],
    [0x10300n, 259n, 0n],
    [0x1fn, 0n, 0x1fn],
    // 20 bits of minor are spread around the major
    [(1n << 20n) | 0x801n, 8n, 0x101n],
  ];
  for (const [dev, major, minor] of table) assert.deepEqual(deviceNumbers(dev), [major, minor]);
});

test('a file system without a block device of its own is refused with its kind', async () => {
  const refused = await tryParent('/proc');
  assert.match('unfit' in refused ? refused.unfit : '', /is on proc, which does not lie on one block device/);
});

test('a folder that is not there is refused, and nothing is left behind', async () => {
  const refused = await tryParent('/nonexistent');
  assert.match('unfit' in refused ? refused.unfit : '', /cannot be used \(ENOENT\)/);
});

test('places to try are real folders, each once', async () => {
  const folders = await candidateFolders();
  assert.ok(folders.length > 0);
  assert.equal(new Set(folders).size, folders.length);
  for (const folder of folders) assert.ok(statSync(folder).isDirectory());
});

test('a site names the device that its folder lies on', async (t) => {
  for (const parent of await candidateFolders()) {
    const site = await tryParent(parent);
    if ('unfit' in site) continue;
    t.after(() => rm(site.folder, { recursive: true }));
    const [major, minor] = deviceNumbers((await stat(site.folder, { bigint: true })).dev);
    assert.equal(site.device.devNumber, `${major}:${minor}`);
    assert.ok(existsSync(site.device.node), site.device.node);
    assert.equal((await stat(await writeVictim(site.folder))).size, 64 * 1024);
    return;
  }
  t.diagnostic('no file system of this machine lies on one block device');
});

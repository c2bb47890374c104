import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { diskList, listsSector, regionList } from '../guest/bad-blocks.ts';
import { recordHints } from '../guest/hints.ts';
import { injectMachineCheck } from '../guest/machine-check.ts';
import { disableNamespace, enableNamespace, physicalAddress } from '../guest/namespace.ts';
import { until } from '../guest/wait.ts';

// What the agent's hints rest on, shown on the kernel and the chokidar that it runs with: if one of these fails
// after an update of either, the measure in src that answers it can go or has to change.

const disk = 'pmem0';
const raw = { name: 'namespace0.0', region: 'region0', disk };

function fail(sector: number): void {
  injectMachineCheck(physicalAddress(disk, sector));
}

test("of two errors 20 ms apart chokidar's change misses the second, its raw event does not", async (t) => {
  const list = diskList(disk);
  const log = await recordHints([list]);
  const pairs = 8;
  let changes = 0;
  for (let pair = 0; pair < pairs; pair += 1) {
    log.clear();
    fail(8192 + pair * 64);
    await sleep(20);
    const second = performance.now();
    fail(8192 + pair * 64 + 32);
    await sleep(300);
    assert.ok(
      log.hints.some(({ kind, at }) => kind === 'raw' && at > second),
      `pair ${pair}: the second error gave no raw event`,
    );
    changes += log.count('change', list);
  }
  t.diagnostic(`change events for ${2 * pairs} errors: ${changes}`);
  assert.ok(changes < 2 * pairs);
  await log.close();
});

test('after disable and enable a watch on the disk list is deaf and does not say so, the one on the region hears', async () => {
  const list = diskList(disk);
  const region = regionList('region0');
  const log = await recordHints([list, region]);
  fail(65536);
  await until('both watches hear', () => log.count('raw', list) > 0 && log.count('raw', region) > 0);
  await sleep(100);
  log.clear();

  const before = statSync(list).ino;
  disableNamespace(raw);
  enableNamespace(raw);
  await until('the disk is back', () => statSync(list));
  await sleep(200);
  assert.equal(log.count('unlink', list) + log.count('add', list), 0);
  assert.notEqual(statSync(list).ino, before, 'the inode is what tells the new list from the old one');

  log.clear();
  fail(65600);
  await until('the region is heard', () => log.count('raw', region) > 0);
  await until('the new list has the sector', () => listsSector(list, 65600));
  await sleep(300);
  assert.equal(log.count('raw', list), 0);
  await log.close();

  const again = await recordHints([list]);
  fail(65664);
  await until('a watch made anew hears', () => again.count('raw', list) > 0);
  await again.close();
});

test('a watch on /dev sees the disk go and come', async () => {
  const log = await recordHints(['/dev']);
  disableNamespace(raw);
  await until('the disk goes', () => log.count('unlink', '/dev/pmem0') > 0);
  enableNamespace(raw);
  await until('the disk comes', () => log.count('add', '/dev/pmem0') > 0);
  await log.close();
});

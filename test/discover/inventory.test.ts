import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createInventory } from '../../src/discover/inventory.ts';
import { emptyTopology } from '../../src/model/topology.ts';
import { createFakeClock, settle } from '../fakes/fake-clock.ts';
import { createRecordingLog } from '../fakes/recording-log.ts';

test('a device that comes while the inventory is being taken is looked for again', async () => {
  const clock = createFakeClock();
  const looks: (() => void)[] = [];
  const inventory = createInventory({
    discover: () => new Promise((resolve) => looks.push(() => resolve(emptyTopology))),
    clock,
    periodMs: 3_600_000,
    onChange: () => undefined,
    onLook: () => undefined,
    log: createRecordingLog(),
  });
  void inventory.settled();
  await settle();
  assert.equal(looks.length, 1, 'the first look is under way');
  inventory.refresh();
  looks[0]?.();
  await settle();
  await clock.advance(100);
  await settle();
  assert.equal(looks.length, 2, 'the hint was not lost with the end of the look');
  inventory.stop();
});

test('a first look that fails is told, once, and is not taken for an empty host', async () => {
  const clock = createFakeClock();
  const log = createRecordingLog();
  let broken = true;
  const inventory = createInventory({
    discover: () => (broken ? Promise.reject(new Error('no sysfs')) : Promise.resolve(emptyTopology)),
    clock,
    periodMs: 60_000,
    onChange: () => undefined,
    onLook: () => undefined,
    log,
  });
  await inventory.settled();
  await clock.advance(3 * 60_000);
  assert.equal(inventory.failing(), true);
  assert.equal(inventory.status().lastSuccess, undefined);
  assert.deepEqual(
    log.lines.map(({ level, message }) => [level, message]),
    [['error', 'inventory failed: nothing is watched']],
  );
  broken = false;
  await clock.advance(60_000);
  assert.equal(inventory.failing(), false);
  inventory.stop();
});

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

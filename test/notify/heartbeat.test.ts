import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createHeartbeat } from '../../src/notify/heartbeat.ts';
import { createFakeClock } from '../fakes/fake-clock.ts';

const day = 86_400_000;
function beating() {
  const clock = createFakeClock();
  let beats = 0;
  return { clock, heart: createHeartbeat(clock, () => beats++), beats: () => beats };
}

test('it beats at once and then by its period, also one that is longer than a timer can be', async () => {
  const { clock, heart, beats } = beating();
  heart.start(30 * day);
  assert.equal(beats(), 1);
  await clock.advance(30 * day - 1);
  assert.equal(beats(), 1);
  await clock.advance(1);
  assert.equal(beats(), 2);
  assert.ok(clock.waiting().every((ms) => ms <= day));
});

test('a reload changes the period, and one that changes nothing is no beat', async () => {
  const { clock, heart, beats } = beating();
  heart.change(1000);
  assert.equal(beats(), 0, 'it has not been started');
  heart.start(0);
  await clock.advance(day);
  assert.equal(beats(), 0);
  heart.change(1000);
  heart.change(1000);
  assert.equal(beats(), 1);
  await clock.advance(1000);
  assert.equal(beats(), 2);
  heart.stop();
  await clock.advance(day);
  assert.deepEqual([beats(), clock.waiting()], [2, []]);
});

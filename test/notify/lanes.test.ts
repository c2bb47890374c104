import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Lanes } from '../../src/notify/lanes.ts';
import { place } from '../record/timeline.ts';
import { item, owner, story } from './notices.ts';

const at = Date.UTC(2026, 0, 1);
const { opened, owned } = story([owner()], place(), at);
const idsOf = (lanes: Lanes): string[] => lanes.items().map(({ notice }) => notice.id);

test('what was given up is kept until something newer tells of its incident, also when that comes in meanwhile', () => {
  const lanes = new Lanes();
  const given = item(opened, { expired: true });
  lanes.add(given, at, 0);
  assert.deepEqual([lanes.hasUntold(), idsOf(lanes)], [true, [opened.id]]);
  const lane = lanes.probe(0);
  assert.ok(lane !== undefined);
  lanes.add(item(owned), at, 0);
  lanes.finish(lane, given, at, 0);
  lanes.keep(given);
  assert.deepEqual([lanes.hasUntold(), idsOf(lanes)], [false, [owned.id]]);
});

test('what is sent again by hand keeps the order of its incident also where one of them fails, beside what is new', () => {
  const lanes = new Lanes();
  for (const notice of [opened, owned]) lanes.add(item(notice, { replayed: true }), at, 0);
  const lane = lanes.next(() => true);
  assert.deepEqual(
    lane?.items.map(({ notice }) => notice.id),
    [opened.id, owned.id],
  );
  lanes.add(item(owned), at, 0);
  assert.equal(lanes.items().length, 3);
});

test('a message waits for its group no longer than it was to wait, whatever the clock says by now', () => {
  for (const [now, waits] of [
    [at, 2000],
    [at + 500, 1500],
    [at + 86_400_000, 0],
    [at - 86_400_000, 2000],
  ] as const) {
    const lanes = new Lanes();
    lanes.add(item(opened, { notBefore: at + 2000 }), now, 50);
    assert.equal(lanes.soonest(false), 50 + waits);
  }
});

test('what failed for the sake of the receiver is due when it is back, what is still to wait for its group is not', () => {
  const lanes = new Lanes();
  lanes.add(item(opened), at, 0);
  lanes.failed(0);
  const lane = lanes.next(() => true);
  assert.ok(lane !== undefined);
  lane.dueAt = 300_000;
  lanes.add(item(story([owner()], place({ uid: 'b'.repeat(64) }), at).opened, { notBefore: at + 2000 }), at, 0);
  lanes.back(1000);
  assert.equal(lanes.next((lane) => lane.dueAt <= 1000)?.items[0]?.notice.id, opened.id);
  assert.equal(lanes.next((lane) => lane.dueAt > 1000)?.dueAt, 2000);
});

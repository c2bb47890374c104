import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { run } from '../../src/model/extent.ts';
import type { OutboxItem } from '../../src/model/outbox.ts';
import { createStore } from '../../src/record/store.ts';
import { createFakeClock } from '../fakes/fake-clock.ts';
import { createMemoryDatabase } from '../fakes/memory-database.ts';
import { createRecordingLog } from '../fakes/recording-log.ts';
import { appeared, cleared, dayMs, emptyState, found, pass } from './timeline.ts';

const folder = mkdtempSync(join(tmpdir(), 'pmemwatch-deliveries-'));
after(() => rmSync(folder, { recursive: true }));
let files = 0;
const a = run(10_000, 8);
const opened = pass(emptyState(), { now: 1, changes: [appeared(), found(a)] });
const grew = pass(opened.state, { now: 2, changes: [found(run(20_000, 8))] });
const ended = pass(grew.state, { now: 3, changes: [cleared(a, run(20_000, 8))] });

async function open(file = join(folder, `state-${files++}.db`)) {
  const database = createMemoryDatabase(file);
  const store = createStore(database, {
    clock: createFakeClock(0),
    retentionMs: 90 * dayMs,
    log: createRecordingLog(),
  });
  const { pendingOutbox } = await store.load();
  const tell = async (told: typeof opened, receivers = ['ops']): Promise<readonly OutboxItem[]> =>
    store.commit({ ...told, receivers, notBefore: 0 });
  return { file, database, store, pendingOutbox, tell };
}
const expire = { kind: 'expired', at: 9, reason: 'given up: connection refused' } as const;
const idsOf = (items: readonly OutboxItem[]): string[] => items.map(({ notice }) => notice.id);

test('deliveries are listed newest first, by receiver, status and incident, page by page', async () => {
  const { store, tell } = await open();
  const [one] = await tell(opened, ['ops', 'pager']);
  const [two] = await tell(grew, ['ops', 'pager']);
  await store.recordDelivery(one as OutboxItem, { kind: 'rejected', at: 4, reason: 'HTTP 400: bad' });
  await store.recordDelivery(two as OutboxItem, expire);
  const list = async (query: object) =>
    (await store.deliveries.list({ limit: 10, ...query })).map((d) => `${d.sequence} ${d.receiver} ${d.status}`);
  assert.deepEqual(await list({}), ['4 pager pending', '3 ops expired', '2 pager pending', '1 ops rejected']);
  assert.deepEqual(await list({ receiver: 'ops', statuses: ['rejected', 'expired'] }), [
    '3 ops expired',
    '1 ops rejected',
  ]);
  assert.deepEqual(await list({ before: 3, limit: 1 }), ['2 pager pending']);
  assert.deepEqual(await list({ incident: 'another' }), []);
  const dead = await store.deliveries.one(1);
  assert.deepEqual(
    [dead?.condition, dead?.severity, dead?.attempts, dead?.firstAttemptAt, dead?.lastAttemptAt, dead?.reason],
    ['media_error', 'critical', 1, 4, 4, 'HTTP 400: bad'],
  );
});

test('an attempt is counted once: giving up is none, nor is a receiver that is configured no more', async () => {
  const { store, tell } = await open();
  const [one, two] = (await tell(opened, ['ops', 'pager'])) as [OutboxItem, OutboxItem];
  const failed = { kind: 'retry', at: 5, reason: 'connection refused', firstAttemptAt: 4, triedMs: 0 } as const;
  await store.recordDelivery(one, failed);
  await store.recordDelivery({ ...one, attempts: 1, firstAttemptAt: 4 }, expire);
  await store.recordDelivery(two, { kind: 'rejected', at: 9, reason: 'not configured any more', untried: true });
  const told = (await store.deliveries.list({ limit: 10 })).map((d) => [d.status, d.attempts, d.lastAttemptAt]);
  assert.deepEqual(told, [
    ['rejected', 0, null],
    ['expired', 1, 5],
  ]);
});

test('what is sent again waits under its id, as if it had never been tried, also for an agent that starts later', async () => {
  const { store, tell, file } = await open();
  const [one] = await tell(opened);
  await store.recordDelivery(one as OutboxItem, { kind: 'rejected', at: 4, reason: 'HTTP 400' });
  const item = await store.deliveries.replay(1, 50);
  assert.deepEqual([item?.notice.id, item?.attempts, item?.replayed], [one?.notice.id, 0, true]);
  assert.equal(await store.deliveries.replay(1, 51), undefined, 'it waits already');
  assert.equal(await store.deliveries.replay(77, 51), undefined);
  await store.close();
  const again = await open(file);
  assert.deepEqual([idsOf(again.pendingOutbox), again.pendingOutbox[0]?.replayed], [[one?.notice.id], true]);
});

test('all dead letters of one receiver are sent again, and nothing of another', async () => {
  const { store, tell } = await open();
  const items = [...(await tell(opened, ['ops', 'pager'])), ...(await tell(grew, ['ops', 'pager']))];
  for (const item of items) await store.recordDelivery(item, { kind: 'rejected', at: 4, reason: 'HTTP 401' });
  const again = await store.deliveries.replayDead('ops', 50);
  assert.deepEqual(
    again.map((item) => `${item.receiver} ${item.notice.type}`),
    ['ops opened', 'ops grew'],
  );
  assert.deepEqual(await store.deliveries.replayDead('ops', 51), []);
});

test('of an incident whose end a receiver knows, nothing is sent to it again with the others', async () => {
  const { store, tell } = await open();
  const [one] = await tell(opened);
  const [end] = await tell(ended);
  await store.recordDelivery(one as OutboxItem, { kind: 'rejected', at: 4, reason: 'HTTP 400' });
  await store.recordDelivery(end as OutboxItem, { kind: 'delivered', at: 5 });
  assert.deepEqual(await store.deliveries.replayDead('ops', 50), []);
});

test('nothing is sent again while that cannot be saved', async () => {
  const { store, tell, database } = await open();
  const [one] = await tell(opened);
  database.failWith('disk full');
  await store.recordDelivery(one as OutboxItem, { kind: 'rejected', at: 4, reason: 'HTTP 400' });
  await assert.rejects(store.deliveries.replay(1, 50), { code: 'STATE_FILE' });
});

test('an agent that starts later still has the last word of an incident that stands to tell, and no earlier one', async () => {
  const { store, tell, file } = await open();
  const [one] = await tell(opened);
  const [two] = await tell(grew);
  for (const item of [one, two]) await store.recordDelivery(item as OutboxItem, expire);
  await store.close();
  const again = await open(file);
  assert.deepEqual(idsOf(again.pendingOutbox), [two?.notice.id]);
  assert.equal(again.pendingOutbox[0]?.expired, true);
});

test('of what has ended it has the end to tell, where the receiver was told of the beginning', async () => {
  for (const knows of [true, false]) {
    const { store, tell, file } = await open();
    const [one] = await tell(opened);
    await store.recordDelivery(one as OutboxItem, knows ? { kind: 'delivered', at: 4 } : expire);
    const [last] = await tell(ended);
    await store.recordDelivery(last as OutboxItem, expire);
    await store.close();
    assert.deepEqual(idsOf((await open(file)).pendingOutbox), knows ? [last?.notice.id] : []);
  }
});

test('the time for which a message was tried is kept', async () => {
  const { store, tell, file } = await open();
  const [one] = await tell(opened);
  const retry = { kind: 'retry', at: 5, reason: 'HTTP 503', firstAttemptAt: 4, triedMs: 77.25 } as const;
  await store.recordDelivery(one as OutboxItem, retry);
  await store.close();
  assert.equal((await open(file)).pendingOutbox[0]?.triedMs, 77);
});

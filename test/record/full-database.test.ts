/** A state file that may not grow, as on a full disk: any user can try that. test/e2e/full-disk.test.ts fills a real one. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openDatabase } from '../../src/linux/sqlite.ts';
import { run } from '../../src/model/extent.ts';
import { createStore } from '../../src/record/store.ts';
import { createFakeClock } from '../fakes/fake-clock.ts';
import { createRecordingLog } from '../fakes/recording-log.ts';
import { appeared, dayMs, emptyState, found, pass } from './timeline.ts';

test('what does not fit is handed out all the same, at once and marked, and written down when there is room', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'pmemwatch-full-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const database = await openDatabase(join(folder, 'state.db'));
  const clock = createFakeClock(0);
  const store = createStore(database, { clock, retentionMs: 90 * dayMs, log: createRecordingLog() });
  await store.load();
  const pages = async (most: number) => database.query({ sql: `PRAGMA max_page_count = ${most}`, params: [] });
  const [{ page_count: used } = {}] = await database.query({ sql: 'PRAGMA page_count', params: [] });

  await pages(Number(used));
  const many = Array.from({ length: 200 }, (_, i) => run(10_000 + i * 16, 8));
  const told = pass(emptyState(), { now: 1, changes: [appeared(), found(...many)] });
  const items = await store.commit({ ...told, receivers: ['ops'], notBefore: 0 });
  assert.deepEqual(
    items.map((item) => [item.notice.id, item.durable]),
    told.notices.map(({ id }) => [id, false]),
  );
  assert.equal(store.writable(), false);
  assert.match(store.trouble(), /full/);
  const [item] = items;
  assert.ok(item !== undefined);
  await store.recordDelivery(item, { kind: 'delivered', at: 2 });
  assert.deepEqual(await store.deliveries.list({ limit: 10 }), []);

  await pages(10_000);
  await clock.advance(5_000);
  const [delivery, ...others] = await store.deliveries.list({ limit: 10 });
  assert.deepEqual([delivery?.noticeId, delivery?.status, others], [item.notice.id, 'delivered', []]);
  assert.equal(store.writable(), true);
  await store.close();
});

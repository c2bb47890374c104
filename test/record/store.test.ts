import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { type DimmState, noHistory, noShutdowns } from '../../src/model/dimm-state.ts';
import { run } from '../../src/model/extent.ts';
import type { State } from '../../src/model/state.ts';
import { migrate, migrations } from '../../src/record/migrations.ts';
import { type Commit, createStore, forgetResolved, type Loaded, type Store } from '../../src/record/store.ts';
import { createFakeClock, settle } from '../fakes/fake-clock.ts';
import { createMemoryDatabase, type MemoryDatabase } from '../fakes/memory-database.ts';
import { createRecordingLog } from '../fakes/recording-log.ts';
import {
  answered,
  appeared,
  cleared,
  dayMs,
  emptyState,
  fileOwner,
  found,
  only,
  pass,
  reading,
  uid,
} from './timeline.ts';

const a = run(10_000, 8);
const folder = mkdtempSync(join(tmpdir(), 'pmemwatch-store-'));
after(() => rmSync(folder, { recursive: true }));
let files = 0;
const freshFile = (): string => join(folder, `state-${files++}.db`);

interface Open {
  readonly store: Store;
  readonly loaded: Loaded;
  readonly database: MemoryDatabase;
  readonly clock: ReturnType<typeof createFakeClock>;
  readonly turns: boolean[];
}
async function open(file = ':memory:'): Promise<Open> {
  const database = createMemoryDatabase(file);
  const clock = createFakeClock(0);
  const turns: boolean[] = [];
  const store = createStore(database, {
    clock,
    retentionMs: 90 * dayMs,
    log: createRecordingLog(),
    onTurn: (writable) => turns.push(writable),
  });
  return { store, loaded: await store.load(), database, clock, turns };
}
const commitOf = (told: ReturnType<typeof pass>, receivers = ['ops']): Commit => ({
  ...told,
  receivers,
  notBefore: told.state.at + 2000,
});
const opened = (lineage = ''): ReturnType<typeof pass> =>
  pass({ ...emptyState(), lineage }, { now: 1, changes: [appeared(), found(a)] });

describe('a store that is opened again', () => {
  it('has the places, modules, incidents, ordinals and undelivered items of before', async () => {
    const file = freshFile();
    const first = await open(file);
    const seen = opened();
    const dimm: DimmState = {
      key: '8089-a2-1837-00000bb8',
      name: 'nmem0',
      bus: 'ndbus0',
      firstSeen: 5,
      present: true,
      goneSince: null,
      shutdowns: { ...noShutdowns, count: 42, lookedAtBoot: 'b1' },
      failures: {},
      restless: {},
      history: { ...noHistory, recurrences: [7] },
    };
    const told = { ...seen, state: { ...seen.state, dimms: new Map([[dimm.key, dimm]]) } };
    const items = await first.store.commit(commitOf(told, ['ops', 'pager']));
    assert.deepEqual(
      items.map((item) => [item.receiver, item.durable, item.notBefore]),
      [
        ['ops', true, 2001],
        ['pager', true, 2001],
      ],
    );
    await first.store.close();

    const { loaded } = await open(file);
    const place = loaded.places.get(uid);
    assert.deepEqual(place?.ranges, told.state.places.get(uid)?.ranges);
    assert.deepEqual([place?.foundTotal, place?.present, place?.readable, place?.readAt], [1, true, false, null]);
    assert.deepEqual(loaded.incidents, told.state.incidents);
    assert.deepEqual(loaded.ordinals, told.state.ordinals);
    assert.deepEqual(loaded.dimms, told.state.dimms);
    assert.deepEqual(loaded.pendingOutbox, items);
    assert.equal(loaded.lastEventId, told.events.length);
  });

  it('does not offer again what was delivered, refused, filtered or merged, but what is to be retried', async () => {
    const file = freshFile();
    const { store } = await open(file);
    const items = await store.commit(commitOf(opened(), ['a', 'b', 'c', 'd', 'e']));
    const [one, two, three, four, five] = items as never[];
    await store.recordDelivery(one as never, { kind: 'delivered', at: 5 });
    await store.recordDelivery(two as never, { kind: 'rejected', at: 5, reason: '400' });
    await store.recordDelivery(three as never, { kind: 'filtered', at: 5 });
    await store.recordDelivery(four as never, { kind: 'merged', at: 5, into: 'x' });
    await store.recordDelivery(five as never, { kind: 'retry', at: 5, reason: '503', firstAttemptAt: 4, triedMs: 0 });
    assert.equal(await store.wasTold('a', items[0]?.notice.incident.id ?? ''), true);
    assert.equal(await store.wasTold('b', items[0]?.notice.incident.id ?? ''), false);
    await store.close();

    const again = await open(file);
    assert.deepEqual(
      again.loaded.pendingOutbox.map((item) => [item.receiver, item.attempts, item.firstAttemptAt]),
      [['e', 1, 4]],
    );
    assert.deepEqual(
      (await again.store.deliveries.list({ limit: 10 })).map((d) => [d.receiver, d.status, d.reason]),
      [
        ['e', 'pending', '503'],
        ['d', 'merged', null],
        ['c', 'filtered', null],
        ['b', 'rejected', '400'],
        ['a', 'delivered', null],
      ],
    );
  });

  it('offers merged notices as the one they became', async () => {
    const file = freshFile();
    const { store } = await open(file);
    const first = opened();
    const second = pass(first.state, { now: 2, changes: [answered(a, fileOwner(a))] });
    const [one] = await store.commit(commitOf(first));
    const [two] = await store.commit(commitOf(second));
    assert.ok(one !== undefined && two !== undefined);
    await store.recordMerge([one], { ...two, notice: { ...two.notice, type: 'opened' }, notBefore: 2001 }, 3);
    await store.close();
    const [only, ...others] = (await open(file)).loaded.pendingOutbox;
    assert.deepEqual(others, []);
    assert.deepEqual([only?.notice.id, only?.notice.type, only?.notBefore], [two.notice.id, 'opened', 2001]);
  });
});

describe('what a commit writes', () => {
  it('is nothing when nothing changed, nor when a range was merely seen again', async () => {
    const { store, database } = await open();
    const first = opened();
    await store.commit(commitOf(first));
    const before = database.commits();
    const same = pass(first.state, { now: 2 });
    await store.commit(commitOf(same));
    const seen = pass(same.state, { now: 60_000, snapshot: reading({ runs: [a], readAt: 60_000 }) });
    assert.equal(seen.state.places.get(uid)?.ranges[0]?.lastSeen, 60_000);
    await store.commit(commitOf(seen));
    assert.equal(database.commits(), before + 1, 'the list is known to be whole now');
    const later = pass(seen.state, { now: 120_000, snapshot: reading({ runs: [a], readAt: 120_000 }) });
    await store.commit(commitOf(later));
    assert.equal(database.commits(), before + 1);
  });

  it('is all or nothing', async () => {
    const { store, database } = await open();
    const told = opened();
    const broken = { ...told, events: [{ ...(told.events[0] as object), type: undefined }] as never };
    const items = await store.commit(commitOf(broken));
    assert.equal(items[0]?.durable, false);
    assert.deepEqual(await database.query({ sql: 'SELECT * FROM places', params: [] }), []);
  });
});

describe('a disk that fails', () => {
  it('lets messages go out marked, then commits everything when it is back', async () => {
    const file = freshFile();
    const { store, database, clock, turns } = await open(file);
    database.failWith('disk full');
    const first = opened();
    const [item] = await store.commit(commitOf(first));
    assert.equal(item?.durable, false);
    assert.deepEqual([store.writable(), store.trouble(), turns], [false, 'disk full', [false]]);

    const second = pass(first.state, { now: 2, changes: [answered(a, fileOwner(a))] });
    assert.equal((await store.commit(commitOf(second)))[0]?.durable, false, 'nobody waits for a disk that is away');
    await store.recordDelivery(item as never, { kind: 'delivered', at: 3 });
    await clock.advance(5000);
    assert.equal(store.writable(), false);
    database.failWith(undefined);
    await clock.advance(5000);
    assert.deepEqual([store.writable(), store.trouble(), turns], [true, '', [false, true]]);
    await store.close();

    const again = await open(file);
    assert.deepEqual(again.loaded.incidents, second.state.incidents);
    assert.deepEqual(
      again.loaded.pendingOutbox.map((pending) => pending.notice.type),
      ['owners'],
      'what was delivered meanwhile is known to be',
    );
    const events = await again.store.events(0, 100);
    assert.deepEqual(
      events.map((event) => event.id),
      [...first.events, ...second.events].map((_, i) => i + 1),
    );
  });

  it('is not waited for longer than 5 s when it hangs, and what it does in the end counts', async () => {
    const { store, database, clock, turns } = await open();
    const release = database.hang();
    const commit = store.commit(commitOf(opened()));
    await clock.advance(4999);
    assert.equal(store.writable(), true);
    await clock.advance(1);
    assert.equal((await commit)[0]?.durable, false);
    assert.equal(store.writable(), false);
    release();
    await settle();
    assert.deepEqual(turns, [false, true]);
    assert.equal((await store.events(0, 100)).length, 3);
  });

  it('gets one more try at closing time, and then no more', async () => {
    const { store, database, clock } = await open();
    database.failWith('read-only file system');
    await store.commit(commitOf(opened()));
    await store.close();
    assert.deepEqual(clock.waiting(), []);
  });
});

describe('history', () => {
  it('is paged by id', async () => {
    const { store } = await open();
    await store.commit(commitOf(opened()));
    const all = await store.events(0, 100);
    assert.deepEqual(
      all.map((event) => [event.id, event.type]),
      [
        [1, 'place.appeared'],
        [2, 'range.found'],
        [3, 'incident.opened'],
      ],
    );
    assert.deepEqual(await store.events(1, 1), [all[1]]);
    assert.equal(all[2]?.data['severity'], 'critical');
  });

  it('is forgotten after the retention, except of what is open or not delivered', async () => {
    const file = freshFile();
    const { store } = await open(file);
    const first = opened();
    const end = pass(first.state, { now: 2, changes: [cleared(a)] });
    const again = pass(end.state, { now: 3, changes: [found(a)] });
    const [one] = await store.commit(commitOf(first));
    const [two] = await store.commit(commitOf(end));
    const [three] = await store.commit(commitOf(again));
    await store.recordDelivery(one as never, { kind: 'delivered', at: 4 });
    await store.recordDelivery(three as never, { kind: 'delivered', at: 4 });
    await store.prune(91 * dayMs);
    assert.deepEqual(
      (await store.events(0, 100)).map((event) => event.type),
      ['incident.opened'],
    );
    assert.equal(store.firstKeptEventId(), 7, 'what came before the one that is kept is gone');
    assert.deepEqual(
      (await store.deliveries.list({ limit: 10 })).map((d) => [d.noticeId, d.status]),
      [
        [three?.notice.id, 'delivered'],
        [two?.notice.id, 'pending'],
      ],
    );
    await store.recordDelivery(two as never, { kind: 'delivered', at: 5 });
    await store.prune(91 * dayMs);
    const kept = forgetResolved(again.state, 91 * dayMs, 90 * dayMs);
    assert.equal(only(kept).status, 'open');
    await store.commit(commitOf({ ...again, state: kept, events: [], notices: [] }));
    await store.close();
    const { loaded } = await open(file);
    assert.deepEqual([...loaded.incidents.keys()], [only(kept).id]);
    assert.equal(loaded.lastEventId, 7, 'an id is never used twice');
    assert.equal(loaded.ordinals.get(only(kept).fingerprint), 2);
  });
});

describe('a receiver that is new', () => {
  it('is told of what stands, once, and not of what somebody works on or has ended', async () => {
    const file = freshFile();
    const { store } = await open(file);
    const seen = opened();
    const incident = only(seen.state);
    await store.commit(commitOf(seen));
    assert.deepEqual(await store.welcome(seen.state, ['ops'], 5), [], 'who was told is not told again');
    const [item, ...more] = await store.welcome(seen.state, ['ops', 'pager'], 5);
    assert.deepEqual(more, []);
    assert.deepEqual([item?.receiver, item?.notice.type, item?.notBefore], ['pager', 'opened', 5]);
    assert.equal(item?.notice.incident.id, incident.id);
    assert.deepEqual(await store.welcome(seen.state, ['ops', 'pager'], 6), []);
    const acknowledgement = { author: 'ada', reason: '', at: 2, expiresAt: 8 };
    const worked = { ...seen.state, incidents: new Map([[incident.id, { ...incident, acknowledgement }]]) };
    assert.deepEqual(await store.welcome(worked, ['late'], 7), []);
    assert.equal((await store.welcome(worked, ['late'], 9)).length, 1, 'the acknowledgement has run out');
    const end = pass(seen.state, { now: 9, changes: [cleared(a)] });
    assert.deepEqual(await store.welcome(end.state, ['later'], 10), []);
    await store.close();
    const { loaded } = await open(file);
    const waiting = loaded.pendingOutbox.map(({ receiver, notice }) => [receiver, notice.type]);
    assert.deepEqual(waiting.sort(), [
      ['late', 'opened'],
      ['ops', 'opened'],
      ['pager', 'opened'],
    ]);
  });
});

describe('a state file of another version', () => {
  it('that is newer is refused with what to do, and left as it is', async () => {
    const file = freshFile();
    const newer = createMemoryDatabase(file);
    await newer.transaction([{ sql: 'PRAGMA user_version = 7', params: [] }]);
    await newer.close();
    await assert.rejects(open(file), { code: 'STATE_NEWER', message: /version 7.*install the newer pmemwatch/ });
    const untouched = createMemoryDatabase(file);
    assert.deepEqual(await untouched.query({ sql: 'SELECT name FROM sqlite_schema', params: [] }), []);
  });

  it('that is older is brought up step by step, keeping what it holds', async () => {
    const database = createMemoryDatabase();
    await migrate(database);
    await database.transaction([{ sql: "INSERT INTO ordinals VALUES ('f', 3)", params: [] }]);
    await migrate(database, [...migrations, ['ALTER TABLE ordinals ADD COLUMN note TEXT']]);
    const [row] = await database.query({ sql: 'SELECT * FROM ordinals', params: [] });
    assert.deepEqual({ ...row }, { fingerprint: 'f', count: 3, note: null });
    const [version] = await database.query({ sql: 'PRAGMA user_version', params: [] });
    assert.equal(version?.['user_version'], migrations.length + 1);
  });

  it('of before failures of modules were counted still has their history', async () => {
    const file = freshFile();
    const old = createMemoryDatabase(file);
    await migrate(old, migrations.slice(0, 5));
    const body = {
      ...{ key: 'a', name: 'nmem0', bus: 'ndbus0', present: true, goneSince: null },
      shutdowns: { count: 4, lookedAtBoot: 'b', noticedBoot: '' },
      history: { places: ['p'], newRanges: [{ at: 1, count: 2 }], cleared: [], recurrences: [3], dirtyShutdowns: [] },
    };
    const insert = 'INSERT INTO dimms VALUES (?, ?)';
    await old.transaction([{ sql: insert, params: ['a', JSON.stringify(body)] }]);
    await old.close();
    const { store, loaded } = await open(file);
    const dimm = loaded.dimms.get('a');
    assert.ok((dimm?.firstSeen ?? 0) > 1_600_000_000_000);
    assert.deepEqual(
      { ...dimm, firstSeen: 0 },
      {
        ...body,
        firstSeen: 0,
        failures: {},
        restless: {},
        shutdowns: { ...body.shutdowns, unlatched: null, clean: null, powerCycles: null },
        history: { ...body.history, newRanges: [{ at: 1, count: 2, setSize: 1 }] },
      },
    );
    await store.close();
  });

  it('of before deliveries could be looked at still has what waits in it, and what has ended', async () => {
    const file = freshFile();
    const old = createMemoryDatabase(file);
    await migrate(old, migrations.slice(0, 4));
    const [notice] = opened().notices;
    assert.ok(notice !== undefined);
    const row = (id: string, status: string) => ({
      sql: `INSERT INTO outbox (receiver, notice_id, incident, type, created_at, not_before, attempts, first_attempt_at, status,
        finished_at, reason, notice) VALUES ('ops', ?, ?, 'opened', 1, 1, 2, 1, ?, NULL, 'HTTP 503', ?)`,
      params: [id, notice.incident.id, status, JSON.stringify({ ...notice, id })],
    });
    await old.transaction([row('waits', 'pending'), row('refused', 'rejected')]);
    await old.close();
    const { store, loaded } = await open(file);
    assert.deepEqual(
      loaded.pendingOutbox.map((item) => [item.notice.id, item.attempts, item.triedMs, item.replayed, item.expired]),
      [['waits', 2, 0, false, false]],
    );
    const [refused] = await store.deliveries.list({ limit: 1 });
    assert.deepEqual([refused?.noticeId, refused?.status, refused?.lastAttemptAt], ['refused', 'rejected', null]);
  });
});

it('the state that a restart makes of the file continues the incident instead of opening another', async () => {
  const file = freshFile();
  const { store, loaded: fresh } = await open(file);
  await store.commit(commitOf(opened(fresh.lineage)));
  await store.close();
  const { loaded } = await open(file);
  const state: State = { ...emptyState(), ...loaded };
  const after = pass(state, { now: 9, changes: [answered(a, fileOwner(a))] });
  assert.deepEqual(
    after.notices.map((notice) => [notice.type, notice.incident.revision]),
    [['owners', 2]],
  );
});

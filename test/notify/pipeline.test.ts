import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { run } from '../../src/model/extent.ts';
import type { Notice } from '../../src/model/incident.ts';
import type { Message } from '../../src/model/message.ts';
import type { DeliveryLog, DeliveryOutcome, OutboxItem } from '../../src/model/outbox.ts';
import type { ReceiverConfig } from '../../src/notify/notifier.ts';
import { notifiers } from '../../src/notify/notifiers.ts';
import { createNotifications, type Notifications } from '../../src/notify/pipeline.ts';
import type { Standings } from '../../src/notify/standing.ts';
import { createStore } from '../../src/record/store.ts';
import { createFakeClock, type FakeClock, settle } from '../fakes/fake-clock.ts';
import { createMemoryDatabase } from '../fakes/memory-database.ts';
import { createRecordingHttp } from '../fakes/recording-http.ts';
import { createRecordingLog } from '../fakes/recording-log.ts';
import { answered, appeared, cleared, emptyState, fileOwner, found, pass, place } from '../record/timeline.ts';
import { item, owner, story } from './notices.ts';

const hourMs = 3_600_000;
const start = Date.UTC(2026, 0, 1);

interface World {
  readonly clock: FakeClock;
  readonly http: ReturnType<typeof createRecordingHttp>;
  readonly notifications: Notifications;
  readonly outcomes: (readonly [string, string, DeliveryOutcome['kind']])[];
  readonly reasons: string[];
  readonly merges: (readonly [number, string])[];
  readonly told: Set<string>;
  /** the type of the message and why it was given up */
  readonly rejected: string[];
}
const receiver = (name: string, changes: Partial<ReceiverConfig> = {}): ReceiverConfig => ({
  name,
  type: 'webhook',
  url: `https://${name}.example/hook`,
  secrets: [],
  headers: {},
  paths: 'full',
  timeoutMs: 1000,
  ...changes,
});
function world(
  receivers: readonly ReceiverConfig[] = [receiver('ops')],
  retryForMs = 72 * hourMs,
  standings: Standings = new Map(),
): World {
  const clock = createFakeClock(start);
  const http = createRecordingHttp();
  const outcomes: World['outcomes'] = [];
  const reasons: string[] = [];
  const merges: World['merges'] = [];
  const told = new Set<string>();
  const rejected: string[] = [];
  const deliveries: DeliveryLog = {
    async recordDelivery({ receiver, notice }, outcome) {
      outcomes.push([receiver, notice.id, outcome.kind]);
      if ('reason' in outcome) reasons.push(outcome.reason);
    },
    async recordMerge(absorbed, merged) {
      merges.push([absorbed.length, merged.notice.id]);
    },
    wasTold: async (name, incident) => told.has(`${name} ${incident}`),
  };
  const notifications = createNotifications({
    receivers,
    notifiers,
    http,
    deliveries,
    clock,
    random: () => 1,
    log: createRecordingLog(),
    config: { retryForMs, render: { pageUrl: null, runbookUrl: null } },
    host: emptyState().host,
    standings,
    onRejected: ({ notice }, reason) => rejected.push(`${notice.type}: ${reason}`),
    onStanding: () => undefined,
  });
  return { clock, http, notifications, outcomes, reasons, merges, told, rejected };
}
const sent = (w: World, name = 'ops'): Message[] =>
  w.http.posts.filter((post) => post.url.includes(`//${name}.`)).map((post) => JSON.parse(post.body) as Message);
const typesOf = (messages: readonly Message[]): string[] => messages.map((m) => m.type.replace('pmem.incident.', ''));
const other = (n: number): ReturnType<typeof story> => story([owner()], place({ uid: `${n}`.repeat(64) }), start);
const { opened, owned, resolved } = story([owner()], place(), start);

describe('a receiver that is up', () => {
  it('gets the notices of an incident in their order, each once', async () => {
    const w = world();
    w.notifications.enqueue([item(opened), item(owned)]);
    w.notifications.enqueue([item(owned), item(resolved)]);
    await w.clock.advance(120_000);
    assert.deepEqual(typesOf(sent(w)), ['opened', 'owners', 'resolved']);
    assert.deepEqual(
      sent(w).map((m) => m.sequence),
      [1, 2, 3],
    );
    assert.deepEqual(
      w.outcomes.map(([, , kind]) => kind),
      ['delivered', 'delivered', 'delivered'],
    );
    const [status] = w.notifications.status();
    assert.deepEqual([status?.pending, status?.oldest, status?.delivered, status?.reachable], [0, undefined, 3, true]);
  });

  it('is told whether the store had it', async () => {
    const w = world();
    w.notifications.enqueue([item(opened, { durable: false })]);
    await w.clock.advance(0);
    assert.equal(sent(w)[0]?.durable, false);
  });

  it('gets them in order even when a reload hands the older ones over late', async () => {
    const w = world();
    const held = { notBefore: resolved.time + 5000 };
    w.notifications.enqueue([item(resolved, held)]);
    w.notifications.enqueue([item(opened), item(owned)]);
    await w.clock.advance(120_000);
    assert.deepEqual(typesOf(sent(w)), ['opened', 'owners', 'resolved']);
  });
});

describe('a receiver that is down', () => {
  it('is tried again with back-off under the same id, and nothing overtakes within the incident', async () => {
    const w = world();
    w.http.script('https://ops.example/hook', 503, { fails: 'connection refused' }, 500, 200);
    w.notifications.enqueue([item(opened), item(owned)]);
    await w.clock.advance(0);
    assert.equal(w.http.posts.length, 1);
    await w.clock.advance(999);
    assert.equal(w.http.posts.length, 1);
    await w.clock.advance(1);
    assert.equal(w.http.posts.length, 2);
    const [down] = w.notifications.status();
    assert.deepEqual(
      [down?.reachable, down?.lastError, down?.pending, down?.oldest, down?.retried],
      [false, 'connection refused', 2, start / 1000, 2],
    );
    await w.clock.advance(2000);
    await w.clock.advance(4000);
    assert.deepEqual(typesOf(sent(w)), ['opened', 'opened', 'opened', 'opened', 'owners']);
    assert.equal(
      new Set(
        sent(w)
          .slice(0, 4)
          .map((m) => m.id),
      ).size,
      1,
    );
    assert.equal(w.notifications.status()[0]?.reachable, true);
    w.http.assertScriptUsed();
  });

  it('delays no other receiver, and a message that fails delays no other incident', async () => {
    const w = world([receiver('dead'), receiver('ops')]);
    w.http.script('https://dead.example/hook', 'hangs');
    w.http.script('https://ops.example/hook', 500);
    const second = other(2);
    w.notifications.enqueue([opened, second.opened].flatMap((n) => [item(n, { receiver: 'dead' }), item(n)]));
    await w.clock.advance(0);
    assert.deepEqual(
      sent(w, 'ops').map((m) => m.incident),
      [opened.incident.id],
    );
    await w.clock.advance(1000);
    assert.deepEqual(
      sent(w, 'ops').map((m) => m.incident),
      [opened.incident.id, second.opened.incident.id, opened.incident.id],
      'the other incident is what the receiver is tried with next',
    );
    assert.equal(sent(w, 'dead').length, 1);
    await w.notifications.stop();
  });

  it('that asks for a pause gets none of its messages before that', async () => {
    const w = world();
    w.http.script('https://ops.example/hook', { status: 429, headers: { 'retry-after': '60' } });
    w.notifications.enqueue([item(opened), item(other(2).opened)]);
    await w.clock.advance(59_999);
    assert.equal(w.http.posts.length, 1);
    await w.clock.advance(1);
    assert.equal(w.http.posts.length, 3);
  });

  it('is given up after retry_for, counted from the first attempt, and the next message still goes', async () => {
    const w = world([receiver('ops')], 10_000);
    w.http.script('https://ops.example/hook', 500, 500, 500, 500, 500, 200);
    w.notifications.enqueue([item(opened), item(owned)]);
    await w.clock.advance(32_000);
    assert.deepEqual(
      w.outcomes.map(([, , kind]) => kind),
      ['retry', 'retry', 'retry', 'retry', 'retry', 'expired', 'delivered'],
    );
  });

  it('that refuses a message gets the next one; the refusal is a dead letter', async () => {
    const w = world();
    w.http.script('https://ops.example/hook', { status: 400, body: 'bad field' });
    w.notifications.enqueue([item(opened), item(owned)]);
    await w.clock.advance(200);
    assert.deepEqual(
      w.outcomes.map(([, , kind]) => kind),
      ['rejected', 'delivered'],
    );
    assert.equal(w.notifications.status()[0]?.rejected, 1);
    assert.deepEqual(w.rejected, ['opened: HTTP 400: bad field'], 'the history has what the receiver said');
  });

  it('that refuses a message is in trouble until it takes one; what it said stays out of that', async () => {
    const w = world();
    w.http.script('https://ops.example/hook', { status: 400, body: 'no /pg/base/16402/24711 here' });
    w.notifications.enqueue([item(opened)]);
    await w.clock.advance(0);
    const [refused] = w.notifications.status();
    assert.deepEqual(refused?.trouble, { kind: 'rejects', since: start, forMs: 0, reason: 'HTTP 400' });
    assert.equal(refused?.reachable, true);
    w.notifications.enqueue([item(owned)]);
    await w.clock.advance(1000);
    const [fine] = w.notifications.status();
    assert.deepEqual([fine?.trouble, fine?.tookAt], [undefined, start]);
  });

  it('that is being deployed or redirects gets its messages when it is through, and loses none', async () => {
    const w = world();
    w.http.script('https://ops.example/hook', 404, 302, 404, 200);
    w.notifications.enqueue([item(opened), item(owned)]);
    await w.clock.advance(0);
    await w.clock.advance(1000);
    assert.deepEqual(w.notifications.status()[0]?.trouble, {
      kind: 'unreachable',
      since: start,
      forMs: 1000,
      reason: 'HTTP 302: redirects are not followed, configure the final address',
    });
    await w.clock.advance(120_000);
    assert.deepEqual(typesOf(sent(w)), ['opened', 'opened', 'opened', 'opened', 'owners']);
    assert.deepEqual(w.rejected, []);
  });

  it('keeps its counts and its trouble over a reload', async () => {
    const standings: Standings = new Map();
    const before = world([receiver('ops')], hourMs, standings);
    before.http.script('https://ops.example/hook', 200, 400);
    before.notifications.enqueue([item(opened), item(owned)]);
    await before.clock.advance(200);
    await before.notifications.stop();
    const after = world([receiver('ops')], hourMs, standings);
    const [{ delivered, rejected, trouble } = {}] = after.notifications.status();
    assert.deepEqual([delivered, rejected, trouble?.kind], [1, 1, 'rejects']);
  });

  it('that is gone (410) gets nothing more, nothing of it leaves the outbox, and what waits says why', async () => {
    const w = world();
    w.http.script('https://ops.example/hook', 410);
    w.notifications.enqueue([item(opened), item(owned)]);
    await w.clock.advance(hourMs);
    w.notifications.wake();
    assert.equal(w.http.posts.length, 1);
    assert.deepEqual(
      w.outcomes.map(([, , kind]) => kind),
      ['retry'],
    );
    assert.match(w.reasons[0] ?? '', /^HTTP 410: the receiver is gone/);
    const [status] = w.notifications.status();
    assert.deepEqual([status?.pending, status?.reachable], [2, false]);
    assert.deepEqual(
      w.notifications.pending().map((p) => p.notice.type),
      ['opened', 'owners'],
    );
  });
});

describe('a receiver that is down for long', () => {
  const many = Array.from({ length: 300 }, (_, n) => story([owner()], place({ uid: `uid-${n}` }), start).opened);

  it('costs one attempt per round, however much waits, and gets all of it within a minute of its return', async () => {
    const w = world();
    w.http.script(
      'https://ops.example/hook',
      ...Array.from({ length: 68 }, () => ({ fails: 'no answer within 10 s' })),
    );
    w.notifications.enqueue(many.map((notice) => item(notice)));
    await w.clock.advance(hourMs);
    // 1, 2, 4, ... 32 s, then one a minute
    const attempts = w.http.posts.length;
    assert.ok(attempts >= 60 && attempts <= 70, `${attempts} attempts in an hour`);
    await w.clock.advance(10 * 60_000);
    w.http.assertScriptUsed();
    assert.equal(w.notifications.status()[0]?.delivered, 300);
    assert.equal(new Set(sent(w).map((m) => m.id)).size, 300);
  });

  it('is tried with the messages in turn, so that one that it chokes on does not keep the others back', async () => {
    const w = world();
    w.http.script('https://ops.example/hook', 500, 204, 204, 500, 500, 204);
    w.notifications.enqueue(many.slice(0, 3).map((notice) => item(notice)));
    await w.clock.advance(1000);
    assert.deepEqual(
      sent(w)
        .slice(0, 3)
        .map((m) => m.incident),
      [0, 1, 2].map((n) => many[n]?.incident.id),
    );
    await w.clock.advance(hourMs);
    assert.equal(w.notifications.status()[0]?.delivered, 3);
  });

  it('is told what still stands when it is back after retry_for: the last word of each incident, under its id', async () => {
    const w = world([receiver('ops')], hourMs);
    w.http.script('https://ops.example/hook', ...Array.from({ length: 100 }, () => ({ fails: 'connection refused' })));
    const ended = other(2);
    w.notifications.enqueue([item(opened), item(ended.opened)]);
    await w.clock.advance(hourMs + 60_000);
    assert.deepEqual(
      w.outcomes
        .filter(([, , kind]) => kind === 'expired')
        .map(([, id]) => id)
        .sort(),
      [opened.id, ended.opened.id].sort(),
    );
    assert.match(w.rejected[0] ?? '', /^opened: given up: connection refused/);
    assert.equal(w.notifications.status()[0]?.pending, 2, 'both wait for its return');
    w.notifications.enqueue([item(ended.resolved)]);
    await w.clock.advance(3 * hourMs);
    w.http.assertScriptUsed();
    const taken = w.outcomes.filter(([, , kind]) => kind === 'delivered').map(([, id]) => id);
    assert.deepEqual(taken.sort(), [opened.id, ended.resolved.id].sort(), 'what ended meanwhile is told as ended only');
    assert.equal(w.notifications.status()[0]?.pending, 0);
  });

  it('gets what comes in while it is tried in vain with what was given up, and not that before it', async () => {
    const w = world([receiver('ops')], 10_000);
    w.http.script(
      'https://ops.example/hook',
      ...Array.from({ length: 6 }, () => ({ fails: 'connection refused' })),
      'hangs',
    );
    w.notifications.enqueue([item(opened)]);
    await w.clock.advance(100_000);
    assert.equal(w.http.posts.length, 7, 'it hangs');
    w.notifications.enqueue([item(owned)]);
    const before = w.notifications.pending().map(({ notice }) => notice.type);
    assert.deepEqual(before, ['opened', 'owners']);
    await w.notifications.stop();
    const next = world([receiver('ops')], 10_000);
    next.notifications.enqueue(w.notifications.pending());
    await next.clock.advance(1000);
    assert.deepEqual(typesOf(sent(next)), ['owners']);
  });

  it('is not told of the end of what it never heard of when that was given up, but of what it did', async () => {
    for (const [knows, taken] of [
      [false, []],
      [true, [resolved.id]],
    ] as const) {
      const w = world([receiver('ops')], 10_000);
      if (knows) w.told.add(`ops ${resolved.incident.id}`);
      w.http.script('https://ops.example/hook', ...Array.from({ length: 8 }, () => ({ fails: 'connection refused' })));
      w.notifications.enqueue([item(resolved)]);
      await w.clock.advance(hourMs);
      assert.deepEqual(
        w.outcomes.filter(([, , kind]) => kind === 'delivered').map(([, id]) => id),
        taken,
      );
    }
  });

  it('costs nothing when the clock is put forward or back: no message is early, stuck or given up by it', async () => {
    for (const step of [5 * 24 * hourMs, -5 * 24 * hourMs]) {
      const w = world();
      w.http.script('https://ops.example/hook', 500, 500, 500);
      w.notifications.enqueue([item(opened), item(other(2).opened, { notBefore: start + 2000 })]);
      await w.clock.advance(0);
      w.clock.step(step);
      await w.clock.advance(999);
      assert.equal(w.http.posts.length, 1, 'the back-off is as long as it was');
      await w.clock.advance(20_000);
      assert.deepEqual(w.rejected, []);
      assert.equal(w.notifications.status()[0]?.delivered, 2);
    }
  });
});

describe('what is about no incident', () => {
  const calm = { critical: 1, warning: 2, info: 0, complete: false };

  it('a test message goes out at once and says what came of it, and nothing is opened by it', async () => {
    const w = world();
    w.http.script('https://ops.example/hook', 200, { status: 403, body: 'who are you?' });
    const result = await w.notifications.test('ops', 'ada');
    const [message] = sent(w);
    assert.deepEqual([result?.delivered, result?.reason, result?.message], [true, null, message?.id]);
    assert.deepEqual([message?.type, message?.status, message?.severity], ['pmem.test', 'resolved', 'info']);
    assert.match(message?.summary ?? '', /^db07: this is a test that ada asked for, nothing is wrong/);
    const refused = await w.notifications.test('ops', 'ada');
    assert.deepEqual([refused?.delivered, refused?.reason], [false, 'HTTP 403: who are you?']);
    assert.equal(w.notifications.status()[0]?.trouble, undefined);
    assert.equal(await w.notifications.test('nobody', 'ada'), undefined);
  });

  it('a test that arrives sends what waits for the receiver', async () => {
    const w = world();
    w.http.script('https://ops.example/hook', 500, 500, 500, 500);
    w.notifications.enqueue([item(opened)]);
    await w.clock.advance(7500);
    assert.equal(w.http.posts.length, 4);
    assert.equal((await w.notifications.test('ops', 'ada'))?.delivered, true);
    await w.clock.advance(0);
    assert.equal(w.notifications.status()[0]?.delivered, 1);
  });

  it('a beat says how many incidents are open, and one that fails is trouble but is not tried again', async () => {
    const w = world([receiver('ops'), receiver('pager')]);
    w.http.script('https://pager.example/hook', { fails: 'connection refused' });
    await w.notifications.beat(calm);
    await w.clock.advance(hourMs);
    const [message, ...others] = sent(w);
    assert.deepEqual([message?.type, message?.complete, others], ['pmem.heartbeat', false, []]);
    assert.match(message?.summary ?? '', /alive, open incidents: 1 critical, 2 warning\. Not everything can be seen/);
    assert.equal(sent(w, 'pager').length, 1);
    assert.equal(w.notifications.status()[1]?.trouble?.kind, 'unreachable');
    await w.notifications.beat(calm);
    assert.equal(w.notifications.status()[1]?.trouble, undefined);
  });
});

it('a reminder that waits is not sent when something newer of its incident waits behind it', async () => {
  const w = world();
  w.http.script('https://ops.example/hook', 500);
  const reminder = (revision: number): Notice => ({
    ...owned,
    id: `reminder-${revision}`,
    type: 'reminder',
    incident: { ...owned.incident, revision },
  });
  w.notifications.enqueue([item(opened), item(reminder(3)), item(reminder(4))]);
  await w.clock.advance(hourMs);
  assert.deepEqual(
    sent(w).map((m) => m.id),
    [opened.id, opened.id, 'reminder-4'],
  );
  assert.deepEqual(w.merges, [[1, 'reminder-4']]);
});

it('what is sent again by hand goes out whatever the filters say', async () => {
  const w = world([receiver('ops', { severities: ['info'] })]);
  w.http.script('https://ops.example/hook', 204);
  w.notifications.enqueue([item(opened, { replayed: true }), item(other(2).opened)]);
  await w.clock.advance(hourMs);
  assert.deepEqual(
    sent(w).map((m) => m.id),
    [opened.id],
  );
});

describe('the group wait', () => {
  const held = { notBefore: start + 2000 };

  it('holds an opened back and sends it once, with the newest content and id', async () => {
    const w = world();
    w.notifications.enqueue([item(opened, held)]);
    await w.clock.advance(100);
    w.notifications.enqueue([item(owned)]);
    await w.clock.advance(1899);
    assert.equal(w.http.posts.length, 0);
    await w.clock.advance(1);
    const [only, ...rest] = sent(w);
    assert.deepEqual(rest, []);
    assert.deepEqual([only?.type, only?.id, only?.sequence], ['pmem.incident.opened', owned.id, 2]);
    assert.equal(only?.files.length, 1);
    assert.equal(only?.totals.newRanges, 1);
    assert.deepEqual(w.merges, [[1, owned.id]]);
    assert.deepEqual(w.outcomes, [['ops', owned.id, 'delivered']]);
  });

  it('takes in neither the end of the incident nor what came after the wait', async () => {
    const w = world();
    const late: Notice = { ...owned, time: start + 2000 };
    w.notifications.enqueue([item(opened, held), item(late), item(resolved)]);
    await w.clock.advance(hourMs);
    assert.deepEqual(typesOf(sent(w)), ['opened', 'owners', 'resolved']);
  });

  it('tells an acknowledgement by itself: it says something else to a receiver than the beginning', async () => {
    const w = world();
    const acknowledgement = { author: 'ann', reason: '', at: start + 1000, expiresAt: null };
    const { incident } = owned;
    const taken: Notice = {
      ...owned,
      id: 'taken',
      type: 'acknowledged',
      time: start + 1000,
      incident: { ...incident, revision: incident.revision + 1, acknowledgement },
    };
    w.notifications.enqueue([item(opened, held), item(owned), item(taken)]);
    await w.clock.advance(hourMs);
    assert.deepEqual(typesOf(sent(w)), ['opened', 'acknowledged']);
  });

  it('merges nothing into an opened that an agent killed meanwhile may have sent', async () => {
    const w = world();
    await w.clock.advance(2000);
    w.notifications.enqueue([item(opened, held), item(owned)]);
    await w.clock.advance(0);
    assert.deepEqual(
      sent(w).map((m) => m.id),
      [opened.id, owned.id],
    );
  });

  it('merges nothing into an opened that may have arrived already', async () => {
    const w = world();
    w.http.script('https://ops.example/hook', { fails: 'no answer within 1 s' });
    w.notifications.enqueue([item(opened, held)]);
    await w.clock.advance(2000);
    w.notifications.enqueue([item(owned)]);
    await w.clock.advance(hourMs);
    assert.deepEqual(
      sent(w).map((m) => m.id),
      [opened.id, opened.id, owned.id],
    );
  });
});

describe('filters', () => {
  it('keep out what is not wanted', async () => {
    const w = world([
      receiver('ops', { severities: ['warning'] }),
      receiver('pager', { conditions: ['device_stuck'] }),
    ]);
    w.notifications.enqueue([item(opened), item(opened, { receiver: 'pager' })]);
    await w.clock.advance(0);
    assert.deepEqual(w.http.posts, []);
    assert.deepEqual(w.outcomes.map(([name, , kind]) => `${name} ${kind}`).sort(), ['ops filtered', 'pager filtered']);
  });

  it('do not keep the end from a receiver that was told of the beginning, in this run or an earlier one', async () => {
    const milder = (notice: Notice): Notice => ({ ...notice, incident: { ...notice.incident, severity: 'warning' } });
    const w = world([receiver('ops', { severities: ['critical'] })]);
    w.notifications.enqueue([item(opened), item(milder(resolved))]);
    await w.clock.advance(hourMs);
    assert.deepEqual(typesOf(sent(w)), ['opened', 'resolved']);

    const restarted = world([receiver('ops', { severities: ['critical'] })]);
    restarted.told.add(`ops ${resolved.incident.id}`);
    restarted.notifications.enqueue([item(milder(resolved))]);
    await restarted.clock.advance(hourMs);
    assert.deepEqual(typesOf(sent(restarted)), ['resolved']);
  });
});

describe('the end of the agent', () => {
  it('sends what waits for its group, but no back-off is waited for', async () => {
    const w = world();
    w.http.script('https://ops.example/hook', 500, 200);
    w.notifications.enqueue([item(opened)]);
    await w.clock.advance(0);
    w.notifications.enqueue([item(other(2).opened, { notBefore: start + hourMs })]);
    await w.notifications.drain(5000);
    assert.equal(w.http.posts.length, 2);
    assert.equal(w.notifications.pending().length, 1);
    await w.clock.advance(hourMs);
    assert.equal(w.http.posts.length, 2, 'nothing is sent after the end');
  });

  it('comes at the deadline even when a receiver does not answer; its message stays in the outbox', async () => {
    const w = world();
    w.http.script('https://ops.example/hook', 'hangs');
    w.notifications.enqueue([item(opened)]);
    const drained = w.notifications.drain(5000);
    await w.clock.advance(5000);
    await drained;
    assert.deepEqual(w.outcomes, []);
    assert.equal(w.notifications.pending().length, 1);
  });
});

it('messages for a receiver that is not configured any more end as rejected', async () => {
  const w = world();
  w.notifications.enqueue([item(opened, { receiver: 'former' })]);
  await settle();
  assert.deepEqual(w.outcomes, [['former', opened.id, 'rejected']]);
  assert.deepEqual(w.rejected, ['opened: the receiver is not configured any more']);
});

it('a receiver of a type that nobody speaks is a bug', () => {
  assert.throws(() => world([receiver('ops', { type: 'fax' })]), /unknown type fax/);
});

describe('a crash between sending and writing it down', () => {
  it('sends again after the restart, under the same id and still as opened', async () => {
    const database = createMemoryDatabase();
    const clock = createFakeClock(start);
    const log = createRecordingLog();
    const store = createStore(database, { clock, retentionMs: hourMs, log });
    await store.load();
    const a = run(10_000, 8);
    const first = pass(emptyState(), { now: start, changes: [appeared(), found(a)] });
    const second = pass(first.state, { now: start + 100, changes: [answered(a, fileOwner(a))] });
    const ids: string[][] = [];
    async function agent(enqueue: readonly OutboxItem[], deliveries: DeliveryLog): Promise<void> {
      const http = createRecordingHttp();
      const notifications = createNotifications({
        receivers: [receiver('ops')],
        notifiers,
        http,
        deliveries,
        clock,
        random: Math.random,
        log,
        config: { retryForMs: hourMs, render: { pageUrl: null, runbookUrl: null } },
        host: emptyState().host,
        standings: new Map(),
        onRejected: () => undefined,
        onStanding: () => undefined,
      });
      notifications.enqueue(enqueue);
      await clock.advance(5000);
      ids.push(http.posts.map((post) => `${(JSON.parse(post.body) as Message).type} ${post.headers['webhook-id']}`));
      await notifications.stop();
    }
    const commit = { receivers: ['ops'], notBefore: start + 2000 };
    const items = [...(await store.commit({ ...first, ...commit })), ...(await store.commit({ ...second, ...commit }))];
    // the delivery itself is never written down, as if the process had been killed right after it
    await agent(items, {
      recordDelivery: async () => undefined,
      recordMerge: (absorbed, merged, at) => store.recordMerge(absorbed, merged, at),
      wasTold: (name, incident) => store.wasTold(name, incident),
    });
    const restarted = createStore(database, { clock, retentionMs: hourMs, log });
    await agent((await restarted.load()).pendingOutbox, restarted);
    const expected = [`pmem.incident.opened ${second.notices[0]?.id}`];
    assert.deepEqual(ids, [expected, expected]);
    assert.deepEqual((await createStoreAgain()).pendingOutbox, []);

    function createStoreAgain() {
      return createStore(database, { clock, retentionMs: hourMs, log }).load();
    }
    const end = pass(second.state, { now: start + 9000, changes: [cleared(a)] });
    assert.equal(end.notices[0]?.incident.revision, 3);
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Incident, Notice } from '../../src/model/incident.ts';
import type { DeliveryLog } from '../../src/model/outbox.ts';
import type { Alert } from '../../src/notify/alertmanager.ts';
import type { ReceiverConfig } from '../../src/notify/notifier.ts';
import { notifiers } from '../../src/notify/notifiers.ts';
import { createNotifications, type Notifications } from '../../src/notify/pipeline.ts';
import type { Standings } from '../../src/notify/standing.ts';
import { createFakeClock, type FakeClock, settle } from '../fakes/fake-clock.ts';
import { createRecordingHttp } from '../fakes/recording-http.ts';
import { createRecordingLog } from '../fakes/recording-log.ts';
import { item, owner, story } from './notices.ts';
import { receiverOf } from './told.ts';

const start = Date.UTC(2026, 0, 1, 14, 2, 7);
const minuteMs = 60_000;
const { owned, resolved } = story([owner()], undefined, start);
const { incident } = owned;

interface World {
  readonly clock: FakeClock;
  readonly http: ReturnType<typeof createRecordingHttp>;
  readonly notifications: Notifications;
  /** as the store has them now */
  incidents: Incident[];
  /** alerts of the posts since the last call, as `severity: firing for so many minutes` or `severity: ended` */
  taken(name?: string): string[];
}
function world(incidents: Incident[], receivers: readonly ReceiverConfig[] = [am('am')]): World {
  const clock = createFakeClock(start);
  const http = createRecordingHttp();
  const deliveries: DeliveryLog = {
    recordDelivery: async () => undefined,
    recordMerge: async () => undefined,
    wasTold: async () => false,
  };
  const standings: Standings = new Map();
  const seen = new Map<string, number>();
  const w: World = {
    clock,
    http,
    incidents,
    notifications: createNotifications({
      receivers,
      notifiers,
      http,
      deliveries,
      clock,
      random: () => 1,
      log: createRecordingLog(),
      config: { retryForMs: 72 * 60 * minuteMs, render: { pageUrl: null, runbookUrl: null } },
      host: owned.host,
      incidents: () => w.incidents,
      heartbeatMs: 0,
      standings,
      onRejected: () => undefined,
      onStanding: () => undefined,
    }),
    taken(name = 'am') {
      const posts = http.posts.filter(({ url }) => url.includes(`//${name}.`));
      const fresh = posts.slice(seen.get(name) ?? 0);
      seen.set(name, posts.length);
      return fresh.flatMap(({ body }) => (JSON.parse(body) as Alert[]).map((alert) => said(alert, clock.now())));
    },
  };
  return w;
}
const am = (name: string, changes: Partial<ReceiverConfig> = {}): ReceiverConfig =>
  receiverOf('alertmanager', { name, url: `http://${name}.example:9093`, ...changes });
function said({ labels, endsAt }: Alert, now: number): string {
  const left = Date.parse(endsAt) - now;
  return `${labels['severity']}: ${left > 0 ? `firing for ${Math.round(left / minuteMs)} minutes` : 'ended'}`;
}
const firing = 'critical: firing for 15 minutes';
const changed = (changes: Partial<Incident>): Incident => ({ ...incident, ...changes });
const over = (at: number): Incident => ({ ...resolved.incident, resolvedAt: at });

describe('what stands', () => {
  it('is told at the start, from what the store has, and then every minute with an end some minutes ahead', async () => {
    const w = world([incident]);
    await w.clock.advance(0);
    assert.deepEqual(w.taken(), [firing]);
    await w.clock.advance(3 * minuteMs);
    const expected = [13, 14, 15].map((minutes) => `critical: firing for ${minutes} minutes`);
    assert.deepEqual(w.taken(), expected);
    const alerts = w.http.posts.flatMap(({ body }) => JSON.parse(body) as Alert[]);
    assert.deepEqual(new Set(alerts.map(({ startsAt }) => startsAt)).size, 1, 'it began once');
    assert.equal(alerts[0]?.startsAt, new Date(incident.openedAt).toISOString());
    await w.notifications.stop();
    await w.clock.advance(10 * minuteMs);
    assert.deepEqual(w.taken(), []);
  });

  it('is told as ended for five minutes after its end, also by an agent that was started since', async () => {
    const w = world([over(start - 2 * minuteMs)]);
    await w.clock.advance(10 * minuteMs);
    assert.deepEqual(w.taken(), ['critical: ended', 'critical: ended', 'critical: ended', 'critical: ended']);
  });

  it('ends under the severity it had, where that is another now or one that the receiver does not want', async () => {
    const free = changed({ severity: 'warning', revision: 9 });
    for (const [filter, then] of [
      [undefined, ['critical: ended', 'warning: firing for 15 minutes']],
      [['critical'], ['critical: ended']],
    ] as const) {
      const w = world([incident], [am('am', filter === undefined ? {} : { severities: filter })]);
      await w.clock.advance(0);
      assert.deepEqual(w.taken(), [firing]);
      w.incidents = [free];
      await w.clock.advance(minuteMs);
      assert.deepEqual(w.taken(), then);
      w.incidents = [changed({ revision: 10 })];
      await w.clock.advance(minuteMs);
      assert.equal(w.taken().at(-1), firing, 'back again, it is not ended beside');
    }
  });

  it('is not told where the filters do not want it, of the receiver itself, or beside a newer one of the same place', async () => {
    const subject = { ...incident.subject, uid: 'am' };
    const rows: readonly (readonly [Incident[], Partial<ReceiverConfig>, string[]])[] = [
      [[incident], { severities: ['warning'] }, []],
      [[incident], { conditions: ['dimm_health'] }, []],
      [[changed({ condition: 'receiver_unreachable', subject })], {}, []],
      [[over(start), changed({ id: 'next', ordinal: 2 })], {}, [firing]],
      [[changed({ id: 'next', ordinal: 2 }), over(start)], {}, [firing]],
    ];
    for (const [incidents, filter, expected] of rows) {
      const w = world(incidents, [am('am', filter)]);
      await w.clock.advance(0);
      assert.deepEqual(w.taken(), expected);
    }
  });

  it('names no file where that is off', async () => {
    const w = world([incident], [am('am', { paths: 'off' })]);
    await w.clock.advance(0);
    assert.equal(w.taken().length, 1);
    assert.doesNotMatch(w.http.posts[0]?.body ?? '', /24711/);
  });

  it('goes in posts below 20 kB each', async () => {
    const many = Array.from({ length: 25 }, (_, i) => changed({ id: `${i}`, fingerprint: `${i}` }));
    const w = world(many);
    await w.clock.advance(0);
    for (let i = 0; i < 10; i++) await settle();
    assert.equal(w.taken().length, 25);
    assert.ok(w.http.posts.length > 1);
    for (const { body } of w.http.posts) assert.ok(Buffer.byteLength(body) <= 20_000);
  });
});

describe('a message of the outbox', () => {
  const tell = async (w: World, notice: Notice): Promise<string[]> => {
    w.taken();
    w.notifications.enqueue([item(notice, { receiver: 'am' })]);
    await settle();
    return w.taken();
  };
  it('that is late tells how the incident is by now, and never brings back what has ended', async () => {
    const w = world([over(start)]);
    await w.clock.advance(0);
    assert.deepEqual(await tell(w, owned), ['critical: ended']);
    await w.clock.advance(10 * minuteMs);
    assert.deepEqual(await tell(w, owned), [], 'long over, it has lapsed by itself');
  });
  it('that has nothing to say any more does not make a receiver that is down look well', async () => {
    const w = world([over(start)]);
    w.http.script('http://am.example:9093/api/v2/alerts', ...Array(40).fill({ fails: 'connection refused' }));
    w.notifications.enqueue([owned, resolved].map((notice) => item(notice, { receiver: 'am' })));
    await w.clock.advance(4 * minuteMs);
    const posts = w.http.posts.length;
    await w.clock.advance(20 * minuteMs);
    const [status] = w.notifications.status();
    assert.ok(w.http.posts.length < posts + 5, 'long over, it is not told any more');
    assert.deepEqual([status?.pending, status?.delivered, status?.reachable], [0, 0, false]);
  });
  it('about the end of an incident does not end the one that came after it', async () => {
    const w = world([over(start), changed({ id: 'next', ordinal: 2 })]);
    await w.clock.advance(0);
    assert.deepEqual(await tell(w, resolved), []);
  });
});

it('an address that is gone (410) when what stands is told again is told as switched off, and not asked any more', async () => {
  const w = world([incident]);
  w.http.script('http://am.example:9093/api/v2/alerts', 410);
  await w.clock.advance(minuteMs);
  const trouble = (): string | undefined => w.notifications.status()[0]?.trouble?.kind;
  assert.equal(trouble(), 'off');
  w.notifications.enqueue([item(owned, { receiver: 'am' })]);
  await w.clock.advance(10 * minuteMs);
  assert.deepEqual([w.http.posts.length, trouble()], [1, 'off']);
});

describe('of the instances of a cluster', () => {
  it('one that hangs or is down delays no other, and is told as unreachable though no message waits for it', async () => {
    const w = world([incident], [am('am-1'), am('am-2')]);
    w.http.script('http://am-1.example:9093/api/v2/alerts', 'hangs');
    w.http.script('http://am-2.example:9093/api/v2/alerts', 200, { fails: 'connection refused' }, 200);
    await w.clock.advance(0);
    assert.deepEqual(w.taken('am-2'), [firing]);
    await w.clock.advance(minuteMs);
    const reachable = (): boolean[] => w.notifications.status().map((status) => status.reachable);
    assert.deepEqual(reachable(), [true, false]);
    await w.clock.advance(minuteMs);
    assert.deepEqual(reachable(), [true, true]);
    assert.equal(w.taken('am-2').at(-1), firing);
    await w.notifications.stop();
  });
});

it('a heartbeat goes to those to whom it means something, and says nothing of how the others fare', async () => {
  const types = ['alertmanager', 'pagerduty', 'slack', 'webhook'];
  const w = world(
    [],
    types.map((type) => receiverOf(type, { name: type })),
  );
  w.http.script('https://slack.example/hook', { body: 'ok' });
  await w.notifications.beat({ critical: 0, warning: 0, info: 0, complete: true });
  assert.deepEqual(w.http.posts.map(({ url }) => new URL(url).hostname.split('.')[0]).sort(), [
    ...['alertmanager', 'slack', 'webhook'],
  ]);
  const pagerduty = w.notifications.status().find(({ receiver }) => receiver === 'pagerduty');
  assert.equal(pagerduty?.tookAt, undefined);
});

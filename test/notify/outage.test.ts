/** A receiver that is away for days, agents that come and go on one state file, and a clock that jumps about. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import type { Change } from '../../src/model/change.ts';
import { type Run, run } from '../../src/model/extent.ts';
import type { Message } from '../../src/model/message.ts';
import type { DeliveryRecord } from '../../src/model/outbox.ts';
import type { State } from '../../src/model/state.ts';
import { notifiers } from '../../src/notify/notifiers.ts';
import { createNotifications, type Notifications } from '../../src/notify/pipeline.ts';
import { beginningOf } from '../../src/record/open-state.ts';
import { recordReceivers } from '../../src/record/receiver-incidents.ts';
import { recordReminders } from '../../src/record/reminders.ts';
import { createStore, type Store } from '../../src/record/store.ts';
import { createFakeClock, type FakeClock } from '../fakes/fake-clock.ts';
import { createMemoryDatabase, type MemoryDatabase } from '../fakes/memory-database.ts';
import { createRecordingLog } from '../fakes/recording-log.ts';
import { createRandom } from '../loopfs/random.ts';
import { appeared, emptyState, pass, place } from '../record/timeline.ts';

const hour = 3_600_000;
// thousands of commits: not on a disk that is waited for
const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'pmemwatch-outage-'));
after(() => rmSync(folder, { recursive: true }));

const placeOf = (name: string) => place({ uid: name.repeat(64) });
const sectors = run(10_000, 8);
const found = (name: string, runs: Run): Change => ({
  kind: 'found',
  uid: placeOf(name).uid,
  runs: [runs],
  foundBy: 'mce',
});
const cleared = (name: string, runs: Run): Change => ({ kind: 'cleared', uid: placeOf(name).uid, runs: [runs] });

interface Process {
  readonly database: MemoryDatabase;
  readonly store: Store;
  readonly notifications: Notifications;
  state: State;
}

/** A host with two receivers: `pager`, which is away, and `chat`. Every agent is made of new objects on the same file. */
class Host {
  readonly clock: FakeClock = createFakeClock(Date.UTC(2026, 0, 1));
  readonly got: { readonly receiver: string; readonly message: Message }[] = [];
  attempts = 0;
  away = true;
  readonly #retryForMs: number;
  #file = join(folder, `state-${Math.random()}.db`);
  #running: Process | undefined;

  constructor(retryForHours: number) {
    this.#retryForMs = retryForHours * hour;
  }

  async start(): Promise<void> {
    const { clock } = this;
    const log = createRecordingLog();
    const database = createMemoryDatabase(this.#file);
    const store = createStore(database, { clock, retentionMs: 90 * 24 * hour, log });
    const loaded = await store.load();
    const { host } = emptyState();
    const notifications = createNotifications({
      receivers: ['pager', 'chat'].map((name) => ({
        name,
        type: 'webhook',
        url: `https://${name}.example/`,
        secrets: [],
        headers: {},
        paths: 'full',
        timeoutMs: 10_000,
      })),
      notifiers,
      http: { post: async (url, _, body) => this.#answer(new URL(url).hostname.replace('.example', ''), body) },
      deliveries: store,
      clock,
      random: () => 0.5,
      log,
      config: { retryForMs: this.#retryForMs, render: { pageUrl: null, runbookUrl: null } },
      host,
      standings: new Map(),
      onRejected: () => undefined,
      onStanding: () => undefined,
    });
    notifications.enqueue(loaded.pendingOutbox);
    this.#running = {
      database,
      store,
      notifications,
      state: { ...beginningOf(loaded, host, clock.now()), inventoried: true },
    };
    await this.pass();
  }
  /** as a SIGKILL: nothing is written down any more */
  async die(): Promise<void> {
    const { notifications, database } = this.#now();
    await notifications.stop();
    await database.close();
  }
  async pass(...changes: readonly Change[]): Promise<void> {
    const process = this.#now();
    const { store, notifications } = process;
    const now = this.clock.now();
    const seen = pass(process.state, { now, changes });
    const reached = recordReceivers(seen.state, notifications.status(), now);
    const reminded = recordReminders(reached.state, { now, tick: this.clock.monotonic(), policy: 'once' });
    process.state = reminded.state;
    const parts = [seen, reached, reminded];
    const notices = parts.flatMap((part) => part.notices);
    const events = parts.flatMap((part) => part.events);
    const commit = { state: process.state, events, notices, receivers: ['pager', 'chat'], notBefore: now + 2000 };
    notifications.enqueue(await store.commit(commit));
  }
  /** passes every quarter of an hour */
  async hours(count: number): Promise<void> {
    for (let i = 0; i < count * 4; i++) {
      await this.clock.advance(hour / 4);
      await this.pass();
    }
  }
  /** of one receiver: `A opened` */
  told(receiver: string): string[] {
    return this.got.filter((each) => each.receiver === receiver).map(({ message }) => textOf(message));
  }
  async deliveries(): Promise<readonly DeliveryRecord[]> {
    return this.#now().store.deliveries.list({ receiver: 'pager', limit: 1000 });
  }
  status() {
    return this.#now().notifications.status()[0];
  }

  #now(): Process {
    if (this.#running === undefined) throw new Error('no agent runs');
    return this.#running;
  }
  #answer(receiver: string, body: string) {
    if (receiver === 'pager' && this.away) {
      this.attempts++;
      throw new Error('connection refused');
    }
    this.got.push({ receiver, message: JSON.parse(body) as Message });
    return { status: 200, headers: {}, body: '' };
  }
}
const textOf = ({ condition, device, type }: Message): string =>
  `${condition === 'media_error' ? device.uid[0] : condition} ${type.replace('pmem.incident.', '')}`;

/** What happens, by the hour: A and C at once, C ends, A grows, B comes and goes. */
const story: Readonly<Record<number, readonly Change[]>> = {
  0: [appeared(placeOf('a')), appeared(placeOf('b')), appeared(placeOf('c')), found('a', sectors), found('c', sectors)],
  1: [found('a', run(20_000, 8))],
  2: [cleared('c', sectors)],
  36: [found('b', sectors)],
  60: [cleared('b', sectors)],
};

async function outage(hours: number, seed: number, retryForHours = 72): Promise<Host> {
  const random = createRandom(seed);
  const host = new Host(retryForHours);
  await host.start();
  for (let at = 0; at < hours; at++) {
    const changes = story[at];
    if (changes !== undefined) await host.pass(...changes);
    await host.hours(1);
    if (at % 13 === 12) {
      await host.die();
      await host.start();
    }
    if (random.chance(0.2)) {
      const days = random.int(-9, 9);
      host.clock.step(days * 24 * hour);
      await host.hours(1 / 4);
      // mostly put right soon
      if (random.chance(0.8)) host.clock.step(-days * 24 * hour);
    }
  }
  return host;
}

describe('a receiver that is away for four days, while agents come and go and the clock jumps', () => {
  it('gets what it can still be told in order and once, and what was given up is written down as such', async () => {
    const host = await outage(96, 7);
    assert.deepEqual(host.told('pager'), []);
    assert.ok(host.attempts < 97 * 80 + 200, `${host.attempts} attempts in four days`);
    host.away = false;
    await host.hours(1);

    const told = host.told('pager');
    const of = (name: string): string[] => told.filter((text) => text.startsWith(name));
    assert.deepEqual([of('a'), of('b'), of('c')], [['a grew'], ['b opened', 'b resolved'], ['c resolved']]);
    assert.equal(told.length, 4);
    const ended = (await host.deliveries()).map((d) => [d.noticeId, d.status, d.type] as const);
    assert.deepEqual(
      ended.filter(([, status]) => status !== 'delivered').map(([, status, type]) => `${status} ${type}`),
      ['expired opened', 'expired opened'],
      'the beginnings of a and c, three days old',
    );
    const ids = host.got.filter(({ receiver }) => receiver === 'pager').map(({ message }) => message.id);
    assert.deepEqual(
      ids.sort(),
      ended
        .filter(([, status]) => status === 'delivered')
        .map(([id]) => id)
        .sort(),
      'what counts as told is what it was told, each once',
    );
    assert.equal(host.status()?.pending, 0);

    // the other receiver: nothing delayed or repeated, and what it is told of the one that was away
    const isAbout = (text: string): boolean => text.startsWith('receiver_unreachable');
    const other = host.told('chat');
    assert.deepEqual(other.filter(isAbout), ['receiver_unreachable opened', 'receiver_unreachable resolved']);
    assert.deepEqual(
      other.filter((text) => !isAbout(text)),
      ['a opened', 'c opened', 'a grew', 'c resolved', 'b opened', 'b resolved'],
    );
  });
});

it('after an outage in which all was given up, an incident that stands is told all the same, and nothing of what is over', async () => {
  const host = await outage(80, 9, 12);
  const before = await host.deliveries();
  assert.ok(
    before.every(({ status }) => status === 'expired'),
    JSON.stringify(before.map((d) => d.status)),
  );
  host.away = false;
  await host.hours(1);
  assert.deepEqual(host.told('pager'), ['a grew']);
  const grew = (await host.deliveries()).find(({ status }) => status === 'delivered');
  assert.equal(grew?.noticeId, host.got.find(({ receiver }) => receiver === 'pager')?.message.id);
});

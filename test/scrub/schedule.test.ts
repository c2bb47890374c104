import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseCron } from '../../src/config/cron.ts';
import type { Schedule } from '../../src/model/schedule.ts';
import type { BusScrubs } from '../../src/model/scrub.ts';
import { dueScrubs, jitterOf, nextDue, type ScrubSchedule } from '../../src/scrub/schedule.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const BERLIN = 'Europe/Berlin';

function cron(text: string, timeZone = 'UTC'): Schedule {
  const schedule = parseCron(text, timeZone);
  assert.ok(typeof schedule !== 'string', `${text}: ${schedule}`);
  return schedule;
}
function bus(more: Partial<BusScrubs> = {}): BusScrubs {
  return {
    key: 'ACPI.NFIT',
    name: 'ndbus0',
    present: true,
    goneSince: null,
    firstSeen: 0,
    kernel: null,
    total: 0,
    lastCompletedAt: null,
    lastDurationMs: null,
    lastFullAt: null,
    scheduledUpTo: 0,
    ordinal: 0,
    runs: [],
    ...more,
  };
}
const schedule = (text: string, more: Partial<ScrubSchedule> = {}, timeZone?: string): ScrubSchedule => ({
  schedule: cron(text, timeZone),
  buses: {},
  jitterMs: 0,
  ...more,
});

/** What an agent starts that looks at these times, and counts each start as dealt with. */
function starts(config: ScrubSchedule, from: string, looks: readonly string[]): string[] {
  const started: string[] = [];
  let scrubs = bus({ scheduledUpTo: Date.parse(from) });
  for (const look of looks) {
    const now = Date.parse(look);
    if (dueScrubs([scrubs], config, 'm1', now).length === 0) continue;
    started.push(look);
    scrubs = { ...scrubs, scheduledUpTo: now };
  }
  return started;
}
/** Every quarter of an hour between two times. */
function quarters(from: string, to: string): string[] {
  const times: string[] = [];
  for (let at = Date.parse(from); at < Date.parse(to); at += HOUR / 4) times.push(new Date(at).toISOString());
  return times;
}

const table: readonly {
  readonly why: string;
  readonly cron: string;
  readonly zone?: string;
  readonly since: string;
  readonly looks: readonly string[];
  readonly starts: readonly string[];
}[] = [
  {
    why: 'nothing is due before the first time of the schedule, however long the bus was never searched',
    cron: '0 1 * * 0',
    since: '2026-01-05T00:00:00Z',
    looks: ['2026-01-05T00:00:01Z', '2026-01-11T00:59:59Z'],
    starts: [],
  },
  {
    why: 'a weekly schedule starts once a week',
    cron: '0 1 * * 0',
    since: '2026-01-05T00:00:00Z',
    looks: quarters('2026-01-05T00:00:00Z', '2026-01-26T00:00:00Z'),
    starts: ['2026-01-11T01:00:00.000Z', '2026-01-18T01:00:00.000Z', '2026-01-25T01:00:00.000Z'],
  },
  {
    why: 'what was missed while the host was down is caught up once, as soon as it is back',
    cron: '0 1 * * 0',
    since: '2026-01-05T00:00:00Z',
    looks: ['2026-02-11T08:00:00Z', '2026-02-11T08:00:15Z', '2026-02-14T00:00:00Z', '2026-02-15T01:00:00Z'],
    starts: ['2026-02-11T08:00:00Z', '2026-02-15T01:00:00Z'],
  },
  {
    why: 'a laptop that slept through the night starts when it is opened, and not again',
    cron: '0 2 * * *',
    since: '2026-01-05T12:00:00Z',
    looks: ['2026-01-05T23:00:00Z', '2026-01-06T07:30:00Z', '2026-01-06T07:30:15Z', '2026-01-06T23:00:00Z'],
    starts: ['2026-01-06T07:30:00Z'],
  },
  {
    why: 'a time that the clock skips in spring comes right after the gap',
    cron: '30 2 * * *',
    zone: BERLIN,
    since: '2026-03-28T12:00:00Z',
    looks: quarters('2026-03-28T12:00:00Z', '2026-03-30T12:00:00Z'),
    // 02:30 does not exist on 29 March: 03:00 summer time; on the next day it is 02:30 summer time
    starts: ['2026-03-29T01:00:00.000Z', '2026-03-30T00:30:00.000Z'],
  },
  {
    why: 'a time that comes twice in autumn starts once',
    cron: '30 2 * * *',
    zone: BERLIN,
    since: '2026-10-24T12:00:00Z',
    looks: quarters('2026-10-24T12:00:00Z', '2026-10-26T12:00:00Z'),
    starts: ['2026-10-25T00:30:00.000Z', '2026-10-26T01:30:00.000Z'],
  },
  {
    why: 'a weekly night window stays at its local hour over the change of the clock',
    cron: '0 1 * * 0',
    zone: BERLIN,
    since: '2026-03-16T00:00:00Z',
    looks: quarters('2026-03-16T00:00:00Z', '2026-04-06T00:00:00Z'),
    starts: ['2026-03-22T00:00:00.000Z', '2026-03-29T00:00:00.000Z', '2026-04-04T23:00:00.000Z'],
  },
];
for (const { why, cron: text, zone, since, looks, starts: expected } of table) {
  test(why, () => assert.deepEqual(starts(schedule(text, {}, zone), since, looks), expected));
}

test('an agent that looks seldom starts the same as one that looks all the time', () => {
  const config = schedule('0 1 * * 0');
  const often = starts(config, '2026-01-05T00:00:00Z', quarters('2026-01-05T00:00:00Z', '2026-03-01T00:00:00Z'));
  const seldom = quarters('2026-01-05T00:00:00Z', '2026-03-01T00:00:00Z').filter((_, i) => i % 48 === 0);
  assert.equal(starts(config, '2026-01-05T00:00:00Z', seldom).length, often.length);
});

test('the jitter of a host lies within its bounds, is the same each time, and differs between hosts and buses', () => {
  const hosts = Array.from({ length: 1000 }, (_, i) => jitterOf(`machine-${i}`, 'ACPI.NFIT', 4 * HOUR));
  assert.ok(hosts.every((ms) => Number.isInteger(ms) && ms >= 0 && ms < 4 * HOUR));
  // a thousand hosts over sixteen quarters of an hour: none is empty, none has three times its share
  const quarter = (ms: number): number => Math.floor(ms / (HOUR / 4));
  const shares = Map.groupBy(hosts, quarter);
  assert.equal(shares.size, 16);
  assert.ok([...shares.values()].every((each) => each.length < (3 * 1000) / 16));
  assert.equal(jitterOf('machine-1', 'ACPI.NFIT', 4 * HOUR), hosts[1]);
  assert.notEqual(jitterOf('machine-1', 'nfit_test.1', 4 * HOUR), hosts[1]);
  assert.equal(jitterOf('machine-1', 'ACPI.NFIT', 0), 0);
});

test('the jitter moves each start by the same time, within the window, and never loses or doubles one', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1 }), fc.integer({ min: 0, max: 6 * DAY }), (machineId, jitterMs) => {
      const config = schedule('0 1 * * 0', { jitterMs });
      let scrubs = bus({ scheduledUpTo: Date.parse('2026-01-05T00:00:00Z') });
      const began: number[] = [];
      for (let i = 0; i < 5; i++) {
        const due = nextDue(scrubs, config, machineId);
        assert.ok(due !== undefined);
        assert.deepEqual(dueScrubs([scrubs], config, machineId, due - 1), []);
        assert.equal(dueScrubs([scrubs], config, machineId, due).length, 1);
        began.push(due);
        scrubs = { ...scrubs, scheduledUpTo: due };
      }
      const offset = jitterOf(machineId, 'ACPI.NFIT', jitterMs);
      // a host whose jitter reaches back over the start takes the occurrence before it
      const first = began[0] as number;
      assert.equal((first - offset - Date.parse('2026-01-04T01:00:00Z')) % (7 * DAY), 0);
      for (const [i, at] of began.entries()) assert.equal(at, first + i * 7 * DAY);
    }),
    { numRuns: 200 },
  );
});

test('a jitter that is longer than the schedule’s own period skips nothing', () => {
  const config = schedule('0 * * * *', { jitterMs: 6 * DAY });
  let scrubs = bus({ scheduledUpTo: Date.parse('2026-01-05T00:00:00Z') });
  const began = Array.from({ length: 4 }, () => {
    const due = nextDue(scrubs, config, 'm1') as number;
    scrubs = { ...scrubs, scheduledUpTo: due };
    return due;
  });
  assert.deepEqual(
    began.slice(1).map((at, i) => at - (began[i] as number)),
    [HOUR, HOUR, HOUR],
  );
});

test('a bus has its own schedule by kernel name or provider, off is none, and what runs or is gone is not due', () => {
  const now = Date.parse('2026-01-12T00:00:00Z');
  const since = { scheduledUpTo: Date.parse('2026-01-05T00:00:00Z') };
  const config = schedule('0 1 * * 0', { buses: { ndbus1: cron('0 5 * * 1'), 'nfit_test.0': null } });
  const running = {
    id: 'r',
    bus: 'ndbus0',
    epoch: 'e',
    asker: null,
    type: 'unknown',
    status: 'running',
    requestedAt: now,
    startedAt: now,
    endedAt: null,
    countBefore: 1,
    countAfter: null,
    searchable: [],
    late: false,
    foundRanges: 0,
    foundBytes: 0,
    reason: '',
  } as const;
  const due = (more: Partial<BusScrubs>): boolean =>
    dueScrubs([bus({ ...since, ...more })], config, 'm1', now).length > 0;
  assert.equal(due({}), true);
  assert.equal(due({ name: 'ndbus1', key: 'nfit_test.1' }), true);
  assert.equal(nextDue(bus({ ...since, name: 'ndbus1' }), config, 'm1'), Date.parse('2026-01-05T05:00:00Z'));
  assert.equal(due({ name: 'ndbus2', key: 'nfit_test.0' }), false);
  assert.equal(nextDue(bus({ key: 'nfit_test.0' }), config, 'm1'), undefined);
  assert.equal(due({ present: false }), false);
  assert.equal(due({ runs: [running] }), false);
  assert.equal(due({ runs: [{ ...running, status: 'completed' }] }), true);
  assert.deepEqual(dueScrubs([bus(since)], { ...config, schedule: null }, 'm1', now), []);
});

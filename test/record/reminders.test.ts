import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Change } from '../../src/model/change.ts';
import { run } from '../../src/model/extent.ts';
import type { Notice } from '../../src/model/incident.ts';
import type { State } from '../../src/model/state.ts';
import { acknowledge } from '../../src/record/operator.ts';
import { type RemindPolicy, recordReminders } from '../../src/record/reminders.ts';
import { answered, appeared, dayMs, emptyState, fileOwner, found, only, pass, types } from './timeline.ts';

const a = run(10_000, 8);
const b = run(20_000, 8);
const hour = 3_600_000;
const begin = Date.UTC(2026, 0, 1);

/** An agent that passes by the hour, over restarts and steps of the clock on the wall. */
function host(policy: RemindPolicy) {
  let state: State = emptyState();
  let tick = 1000;
  let wall = begin;
  const told: Notice[] = [];
  const one = (changes: readonly Change[] = []): void => {
    const seen = pass(state, { now: wall, changes });
    const reminded = recordReminders(seen.state, { now: wall, tick, policy });
    state = reminded.state;
    told.push(...seen.notices, ...reminded.notices);
  };
  one([appeared(), found(a)]);
  return {
    told: () => told.splice(0),
    state: () => state,
    change: (...changes: readonly Change[]) => one(changes),
    hours(count: number) {
      for (let i = 0; i < count; i++) {
        tick += hour;
        wall += hour;
        one();
      }
    },
    step(ms: number) {
      wall += ms;
      one();
    },
    restart(downMs = 0) {
      const { reminding: _, ...durable } = state;
      state = { ...(JSON.parse(JSON.stringify(durable)) as State), ...durable, inventoried: true };
      tick = 5;
      wall += downMs;
      one();
    },
    take(forMs: number | null) {
      const by = { author: 'ada', reason: 'restoring', via: 'unix socket', now: wall };
      const taken = acknowledge(state, only(state).id, { ...by, expiresAt: forMs === null ? null : wall + forMs });
      assert.equal(taken.kind, 'done');
      if (taken.kind === 'done') state = taken.state;
    },
  };
}
const days = (h: ReturnType<typeof host>, count: number): number[] =>
  Array.from({ length: count }, (_, day) => {
    h.hours(24);
    return h.told().some(({ type }) => type === 'reminder') ? day + 1 : 0;
  }).filter((day) => day > 0);

describe('an incident that stands', () => {
  it('is reminded of once a day, after 1, 3, 7, 15 days, or never again', () => {
    const told = (policy: RemindPolicy): number[] => {
      const h = host(policy);
      assert.deepEqual(types(h.told()), ['opened']);
      return days(h, 16);
    };
    assert.deepEqual(told('daily'), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]);
    assert.deepEqual(told('diminishing'), [1, 3, 7, 15]);
    assert.deepEqual(told('once'), []);
  });

  it('begins to count anew when something about it changes', () => {
    const h = host('diminishing');
    h.told();
    assert.deepEqual(days(h, 3), [1, 3]);
    h.change(found(b));
    assert.deepEqual(types(h.told()), ['grew']);
    assert.deepEqual(days(h, 3), [1, 3]);
  });

  it('is reminded of in time by an agent that is started again and again, and at once after a long rest', () => {
    const h = host('daily');
    h.told();
    for (let i = 0; i < 47; i++) {
      h.hours(1);
      h.restart();
    }
    assert.deepEqual(types(h.told()), ['reminder']);
    h.restart(3 * dayMs);
    assert.deepEqual(types(h.told()), ['reminder']);
    h.restart();
    assert.deepEqual(h.told(), []);
  });

  it('is not told again before the first reading of a run, which may end it', () => {
    const h = host('daily');
    const before = { ...h.state(), inventoried: false };
    const late = { now: begin + 9 * dayMs, tick: 1, policy: 'daily' } as const;
    assert.deepEqual(recordReminders(before, late).notices, []);
  });

  it('is told again neither early nor late when the clock on the wall is put forward and back', () => {
    const h = host('daily');
    h.told();
    for (const ms of [9 * dayMs, -12 * dayMs, 400 * dayMs, -397 * dayMs]) {
      h.step(ms);
      h.hours(3);
    }
    assert.deepEqual(h.told(), [], 'twelve hours have gone by');
    h.hours(12);
    assert.deepEqual(types(h.told()), ['reminder']);
  });

  it('waits at most its time from a start on when the clock was in the future before', () => {
    const h = host('daily');
    h.step(100 * dayMs);
    h.change(found(b));
    h.told();
    h.step(-100 * dayMs);
    h.restart();
    h.hours(23);
    assert.deepEqual(h.told(), []);
    h.hours(1);
    assert.deepEqual(types(h.told()), ['reminder']);
  });
});

describe('an acknowledged incident', () => {
  it('is not reminded of, and told again when the acknowledgement has run out, once', () => {
    const h = host('daily');
    h.told();
    h.take(30 * hour);
    h.hours(29);
    assert.deepEqual(h.told(), []);
    h.hours(1);
    const [notice, ...others] = h.told();
    assert.deepEqual(others, []);
    assert.deepEqual([notice?.type, notice?.incident.acknowledgement], ['reminder', null]);
    assert.equal(notice?.remark, 'The acknowledgement by ada has run out.');
    assert.equal(notice?.incident.acknowledgementLapsed, true);
    h.hours(23);
    assert.deepEqual(h.told(), []);
    h.hours(1);
    assert.deepEqual(types(h.told()), ['reminder']);
  });

  it('without an end is reminded of no more', () => {
    const h = host('daily');
    h.told();
    h.take(null);
    h.hours(24 * 9);
    assert.deepEqual(h.told(), []);
  });

  it('is told again by the agent that runs when it has run out, also where nothing else is reminded of', () => {
    const h = host('once');
    h.told();
    h.take(hour);
    h.restart(2 * hour);
    assert.deepEqual(types(h.told()), ['reminder']);
    h.restart();
    assert.deepEqual(h.told(), []);
  });

  it('stays acknowledged while the clock is ahead for a moment, and not when it was put right', () => {
    const h = host('once');
    h.told();
    h.take(4 * hour);
    h.step(9 * hour);
    h.step(-9 * hour);
    assert.deepEqual(h.told(), []);
    h.step(9 * hour);
    h.hours(1);
    assert.deepEqual(types(h.told()), ['reminder']);
  });

  it('is told again when it grows, and then whom the growth hit; what was covered stays quiet', () => {
    const h = host('once');
    h.take(null);
    h.told();
    h.hours(1);
    h.change(answered(a, fileOwner(a)));
    assert.deepEqual(h.told(), []);
    h.change(found(b));
    assert.deepEqual(types(h.told()), ['grew']);
    h.change(answered(b, fileOwner(b)));
    assert.deepEqual(types(h.told()), ['owners']);
    h.change(answered(b, fileOwner(b, { paths: ['/pg/base/moved'] })));
    assert.deepEqual(h.told(), []);
  });
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HealthFields } from '../../src/model/health.ts';
import { brief, dimm, good, type Look, watch } from './watched-dimm.ts';

const minute = 60_000;
const hour = 60 * minute;
/** One look a minute. */
const every = (looks: readonly HealthFields[], from = 0): Look[] =>
  looks.map((fields, i) => ({ fields: { ...good, ...fields }, now: from + i * minute }));
const alternately = (ill: HealthFields, well: HealthFields, times: number): HealthFields[] =>
  Array.from({ length: times }, () => [ill, well]).flat();

const restless: readonly { why: string; ill: HealthFields; well: HealthFields; condition: string }[] = [
  {
    why: 'a state that comes and goes',
    ill: { state: 'noncritical' },
    well: { state: 'ok' },
    condition: 'dimm_health warning',
  },
  {
    why: 'a temperature alarm without a threshold that comes and goes',
    ill: { alarms: { media_temperature: true } },
    well: { alarms: { media_temperature: false } },
    condition: 'dimm_temperature warning',
  },
  {
    why: 'a life alarm that comes and goes',
    ill: { alarms: { life_warning: true } },
    well: { alarms: { life_warning: false } },
    condition: 'dimm_worn warning',
  },
];
for (const { why, ill, well, condition } of restless) {
  test(`${why} is told twice, then stays open until it was well for an hour`, () => {
    const { told, state } = watch(every(alternately(ill, well, 20)));
    assert.deepEqual(told.flatMap(brief), [`opened ${condition}`, `resolved ${condition}`, `opened ${condition}`]);
    const last = 39 * minute;
    const calm = (after: number): Look => ({ fields: { ...good, ...well }, now: last + after });
    const { told: later } = watch([calm(30 * minute), calm(hour - 1), calm(hour)], state);
    assert.deepEqual(later.map(brief), [[], [], [`resolved ${condition}`]]);
  });
}

test('a state between fatal and non-critical does not flap either', () => {
  const { told } = watch(every(alternately({ state: 'fatal' }, { state: 'noncritical' }, 10)));
  assert.deepEqual(told.flatMap(brief), [
    'opened dimm_health critical',
    'shrank dimm_health warning',
    'grew dimm_health critical',
  ]);
});

test('what is ill again within the hour begins a new hour', () => {
  const [ill, well] = [{ state: 'noncritical' }, { state: 'ok' }] as const;
  const { state } = watch(every([ill, well, ill, well]));
  const at = (now: number, fields: HealthFields): Look => ({ fields: { ...good, ...fields }, now });
  const { told } = watch(
    [at(50 * minute, ill), at(51 * minute, well), at(100 * minute, well), at(111 * minute, well)],
    state,
  );
  assert.deepEqual(told.map(brief), [[], [], [], ['resolved dimm_health warning']]);
});

test('one that comes again after a calm hour is told at once, and so is its end', () => {
  const [ill, well] = [{ state: 'noncritical' }, { state: 'ok' }] as const;
  const { state } = watch(every([ill, well]));
  const { told } = watch(every([ill, well], 2 * hour), state);
  assert.deepEqual(told.map(brief), [['opened dimm_health warning'], ['resolved dimm_health warning']]);
});

test('how restless a condition is outlives a restart, with the state of the module', () => {
  const { state } = watch(every([{ state: 'noncritical' }, { state: 'ok' }, { state: 'noncritical' }]));
  assert.deepEqual(state.dimms.get(dimm.key)?.restless.dimm_health, { betterAt: minute, held: true, calmSince: null });
});

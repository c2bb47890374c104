import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HealthFields, HealthReading } from '../../src/model/health.ts';
import type { Notice } from '../../src/model/incident.ts';
import { failed, ok, unsupported } from '../../src/model/observation.ts';
import type { State } from '../../src/model/state.ts';
import { emptyTopology, type Topology } from '../../src/model/topology.ts';
import { summaryOf } from '../../src/notify/summary.ts';
import { close } from '../../src/record/operator.ts';
import { recordPass } from '../../src/record/record.ts';
import { dayMs, emptyState, policy } from './timeline.ts';

const dimm = {
  name: 'nmem0',
  key: '8089-a2-1837-00000bb8',
  bus: 'ndbus0',
  flags: [],
  serial: '0x0bb8',
  locator: 'C1-D2',
};
const topology: Topology = { ...emptyTopology, dimms: [dimm] };

interface Look {
  readonly fields?: HealthFields;
  /** what the kernel adds */
  readonly kernel?: HealthFields;
  readonly health?: HealthReading['health'];
  readonly failedInARow?: number;
  readonly boot?: string;
  readonly topology?: Topology;
  readonly now?: number;
  readonly none?: boolean;
}
const good: HealthFields = { state: 'ok', dirtyShutdownCount: 42, lastShutdownClean: true };

/** Looks at the module one after the other; answers what was told after each. */
function watch(looks: readonly Look[], start: State = emptyState()): { state: State; told: Notice[][] } {
  let state = start;
  const told = looks.map((look, i) => {
    const now = look.now ?? i * 60_000;
    const fields = look.fields ?? good;
    const reading: HealthReading = {
      name: 'nmem0',
      dimm: dimm.key,
      at: now,
      durationMs: 1,
      health: look.health ?? ok(fields),
      fields: look.health === undefined ? { ...look.kernel, ...fields } : { ...look.kernel },
      sources: [],
      failures: [],
      failedInARow: look.failedInARow ?? 0,
    };
    const snapshot = {
      at: now,
      places: new Map(),
      lists: [],
      stuck: [],
      health: look.none ? [] : [reading],
      scrubs: [],
    };
    const host = { ...state.host, bootId: look.boot ?? 'b1' };
    const input = { topology: look.topology ?? topology, snapshot, changes: [], now, inventoried: true };
    const after = recordPass({ ...state, host }, input, policy);
    state = after.state;
    // advice has tests of its own
    return after.notices.filter(({ incident }) => incident.condition !== 'dimm_replace');
  });
  return { state, told };
}
const brief = (notices: readonly Notice[]): string[] =>
  notices.map(({ type, incident }) => `${type} ${incident.condition} ${incident.severity}`);
const lines = (looks: readonly Look[]): string[][] => watch(looks).told.map(brief);

const rows: readonly { why: string; fields: HealthFields; kernel?: HealthFields; opens: string[] }[] = [
  { why: 'a healthy module opens nothing', fields: good, opens: [] },
  { why: 'non-critical is a warning', fields: { state: 'noncritical' }, opens: ['dimm_health warning'] },
  { why: 'critical is critical', fields: { state: 'critical' }, opens: ['dimm_health critical'] },
  { why: 'fatal is critical', fields: { state: 'fatal' }, opens: ['dimm_health critical'] },
  { why: 'a module that says nothing of itself is not healthy, and not ill', fields: {}, opens: [] },
  {
    why: 'spare at its limit',
    fields: { sparePercent: 5, spareThresholdPercent: 5 },
    opens: ['dimm_spare_low warning'],
  },
  {
    why: 'no spare left at all',
    fields: { sparePercent: 0, spareThresholdPercent: 5 },
    opens: ['dimm_spare_low critical'],
  },
  {
    why: 'an alarm that value and limit contradict is not believed',
    fields: {
      sparePercent: 75,
      spareThresholdPercent: 5,
      mediaTemperatureCelsius: 23,
      mediaTemperatureThresholdCelsius: 40,
      alarms: { spare: true, media_temperature: true },
    },
    opens: [],
  },
  {
    why: 'an alarm is believed where there is nothing to check it by',
    fields: { alarms: { spare: true, controller_temperature: true } },
    opens: ['dimm_spare_low warning', 'dimm_temperature warning'],
  },
  {
    why: 'a hot energy source',
    fields: { energySourceTemperatureCelsius: 61, energySourceTemperatureThresholdCelsius: 60 },
    opens: ['dimm_temperature warning'],
  },
  {
    why: 'a worn energy source by the limit of pmemwatch',
    fields: { energySourceLifeUsedPercent: 80 },
    opens: ['energy_source_worn warning'],
  },
  {
    why: 'a worn energy source by its own limit',
    fields: { energySourceLifeUsedPercent: 40, energySourceLifeUsedThresholdPercent: 40 },
    opens: ['energy_source_worn warning'],
  },
  {
    why: 'an energy source that failed, however new',
    fields: { energySourceLifeUsedPercent: 0, problems: ['energy_source_failed'] },
    opens: ['energy_source_worn critical'],
  },
  {
    why: 'every flag of the kernel',
    fields: {},
    kernel: { armed: false, flags: ['not_armed', 'save_fail', 'restore_fail', 'flush_fail', 'map_fail'] },
    opens: [
      'dimm_not_armed warning',
      'dimm_save_failed warning',
      'dimm_restore_failed warning',
      'dimm_flush_failed warning',
      'dimm_map_failed warning',
    ],
  },
  {
    why: 'the same told by the module, where the kernel is silent',
    fields: { problems: ['save_failed', 'restore_failed', 'arm_failed', 'erase_failed'] },
    opens: [
      'dimm_not_armed warning',
      'dimm_save_failed warning',
      'dimm_restore_failed warning',
      'dimm_erase_failed warning',
    ],
  },
  {
    why: 'a backup that did not complete',
    fields: { lastBackupComplete: false, problems: [] },
    opens: ['dimm_save_failed warning'],
  },
  {
    why: 'a dirty last shutdown at the first look, told once although the kernel flags it as well',
    fields: { lastShutdownClean: false, dirtyShutdownCount: 3 },
    kernel: { armed: true, flags: ['flush_fail'] },
    opens: ['dimm_dirty_shutdown warning'],
  },
];
for (const { why, fields, kernel, opens } of rows) {
  test(`at the first look: ${why}`, () => {
    const expected = opens.map((each) => `opened ${each}`);
    const [first] = lines([{ fields, ...(kernel !== undefined && { kernel }) }]);
    assert.deepEqual(first, expected);
  });
}

test('a state that gets worse, better and well again is told each time, one that stays is not', () => {
  const state = (value: HealthFields['state']): Look => ({ fields: { ...good, state: value as 'ok' } });
  assert.deepEqual(
    lines(
      ['noncritical', 'noncritical', 'fatal', 'fatal', 'noncritical', 'ok', 'ok', 'critical'].map((s) =>
        state(s as 'ok'),
      ),
    ),
    [
      ['opened dimm_health warning'],
      [],
      ['grew dimm_health critical'],
      [],
      ['shrank dimm_health warning'],
      ['resolved dimm_health warning'],
      [],
      ['opened dimm_health critical'],
    ],
  );
});

test('a temperature around its limit opens one incident, which ends two degrees below', () => {
  const at = (mediaTemperatureCelsius: number): Look => ({
    fields: { ...good, mediaTemperatureCelsius, mediaTemperatureThresholdCelsius: 40 },
  });
  assert.deepEqual(lines([39, 40, 39.5, 40.5, 39, 38.5, 40, 38].map(at)), [
    [],
    ['opened dimm_temperature warning'],
    [],
    [],
    [],
    [],
    [],
    ['resolved dimm_temperature warning'],
  ]);
});

test('spare capacity around its limit does not flap either', () => {
  const at = (sparePercent: number): Look => ({ fields: { ...good, sparePercent, spareThresholdPercent: 5 } });
  assert.deepEqual(lines([6, 5, 6, 5, 6, 7].map(at)), [
    [],
    ['opened dimm_spare_low warning'],
    [],
    [],
    [],
    ['resolved dimm_spare_low warning'],
  ]);
});

test('a module that cannot be read keeps its incidents open: unreadable is never well', () => {
  const broken: Look = { health: failed('IOCTL', 'no answer (EIO)', 'EIO'), failedInARow: 1 };
  const { told, state } = watch([
    { fields: { ...good, state: 'fatal' } },
    broken,
    { ...broken, failedInARow: 2 },
    { ...broken, failedInARow: 3 },
    { fields: good },
  ]);
  assert.deepEqual(told.map(brief), [
    ['opened dimm_health critical'],
    [],
    ['opened health_unreadable warning'],
    [],
    ['resolved dimm_health critical', 'resolved health_unreadable warning'],
  ]);
  const conditions = [...state.incidents.values()].map(({ condition }) => condition);
  assert.deepEqual(conditions, ['dimm_health', 'dimm_replace', 'health_unreadable']);
});

test('a probe without the privilege, or the device node, is told as information', () => {
  const look: Look = { health: failed('IOCTL', 'permission denied', 'EACCES'), failedInARow: 2 };
  assert.deepEqual(lines([look]), [['opened health_unreadable info']]);
});

test('a platform without health data opens nothing', () => {
  assert.deepEqual(lines([{ health: unsupported('no SMART'), kernel: { flags: [], armed: true } }]), [[]]);
});

test('a stuck module is told as stuck, not as unreadable too', () => {
  assert.deepEqual(lines([{ health: failed('DEVICE_STUCK', 'no answer'), failedInARow: 5 }]), [[]]);
});

test('dirty shutdowns counted while the agent was away are told once, over restarts of agent and host', () => {
  const count = (dirtyShutdownCount: number, boot: string, lastShutdownClean = true): Look => ({
    fields: { ...good, dirtyShutdownCount, lastShutdownClean },
    boot,
  });
  const { told } = watch([
    count(42, 'b1'),
    count(43, 'b2', false),
    count(43, 'b2', false),
    count(43, 'b3'),
    count(45, 'b4', false),
  ]);
  assert.deepEqual(told.map(brief), [
    [],
    ['opened dimm_dirty_shutdown warning'],
    [],
    ['resolved dimm_dirty_shutdown warning'],
    ['opened dimm_dirty_shutdown warning'],
  ]);
  const details = told.flat().map(({ incident }) => incident.detail);
  assert.match(details[0] ?? '', /^one dirty shutdown since the last look, 43 in its life/);
  assert.match(details.at(-1) ?? '', /^2 dirty shutdowns since the last look, 45 in its life/);
});

test('further dirty shutdowns while the incident is open grow it', () => {
  const count = (dirtyShutdownCount: number, boot: string): Look => ({
    fields: { state: 'ok', dirtyShutdownCount, lastShutdownClean: false },
    boot,
  });
  assert.deepEqual(watch([count(1, 'b1'), count(2, 'b2')]).told.map(brief), [
    ['opened dimm_dirty_shutdown warning'],
    ['grew dimm_dirty_shutdown warning'],
  ]);
});

test('a module without a count is told by its last shutdown, once a boot', () => {
  const look = (lastShutdownClean: boolean, boot: string): Look => ({
    fields: { state: 'ok', lastShutdownClean },
    boot,
  });
  const told = watch([look(true, 'b1'), look(false, 'b2'), look(false, 'b2'), look(true, 'b3')]).told.map(brief);
  assert.deepEqual(told, [[], ['opened dimm_dirty_shutdown warning'], [], ['resolved dimm_dirty_shutdown warning']]);
});

test('the count of the kernel, older than that of the module, is no dirty shutdown when it is followed by the newer one', () => {
  const unreadable: Look = {
    health: failed('IOCTL', 'EIO', 'EIO'),
    failedInARow: 1,
    kernel: { dirtyShutdownCount: 42 },
  };
  const own: Look = { fields: { ...good, dirtyShutdownCount: 43 } };
  assert.deepEqual(lines([{ fields: good }, own, unreadable, own]), [
    [],
    ['opened dimm_dirty_shutdown warning'],
    [],
    [],
  ]);
});

test('a module that is gone for long ends its incidents as removed, and one that hides does not', () => {
  const fatal: Look = { fields: { ...good, state: 'fatal' }, now: 0 };
  const gone = { ...emptyTopology };
  const hidden = { ...emptyTopology, problems: [{ subject: 'nmem0', reason: 'EIO' }] };
  const long = 1000 + policy.removedAfterMs;
  const removed = watch([fatal, { topology: gone, none: true, now: 1000 }, { topology: gone, none: true, now: long }]);
  assert.deepEqual(removed.told.map(brief), [['opened dimm_health critical'], [], ['resolved dimm_health critical']]);
  assert.equal(removed.told[2]?.[0]?.incident.resolution, 'device_removed');
  const kept = watch([
    fatal,
    { topology: hidden, none: true, now: 1000 },
    { topology: hidden, none: true, now: long + dayMs },
  ]);
  assert.deepEqual(
    kept.told.flat().map(({ type }) => type),
    ['opened'],
  );
});

test('what people are told names the slot, what is wrong and what to do next', () => {
  const { told } = watch([
    { fields: { state: 'fatal', problems: ['save_failed'], sparePercent: 1, spareThresholdPercent: 5 } },
    { fields: { state: 'ok', sparePercent: 50, spareThresholdPercent: 5, problems: [] } },
  ]);
  assert.deepEqual(told.flat().map(summaryOf), [
    'db07: the health of nmem0 in slot C1-D2 is fatal: data was lost or will be (save failed) (device nmem0, DIMM slot C1-D2, serial 0x0bb8).',
    'db07: nmem0 in slot C1-D2 runs out of spare capacity: 1 % spare capacity is left, the limit of the module is 5 % (device nmem0, DIMM slot C1-D2, serial 0x0bb8).',
    'db07: nmem0 in slot C1-D2 could not save its content: its last save did not succeed: what it held at the last power loss may be lost (device nmem0, DIMM slot C1-D2, serial 0x0bb8).',
    'db07: resolved: nmem0 in slot C1-D2 says that it is healthy again.',
    'db07: resolved: nmem0 in slot C1-D2 has spare capacity above its limit again.',
    'db07: resolved: the last save of nmem0 in slot C1-D2 succeeded.',
  ]);
});

test('an incident of a module is not closed while its last reading still says so', () => {
  const ill = watch([{ fields: { ...good, state: 'fatal' } }]).state;
  const [incident] = ill.incidents.values();
  assert.ok(incident);
  const by = { author: 'ann', reason: 'known', via: 'unix socket', now: 1 };
  const refused = close(ill, incident.id, by);
  assert.match(refused.kind === 'refused' ? refused.reason : '', /the last reading of nmem0 still says: fatal/);
  assert.equal(close({ ...ill, health: [] }, incident.id, by).kind, 'done');
});

test('a reading that changes nothing that was told leaves the incident as it is, so that nothing is written', () => {
  const at = (mediaTemperatureCelsius: number): Look => ({
    fields: { ...good, state: 'critical', mediaTemperatureCelsius },
  });
  const before = watch([at(30)]).state;
  const after = watch([{ ...at(31), now: 60_000 }], before).state;
  const health = (state: State) => [...state.incidents.values()].find(({ condition }) => condition === 'dimm_health');
  assert.equal(health(after), health(before));
});

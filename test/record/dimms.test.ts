import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HealthFields } from '../../src/model/health.ts';
import { failed, unsupported } from '../../src/model/observation.ts';
import type { State } from '../../src/model/state.ts';
import { emptyTopology, type Topology } from '../../src/model/topology.ts';
import { summaryOf } from '../../src/notify/summary.ts';
import { close } from '../../src/record/operator.ts';
import { dayMs, policy } from './timeline.ts';
import { brief, dimm, good, type Look, lines, watch } from './watched-dimm.ts';

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
    why: 'an energy source that raises its alarm and tells no limit, whatever is left of it by its own word',
    fields: { energySourceLifeUsedPercent: 26, alarms: { energy_source_life_warning: true } },
    opens: ['energy_source_worn warning'],
  },
  {
    why: 'an energy source whose alarm its own limit contradicts is not believed',
    fields: {
      energySourceLifeUsedPercent: 26,
      energySourceLifeUsedThresholdPercent: 40,
      alarms: { energy_source_life_warning: true },
    },
    opens: [],
  },
  {
    why: 'an energy source that failed, however new',
    fields: { energySourceLifeUsedPercent: 0, problems: ['energy_source_failed'] },
    opens: ['energy_source_worn critical'],
  },
  {
    why: 'an energy source of which too little is known',
    fields: { state: 'noncritical', problems: ['energy_source_assessment_unreachable'] },
    opens: ['dimm_health warning', 'energy_source_worn warning'],
  },
  {
    why: 'a life alarm of a module that tells no threshold',
    fields: { state: 'ok', lifeUsedPercent: 12, alarms: { life_warning: true } },
    opens: ['dimm_worn warning'],
  },
  {
    why: 'a life error alarm of a module that tells no threshold',
    fields: { state: 'ok', lifeUsedPercent: 12, alarms: { life_warning: true, life_error: true } },
    opens: ['dimm_worn critical'],
  },
  {
    why: 'life used up to the threshold of the module',
    fields: { state: 'ok', lifeUsedPercent: 80, lifeUsedThresholdPercent: 80, lifeUsedErrorThresholdPercent: 90 },
    opens: ['dimm_worn warning'],
  },
  {
    why: 'a life alarm that value and threshold contradict is not believed',
    fields: { state: 'ok', lifeUsedPercent: 12, lifeUsedThresholdPercent: 80, alarms: { life_error: true } },
    opens: [],
  },
  {
    why: 'a module that names what failed in it and calls itself ok',
    fields: { state: 'ok', problems: ['controller_failed'] },
    opens: ['dimm_health critical'],
  },
  {
    why: 'a module that names what failed in it and says nothing of its state',
    fields: { problems: ['correctable_ecc_threshold'] },
    opens: ['dimm_health warning'],
  },
  {
    why: 'a module whose energy source is still charging',
    fields: { state: 'ok', problems: ['energy_source_charging'] },
    opens: ['dimm_not_armed info'],
  },
  {
    why: 'every flag of the kernel',
    fields: {},
    kernel: { armed: false, flags: ['not_armed', 'save_fail', 'restore_fail', 'flush_fail', 'map_fail'] },
    opens: [
      'dimm_not_armed warning',
      'dimm_save_failed critical',
      'dimm_restore_failed critical',
      'dimm_flush_failed warning',
      'dimm_map_failed warning',
    ],
  },
  {
    why: 'the same told by the module, where the kernel is silent',
    fields: { problems: ['save_failed', 'restore_failed', 'arm_failed', 'erase_failed'] },
    opens: [
      'dimm_not_armed warning',
      'dimm_save_failed critical',
      'dimm_restore_failed critical',
      'dimm_erase_failed warning',
    ],
  },
  {
    why: 'a backup that did not complete',
    fields: { lastBackupComplete: false, problems: [] },
    opens: ['dimm_save_failed critical'],
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

test('a failed save that makes the last shutdown dirty is told as a failed save, and as nothing else', () => {
  const fields: HealthFields = { state: 'ok', lastShutdownClean: false, problems: ['save_failed'], powerCycles: 7 };
  const { told, state } = watch([
    { fields },
    { fields },
    { fields, boot: 'b2' },
    { fields: { ...fields, powerCycles: 8 }, boot: 'b3' },
  ]);
  assert.deepEqual(told.map(brief), [['opened dimm_save_failed critical'], [], [], ['grew dimm_save_failed critical']]);
  assert.equal(state.dimms.get(dimm.key)?.history.dirtyShutdowns.length, 2, 'it failed twice, over three boots');
});

test('what a module named and cannot be asked for is not taken back by the kernel', () => {
  const kernel: HealthFields = { flags: [], armed: true };
  const problems: HealthFields['problems'] = ['save_failed', 'restore_failed', 'arm_failed'];
  const broken: Look = { health: failed('IOCTL', 'no answer (EIO)', 'EIO'), failedInARow: 1, kernel };
  assert.deepEqual(
    lines([{ fields: { ...good, problems }, kernel }, broken, { fields: { ...good, problems: [] }, kernel }])[1],
    [],
  );
});

test('a problem of life or energy source that is named no more is over, where nothing else is known of either', () => {
  const look = (problems: HealthFields['problems'] & {}): Look => ({ fields: { ...good, problems } });
  assert.deepEqual(lines([look(['life_over', 'energy_source_failed']), look([])]), [
    ['opened dimm_worn critical', 'opened energy_source_worn critical'],
    ['resolved dimm_worn critical', 'resolved energy_source_worn critical'],
  ]);
});

test('what a module names is told beside what it calls itself', () => {
  const { told } = watch([{ fields: { ...good, problems: ['controller_failed', 'vendor_error'] } }]);
  assert.equal(
    told[0]?.[0]?.incident.detail,
    'critical by what it names itself (controller failed, vendor error), though it calls itself ok',
  );
});

test('a part number that comes to be known later is told with what comes later', () => {
  const { partNumber: _, ...unknown } = dimm;
  const state = (value: 'noncritical' | 'fatal', dimms: Topology['dimms'], now: number): Look => ({
    fields: { ...good, state: value },
    topology: { ...emptyTopology, dimms },
    now,
  });
  const { told } = watch([state('noncritical', [unknown], 0), state('fatal', [dimm], 60_000)]);
  const parts = told.flat().map(({ incident }) => incident.subject.dimms[0]?.partNumber);
  assert.deepEqual(parts, [undefined, 'NMA1XXD128GPS']);
});

test('a save that failed is told with what started it and what went wrong', () => {
  const notes = ['started by SAVE_n', 'not enough energy', 'only a part of the data saved'];
  const { told } = watch([{ fields: { ...good, lastBackupComplete: false, lastBackupNotes: notes } }]);
  assert.equal(
    told[0]?.[0]?.incident.detail,
    'its last save did not succeed (started by SAVE_n, not enough energy, only a part of the data saved): what it held at the last power loss may be lost',
  );
});

test('an alarm of the energy source is told with what the module says is used, and ends with it', () => {
  const look = (on: boolean): Look => ({
    fields: { ...good, energySourceLifeUsedPercent: 26, alarms: { energy_source_life_warning: on } },
  });
  const { told } = watch([look(true), look(true), look(false)]);
  assert.deepEqual(told.map(brief), [
    ['opened energy_source_worn warning'],
    [],
    ['resolved energy_source_worn warning'],
  ]);
  assert.equal(
    told[0]?.[0]?.incident.detail,
    'the module raises the alarm for the life of its energy source, of which it says that 26 % are used',
  );
});

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
    'db07: the health of nmem0 in slot C1-D2 is fatal: data was lost or will be (save failed) (device nmem0, DIMM slot C1-D2, serial 0x0bb8, part number NMA1XXD128GPS).',
    'db07: nmem0 in slot C1-D2 runs out of spare capacity: 1 % spare capacity is left, the limit of the module is 5 % (device nmem0, DIMM slot C1-D2, serial 0x0bb8, part number NMA1XXD128GPS).',
    'db07: nmem0 in slot C1-D2 could not save its content: its last save did not succeed: what it held at the last power loss may be lost (device nmem0, DIMM slot C1-D2, serial 0x0bb8, part number NMA1XXD128GPS).',
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

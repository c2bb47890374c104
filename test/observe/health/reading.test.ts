import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { doubtedAlarms } from '../../../src/model/health-judgement.ts';
import { emptyTopology } from '../../../src/model/topology.ts';
import { createHealthObserver } from '../../../src/observe/health/health-observer.ts';
import { createFakeClock, settle } from '../../fakes/fake-clock.ts';
import { createKernelTree } from '../../fakes/kernel-tree.ts';
import { createRecordingLog } from '../../fakes/recording-log.ts';
import { createScriptedDsm } from '../../fakes/scripted-dsm.ts';

const hex = (name: string): string => readFileSync(join(import.meta.dirname, '../../fixtures/dsm', name), 'utf8');
const nd = 'bus/nd/devices';
const HEALTH = 600_000;
const ALARM = 60_000;

type Attributes = Readonly<Record<string, string>>;
const intel: Attributes = {
  dev: '250:0',
  commands: 'smart cmd_call ',
  'nfit/family': '0',
  'nfit/dsm_mask': '0x7ffff476',
  'nfit/flags': 'smart_notify ',
};
const quiet = '00000000 3f060000 00000000 00 64 05 00 7001 9001 2a000000'.padEnd(264, '0');

function rig(t: TestContext, dimms: Readonly<Record<string, Attributes>>) {
  const sysfs = createKernelTree();
  for (const [name, attributes] of Object.entries(dimms)) {
    for (const [attribute, value] of Object.entries(attributes)) sysfs.put(`${nd}/${name}/${attribute}`, `${value}\n`);
  }
  const clock = createFakeClock();
  const dsm = createScriptedDsm();
  const log = createRecordingLog();
  let announced = 0;
  const config = { healthMs: HEALTH, healthAlarmMs: ALARM, deviceDeadlineMs: 30_000, jitter: () => 0.5 };
  const observer = createHealthObserver({ sysfs, dsm, clock, config, onReading: () => announced++, log });
  t.after(() => observer.stop());
  const topology = {
    ...emptyTopology,
    dimms: Object.keys(dimms).map((name) => ({ name, key: `key-${name}`, bus: 'ndbus0', flags: [] })),
  };
  const start = async (): Promise<void> => {
    observer.update(topology);
    await observer.settled();
  };
  const reading = (name: string) => {
    const found = observer.latest().find((r) => r.name === name);
    assert.ok(found, `${name} was not read`);
    return found;
  };
  return { sysfs, clock, dsm, log, observer, topology, start, reading, announced: () => announced };
}

test('what firmware answers and what the kernel says are one health, each field with its source', async (t) => {
  const { dsm, start, reading } = rig(t, {
    nmem0: { ...intel, 'nfit/dirty_shutdown': '41', security: 'unlocked', frozen: '1' },
  });
  dsm.set('nmem0', 1, hex('intel/smart-default.hex'));
  dsm.set('nmem0', 2, hex('intel/threshold-default.hex'));
  await start();
  const { health, fields, sources, failures } = reading('nmem0');
  assert.equal(health.kind, 'ok');
  assert.equal(fields.state, 'noncritical');
  assert.equal(fields.dirtyShutdownCount, 42, 'the newer count of the module itself wins');
  assert.equal(fields.security, 'unlocked');
  assert.equal(fields.securityFrozen, true);
  assert.deepEqual(
    sources.map(({ source }) => source),
    [
      'intel 1 SMART',
      'intel 2 SMART_THRESHOLD',
      'sysfs nfit/flags',
      'sysfs nfit/dirty_shutdown',
      'sysfs security',
      'sysfs frozen',
    ],
  );
  assert.deepEqual(
    failures.map(({ source }) => source),
    ['intel 12 FW_INFO'],
    'what adds to it may fail',
  );
  const [call] = dsm.calls;
  assert.deepEqual(
    [call?.dimm, call?.devNumber, call?.family, call?.command, call?.replyBytes],
    ['nmem0', '250:0', 0, 1, 132],
  );
});

test('limits that cannot be read just now are those of the last answer, with its age: an alarm is not believed for that', async (t) => {
  const { clock, dsm, observer, start, reading } = rig(t, { nmem0: intel });
  dsm.set('nmem0', 1, hex('intel/smart-default.hex'));
  dsm.set('nmem0', 2, hex('intel/threshold-default.hex'));
  await start();
  const before = reading('nmem0');
  assert.deepEqual(doubtedAlarms(before.fields), ['spare', 'media_temperature']);
  for (const answer of ['05000000 0000 00 0000 0000 00', 'EIO']) {
    dsm.set('nmem0', 2, answer);
    await clock.advance(ALARM);
    const now = reading('nmem0');
    assert.ok(now.at > before.at);
    assert.equal(now.fields.spareThresholdPercent, before.fields.spareThresholdPercent);
    assert.deepEqual(doubtedAlarms(now.fields), ['spare', 'media_temperature']);
    const limits = now.sources.find(({ source }) => source === 'intel 2 SMART_THRESHOLD');
    assert.equal(limits?.at, before.sources.find(({ source }) => source === 'intel 2 SMART_THRESHOLD')?.at);
    assert.ok(
      now.failures.some(({ source }) => source === 'intel 2 SMART_THRESHOLD'),
      'that it failed is told',
    );
  }
  observer.stop();
});

const unsupported: readonly { why: string; attributes: Attributes; reason: RegExp }[] = [
  {
    why: 'the mask has no SMART (QEMU)',
    attributes: { ...intel, 'nfit/dsm_mask': '0x70' },
    reason: /offers no health data.*0x70/,
  },
  { why: 'the family is one nobody knows', attributes: { ...intel, 'nfit/family': '17' }, reason: /family 17 is not/ },
  { why: 'there is no family (CXL, virtual)', attributes: { dev: '250:0' }, reason: /knows no command family/ },
  {
    why: 'the mask is not a number',
    attributes: { ...intel, 'nfit/dsm_mask': 'soup' },
    reason: /does not say which methods/,
  },
];
for (const { why, attributes, reason } of unsupported) {
  test(`a module is unsupported, never ok and never asked, when ${why}`, async (t) => {
    const { dsm, start, reading } = rig(t, { nmem0: attributes });
    await start();
    const { health, fields } = reading('nmem0');
    assert.equal(health.kind, 'unsupported');
    assert.match(health.kind === 'unsupported' ? health.reason : '', reason);
    assert.equal(fields.state, undefined);
    assert.deepEqual(dsm.calls, []);
  });
}

test('a module without health data still shows what the kernel knows of it', async (t) => {
  const { start, reading } = rig(t, {
    nmem0: { 'nfit/flags': 'save_fail not_armed ', 'nfit/dirty_shutdown': '7' },
  });
  await start();
  assert.deepEqual(reading('nmem0').fields, { flags: ['save_fail', 'not_armed'], armed: false, dirtyShutdownCount: 7 });
});

test('a PAPR module is told by its attributes and asked by its own method', async (t) => {
  const { dsm, sysfs, start, reading } = rig(t, { nmem0: { dev: '250:0', commands: 'get_size cmd_call ' } });
  sysfs.put(`${nd}/nmem0/papr/flags`, '');
  sysfs.put(`${nd}/nmem0/papr/perf_stats`, 'CtlResCt = 0x0000000000000002\nMemLife  = 0x000000000000005f\n');
  dsm.set('nmem0', 1, hex('papr/synthetic-healthy.hex'));
  await start();
  const { health, fields } = reading('nmem0');
  assert.equal(health.kind, 'ok');
  assert.equal(fields.lifeUsedPercent, 5);
  assert.deepEqual(fields.flags, []);
  assert.deepEqual(fields.performance, { CtlResCt: '0x0000000000000002', MemLife: '0x000000000000005f' });
  assert.equal(dsm.calls[0]?.family, 5);
});

test('firmware of HPE that refuses the newer request is asked again with the older one', async (t) => {
  const { dsm, start, reading } = rig(t, { nmem0: { ...intel, 'nfit/family': '1', 'nfit/dsm_mask': '0x2' } });
  const asked: string[] = [];
  const { call } = dsm;
  Object.assign(dsm, {
    call: (request: Parameters<typeof call>[0]) => {
      asked.push(Buffer.from(request.input).toString('hex'));
      dsm.set('nmem0', 1, asked.length === 1 ? '02000000' : hex('hpe1/synthetic-health.hex'));
      return call(request);
    },
  });
  await start();
  assert.deepEqual(asked, ['ff070000', 'ff030000']);
  assert.equal(reading('nmem0').health.kind, 'ok');
});

test('firmware of HPE that fails for another reason than the request is not asked again', async (t) => {
  const { dsm, start, reading } = rig(t, { nmem0: { ...intel, 'nfit/family': '1', 'nfit/dsm_mask': '0x2' } });
  dsm.set('nmem0', 1, '03000000');
  await start();
  assert.equal(dsm.calls.length, 1);
  const { health } = reading('nmem0');
  assert.match(health.kind === 'failed' ? health.reason : '', /status: 3 \(operation failed\)/);
});

test('threshold bits of a Microsoft module make it non-critical or critical, unless its own values and thresholds contradict them', async (t) => {
  const { dsm, start, reading, observer } = rig(t, {
    nmem0: { ...intel, 'nfit/family': '3', 'nfit/dsm_mask': '0x18a0' },
  });
  // bits of warning and error for life and energy source life; 97 % of the life is left
  const health = (errors: string, warnings: string) => `00000000 00 00 1b00 ${errors} ${warnings} 61 00 01`;
  const state = async (bits: string): Promise<string | undefined> => {
    dsm.set('nmem0', 11, bits);
    await observer.refreshAll('poll');
    return reading('nmem0').fields.state;
  };
  dsm.set('nmem0', 11, health('00', '00'));
  await start();
  assert.equal(reading('nmem0').fields.state, 'ok');
  assert.equal(await state(health('00', '03')), 'noncritical');
  assert.equal(await state(health('01', '01')), 'critical');
  const { health: own } = reading('nmem0');
  assert.equal(own.kind === 'ok' ? own.value.state : undefined, 'critical');
  dsm.set('nmem0', 5, hex('msft/synthetic-thresholds.hex'));
  assert.equal(await state(health('01', '01')), 'ok', '97 % are left, the thresholds are 20 and 10 %');
  assert.deepEqual(doubtedAlarms(reading('nmem0').fields), ['life_warning', 'life_error']);
  assert.equal(await state('00000000 00 00 1b00 01 01 0f 00 00'), 'noncritical', '15 % are left: a warning, no error');
  assert.equal(
    await state('00000000 01 00 1b00 00 00 61 00 00'),
    'critical',
    'a register of failures needs no threshold',
  );
});

test('a buffer that firmware did not fill is an answer of nothing, not of zeros', async (t) => {
  const { dsm, start, reading } = rig(t, { nmem0: { ...intel, 'nfit/family': '3', 'nfit/dsm_mask': '0x800' } });
  dsm.set('nmem0', 11, '');
  await start();
  const { health } = reading('nmem0');
  assert.match(
    health.kind === 'failed' ? health.reason : '',
    /^msft 11 module health: status: the reply ends at byte 0/,
  );
});

const failures: readonly { errno: string; reason: RegExp }[] = [
  {
    errno: 'EACCES',
    reason: /permission denied \(EACCES\) on \/dev\/nmem0: the probe process must be root, or have CAP_DAC_OVERRIDE/,
  },
  {
    errno: 'EPERM',
    reason: /EPERM\) on \/dev\/nmem0: its device cgroup must let char-dimmctl in \(DeviceAllow of the unit/,
  },
  { errno: 'ENOENT', reason: /there is no \/dev\/nmem0/ },
  { errno: 'ENXIO', reason: /not this module any more/ },
  { errno: 'EINVAL', reason: /cannot be asked \(EINVAL\)/ },
];
for (const { errno, reason } of failures) {
  test(`a module that answers ${errno} is unreadable with what to do, and the others are read`, async (t) => {
    const { dsm, start, reading, log } = rig(t, { nmem0: intel, nmem1: intel });
    dsm.set('nmem0', 1, errno);
    dsm.set('nmem1', 1, quiet);
    await start();
    const { health, fields } = reading('nmem0');
    assert.equal(health.kind, 'failed');
    assert.match(health.kind === 'failed' ? health.reason : '', reason);
    assert.deepEqual(fields, { flags: ['smart_notify'], armed: true }, 'only the kernel speaks');
    assert.equal(reading('nmem1').health.kind, 'ok');
    assert.deepEqual(log.lines.filter(({ level }) => level === 'warn').length, 1);
  });
}

test('a healthy module is asked every ten minutes, one with an alarm every minute', async (t) => {
  const { dsm, clock, start, observer } = rig(t, { nmem0: { ...intel, 'nfit/dsm_mask': '0x2' } });
  dsm.set('nmem0', 1, quiet);
  await start();
  const asked = async (ms: number): Promise<number> => {
    const before = dsm.calls.length;
    await clock.advance(ms);
    return dsm.calls.length - before;
  };
  assert.equal(await asked(HEALTH - 1), 0);
  dsm.set('nmem0', 1, hex('intel/smart-injected.hex'));
  assert.equal(await asked(1), 1);
  assert.equal(await asked(ALARM), 1);
  dsm.set('nmem0', 1, quiet);
  assert.equal(await asked(ALARM), 1);
  assert.equal(await asked(HEALTH - 1), 0, 'well again');
  observer.hint('nmem0');
  assert.equal(await asked(100), 1, 'the kernel told of a health event');
});

const toBeWatched: readonly { why: string; smart: string; fast: boolean }[] = [
  // flags 0x0a: spares and media temperature alone; 39 °C is within 2 °C of the limit of 40 °C, 37 °C is not
  { why: 'is nearly too hot by value and limit alone', smart: '640000 7002', fast: true },
  { why: 'is cool', smart: '640000 5002', fast: false },
  { why: 'has nearly no spare capacity left', smart: '060000 5002', fast: true },
];
for (const { why, smart, fast } of toBeWatched) {
  test(`a module that tells no state and no alarm, and ${why}, is asked every ${fast ? 'minute' : 'ten minutes'}`, async (t) => {
    const { dsm, clock, start } = rig(t, { nmem0: { ...intel, 'nfit/dsm_mask': '0x6' } });
    dsm.set('nmem0', 1, `00000000 0a000000 00000000 00 ${smart}`.padEnd(288, '0'));
    dsm.set('nmem0', 2, hex('intel/threshold-default.hex'));
    await start();
    const before = dsm.calls.length;
    await clock.advance(ALARM + 1);
    assert.equal(dsm.calls.length > before, fast);
  });
}

test('a module that hangs is stuck and not asked until its call comes back, while the others are', async (t) => {
  const { dsm, clock, start, observer, reading } = rig(t, { nmem0: intel, nmem1: intel });
  const release = dsm.hang('nmem0');
  dsm.set('nmem0', 1, quiet);
  dsm.set('nmem1', 1, quiet);
  await start();
  assert.deepEqual(
    observer.stuck().map(({ subject, uid }) => [subject, uid]),
    [['nmem0', 'key-nmem0']],
  );
  assert.equal(reading('nmem0').health.kind, 'failed');
  const before = dsm.calls.filter(({ dimm }) => dimm === 'nmem0').length;
  observer.hint('nmem0');
  await clock.advance(3 * HEALTH);
  assert.equal(dsm.calls.filter(({ dimm }) => dimm === 'nmem0').length, before);
  assert.ok(dsm.calls.filter(({ dimm }) => dimm === 'nmem1').length > 3);
  release();
  await settle();
  await settle();
  assert.equal(reading('nmem0').health.kind, 'ok');
  assert.deepEqual(observer.stuck(), []);
});

test('what a module answered before it hung on a later question stays known, with the limits by which it is judged', async (t) => {
  const { dsm, clock, start, observer, reading } = rig(t, { nmem0: intel });
  dsm.set('nmem0', 1, hex('intel/smart-default.hex'));
  dsm.set('nmem0', 2, hex('intel/threshold-default.hex'));
  await start();
  dsm.set('nmem0', 1, hex('intel/smart-injected.hex'));
  const release = dsm.hang('nmem0', 2);
  await clock.advance(ALARM);
  const { health, fields, failures, stuckSince, lastOkAt, at } = reading('nmem0');
  assert.equal(health.kind, 'failed', 'a module that hangs is not readable');
  assert.notEqual(stuckSince, undefined);
  assert.equal(lastOkAt, at);
  assert.equal(fields.state, 'fatal');
  assert.equal(fields.spareThresholdPercent, 5, 'of the answer before');
  assert.deepEqual(
    failures.map(({ source }) => source),
    ['intel 2 SMART_THRESHOLD'],
  );
  dsm.hang('nmem0', 1);
  release();
  await settle();
  await settle();
  assert.equal(reading('nmem0').fields.state, undefined, 'nothing was answered this time');
  observer.stop();
});

test('a buffer of nothing but zeros whose length firmware did not tell is no answer: no alarm is called disabled', async (t) => {
  const { dsm, start, observer, reading } = rig(t, { nmem0: intel });
  dsm.set('nmem0', 1, quiet);
  for (const command of [2, 12]) dsm.set('nmem0', command, '', { tellsLength: false });
  await start();
  const { fields, failures } = reading('nmem0');
  assert.equal(fields.alarmsEnabled, undefined);
  assert.deepEqual(
    failures.map(({ source }) => source),
    ['intel 2 SMART_THRESHOLD', 'intel 12 FW_INFO'],
  );
  dsm.set('nmem0', 1, hex('intel/smart-default.hex'), { tellsLength: false });
  await observer.refreshAll('poll');
  assert.equal(reading('nmem0').fields.state, 'noncritical', 'a buffer that is filled is an answer');
});

test('another module under the same name begins anew, and a gone one is forgotten', async (t) => {
  const { dsm, start, observer, topology, reading } = rig(t, { nmem0: intel });
  dsm.set('nmem0', 1, quiet);
  await start();
  const [dimm] = topology.dimms;
  assert.ok(dimm);
  observer.update({ ...topology, dimms: [{ ...dimm, key: 'another' }] });
  assert.deepEqual(observer.latest(), []);
  await observer.settled();
  assert.equal(reading('nmem0').dimm, 'another');
  observer.update(emptyTopology);
  assert.deepEqual(observer.latest(), []);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { bootAgain, bootNumber, durableFolder, keep, kept } from '../guest/boots.ts';
import { askDimmAs, injectSmart, listHealth, type NdctlDimm } from '../guest/health.ts';
import { until } from '../guest/wait.ts';
import { quiet, sample, startWatching, type Watching } from '../guest/watching.ts';

const folder = `${durableFolder}/agent`;
const bus = 'nfit_test.0';
/** So far apart that no poll can be the cause of a message here: what is told in time, a notification told the agent. */
const onlyNotified = 'health: 1h, health_alarm: 1h';
const toldWithinMs = 60_000;
/** A module that is not well is asked so often: what no notification tells is found within this time. */
const fastPoll = 'health: 1h, health_alarm: 5s';
const polledWithinMs = 60_000;

interface ApiDimm {
  readonly dimm: string;
  readonly name: string;
  readonly id?: string;
  readonly health: {
    readonly state: string;
    readonly readable: string;
    readonly doubtedAlarms: readonly string[];
    readonly fields: readonly { readonly name: string; readonly value: unknown }[];
  } | null;
}

if (bootNumber() === 1) {
  test('the agent reads what ndctl reads, is notified of what gets worse, and finds by its polls what gets better', async (t) => {
    let watching = await startWatching(t, { folder, poll: onlyNotified });
    await until('every module has been asked', async () =>
      (await dimmsOf(watching)).every(({ health }) => health !== null),
    );
    await assertSameAsNdctl(watching);

    const health = await watching.message('non-critical from the start', is('nmem0', 'dimm_health'));
    assert.equal(health.message.severity, 'warning');
    assert.deepEqual(
      watching.receiver.received.filter(({ message }) => /temperature|spare/.test(message.condition)),
      [],
      'the module shows alarms for both, value and threshold do not',
    );

    const raise = async (what: string, option: string, condition: string): Promise<void> => {
      const before = watching.receiver.received.length;
      const asked = Date.now();
      injectSmart(bus, 'nmem0', option);
      const injected = Date.now();
      const told = await until(
        what,
        () => watching.receiver.received.slice(before).find(({ message }) => is('nmem0', condition)(message)),
        toldWithinMs,
      );
      assert.equal(told.message.status, 'firing');
      t.diagnostic(
        `${what}: ndctl took ${injected - asked} ms, told ${Math.max(0, told.at - injected)} ms after it ended`,
      );
    };
    await raise('a temperature above its threshold', '--media-temperature=50', 'dimm_temperature');
    await raise('spares below their threshold', '--spares=4', 'dimm_spare_low');
    await raise('fatal health', '--fatal', 'dimm_health');
    await assertSameAsNdctl(watching);
    assertAccessTheKernelAsks();

    await until(
      'all is delivered',
      async () => sample(await watching.metrics(), 'pmemwatch_outbox_pending', 'receiver="hook"') === 0,
    );
    watching.agent.killHard();
    watching = await startWatching(t, { folder, poll: fastPoll });
    await until('every module has been asked again', async () =>
      (await dimmsOf(watching)).every(({ health }) => health !== null),
    );
    const before = watching.receiver.received.length;
    assert.deepEqual(
      watching.receiver.received.map(({ message }) => message.condition),
      [],
      'what was told before the restart is not told again',
    );
    const later = (condition: string, status: string) =>
      until(
        `${condition} ${status}`,
        () =>
          watching.receiver.received
            .slice(before)
            .find(({ message }) => is('nmem0', condition)(message) && message.status === status),
        polledWithinMs,
      );
    // a withdrawal is notified as long as something else is left
    for (const option of ['--fatal-uninject', '--spares-uninject']) injectSmart(bus, 'nmem0', option);
    await later('dimm_spare_low', 'resolved');
    const back = await later('dimm_health', 'firing');
    assert.equal(back.message.severity, 'warning');
    assert.equal(back.message.incident, health.message.incident, 'it was open all the time');
    // once those notifications are through, nothing but the poll can find the last withdrawal
    await sleep(2_000);
    injectSmart(bus, 'nmem0', '--media-temperature-uninject');
    const withdrawn = Date.now();
    const cool = await later('dimm_temperature', 'resolved');
    t.diagnostic(`the temperature is told as over ${cool.at - withdrawn} ms after its withdrawal`);
    await assertSameAsNdctl(watching);
    watching.agent.killHard();
    keep('shutdowns', shutdownsOf('nmem1'));
    bootAgain();
  });
} else {
  // The modules of the rig live in the memory of the kernel: a reboot takes their counts back to where they began. So the
  // count rises in the second boot, before an agent has looked in it, above the one that the agent of the first boot left on disk.
  test('a dirty shutdown between the looks of two boots is told once, whatever restarts', async (t) => {
    const before = shutdownsOf('nmem1');
    assert.deepEqual(before, kept('shutdowns'), 'as the agent of the boot before saw it');
    injectSmart(bus, 'nmem1', '--unsafe-shutdown');
    assert.deepEqual(shutdownsOf('nmem1'), { count: before.count + 1, state: 'dirty' });
    const watching = await startWatching(t, { folder, poll: onlyNotified });
    const { message } = await watching.message('the dirty shutdown', is('nmem1', 'dimm_dirty_shutdown'));
    assert.match(message.summary, /one dirty shutdown since the last look, 43 in its life/);
    await quiet();
    const dirty = ({ message: { condition } }: { readonly message: { readonly condition: string } }) =>
      condition === 'dimm_dirty_shutdown';
    assert.deepEqual(
      watching.receiver.received.filter(dirty).map((each) => [each.message.device.name, each.message.type]),
      [['nmem1', 'pmem.incident.opened']],
    );
    watching.agent.killHard();
    const again = await startWatching(t, { folder, poll: onlyNotified });
    await until('every module has been asked again', async () =>
      (await dimmsOf(again)).every(({ health }) => health !== null),
    );
    await quiet();
    assert.deepEqual(again.receiver.received.filter(dirty), []);
    const incidents = await again.items<{ readonly condition: string; readonly device: { readonly name: string } }>(
      '/api/v1/incidents',
    );
    assert.deepEqual(
      incidents.filter(({ condition }) => condition === 'dimm_dirty_shutdown').map(({ device }) => device.name),
      ['nmem1'],
    );
  });
}

function is(name: string, condition: string) {
  return (message: { readonly condition: string; readonly device: { readonly name: string } }): boolean =>
    message.condition === condition && message.device.name === name;
}

function dimmsOf(watching: Watching): Promise<ApiDimm[]> {
  return watching.items<ApiDimm>('/api/v1/dimms');
}

/** As ndctl shows them. */
function shutdownsOf(name: string): { readonly count: number; readonly state: string } {
  const health = listHealth().find(({ dev }) => dev === name)?.health;
  return { count: Number(health?.['shutdown_count']), state: String(health?.['shutdown_state']) };
}

/**
 * What the unit of the probe rests on: whoever owns the node, or may override that, may ask; CAP_SYS_RAWIO is no part of it
 * (drivers/nvdimm/bus.c: no check beyond the open for writing).
 */
function assertAccessTheKernelAsks(): void {
  const nobody = ['--reuid', '65534', '--regid', '65534', '--clear-groups'];
  const only = (capability: string) => [`--inh-caps=-all,+${capability}`, `--ambient-caps=-all,+${capability}`];
  const asWhom: readonly (readonly [who: string, flags: readonly string[], answer: string])[] = [
    ['root without any capability', ['--bounding-set=-all', '--inh-caps=-all'], '132 bytes, flags 0x63f'],
    ['another user with CAP_SYS_RAWIO', [...nobody, ...only('sys_rawio')], 'EACCES'],
    ['another user with CAP_DAC_OVERRIDE', [...nobody, ...only('dac_override')], '132 bytes, flags 0x63f'],
  ];
  for (const [who, flags, answer] of asWhom) assert.equal(askDimmAs(flags, 'nmem0'), answer, who);
}

/** Field by field, whatever ndctl shows: a field of its that we do not have fails too. */
async function assertSameAsNdctl(watching: Watching): Promise<void> {
  const ours = await dimmsOf(watching);
  const theirs = listHealth();
  assert.deepEqual(theirs.map(({ dev }) => dev).sort(), ours.map(({ name }) => name).sort());
  assert.ok(theirs.filter(({ health }) => hasHealth(health)).length >= 4);
  for (const dimm of theirs) {
    const found = ours.find(({ name }) => name === dimm.dev);
    assert.ok(found?.health, `${dimm.dev} has no health`);
    assert.equal(found.id, dimm.id);
    assert.deepEqual(factsAsNdctl(found.health), Object.fromEntries(factsOf(dimm)), dimm.dev);
    if (hasHealth(dimm.health)) {
      assert.equal(found.health.readable, 'yes');
      assert.deepEqual(asNdctl(found.health), dimm.health, dimm.dev);
    } else assert.deepEqual([found.health.readable, found.health.state], ['unsupported', 'unknown'], dimm.dev);
  }
}
/** Of a module without health data ndctl says no more than "unknown". */
function hasHealth(health: NdctlDimm['health']): boolean {
  return health !== undefined && health['health_state'] !== 'unknown';
}
const flagsTheySay: Readonly<Record<string, string>> = {
  map_fail: 'flag_failed_map',
  save_fail: 'flag_failed_save',
  not_armed: 'flag_failed_arm',
  restore_fail: 'flag_failed_restore',
  flush_fail: 'flag_failed_flush',
  smart_event: 'flag_smart_event',
};
function factsOf(dimm: NdctlDimm): [string, unknown][] {
  return Object.entries(dimm).filter(([name]) => name.startsWith('flag_') || name.startsWith('security'));
}
function factsAsNdctl({ fields }: NonNullable<ApiDimm['health']>): Record<string, unknown> {
  const known = new Map(fields.map(({ name, value }) => [name, value]));
  const flags = (known.get('flags') as string[]).flatMap((flag) => flagsTheySay[flag] ?? []);
  return {
    ...Object.fromEntries(flags.map((flag) => [flag, true])),
    ...(known.has('security') ? { security: known.get('security') } : {}),
    ...(known.get('securityFrozen') === true ? { security_frozen: true } : {}),
  };
}

const asTheySay: Readonly<Record<string, string>> = { noncritical: 'non-critical' };
function asNdctl(health: NonNullable<ApiDimm['health']>): NdctlDimm['health'] {
  const fields = new Map(health.fields.map(({ name, value }) => [name, value]));
  const alarms = fields.get('alarms') as Record<string, boolean>;
  const enabled = fields.get('alarmsEnabled') as Record<string, boolean>;
  const when = (name: string, key: string) => (fields.has(name) ? { [key]: fields.get(name) } : {});
  return {
    health_state: asTheySay[health.state] ?? health.state,
    ...when('mediaTemperatureCelsius', 'temperature_celsius'),
    ...when('controllerTemperatureCelsius', 'controller_temperature_celsius'),
    ...when('sparePercent', 'spares_percentage'),
    alarm_temperature: alarms['media_temperature'],
    alarm_controller_temperature: alarms['controller_temperature'],
    alarm_spares: alarms['spare'],
    alarm_enabled_media_temperature: enabled['media_temperature'],
    ...when('mediaTemperatureThresholdCelsius', 'temperature_threshold'),
    alarm_enabled_ctrl_temperature: enabled['controller_temperature'],
    ...when('controllerTemperatureThresholdCelsius', 'controller_temperature_threshold'),
    alarm_enabled_spares: enabled['spare'],
    ...when('spareThresholdPercent', 'spares_threshold'),
    ...when('lifeUsedPercent', 'life_used_percentage'),
    shutdown_state: fields.get('lastShutdownClean') === true ? 'clean' : 'dirty',
    ...when('dirtyShutdownCount', 'shutdown_count'),
  };
}

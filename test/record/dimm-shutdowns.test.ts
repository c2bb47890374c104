import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HealthFields } from '../../src/model/health.ts';
import { failed } from '../../src/model/observation.ts';
import { brief, dimm, good, type Look, lines, watch } from './watched-dimm.ts';

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

test('a last shutdown that is told as dirty until the next save is counted once, over any number of boots', () => {
  const look = (boot: string): Look => ({ fields: { state: 'ok', lastShutdownClean: false, powerCycles: 5 }, boot });
  const { told, state } = watch([look('b1'), look('b2'), look('b3'), look('b4')]);
  assert.deepEqual(told.map(brief), [['opened dimm_dirty_shutdown warning'], [], [], []]);
  const { dirtyShutdowns = [] } = state.dimms.get(dimm.key)?.history ?? {};
  assert.equal(dirtyShutdowns.length, 1);
  assert.equal(state.advice.get(dimm.key)?.advice, 'watch');
});

test('the next shutdown of a module without a count is another one when it was switched on again, or was clean between', () => {
  const look = (boot: string, lastShutdownClean: boolean, powerCycles: number): Look => ({
    fields: { state: 'ok', lastShutdownClean, powerCycles },
    boot,
  });
  assert.deepEqual(lines([look('b1', false, 5), look('b2', false, 6)]).slice(1), [
    ['grew dimm_dirty_shutdown warning'],
  ]);
  assert.deepEqual(lines([look('b1', false, 5), look('b2', true, 5), look('b3', false, 5)]).slice(1), [
    ['resolved dimm_dirty_shutdown warning'],
    ['opened dimm_dirty_shutdown warning'],
  ]);
});

test('an incident does not end while the module still says that its last shutdown was dirty', () => {
  const look = (boot: string, lastShutdownClean: boolean): Look => ({
    fields: { state: 'ok', dirtyShutdownCount: 3, lastShutdownClean },
    boot,
  });
  assert.deepEqual(lines([look('b1', false), look('b2', false), look('b3', true)]), [
    ['opened dimm_dirty_shutdown warning'],
    [],
    ['resolved dimm_dirty_shutdown warning'],
  ]);
});

test('a host that never latches is told of dirty shutdowns by the count that needs no latch', () => {
  const look = (unlatchedDirtyShutdownCount: number, boot: string, dirtyShutdownCount = 1): Look => ({
    fields: { state: 'ok', lastShutdownClean: true, dirtyShutdownCount, unlatchedDirtyShutdownCount },
    boot,
  });
  const { told, state } = watch([look(3, 'b1'), look(4, 'b2'), look(4, 'b2'), look(4, 'b3'), look(6, 'b4', 3)]);
  assert.deepEqual(told.map(brief), [
    [],
    ['opened dimm_dirty_shutdown warning'],
    [],
    ['resolved dimm_dirty_shutdown warning'],
    ['opened dimm_dirty_shutdown warning'],
  ]);
  const details = told.flat().map(({ incident }) => incident.detail);
  assert.match(
    details[0] ?? '',
    /^one dirty shutdown since the last look, 4 in its life by the count that needs no latch:/,
  );
  assert.match(
    details.at(-1) ?? '',
    /^2 dirty shutdowns since the last look, 3 in its life:/,
    'both counts rose: one event',
  );
  assert.equal(state.dimms.get(dimm.key)?.history.dirtyShutdowns.length, 2);
});

test('a count that was never told before is where counting begins, beside one that was', () => {
  const first: HealthFields = { state: 'ok', lastShutdownClean: true, dirtyShutdownCount: 1 };
  assert.deepEqual(lines([{ fields: first }, { fields: { ...first, unlatchedDirtyShutdownCount: 9 } }]), [[], []]);
});

test('a dirty shutdown that is counted beside a failed save is told as the save alone, a later one is told', () => {
  const look = (dirtyShutdownCount: number, flags: readonly string[], boot: string): Look => ({
    fields: { state: 'ok', lastShutdownClean: flags.length === 0, dirtyShutdownCount },
    kernel: { flags, armed: true },
    boot,
  });
  assert.deepEqual(lines([look(1, [], 'b1'), look(2, ['save_fail'], 'b2'), look(3, ['save_fail'], 'b3')]), [
    [],
    ['opened dimm_save_failed critical'],
    ['opened dimm_dirty_shutdown warning'],
  ]);
});

const counters = [
  { field: 'failedSaves', condition: 'dimm_save_failed critical', words: 'one failed save' },
  { field: 'failedRestores', condition: 'dimm_restore_failed critical', words: 'one failed restore' },
  { field: 'failedArms', condition: 'dimm_not_armed warning', words: 'one failed arming' },
  { field: 'failedFlushes', condition: 'dimm_flush_failed warning', words: 'one failed flush' },
] as const;
for (const { field, condition, words } of counters) {
  test(`${words} more by the count of the module is told, though the next try went well, until a boot without`, () => {
    const kernel: HealthFields = { flags: [], armed: true };
    const look = (count: number, boot: string): Look => ({
      fields: { state: 'ok', problems: [], [field]: count },
      kernel,
      boot,
    });
    const { told } = watch([look(2, 'b1'), look(3, 'b1'), look(3, 'b1'), look(5, 'b1'), look(5, 'b2'), look(0, 'b3')]);
    assert.deepEqual(told.map(brief), [
      [],
      [`opened ${condition}`],
      [],
      [`grew ${condition}`],
      [`resolved ${condition}`],
      [],
    ]);
    assert.equal(told[1]?.[0]?.incident.detail, `${words} since the last look, 3 since its factory reset`);
    assert.match(told[3]?.[0]?.incident.detail ?? '', /^2 failed \w+ since the last look, 5 since/);
  });
}

test('failures of before the first look are no news', () => {
  assert.deepEqual(lines([{ fields: { ...good, failedSaves: 7, problems: [] } }]), [[]]);
});

/** Histories of modules and the advice that follows, with its reasons. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Advice, Watched } from '../../src/model/advice.ts';
import { type DimmHistory, noHistory } from '../../src/model/dimm-state.ts';
import type { HealthFields } from '../../src/model/health.ts';
import { type AdvicePolicy, adviseReplacement, defaultAdvicePolicy } from '../../src/model/replacement-advice.ts';

const hour = 3_600_000;
const day = 24 * hour;
const now = 1000 * day;
/** `count` ranges that many hours ago, on a place of so many modules */
const ranges = (
  ...found: readonly (readonly [hoursAgo: number, count: number, setSize?: number])[]
): Partial<DimmHistory> => ({
  newRanges: found.map(([ago, count, setSize = 1]) => ({ at: now - ago * hour, count, setSize })),
});
const daysAgo = (...days: readonly number[]): number[] => days.map((ago) => now - ago * day);
const ok: HealthFields = { state: 'ok', sparePercent: 98, lifeUsedPercent: 3 };

interface Row {
  readonly why: string;
  readonly health: HealthFields;
  readonly history?: Partial<DimmHistory>;
  /** a year when it is not said */
  readonly ranges?: Watched;
  readonly shutdowns?: Watched;
  readonly policy?: Partial<AdvicePolicy>;
  /** of an input, where it is about one that did not give the advice */
  readonly input?: { readonly name: string; readonly advice: Advice | null; readonly text: string };
  readonly advice: Advice | null;
  readonly summary: string | RegExp;
}
const table: readonly Row[] = [
  {
    why: 'a new module',
    health: ok,
    advice: 'ok',
    summary:
      'ok: health ok; spare 98 %, limit 20 %; life left 97 %, limit 20 %; 0 new ranges in 24 h, limit 3; 0 places bad again after they were cleared in 30 d, limit 1; 0 dirty shutdowns in 30 d, limit 1',
  },
  {
    why: 'one that tells nothing but that it is well',
    health: { state: 'ok' },
    advice: 'ok',
    summary: /^ok: health ok;/,
  },
  {
    why: 'non-critical',
    health: { ...ok, state: 'noncritical' },
    advice: 'watch',
    summary: 'watch: health non-critical',
  },
  { why: 'critical', health: { ...ok, state: 'critical' }, advice: 'plan', summary: 'plan: health critical' },
  { why: 'fatal', health: { ...ok, state: 'fatal' }, advice: 'now', summary: 'now: health fatal' },
  {
    why: 'spare just above the limit',
    health: { ...ok, sparePercent: 21 },
    advice: 'ok',
    summary: /spare 21 %, limit 20 %/,
  },
  {
    why: 'spare at the limit',
    health: { ...ok, sparePercent: 20 },
    advice: 'plan',
    summary: 'plan: spare 20 %, limit 20 %',
  },
  {
    why: 'spare above the lower limit',
    health: { ...ok, sparePercent: 11 },
    advice: 'plan',
    summary: 'plan: spare 11 %, limit 20 %',
  },
  {
    why: 'spare at the lower limit',
    health: { ...ok, sparePercent: 10 },
    advice: 'now',
    summary: 'now: spare 10 %, limit 10 %',
  },
  { why: 'no spare', health: { ...ok, sparePercent: 0 }, advice: 'now', summary: 'now: spare 0 %, limit 10 %' },
  {
    why: 'below the limit that the module was given, above ours',
    health: { ...ok, sparePercent: 40, spareThresholdPercent: 50 },
    advice: 'watch',
    summary: 'watch: spare 40 %, limit of the module 50 %',
  },
  { why: 'life 79 % used', health: { ...ok, lifeUsedPercent: 79 }, advice: 'ok', summary: /life left 21 %/ },
  {
    why: 'life 80 % used',
    health: { ...ok, lifeUsedPercent: 80 },
    advice: 'plan',
    summary: 'plan: life left 20 %, limit 20 %',
  },
  {
    why: 'life all used',
    health: { ...ok, lifeUsedPercent: 100 },
    advice: 'now',
    summary: 'now: life left 0 %, limit 10 %',
  },
  {
    why: 'past the warning that the module gives itself',
    health: { state: 'ok', lifeUsedPercent: 60, lifeUsedThresholdPercent: 50 },
    advice: 'watch',
    summary: 'watch: life left 40 %, limit of the module 50 %',
  },
  {
    why: 'a worn energy source is a part of its own',
    health: { ...ok, energySourceLifeUsedPercent: 85 },
    advice: 'watch',
    summary: 'watch: energy source life 15 %, limit 20 %',
  },
  {
    why: 'an energy source at its end asks for a plan, not for the night',
    health: { ...ok, energySourceLifeUsedPercent: 97 },
    advice: 'plan',
    summary: 'plan: energy source life 3 %, limit 10 %',
  },
  {
    why: 'an energy source that failed',
    health: { ...ok, problems: ['energy_source_failed'] },
    advice: 'plan',
    summary: 'plan: energy source failed',
  },
  {
    why: 'an energy source that failed its own test',
    health: { ...ok, problems: ['energy_source_assessment_failed'] },
    advice: 'plan',
    summary: 'plan: energy source assessment failed',
  },
  {
    why: 'one bad range today',
    health: ok,
    history: ranges([2, 1]),
    advice: 'watch',
    summary: 'watch: 1 new range in 30 d, limit 1',
  },
  {
    why: 'two today',
    health: ok,
    history: ranges([2, 1], [3, 1]),
    advice: 'watch',
    summary: /^watch: 2 new ranges in 30 d/,
  },
  {
    why: 'three today',
    health: ok,
    history: ranges([2, 3]),
    advice: 'plan',
    summary: 'plan: 3 new ranges in 24 h, limit 3',
  },
  {
    why: 'nine today',
    health: ok,
    history: ranges([1, 9]),
    advice: 'plan',
    summary: 'plan: 9 new ranges in 24 h, limit 3',
  },
  {
    why: 'ten today',
    health: ok,
    history: ranges([1, 4], [20, 6]),
    advice: 'now',
    summary: 'now: 10 new ranges in 24 h, limit 10',
  },
  {
    why: 'ten over two days',
    health: ok,
    history: ranges([1, 5], [25, 5]),
    advice: 'plan',
    summary: 'plan: 5 new ranges in 24 h, limit 3',
  },
  {
    why: 'ten, three weeks ago',
    health: ok,
    history: ranges([21 * 24, 10]),
    advice: 'watch',
    summary: /^watch: 10 new ranges in 30 d/,
  },
  {
    why: 'ten, two months ago',
    health: ok,
    history: ranges([60 * 24, 10]),
    advice: 'ok',
    summary: /^ok: .*0 new ranges in 24 h/,
  },
  {
    why: 'the example of the project',
    health: { ...ok, sparePercent: 4 },
    history: ranges([3, 12]),
    advice: 'now',
    summary: 'now: spare 4 %, limit 10 %; 12 new ranges in 24 h, limit 10',
  },
  {
    why: 'an interleave set hides which of its modules it is',
    health: ok,
    history: ranges([3, 12, 4]),
    advice: 'now',
    summary: 'now: 12 new ranges in 24 h, limit 10 (on a set of 4 modules, any of which can be the one)',
  },
  {
    why: 'a module of two sets is told with the one that the ranges lie on',
    health: ok,
    history: ranges([3, 12, 2], [48, 1, 4]),
    advice: 'now',
    summary: 'now: 12 new ranges in 24 h, limit 10 (on a set of 2 modules, any of which can be the one)',
  },
  {
    why: 'ranges on two sets are told with both',
    health: ok,
    history: ranges([3, 6, 2], [4, 6, 4], [5, 1, 1]),
    advice: 'now',
    summary:
      'now: 13 new ranges in 24 h, limit 10 (some of them on sets of 2 and 4 modules, any of which can be the one)',
  },
  {
    why: 'the same place bad again after it was cleared',
    health: ok,
    history: { recurrences: daysAgo(2) },
    advice: 'plan',
    summary: 'plan: 1 place bad again after it was cleared in 30 d, limit 1',
  },
  {
    why: 'three times bad again',
    health: ok,
    history: { recurrences: daysAgo(2, 9, 20) },
    advice: 'now',
    summary: 'now: 3 places bad again after they were cleared in 30 d, limit 3',
  },
  { why: 'bad again long ago', health: ok, history: { recurrences: daysAgo(31) }, advice: 'ok', summary: /^ok: / },
  {
    why: 'one dirty shutdown',
    health: ok,
    history: { dirtyShutdowns: daysAgo(1) },
    advice: 'watch',
    summary: 'watch: 1 dirty shutdown in 30 d, limit 1',
  },
  {
    why: 'three dirty shutdowns',
    health: ok,
    history: { dirtyShutdowns: daysAgo(1, 2, 3) },
    advice: 'plan',
    summary: 'plan: 3 dirty shutdowns in 30 d, limit 3',
  },
  {
    why: 'many dirty shutdowns are no reason for the night',
    health: ok,
    history: { dirtyShutdowns: daysAgo(...Array.from({ length: 20 }, (_, i) => i)) },
    advice: 'plan',
    summary: 'plan: 20 dirty shutdowns in 30 d, limit 3',
  },
  {
    why: 'several reasons of the same weight',
    health: { ...ok, state: 'critical', lifeUsedPercent: 82 },
    history: { recurrences: daysAgo(1) },
    advice: 'plan',
    summary:
      'plan: health critical; life left 18 %, limit 20 %; 1 place bad again after it was cleared in 30 d, limit 1',
  },
  {
    why: 'only what is worst is named',
    health: { ...ok, state: 'fatal', sparePercent: 15 },
    advice: 'now',
    summary: 'now: health fatal',
  },
  {
    why: 'a module that cannot be read is not ok',
    health: {},
    advice: null,
    summary: /^not known: its health cannot be read/,
  },
  {
    why: 'nor is one that tells values but no state',
    health: { sparePercent: 90 },
    advice: null,
    summary: /^not known/,
  },
  {
    why: 'what was seen of an unreadable module counts all the same',
    health: {},
    history: ranges([1, 11]),
    advice: 'now',
    summary: 'now: 11 new ranges in 24 h, limit 10',
  },
  {
    why: 'a module that is not armed keeps nothing, whatever else it says',
    health: { ...ok, problems: [], armed: false, flags: ['not_armed'] },
    advice: 'plan',
    summary: 'plan: not armed',
  },
  {
    why: 'one whose energy source is still charging is armed soon',
    health: { ...ok, problems: ['energy_source_charging'], armed: false },
    advice: 'watch',
    summary: 'watch: energy source charging',
  },
  {
    why: 'one that could not be armed, charging or not',
    health: { ...ok, problems: ['energy_source_charging', 'arm_failed'] },
    advice: 'plan',
    summary: 'plan: not armed',
  },
  {
    why: 'a module that is not mapped, and tells no health',
    health: { flags: ['map_fail'], armed: true },
    advice: 'plan',
    summary: 'plan: not mapped',
  },
  {
    why: 'a save that failed, by the kernel',
    health: { ...ok, flags: ['save_fail', 'restore_fail', 'flush_fail'], armed: true },
    advice: 'watch',
    summary: 'watch: last save failed, last restore failed, last flush failed',
  },
  {
    why: 'a flag that the kernel sets for a dirty shutdown is that shutdown, counted once',
    health: { ...ok, flags: ['flush_fail'], armed: true, lastShutdownClean: false },
    history: { dirtyShutdowns: daysAgo(1) },
    advice: 'watch',
    summary: 'watch: 1 dirty shutdown in 30 d, limit 1',
  },
  {
    why: 'a save that failed, by the module, is the same said twice',
    health: { ...ok, problems: ['save_failed'], flags: ['save_fail'], lastBackupComplete: false },
    advice: 'watch',
    summary: 'watch: last save failed',
  },
  {
    why: 'a module that cannot erase cannot save the next time',
    health: { ...ok, problems: ['erase_failed'] },
    advice: 'plan',
    summary: 'plan: last erase failed',
  },
  {
    why: 'a problem that the module names while it calls itself ok',
    health: { ...ok, problems: ['correctable_ecc_threshold', 'controller_failed'] },
    advice: 'plan',
    summary: 'plan: controller failed',
  },
  {
    why: 'a mild problem that it names while it calls itself ok',
    health: { ...ok, problems: ['correctable_ecc_threshold'] },
    advice: 'watch',
    summary: 'watch: correctable ecc threshold',
  },
  {
    why: 'the life alarm of a module that tells no threshold',
    health: { ...ok, alarms: { life_warning: true, life_error: false } },
    advice: 'watch',
    summary: 'watch: the life alarm of the module',
  },
  {
    why: 'the life error alarm of a module that tells no threshold',
    health: { ...ok, alarms: { life_warning: true, life_error: true } },
    advice: 'plan',
    summary: 'plan: the life error alarm of the module',
  },
  {
    why: 'a life alarm that value and threshold contradict is not believed',
    health: {
      ...{ ...ok, lifeUsedThresholdPercent: 50, lifeUsedErrorThresholdPercent: 60 },
      alarms: { life_warning: true, life_error: true },
    },
    advice: 'ok',
    summary: /life left 97 %/,
  },
  {
    why: 'past the error threshold of the module',
    health: { state: 'ok', lifeUsedPercent: 60, lifeUsedThresholdPercent: 40, lifeUsedErrorThresholdPercent: 50 },
    advice: 'plan',
    summary: 'plan: life left 40 %, error limit of the module 50 %',
  },
  {
    why: 'life over by its own name',
    health: { ...ok, problems: ['life_over'] },
    advice: 'plan',
    summary: 'plan: life over',
  },
  {
    why: 'a value that says worse than the alarm counts',
    health: { ...ok, lifeUsedPercent: 95, alarms: { life_error: true } },
    advice: 'now',
    summary: 'now: life left 5 %, limit 10 %',
  },
  {
    why: 'the spare alarm of a module that tells no threshold',
    health: { state: 'ok', alarms: { spare: true } },
    advice: 'watch',
    summary: 'watch: the spare alarm of the module',
  },
  {
    why: 'the alarm of the energy source of a module that tells no threshold',
    health: { ...ok, energySourceLifeUsedPercent: 26, alarms: { energy_source_life_warning: true } },
    advice: 'watch',
    summary: 'watch: the alarm of the module for its energy source',
  },
  {
    why: 'its error alarm',
    health: { ...ok, energySourceLifeUsedPercent: 26, alarms: { energy_source_life_error: true } },
    advice: 'plan',
    summary: 'plan: the alarm of the module for its energy source',
  },
  {
    why: 'no fault told, by a module that tells of faults',
    health: { ...ok, problems: [] },
    advice: 'ok',
    summary: /no fault told/,
  },
  {
    why: 'a list that cannot be read shows no new range, and proves nothing',
    health: ok,
    ranges: { unknown: 'its bad-block lists cannot be read' },
    advice: 'ok',
    summary: /^(?!.*(new ranges|places bad again)).*$/,
    input: {
      name: 'new_ranges',
      advice: null,
      text: 'new ranges not known: its bad-block lists cannot be read',
    },
  },
  {
    why: 'what was found before the list became unreadable counts all the same',
    health: ok,
    history: ranges([2, 1]),
    ranges: { unknown: 'its bad-block lists cannot be read' },
    advice: 'watch',
    summary: 'watch: 1 new range in 30 d, limit 1',
  },
  {
    why: 'a module that tells of no shutdown was not found to have none',
    health: ok,
    shutdowns: { unknown: 'the module does not tell of them' },
    advice: 'ok',
    summary: /^(?!.*dirty).*$/,
    input: {
      name: 'dirty_shutdowns',
      advice: null,
      text: 'dirty shutdowns not known: the module does not tell of them',
    },
  },
  {
    why: 'an agent that was just started has found nothing yet',
    health: ok,
    ranges: { since: now - 10 * 60_000 },
    shutdowns: { since: now - 10 * 60_000 },
    advice: 'ok',
    summary: 'ok: health ok; spare 98 %, limit 20 %; life left 97 %, limit 20 %',
    input: {
      name: 'recurrences',
      advice: null,
      text: 'places bad again after they were cleared not known: it is not watched for long enough',
    },
  },
  {
    why: 'what was not found is told of the time that was watched',
    health: ok,
    ranges: { since: now - 5 * hour },
    shutdowns: { since: now - 5 * hour },
    advice: 'ok',
    summary:
      /0 new ranges in 5 h, limit 3; 0 places bad again after they were cleared in 5 h, limit 1; 0 dirty shutdowns in 5 h, limit 1$/,
  },
  {
    why: 'a stricter policy',
    health: { ...ok, sparePercent: 45 },
    policy: { leftPlanPercent: 50, leftNowPercent: 40 },
    advice: 'plan',
    summary: 'plan: spare 45 %, limit 50 %',
  },
  {
    why: 'a shorter window, told as it is',
    health: ok,
    history: ranges([0.1, 10]),
    policy: { windowMs: 600_000 },
    advice: 'now',
    summary: 'now: 10 new ranges in 10 min, limit 10',
  },
];

test('there are at least 30 histories', () => assert.ok(table.length >= 30, String(table.length)));
for (const { why, health, history, policy, advice, summary, input, ...watched } of table) {
  test(`${why}: ${advice ?? 'not known'}`, () => {
    const year = { since: now - 365 * day };
    const { ranges: rangesWatched = year, shutdowns: shutdownsWatched = year } = watched;
    const seen = { health, history: { ...noHistory, ...history }, rangesWatched, shutdownsWatched, now };
    const found = adviseReplacement(seen, { ...defaultAdvicePolicy, ...policy });
    assert.equal(found.advice, advice);
    if (input !== undefined) {
      const { name, ...rest } = input;
      assert.deepEqual(
        found.inputs.find((each) => each.input === name),
        { input: name, ...rest },
      );
    }
    if (typeof summary === 'string') assert.equal(found.summary, summary);
    else assert.match(found.summary, summary);
    assert.deepEqual(
      found.inputs.map(({ input }) => input),
      ['health', 'spare', 'life', 'energy_source', 'faults', 'new_ranges', 'recurrences', 'dirty_shutdowns'],
      'the answer carries every input, also those that are well or not known',
    );
  });
}

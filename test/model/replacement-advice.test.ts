/** Histories of modules and the advice that follows, with its reasons. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type DimmHistory, noHistory } from '../../src/model/dimm-state.ts';
import type { HealthFields } from '../../src/model/health.ts';
import {
  type Advice,
  type AdvicePolicy,
  adviseReplacement,
  defaultAdvicePolicy,
} from '../../src/model/replacement-advice.ts';

const hour = 3_600_000;
const day = 24 * hour;
const now = 1000 * day;
/** `count` ranges that many hours ago */
const ranges = (...found: readonly (readonly [hoursAgo: number, count: number])[]): Partial<DimmHistory> => ({
  newRanges: found.map(([ago, count]) => ({ at: now - ago * hour, count })),
});
const daysAgo = (...days: readonly number[]): number[] => days.map((ago) => now - ago * day);
const ok: HealthFields = { state: 'ok', sparePercent: 98, lifeUsedPercent: 3 };

interface Row {
  readonly why: string;
  /** undefined: the module cannot be read */
  readonly health?: HealthFields | undefined;
  readonly history?: Partial<DimmHistory>;
  readonly policy?: Partial<AdvicePolicy>;
  readonly setSize?: number;
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
    history: ranges([3, 12]),
    setSize: 4,
    advice: 'now',
    summary: 'now: 12 new ranges in 24 h, limit 10 (on a set of 4 modules, any of which can be the one)',
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
    health: undefined,
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
    health: undefined,
    history: ranges([1, 11]),
    advice: 'now',
    summary: 'now: 11 new ranges in 24 h, limit 10',
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
for (const { why, health, history, policy, setSize = 1, advice, summary } of table) {
  test(`${why}: ${advice ?? 'not known'}`, () => {
    const seen = { history: { ...noHistory, ...history }, setSize, now };
    const found = adviseReplacement(health === undefined ? seen : { ...seen, health }, {
      ...defaultAdvicePolicy,
      ...policy,
    });
    assert.equal(found.advice, advice);
    if (typeof summary === 'string') assert.equal(found.summary, summary);
    else assert.match(found.summary, summary);
    assert.deepEqual(
      found.inputs.map(({ input }) => input),
      ['health', 'spare', 'life', 'energy_source', 'new_ranges', 'recurrences', 'dirty_shutdowns'],
      'the answer carries every input, also those that are well or not known',
    );
  });
}

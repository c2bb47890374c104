/**
 * When a module is to be replaced, from what it says of itself and what was seen of it. Pure; every answer carries what it
 * rests on. docs/replacement-advice.md says where the limits come from and how they can be wrong.
 */
import type { DimmHistory } from './dimm-state.ts';
import type { HealthFields, KnownState } from './health.ts';
import { energySourceFailures } from './health-judgement.ts';

/** ok: nothing; watch: look at it now and then; plan: replace it at the next chance; now: before anything else. */
export type Advice = 'ok' | 'watch' | 'plan' | 'now';
export const advices: readonly Advice[] = ['ok', 'watch', 'plan', 'now'];

export interface AdvicePolicy {
  /** percent left of spare capacity, of the life of the media and of that of the energy source */
  readonly leftPlanPercent: number;
  readonly leftNowPercent: number;
  /** new bad ranges within this time */
  readonly windowMs: number;
  readonly newRangesPlan: number;
  readonly newRangesNow: number;
  /** everything else that is counted, within this time */
  readonly longWindowMs: number;
  readonly recurrencesPlan: number;
  readonly recurrencesNow: number;
  readonly dirtyShutdownsWatch: number;
  readonly dirtyShutdownsPlan: number;
}
const HOUR_MS = 3_600_000;
export const defaultAdvicePolicy: AdvicePolicy = {
  leftPlanPercent: 20,
  leftNowPercent: 10,
  windowMs: 24 * HOUR_MS,
  newRangesPlan: 3,
  newRangesNow: 10,
  longWindowMs: 30 * 24 * HOUR_MS,
  recurrencesPlan: 1,
  recurrencesNow: 3,
  dirtyShutdownsWatch: 1,
  dirtyShutdownsPlan: 3,
};

export interface AdviceInputs {
  /** absent while the module cannot be read, or tells nothing */
  readonly health?: HealthFields;
  readonly history: DimmHistory;
  /** modules of the interleave sets that it belongs to, itself among them; 1 when it is in none */
  readonly setSize: number;
  /** ms since the epoch */
  readonly now: number;
}
/** One thing that was looked at. `advice` is null where it is not known. */
export interface AdviceInput {
  readonly input: string;
  readonly advice: Advice | null;
  /** with value and limit: `12 new ranges in 24 h, limit 10` */
  readonly text: string;
}
export interface ReplacementAdvice {
  /** null: nothing speaks for a replacement, but too little is known to say ok */
  readonly advice: Advice | null;
  /** what it rests on: those inputs that gave the advice, or everything for ok */
  readonly summary: string;
  /** all of them, in the order of the policy */
  readonly inputs: readonly AdviceInput[];
}

export function adviseReplacement(seen: AdviceInputs, policy: AdvicePolicy): ReplacementAdvice {
  const { health = {}, history, now } = seen;
  const inputs = [
    stateInput(health),
    leftInput('spare', 'spare', health.sparePercent, policy, ownSpareLimit(health)),
    leftInput('life', 'life left', left(health.lifeUsedPercent), policy, ownLifeLimit(health)),
    energyInput(health, policy),
    rangesInput(history, seen, policy),
    countInput(
      'recurrences',
      history.recurrences,
      ['place bad again after it was cleared', 'places bad again after they were cleared'],
      { plan: policy.recurrencesPlan, now: policy.recurrencesNow },
      policy.longWindowMs,
      now,
    ),
    countInput(
      'dirty_shutdowns',
      history.dirtyShutdowns,
      ['dirty shutdown', 'dirty shutdowns'],
      { watch: policy.dirtyShutdownsWatch, plan: policy.dirtyShutdownsPlan },
      policy.longWindowMs,
      now,
    ),
  ];
  const worst = inputs.reduce<Advice>(
    (most, { advice }) => (rank(advice) > rank(most) ? (advice ?? most) : most),
    'ok',
  );
  const isKnown = health.state !== undefined;
  const advice = worst === 'ok' && !isKnown ? null : worst;
  return { advice, summary: summaryOf(advice, inputs), inputs };
}

function rank(advice: Advice | null): number {
  return advice === null ? -1 : advices.indexOf(advice);
}
function summaryOf(advice: Advice | null, inputs: readonly AdviceInput[]): string {
  if (advice === null) return 'not known: its health cannot be read, and nothing else speaks for a replacement';
  const behind = inputs.filter((input) => input.advice === advice);
  return `${advice}: ${behind.map(({ text }) => text).join('; ')}`;
}

const byState: Readonly<Record<KnownState, Advice>> = {
  ok: 'ok',
  noncritical: 'watch',
  critical: 'plan',
  fatal: 'now',
};
function stateInput({ state }: HealthFields): AdviceInput {
  if (state === undefined) return { input: 'health', advice: null, text: 'health not known' };
  return {
    input: 'health',
    advice: byState[state],
    text: `health ${state === 'noncritical' ? 'non-critical' : state}`,
  };
}

/** A limit of the module itself, in percent left: crossing it is at least to be watched. */
type OwnLimit = number | undefined;
function left(used: number | undefined): number | undefined {
  return used === undefined ? undefined : 100 - used;
}
function ownSpareLimit({ spareThresholdPercent }: HealthFields): OwnLimit {
  return spareThresholdPercent;
}
function ownLifeLimit({ lifeUsedThresholdPercent }: HealthFields): OwnLimit {
  return left(lifeUsedThresholdPercent);
}
function leftInput(
  input: string,
  words: string,
  value: number | undefined,
  { leftPlanPercent, leftNowPercent }: AdvicePolicy,
  own: OwnLimit,
): AdviceInput {
  if (value === undefined) return { input, advice: null, text: `${words} not known` };
  const told = (advice: Advice, limit: string): AdviceInput => ({
    input,
    advice,
    text: `${words} ${value} %, ${limit}`,
  });
  if (value <= leftNowPercent) return told('now', `limit ${leftNowPercent} %`);
  if (value <= leftPlanPercent) return told('plan', `limit ${leftPlanPercent} %`);
  if (own !== undefined && value <= own) return told('watch', `limit of the module ${own} %`);
  return told('ok', `limit ${leftPlanPercent} %`);
}

/** The energy source is a part of its own: replaced alone, and never a reason to replace the module at once. */
function energyInput(health: HealthFields, policy: AdvicePolicy): AdviceInput {
  const input = 'energy_source';
  const problem = health.problems?.find((each) => energySourceFailures.includes(each));
  if (problem !== undefined) return { input, advice: 'plan', text: problem.replaceAll('_', ' ') };
  const own = left(health.energySourceLifeUsedThresholdPercent);
  const found = leftInput(input, 'energy source life', left(health.energySourceLifeUsedPercent), policy, own);
  if (found.advice === 'now') return { ...found, advice: 'plan' };
  return found.advice === 'plan' ? { ...found, advice: 'watch' } : found;
}

function rangesInput(history: DimmHistory, { now, setSize }: AdviceInputs, policy: AdvicePolicy): AdviceInput {
  const count = (since: number) =>
    history.newRanges.reduce((sum, found) => sum + (found.at > since ? found.count : 0), 0);
  const recent = count(now - policy.windowMs);
  const long = count(now - policy.longWindowMs);
  const shared = setSize > 1 && long > 0 ? ` (on a set of ${setSize} modules, any of which can be the one)` : '';
  const told = (advice: Advice, found: number, windowMs: number, limit: number): AdviceInput => ({
    input: 'new_ranges',
    advice,
    text: `${found} new ${found === 1 ? 'range' : 'ranges'} in ${windowText(windowMs)}, limit ${limit}${shared}`,
  });
  if (recent >= policy.newRangesNow) return told('now', recent, policy.windowMs, policy.newRangesNow);
  if (recent >= policy.newRangesPlan) return told('plan', recent, policy.windowMs, policy.newRangesPlan);
  if (long > 0) return told('watch', long, policy.longWindowMs, 1);
  return told('ok', 0, policy.windowMs, policy.newRangesPlan);
}

function countInput(
  input: string,
  times: readonly number[],
  words: readonly [one: string, many: string],
  limits: Partial<Readonly<Record<Advice, number>>>,
  windowMs: number,
  now: number,
): AdviceInput {
  const count = times.filter((at) => at > now - windowMs).length;
  const [one, many] = words;
  const crossed = [...advices].reverse().find((advice) => count >= (limits[advice] ?? Number.POSITIVE_INFINITY));
  const limit = crossed === undefined ? Math.min(...Object.values(limits)) : limits[crossed];
  const text = `${count} ${count === 1 ? one : many} in ${windowText(windowMs)}, limit ${limit}`;
  return { input, advice: crossed ?? 'ok', text };
}

function windowText(ms: number): string {
  const hours = ms / HOUR_MS;
  if (hours > 48 && hours % 24 === 0) return `${hours / 24} d`;
  return hours >= 1 ? `${Math.round(hours * 10) / 10} h` : `${Math.round(ms / 60_000)} min`;
}

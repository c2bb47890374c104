/**
 * When a module is to be replaced, from what it says of itself and what was seen of it. Pure; every answer carries what it
 * rests on. docs/replacement-advice.md says where the limits come from and how they can be wrong.
 */
import { type Advice, type AdviceInput, rankOf, type Watched } from './advice.ts';
import { energyInput, faultsInput, lifeInput, spareInput, stateInput } from './advice-of-health.ts';
import { countInput, lookedBack, rangesInput } from './advice-of-history.ts';
import type { DimmHistory } from './dimm-state.ts';
import type { HealthFields } from './health.ts';

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
  /** of the module and of the kernel; without a state while the module cannot be read, or tells none */
  readonly health: HealthFields;
  readonly history: DimmHistory;
  /** the bad-block lists of the places that it is a part of */
  readonly rangesWatched: Watched;
  readonly shutdownsWatched: Watched;
  /** ms since the epoch */
  readonly now: number;
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
  const { health, history, rangesWatched, shutdownsWatched, now } = seen;
  const inputs = [
    stateInput(health),
    spareInput(health, policy),
    lifeInput(health, policy),
    energyInput(health, policy),
    faultsInput(health),
    rangesInput(history, seen, policy),
    countInput(
      'recurrences',
      history.recurrences,
      ['place bad again after it was cleared', 'places bad again after they were cleared'],
      { plan: policy.recurrencesPlan, now: policy.recurrencesNow },
      lookedBack(policy.longWindowMs, rangesWatched, now),
      now,
    ),
    countInput(
      'dirty_shutdowns',
      history.dirtyShutdowns,
      ['dirty shutdown', 'dirty shutdowns'],
      { watch: policy.dirtyShutdownsWatch, plan: policy.dirtyShutdownsPlan },
      lookedBack(policy.longWindowMs, shutdownsWatched, now),
      now,
    ),
  ];
  const worst = inputs.reduce<Advice>(
    (most, { advice }) => (rankOf(advice) > rankOf(most) ? (advice ?? most) : most),
    'ok',
  );
  const isKnown = health.state !== undefined;
  const advice = worst === 'ok' && !isKnown ? null : worst;
  return { advice, summary: summaryOf(advice, inputs), inputs };
}

function summaryOf(advice: Advice | null, inputs: readonly AdviceInput[]): string {
  if (advice === null) return 'not known: its health cannot be read, and nothing else speaks for a replacement';
  const behind = inputs.filter((input) => input.advice === advice);
  return `${advice}: ${behind.map(({ text }) => text).join('; ')}`;
}

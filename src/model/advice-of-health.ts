/** What a module and the kernel say of it now, each judged by itself. */
import { type Advice, type AdviceInput, rankOf } from './advice.ts';
import type { HealthFields, KnownState } from './health.ts';
import { energySourceStanding, isLifeOver, lastSaveFailed, lifeStanding, spareStanding } from './health-judgement.ts';
import { problemsOf } from './module-problems.ts';
import type { AdvicePolicy } from './replacement-advice.ts';

const byState: Readonly<Record<KnownState, Advice>> = {
  ok: 'ok',
  noncritical: 'watch',
  critical: 'plan',
  fatal: 'now',
};
export function stateInput({ state }: HealthFields): AdviceInput {
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

/** The value decides, unless the module says worse of itself by an alarm that no value contradicts, or by name. */
function orWorse(found: AdviceInput, advice: Advice | undefined, text: string): AdviceInput {
  return advice === undefined || rankOf(advice) <= rankOf(found.advice) ? found : { input: found.input, advice, text };
}
export function spareInput(health: HealthFields, policy: AdvicePolicy): AdviceInput {
  const found = leftInput('spare', 'spare', health.sparePercent, policy, health.spareThresholdPercent);
  return orWorse(found, spareStanding(health) === 'crossed' ? 'watch' : undefined, 'the spare alarm of the module');
}
export function lifeInput(health: HealthFields, policy: AdvicePolicy): AdviceInput {
  const own = left(health.lifeUsedThresholdPercent);
  const found = leftInput('life', 'life left', left(health.lifeUsedPercent), policy, own);
  const [problem] = problemsOf(health, 'life');
  if (isLifeOver(health)) return orWorse(found, 'plan', spoken(problem ?? overText(health)));
  const warned = problem !== undefined || lifeStanding(health) === 'crossed';
  return orWorse(found, warned ? 'watch' : undefined, spoken(problem ?? 'the life alarm of the module'));
}
function overText({ lifeUsedPercent: used, lifeUsedErrorThresholdPercent: own }: HealthFields): string {
  if (used === undefined || own === undefined) return 'the life error alarm of the module';
  return `life left ${100 - used} %, error limit of the module ${100 - own} %`;
}
const milder: Readonly<Record<Advice, Advice>> = { ok: 'ok', watch: 'watch', plan: 'watch', now: 'plan' };
/** The energy source is a part of its own: replaced alone, and never a reason to replace the module at once. */
export function energyInput(health: HealthFields, policy: AdvicePolicy): AdviceInput {
  const input = 'energy_source';
  const own = left(health.energySourceLifeUsedThresholdPercent);
  const value = leftInput(input, 'energy source life', left(health.energySourceLifeUsedPercent), policy, own);
  const found = { ...value, advice: value.advice === null ? null : milder[value.advice] };
  const [failure] = problemsOf(health, 'energy_source', 'critical');
  if (failure !== undefined) return orWorse(found, 'plan', spoken(failure));
  const [problem = 'the alarm of the module for its energy source'] = problemsOf(health, 'energy_source');
  // no limit but the module's own contradicts its alarm
  const alarmed = energySourceStanding(health, 100) === 'crossed';
  if (alarmed && health.alarms?.energy_source_life_error === true) return orWorse(found, 'plan', spoken(problem));
  const warned = alarmed || problemsOf(health, 'energy_source').length > 0;
  return orWorse(found, warned ? 'watch' : undefined, spoken(problem));
}

/** What else does not work, by the module's own word or by the flags of the kernel. */
export function faultsInput(health: HealthFields): AdviceInput {
  const { flags, problems, armed, lastShutdownClean } = health;
  const has = (flag: string): boolean => flags?.includes(flag) === true;
  const found: Record<'plan' | 'watch', Set<string>> = { plan: new Set(), watch: new Set() };
  const add = (advice: 'plan' | 'watch', isSo: boolean, text: string) => isSo && found[advice].add(text);
  for (const name of problemsOf(health, 'module', 'critical')) add('plan', true, spoken(name));
  for (const name of problemsOf(health, 'module', 'noncritical')) add('watch', true, spoken(name));
  const charging = problemsOf(health, 'arming', 'noncritical').length > 0;
  const armFailed = problemsOf(health, 'arming', 'critical').length > 0;
  add('plan', armFailed || (armed === false && !charging), 'not armed');
  add('watch', charging, 'energy source charging');
  add('plan', has('map_fail'), 'not mapped');
  add('plan', problemsOf(health, 'erasing').length > 0, 'last erase failed');
  add('watch', lastSaveFailed(health), 'last save failed');
  add('watch', has('restore_fail') || problemsOf(health, 'restoring').length > 0, 'last restore failed');
  // the kernel sets it for a dirty shutdown too, which is counted as what it is
  add('watch', has('flush_fail') && lastShutdownClean !== false, 'last flush failed');
  const told = (advice: Advice | null, text: string): AdviceInput => ({ input: 'faults', advice, text });
  if (found.plan.size > 0) return told('plan', [...found.plan].join(', '));
  if (found.watch.size > 0) return told('watch', [...found.watch].join(', '));
  if (problems === undefined && flags === undefined) return told(null, 'faults not known');
  return told('ok', 'no fault told');
}
function spoken(word: string): string {
  return word.replaceAll('_', ' ');
}

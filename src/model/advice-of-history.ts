/** What was seen to happen to a module, each counted by itself. */
import { type Advice, type AdviceInput, advices, type Watched } from './advice.ts';
import type { DimmHistory } from './dimm-state.ts';
import type { AdviceInputs, AdvicePolicy } from './replacement-advice.ts';

const HOUR_MS = 3_600_000;

/** A time to look back on, and how much of it was watched: what nobody looked for is not known to be absent. */
interface LookedBack {
  readonly windowMs: number;
  readonly watchedMs: number;
  /** why finding nothing says nothing */
  readonly unknown?: string;
}
/** Having looked for less than this says nothing, unless the window is shorter. */
const LEAST_WATCHED_MS = HOUR_MS;
export function lookedBack(windowMs: number, watched: Watched, now: number): LookedBack {
  if ('unknown' in watched) return { windowMs, watchedMs: windowMs, unknown: watched.unknown };
  const watchedMs = Math.min(windowMs, now - watched.since);
  const isLong = watchedMs >= Math.min(windowMs, LEAST_WATCHED_MS);
  return { windowMs, watchedMs, ...(!isLong && { unknown: 'it is not watched for long enough' }) };
}

export function rangesInput(history: DimmHistory, seen: AdviceInputs, policy: AdvicePolicy): AdviceInput {
  const { now, rangesWatched } = seen;
  const input = 'new_ranges';
  const within = (windowMs: number) => history.newRanges.filter(({ at }) => at > now - windowMs);
  const sum = (found: DimmHistory['newRanges']): number => found.reduce((total, { count }) => total + count, 0);
  const told = (advice: Advice, windowMs: number, limit: number): AdviceInput => {
    const count = sum(within(windowMs));
    const words = `${count} new ${count === 1 ? 'range' : 'ranges'} in ${windowText(windowMs)}, limit ${limit}`;
    return { input, advice, text: `${words}${sharedText(within(windowMs))}` };
  };
  const recent = sum(within(policy.windowMs));
  if (recent >= policy.newRangesNow) return told('now', policy.windowMs, policy.newRangesNow);
  if (recent >= policy.newRangesPlan) return told('plan', policy.windowMs, policy.newRangesPlan);
  if (sum(within(policy.longWindowMs)) > 0) return told('watch', policy.longWindowMs, 1);
  const { unknown, watchedMs } = lookedBack(policy.windowMs, rangesWatched, now);
  if (unknown !== undefined) return { input, advice: null, text: `new ranges not known: ${unknown}` };
  return { input, advice: 'ok', text: `0 new ranges in ${windowText(watchedMs)}, limit ${policy.newRangesPlan}` };
}
/** Of interleaved places every module is a candidate. */
function sharedText(found: DimmHistory['newRanges']): string {
  const shared = found.filter(({ setSize }) => setSize > 1);
  if (shared.length === 0) return '';
  const sizes = [...new Set(shared.map(({ setSize }) => setSize))].sort((a, b) => a - b);
  const some = shared.length < found.length ? 'some of them ' : '';
  return ` (${some}on ${sizes.length === 1 ? 'a set' : 'sets'} of ${sizes.join(' and ')} modules, any of which can be the one)`;
}

export function countInput(
  input: string,
  times: readonly number[],
  words: readonly [one: string, many: string],
  limits: Partial<Readonly<Record<Advice, number>>>,
  { windowMs, watchedMs, unknown }: LookedBack,
  now: number,
): AdviceInput {
  const count = times.filter((at) => at > now - windowMs).length;
  const [one, many] = words;
  const crossed = [...advices].reverse().find((advice) => count >= (limits[advice] ?? Number.POSITIVE_INFINITY));
  const limit = crossed === undefined ? Math.min(...Object.values(limits)) : limits[crossed];
  if (crossed === undefined && unknown !== undefined)
    return { input, advice: null, text: `${many} not known: ${unknown}` };
  const text = `${count} ${count === 1 ? one : many} in ${windowText(crossed === undefined ? watchedMs : windowMs)}, limit ${limit}`;
  return { input, advice: crossed ?? 'ok', text };
}

function windowText(ms: number): string {
  const hours = ms / HOUR_MS;
  if (hours > 48 && hours % 24 === 0) return `${hours / 24} d`;
  return hours >= 1 ? `${Math.round(hours * 10) / 10} h` : `${Math.round(ms / 60_000)} min`;
}

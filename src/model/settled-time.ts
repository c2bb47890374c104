/**
 * The time of day for what must not happen because a clock jumps about: a step of the clock on the wall counts when it has
 * lasted, until then time goes on from before it.
 */
export interface SettledTime {
  /** ms since the epoch at tick 0, as taken over */
  readonly base: number;
  /** another that the clock shows by now, and the tick from which on it did; null while it shows `base` */
  readonly rival: { readonly base: number; readonly since: number } | null;
}

/** What is no step: slewing, and the time between two readings of two clocks. */
const SLACK_MS = 60_000;
const LASTING_MS = 600_000;

/** `now` in ms since the epoch, `tick` of the clock that never goes back. */
export function settleTime(before: SettledTime | undefined, now: number, tick: number): SettledTime {
  const base = now - tick;
  if (before === undefined || Math.abs(base - before.base) < SLACK_MS) return { base, rival: null };
  const { rival } = before;
  if (rival === null || Math.abs(base - rival.base) >= SLACK_MS) return { ...before, rival: { base, since: tick } };
  return tick - rival.since >= LASTING_MS ? { base, rival: null } : before;
}

export function timeAt({ base }: SettledTime, tick: number): number {
  return base + tick;
}

/** When to try again. Pure. */
const FIRST_MS = 1_000;
const MOST_MS = 300_000;

/** Exponential from 1 s to 5 min with jitter: between half and all of the step. `failed` counts from 1; `random` is in [0, 1). */
export function backoffMs(failed: number, random: number): number {
  const step = Math.min(FIRST_MS * 2 ** (failed - 1), MOST_MS);
  return Math.round(step * (0.5 + random / 2));
}

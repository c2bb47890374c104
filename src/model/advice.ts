/** The words of replacement advice. */

/** ok: nothing; watch: look at it now and then; plan: replace it at the next chance; now: before anything else. */
export type Advice = 'ok' | 'watch' | 'plan' | 'now';
export const advices: readonly Advice[] = ['ok', 'watch', 'plan', 'now'];

export function rankOf(advice: Advice | null): number {
  return advice === null ? -1 : advices.indexOf(advice);
}

/** One thing that was looked at. `advice` is null where it is not known. */
export interface AdviceInput {
  readonly input: string;
  readonly advice: Advice | null;
  /** with value and limit: `12 new ranges in 24 h, limit 10` */
  readonly text: string;
}
/** Since when something would have been noticed (ms since the epoch), or why it would not have been. */
export type Watched = { readonly since: number } | { readonly unknown: string };

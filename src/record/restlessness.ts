/**
 * Conditions that come and go. What has no value and no margin (a state, an alarm, a flag) has nothing else to be damped by:
 * good news is told at once, but where it did not last, the next has to last for `CALM_MS` before it is told.
 */
import type { Restlessness } from '../model/dimm-state.ts';
import type { Condition } from '../model/incident.ts';
import type { Draft } from './draft.ts';

const CALM_MS = 3_600_000;

/** To be called when a condition was told as opened or worse. */
export function gotWorse(draft: Draft, key: string, condition: Condition): void {
  const known = draft.dimms.get(key)?.restless[condition];
  if (known === undefined) return;
  keep(draft, key, condition, { ...known, held: draft.now - known.betterAt < CALM_MS, calmSince: null });
}

/** To be called when it is as bad as it was told. */
export function stayedIll(draft: Draft, key: string, condition: Condition): void {
  const known = draft.dimms.get(key)?.restless[condition];
  if (known !== undefined && known.calmSince !== null) keep(draft, key, condition, { ...known, calmSince: null });
}

/** Whether it may be told now that it is better; then it counts as told. */
export function mayTellBetter(draft: Draft, key: string, condition: Condition): boolean {
  const known = draft.dimms.get(key)?.restless[condition];
  const calmSince = known?.calmSince ?? draft.now;
  if (known?.held === true && draft.now - calmSince < CALM_MS) {
    if (known.calmSince === null) keep(draft, key, condition, { ...known, calmSince });
    return false;
  }
  keep(draft, key, condition, { betterAt: draft.now, held: false, calmSince: null });
  return true;
}

function keep(draft: Draft, key: string, condition: Condition, next: Restlessness): void {
  const dimm = draft.dimms.get(key);
  if (dimm !== undefined) draft.dimms.set(key, { ...dimm, restless: { ...dimm.restless, [condition]: next } });
}

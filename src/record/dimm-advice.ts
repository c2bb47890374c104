/** Replacement advice for each module, and the incident of one that is to be replaced. */
import type { DimmState } from '../model/dimm-state.ts';
import type { HealthReading } from '../model/health.ts';
import {
  type Advice,
  type AdvicePolicy,
  adviseReplacement,
  type ReplacementAdvice,
} from '../model/replacement-advice.ts';
import type { Topology } from '../model/topology.ts';
import { setSizeOf } from './dimm-history.ts';
import { healthOf, holdFinding } from './dimm-incidents.ts';
import type { Draft } from './draft.ts';
import { findOpen } from './lifecycle.ts';

/** A value has to be better than its limit by this much, in percent, before the advice is taken back. */
const MARGIN = 2;

/** By module; those that are not there are not judged. */
export function followAdvice(
  draft: Draft,
  topology: Topology,
  readings: readonly HealthReading[],
  policy: AdvicePolicy,
): Map<string, ReplacementAdvice> {
  const advice = new Map<string, ReplacementAdvice>();
  for (const dimm of draft.dimms.values()) {
    if (!dimm.present) continue;
    const reading = readings.find((each) => each.dimm === dimm.key);
    // before the first reading nothing is said, of a module whose reading fails what is known of it otherwise
    if (reading === undefined) continue;
    const judge = (by: AdvicePolicy): ReplacementAdvice => judgeBy(draft, dimm, reading, topology, by);
    const unread = reading.health.kind === 'failed';
    const found = unread ? worse(draft.previous.advice.get(dimm.key), judge(policy)) : judge(policy);
    advice.set(dimm.key, found);
    const isWanted = found.advice === 'plan' || found.advice === 'now';
    const relaxed = judge({
      ...policy,
      leftPlanPercent: policy.leftPlanPercent + MARGIN,
      leftNowPercent: policy.leftNowPercent + MARGIN,
    });
    const isOver = !isWanted && found.advice !== null && (relaxed.advice === 'ok' || relaxed.advice === 'watch');
    const wasNow = findOpen(draft, 'dimm_replace', dimm.key)?.severity === 'critical';
    // a module that does not answer has taken nothing back
    const isBetween = found.advice === 'plan' && (relaxed.advice === 'now' || unread) && wasNow;
    holdFinding(draft, dimm, healthOf(reading), {
      condition: 'dimm_replace',
      standing: isBetween ? 'between' : isWanted ? 'crossed' : isOver && !unread ? 'fine' : 'unknown',
      severity: found.advice === 'now' ? 'critical' : 'warning',
      detail: found.summary,
    });
  }
  return advice;
}

const badness: Readonly<Record<Advice, number>> = { ok: 0, watch: 1, plan: 2, now: 3 };

function worse(before: ReplacementAdvice | undefined, now: ReplacementAdvice): ReplacementAdvice {
  if (before?.advice === null || before === undefined) return now;
  return badness[before.advice] > badness[now.advice ?? 'ok'] ? before : now;
}

function judgeBy(
  draft: Draft,
  { key, history }: DimmState,
  { health }: HealthReading,
  topology: Topology,
  policy: AdvicePolicy,
): ReplacementAdvice {
  const seen = { history, setSize: setSizeOf(topology, key), now: draft.now };
  return adviseReplacement(health.kind === 'ok' ? { ...seen, health: health.value } : seen, policy);
}

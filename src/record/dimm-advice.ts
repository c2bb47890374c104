/** Replacement advice for each module, and the incident of one that is to be replaced. */
import { rankOf, type Watched } from '../model/advice.ts';
import type { DimmState } from '../model/dimm-state.ts';
import type { HealthReading } from '../model/health.ts';
import { type AdvicePolicy, adviseReplacement, type ReplacementAdvice } from '../model/replacement-advice.ts';
import type { Topology } from '../model/topology.ts';
import { healthOf } from './dimm-conditions.ts';
import { holdFinding } from './dimm-incidents.ts';
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

function worse(before: ReplacementAdvice | undefined, now: ReplacementAdvice): ReplacementAdvice {
  if (before?.advice === null || before === undefined) return now;
  return rankOf(before.advice) > rankOf(now.advice ?? 'ok') ? before : now;
}

function judgeBy(
  draft: Draft,
  dimm: DimmState,
  { fields }: HealthReading,
  topology: Topology,
  policy: AdvicePolicy,
): ReplacementAdvice {
  const { history, firstSeen, shutdowns } = dimm;
  const seen = {
    health: fields,
    history,
    rangesWatched: rangesWatched(draft, dimm, topology),
    shutdownsWatched:
      shutdowns.lookedAtBoot === '' ? { unknown: 'the module does not tell of them' } : { since: firstSeen },
    now: draft.now,
  };
  return adviseReplacement(seen, policy);
}

/** No new range was found: that says something only where each of its lists is read, and something feeds them. */
function rangesWatched(draft: Draft, { key, firstSeen }: DimmState, topology: Topology): Watched {
  const places = topology.places.filter(({ dimms }) => dimms.some(({ id }) => id === key));
  const states = places.map(({ uid }) => draft.places.get(uid));
  if (places.length === 0) return { unknown: 'it has no region whose list could be read' };
  if (places.some(({ errorSource }) => errorSource === 'none')) {
    return { unknown: 'nothing tells the kernel of errors on its bus' };
  }
  if (states.some((state) => state === undefined || state.readAt === null)) {
    return { unknown: 'its bad-block lists are not read yet' };
  }
  if (states.some((state) => !state?.readable)) return { unknown: 'its bad-block lists cannot be read' };
  if (states.some((state) => !state?.complete)) return { unknown: 'its bad-block lists do not show everything' };
  return { since: firstSeen };
}

/** Telling an incident again that still stands: by policy, and when its acknowledgement runs out. Pure. */
import type { Incident } from '../model/incident.ts';
import { settleTime, timeAt } from '../model/settled-time.ts';
import type { Reminding, State } from '../model/state.ts';
import { beginDraft, type Recorded, remember, sealDraft } from './draft.ts';
import { remindOf } from './lifecycle.ts';

/** As the policies of smartd: once is never again; daily; after 1, 2, 4, 8 … days. */
export type RemindPolicy = 'once' | 'daily' | 'diminishing';

const DAY_MS = 86_400_000;
const MOST_DOUBLINGS = 10;

/** How long after it was last told an incident is told again. */
export function remindAfterMs(policy: RemindPolicy, { reminders = 0 }: Incident): number {
  switch (policy) {
    case 'once':
      return Number.POSITIVE_INFINITY;
    case 'daily':
      return DAY_MS;
    case 'diminishing':
      return DAY_MS * 2 ** Math.min(reminders, MOST_DOUBLINGS);
    default:
      return policy satisfies never;
  }
}

/**
 * To be called in each pass. Within a run time is measured by `tick`, so that a step of the clock reminds of nothing; between
 * runs by the times that are kept.
 */
export function recordReminders(
  state: State,
  { now, tick, policy }: { readonly now: number; readonly tick: number; readonly policy: RemindPolicy },
): Recorded {
  const time = settleTime(state.reminding?.time, now, tick);
  // what the first reading may end is not to be told again before it
  if (!state.inventoried) return sealDraft(beginDraft(state, now), { reminding: { time, told: new Map() } });
  const draft = beginDraft(state, now);
  const told = new Map<string, { readonly revision: number; readonly tick: number }>();
  for (const incident of state.incidents.values()) {
    if (incident.status !== 'open') continue;
    const { acknowledgement } = incident;
    const afterMs = remindAfterMs(policy, incident);
    const last = lastTold(state.reminding, incident, { now, tick, afterMs });
    if (acknowledgement === null) {
      if (tick - last >= afterMs) remindOf(draft, incident);
    } else if (acknowledgement.expiresAt !== null && acknowledgement.expiresAt <= timeAt(time, tick)) {
      const about = { incident: incident.id, uid: incident.subject.uid, device: incident.subject.device };
      const { author } = acknowledgement;
      remember(draft, 'incident.acknowledgement-expired', about, { author });
      const lapsed = { ...incident, acknowledgement: null, acknowledgementLapsed: true } as const;
      remindOf(draft, lapsed, `The acknowledgement by ${author} has run out.`);
    }
    const { revision } = draft.incidents.get(incident.id) ?? incident;
    told.set(incident.id, { revision, tick: revision === incident.revision ? last : tick });
  }
  return sealDraft(draft, { reminding: { time, told } });
}

/** The tick at which it was last told; of an earlier run never longer ago than it takes, nor later than now. */
function lastTold(
  reminding: Reminding | undefined,
  incident: Incident,
  at: { readonly now: number; readonly tick: number; readonly afterMs: number },
): number {
  const known = reminding?.told.get(incident.id);
  if (known !== undefined) return known.revision === incident.revision ? known.tick : at.tick;
  return at.tick - Math.min(Math.max(0, at.now - incident.updatedAt), at.afterMs);
}

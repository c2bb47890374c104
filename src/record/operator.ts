/** What people decide about an incident. Pure. */
import type { HistoryEvent, Incident, Notice } from '../model/incident.ts';
import type { OperatorAnswer, OperatorRequest } from '../model/operator.ts';
import type { State } from '../model/state.ts';
import { defaultHealthLimits, findingsOf, type HealthLimits } from './dimm-conditions.ts';
import { beginDraft, type Recorded, remember, sealDraft } from './draft.ts';
import { acknowledgeIncident, resolveIncident } from './lifecycle.ts';

/**
 * What came of the requests of a pass, in their order; each sees what those before it did. To be called last in the pass,
 * so that a reading that has just come in counts.
 */
export function recordRequests(
  state: State,
  requests: readonly OperatorRequest[],
  now: number,
  limits: HealthLimits = defaultHealthLimits,
): Recorded & { readonly answers: readonly OperatorAnswer[] } {
  const recorded = { state, events: [] as HistoryEvent[], notices: [] as Notice[], answers: [] as OperatorAnswer[] };
  for (const { kind, incident: id, ...asked } of requests) {
    const by = { ...asked, now };
    const decision =
      kind === 'acknowledge' ? acknowledge(recorded.state, id, by) : close(recorded.state, id, by, limits);
    if (decision.kind !== 'done') {
      recorded.answers.push(decision);
      continue;
    }
    recorded.state = decision.state;
    recorded.events.push(...decision.events);
    recorded.notices.push(...decision.notices);
    const incident = decision.state.incidents.get(id);
    recorded.answers.push(incident === undefined ? { kind: 'not-found' } : { kind: 'done', incident });
  }
  return recorded;
}

interface Person {
  readonly author: string;
  readonly reason: string;
  /** how they were let in */
  readonly via: string;
  readonly now: number;
}
export type Decision =
  | ({ readonly kind: 'done' } & Recorded)
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'not-found' };

/** From now on only growth (new ranges, a higher severity) and the end are told, until `expiresAt` (ms since the epoch). */
export function acknowledge(state: State, id: string, by: Person & { readonly expiresAt: number | null }): Decision {
  const incident = state.incidents.get(id);
  if (incident === undefined) return { kind: 'not-found' };
  if (incident.status === 'resolved') return { kind: 'refused', reason: 'the incident is resolved already' };
  const draft = beginDraft(state, by.now);
  const { author, reason, via, expiresAt } = by;
  remember(draft, 'incident.acknowledge', aboutOf(incident), { author, reason, via, expiresAt: timeOrNull(expiresAt) });
  acknowledgeIncident(draft, incident, {
    author: by.author,
    reason: by.reason,
    at: by.now,
    expiresAt: by.expiresAt,
  });
  return { kind: 'done', ...sealDraft(draft) };
}

/** Ends an incident on somebody's word; refused while a reading of this run still shows what it is about. */
export function close(state: State, id: string, by: Person, limits: HealthLimits = defaultHealthLimits): Decision {
  const incident = state.incidents.get(id);
  if (incident === undefined) return { kind: 'not-found' };
  if (incident.status === 'resolved') return { kind: 'refused', reason: 'the incident is resolved already' };
  const reason = whyStillOpen(state, incident, limits);
  if (reason !== undefined) return { kind: 'refused', reason };
  const draft = beginDraft(state, by.now);
  const place = draft.places.get(incident.subject.uid);
  if (incident.condition === 'media_error' && place !== undefined) {
    draft.places.set(incident.subject.uid, { ...place, ranges: [] });
  }
  remember(draft, 'incident.close', aboutOf(incident), { author: by.author, reason: by.reason, via: by.via });
  resolveIncident(draft, incident, 'closed_by_operator');
  return { kind: 'done', ...sealDraft(draft) };
}

function aboutOf({ id, subject }: Incident) {
  return { incident: id, uid: subject.uid, device: subject.device };
}
function timeOrNull(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}

function whyStillOpen(state: State, incident: Incident, limits: HealthLimits): string | undefined {
  const { uid, device } = incident.subject;
  const place = state.places.get(uid);
  switch (incident.condition) {
    case 'media_error':
      if (!place?.present || place.ranges.every((range) => range.unconfirmed !== undefined)) return undefined;
      return place.readable
        ? `the bad-block list of ${device} still shows the range`
        : `the bad-block list of ${device} showed the range when it could be read last`;
    case 'badblocks_unreadable':
      return place?.present && !place.readable ? `the bad-block list of ${device} is still unreadable` : undefined;
    case 'badblocks_incomplete':
      return place?.present && !place.complete ? `the bad-block list of ${device} is still incomplete` : undefined;
    case 'device_stuck':
      return state.stuck.some((stuck) => (stuck.uid ?? stuck.subject) === uid)
        ? `the call for ${device} has still not come back`
        : undefined;
    case 'dimm_dirty_shutdown':
      return undefined;
    case 'dimm_replace':
      return stillAdvised(state, incident);
    case 'scrub_overdue':
    case 'scrub_failed':
      return `it ends by itself when a scrub is seen through: pmemwatch rescan ${device}`;
    case 'receiver_unreachable':
      return 'it ends by itself when the receiver takes a message, or is taken out of the configuration';
    case 'store_unwritable':
      return 'it ends by itself when the state file can be written again';
    default:
      return stillFound(state, incident, limits);
  }
}
/** Conditions of modules: what the last reading says. */
function stillFound(
  { health }: State,
  { condition, subject, detail }: Incident,
  limits: HealthLimits,
): string | undefined {
  const reading = health.find(({ dimm }) => dimm === subject.uid);
  const found = reading === undefined ? [] : findingsOf(reading, limits);
  const still = found.some((finding) => finding.condition === condition && finding.standing === 'crossed');
  return still ? `the last reading of ${subject.device} still says: ${detail}` : undefined;
}
/** Closed, it would be opened again with the next pass. */
function stillAdvised({ advice }: State, { subject }: Incident): string | undefined {
  const found = advice.get(subject.uid);
  const isWanted = found?.advice === 'plan' || found?.advice === 'now';
  return isWanted ? `the advice for ${subject.device} is still ${found.summary}; acknowledge it instead` : undefined;
}

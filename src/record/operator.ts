/** What people decide about an incident. Pure. */
import type { Incident } from '../model/incident.ts';
import type { State } from '../model/state.ts';
import { defaultHealthLimits, findingsOf } from './dimm-conditions.ts';
import { beginDraft, type Recorded, remember, sealDraft } from './draft.ts';
import { acknowledgeIncident, resolveIncident } from './lifecycle.ts';

export type Decision =
  | ({ readonly kind: 'done' } & Recorded)
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'not-found' };

/** From now on only growth (new ranges, a higher severity) and the end are told, until `expiresAt` (ms since the epoch). */
export function acknowledge(
  state: State,
  id: string,
  by: { readonly author: string; readonly reason: string; readonly expiresAt: number | null; readonly now: number },
): Decision {
  const incident = state.incidents.get(id);
  if (incident === undefined) return { kind: 'not-found' };
  if (incident.status === 'resolved') return { kind: 'refused', reason: 'the incident is resolved already' };
  const draft = beginDraft(state, by.now);
  acknowledgeIncident(draft, incident, {
    author: by.author,
    reason: by.reason,
    at: by.now,
    expiresAt: by.expiresAt,
  });
  return { kind: 'done', ...sealDraft(draft) };
}

/** Ends an incident on somebody's word; refused while a reading of this run still shows what it is about. */
export function close(
  state: State,
  id: string,
  by: { readonly author: string; readonly reason: string; readonly now: number },
): Decision {
  const incident = state.incidents.get(id);
  if (incident === undefined) return { kind: 'not-found' };
  if (incident.status === 'resolved') return { kind: 'refused', reason: 'the incident is resolved already' };
  const reason = whyStillOpen(state, incident);
  if (reason !== undefined) return { kind: 'refused', reason };
  const draft = beginDraft(state, by.now);
  const place = draft.places.get(incident.subject.uid);
  if (incident.condition === 'media_error' && place !== undefined) {
    draft.places.set(incident.subject.uid, { ...place, ranges: [] });
  }
  const about = { incident: id, uid: incident.subject.uid, device: incident.subject.device };
  remember(draft, 'incident.close', about, { author: by.author, reason: by.reason });
  resolveIncident(draft, incident, 'closed_by_operator');
  return { kind: 'done', ...sealDraft(draft) };
}

function whyStillOpen(state: State, incident: Incident): string | undefined {
  const { uid, device } = incident.subject;
  const place = state.places.get(uid);
  switch (incident.condition) {
    case 'media_error':
      return place?.present && place.ranges.some((range) => range.unconfirmed === undefined)
        ? `the bad-block list of ${device} still shows the range`
        : undefined;
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
    case 'receiver_unreachable':
      return 'it ends by itself when the receiver takes a message, or is taken out of the configuration';
    case 'store_unwritable':
      return 'it ends by itself when the state file can be written again';
    default:
      return stillFound(state, incident);
  }
}
/** Conditions of modules: what the last reading says. */
function stillFound({ health }: State, { condition, subject, detail }: Incident): string | undefined {
  const reading = health.find(({ dimm }) => dimm === subject.uid);
  const found = reading === undefined ? [] : findingsOf(reading, defaultHealthLimits);
  const still = found.some((finding) => finding.condition === condition && finding.standing === 'crossed');
  return still ? `the last reading of ${subject.device} still says: ${detail}` : undefined;
}

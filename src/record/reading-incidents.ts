/** Incidents about reading itself: `badblocks_unreadable`, `badblocks_incomplete` and `device_stuck`. */
import type { Snapshot, StuckDevice } from '../model/badblocks.ts';
import type { Change } from '../model/change.ts';
import type { Condition, Incident, IncidentSubject } from '../model/incident.ts';
import type { PlaceState } from '../model/state.ts';
import { subjectOfDimm } from './dimms.ts';
import type { Draft } from './draft.ts';
import { amendIncident, findOpen, openIncident, resolveIncident } from './lifecycle.ts';
import { subjectByName, subjectOfPlace } from './subject.ts';

/** `place` has been read in this run. What cannot be read says nothing of how much of it is missing. */
export function followReadability(draft: Draft, place: PlaceState): void {
  if (!place.present) return;
  hold(draft, place, 'badblocks_unreadable', !place.readable);
  if (place.readable) hold(draft, place, 'badblocks_incomplete', !place.complete);
}

function hold(draft: Draft, place: PlaceState, condition: Condition, holds: boolean): void {
  const incident = findOpen(draft, condition, place.place.uid);
  const subject = subjectOfPlace(place.place);
  if (!holds) {
    if (incident !== undefined) resolveIncident(draft, incident, 'cleared', { subject, complete: place.complete });
    return;
  }
  const detail = place.reasons.join('; ');
  if (incident !== undefined) amendIncident(draft, incident, { subject, detail });
  else openIncident(draft, { ...warning, condition, subject, detail });
}
const warning = { severity: 'warning', foundBy: 'unknown', ranges: [], complete: false } as const;

/**
 * One incident per physical thing with a call that has not come back. It ends when the device is said to be free or
 * has been read since: that a new process has not been stuck yet proves nothing.
 */
export function followStuck(
  draft: Draft,
  snapshot: Snapshot,
  changes: readonly Change[],
  policy: { readonly removedAfterMs: number },
): void {
  const stuckNow = new Map<string, StuckDevice[]>();
  for (const device of snapshot.stuck) {
    const identity = device.uid ?? device.subject;
    stuckNow.set(identity, [...(stuckNow.get(identity) ?? []), device]);
  }
  for (const [identity, devices] of stuckNow) {
    const detail = devices.map(stuckSentence).join('; ');
    const place = draft.places.get(identity)?.place;
    const named = place === undefined ? subjectOfModule(draft, identity) : subjectOfPlace(place);
    const subject = { ...named, device: devices[0]?.subject ?? named.device };
    const incident = findOpen(draft, 'device_stuck', identity);
    if (incident === undefined) openIncident(draft, { ...warning, condition: 'device_stuck', subject, detail });
    else amendIncident(draft, incident, { detail, subject });
  }
  const freed = new Set(changes.flatMap((change) => (change.kind === 'unstuck' ? [change.subject] : [])));
  for (const incident of [...draft.incidents.values()]) {
    if (incident.condition !== 'device_stuck' || incident.status !== 'open') continue;
    if (stuckNow.has(incident.subject.uid)) continue;
    const { device } = incident.subject;
    const reading =
      snapshot.lists.find((list) => list.subject === device) ?? snapshot.health.find(({ name }) => name === device);
    if (freed.has(device) || (reading !== undefined && reading.stuckSince === undefined)) {
      resolveIncident(draft, incident, 'cleared');
    } else if (reading === undefined && isOverdue(incident, draft.now, policy.removedAfterMs)) {
      resolveIncident(draft, incident, 'device_removed');
    }
  }
}
/** A module by its key, else whatever has that name. */
function subjectOfModule(draft: Draft, identity: string): IncidentSubject {
  const dimm = draft.dimms.get(identity);
  return dimm === undefined ? subjectByName(identity) : subjectOfDimm(dimm);
}
function stuckSentence(device: StuckDevice): string {
  return `a call for ${device.subject} has not come back since ${new Date(device.since).toISOString()}`;
}
function isOverdue(incident: Incident, now: number, removedAfterMs: number): boolean {
  return now - incident.updatedAt >= removedAfterMs;
}

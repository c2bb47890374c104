/**
 * The life of an incident. open -> (grew | owners | shrank | acknowledged | reminder)* -> resolved; a resolved one never comes
 * back, the next of its fingerprint gets the next ordinal and names it. Each notice raises the revision by one.
 */
import type { FoundBy } from '../model/change.ts';
import { type Run, totalBytes } from '../model/extent.ts';
import {
  type Acknowledgement,
  type Condition,
  type Incident,
  type IncidentHealth,
  type IncidentSubject,
  isAcknowledged,
  type NoticeType,
  type Resolution,
  type Severity,
  type TrackedRange,
} from '../model/incident.ts';
import { type Draft, remember } from './draft.ts';
import { fingerprintOf, incidentIdOf, noticeIdOf } from './identity.ts';
import { isWorse } from './severity.ts';

export interface Opening {
  readonly condition: Condition;
  readonly subject: IncidentSubject;
  readonly severity: Severity;
  readonly foundBy: FoundBy;
  readonly ranges: readonly TrackedRange[];
  readonly complete: boolean;
  readonly detail: string;
  readonly health?: IncidentHealth;
}
export type Revision = Partial<
  Pick<Incident, 'subject' | 'severity' | 'ranges' | 'complete' | 'detail' | 'health' | 'acknowledgement'>
>;

/** The open incident of this condition on this physical thing. */
export function findOpen(draft: Draft, condition: Condition, identity: string): Incident | undefined {
  const fingerprint = fingerprintOf(draft.previous.host.machineId, condition, identity);
  const incident = draft.incidents.get(
    incidentIdOf(draft.previous.lineage, fingerprint, draft.ordinals.get(fingerprint) ?? 0),
  );
  return incident?.status === 'open' ? incident : undefined;
}

export function openIncident(draft: Draft, opening: Opening): void {
  const fingerprint = fingerprintOf(draft.previous.host.machineId, opening.condition, opening.subject.uid);
  const earlier = draft.ordinals.get(fingerprint) ?? 0;
  draft.ordinals.set(fingerprint, earlier + 1);
  tell(
    draft,
    {
      ...opening,
      id: incidentIdOf(draft.previous.lineage, fingerprint, earlier + 1),
      fingerprint,
      ordinal: earlier + 1,
      status: 'open',
      revision: 0,
      openedAt: draft.now,
      updatedAt: draft.now,
      resolvedAt: null,
      resolution: null,
      acknowledgement: null,
      previousIncident: earlier === 0 ? null : incidentIdOf(draft.previous.lineage, fingerprint, earlier),
    },
    'opened',
    opening.ranges,
  );
}

/** Changes an open incident and tells it, unless somebody has acknowledged it and it did not get worse. */
export function reviseIncident(
  draft: Draft,
  incident: Incident,
  type: 'grew' | 'owners' | 'shrank',
  revision: Revision,
  added: readonly Run[] = [],
): void {
  const next = { ...incident, ...revision };
  const worse = type === 'grew' || isWorse(next.severity, incident.severity);
  if (worse || !isCovered(incident, next, draft.now)) tell(draft, next, type, added);
  else amendIncident(draft, incident, revision);
}

/** Brings an incident up to date without telling anybody. */
export function amendIncident(draft: Draft, incident: Incident, revision: Revision): void {
  draft.incidents.set(incident.id, { ...incident, ...revision });
}

export function resolveIncident(
  draft: Draft,
  incident: Incident,
  resolution: Resolution,
  revision: Revision = {},
): void {
  const resolved = { ...incident, ...revision, status: 'resolved', resolvedAt: draft.now, resolution } as const;
  tell(draft, resolved, 'resolved', []);
}

export function acknowledgeIncident(draft: Draft, incident: Incident, acknowledgement: Acknowledgement): void {
  tell(draft, { ...incident, acknowledgement }, 'acknowledged', []);
}

/** Tells an open incident again; `remark` is one sentence more. */
export function remindOf(draft: Draft, incident: Incident, remark?: string): void {
  tell(draft, incident, 'reminder', [], remark);
}

/** Whether an acknowledgement covers what is new: not the owners of what came after it, which was told without them. */
function isCovered(before: Incident, next: Incident, now: number): boolean {
  if (!isAcknowledged(before, now)) return false;
  const at = before.acknowledgement?.at ?? 0;
  const isUnknown = (range: TrackedRange): boolean => range.owners.every((owner) => owner.kind === 'pending');
  const open = new Set(before.ranges.filter((r) => r.firstSeen > at && isUnknown(r)).map((range) => range.start));
  return !next.ranges.some((range) => open.has(range.start) && !isUnknown(range));
}

function tell(draft: Draft, changed: Incident, type: NoticeType, added: readonly Run[], remark?: string): void {
  const { reminders = 0, ...rest } = changed;
  const incident: Incident = {
    ...rest,
    revision: changed.revision + 1,
    updatedAt: draft.now,
    ...(type === 'reminder' ? { reminders: reminders + 1 } : {}),
  };
  const { host } = draft.previous;
  draft.incidents.set(incident.id, incident);
  draft.notices.push({
    id: noticeIdOf(host.machineId, incident.fingerprint, incident.id, incident.revision),
    type,
    time: draft.now,
    incident,
    newRanges: added.length,
    newBytes: totalBytes(added),
    ...(remark === undefined ? {} : { remark }),
    host,
  });
  remember(
    draft,
    `incident.${type}`,
    { incident: incident.id, uid: incident.subject.uid, device: incident.subject.device },
    {
      condition: incident.condition,
      severity: incident.severity,
      revision: incident.revision,
      ...(incident.resolution === null ? {} : { resolution: incident.resolution }),
      ...(incident.previousIncident === null ? {} : { previousIncident: incident.previousIncident }),
    },
  );
}

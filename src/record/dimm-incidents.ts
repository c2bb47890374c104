/** Incidents about modules. One that is bad at the first look is told at once; that it is well again is told too. */
import type { DimmState, KnownShutdowns } from '../model/dimm-state.ts';
import type { HealthReading, KnownState } from '../model/health.ts';
import type { Incident, IncidentHealth } from '../model/incident.ts';
import { type Finding, findingsOf, type HealthLimits } from './dimm-conditions.ts';
import { subjectOfDimm } from './dimms.ts';
import { type Draft, remember } from './draft.ts';
import { amendIncident, findOpen, openIncident, resolveIncident, reviseIncident } from './lifecycle.ts';
import { isWorse } from './severity.ts';

const opening = { foundBy: 'poll', ranges: [], complete: true } as const;

/** Follows each reading once. */
export function followHealth(draft: Draft, readings: readonly HealthReading[], limits: HealthLimits): void {
  for (const reading of readings) {
    const dimm = draft.dimms.get(reading.dimm);
    if (dimm === undefined || draft.previous.health.includes(reading)) continue;
    for (const finding of findingsOf(reading, limits)) holdFinding(draft, dimm, healthOf(reading), finding);
    followShutdowns(draft, dimm, reading);
  }
}

/** Between the limit and its margin, and where nothing is known, what was said stays said. */
export function holdFinding(draft: Draft, dimm: DimmState, health: IncidentHealth, finding: Finding): void {
  const { condition, standing, severity, detail } = finding;
  const incident = findOpen(draft, condition, dimm.key);
  const subject = subjectOfDimm(dimm);
  if (standing === 'crossed') {
    if (incident === undefined) openIncident(draft, { ...opening, condition, severity, detail, subject, health });
    else revise(draft, incident, { subject, severity, detail, health });
  } else if (standing === 'fine' && incident !== undefined) {
    resolveIncident(draft, incident, 'cleared', { subject, health });
  }
}

const badness: Readonly<Record<KnownState, number>> = { ok: 0, noncritical: 1, critical: 2, fatal: 3 };

/** A state that got worse or better is told; values that merely moved are not. */
function revise(
  draft: Draft,
  incident: Incident,
  revision: Pick<Incident, 'subject' | 'severity' | 'detail'> & { readonly health: IncidentHealth },
): void {
  const stateOf = (health: IncidentHealth | undefined): number => badness[health?.fields.state ?? 'ok'];
  const step = incident.condition === 'dimm_health' ? stateOf(revision.health) - stateOf(incident.health) : 0;
  if (step > 0 || isWorse(revision.severity, incident.severity)) reviseIncident(draft, incident, 'grew', revision);
  else if (step < 0 || isWorse(incident.severity, revision.severity))
    reviseIncident(draft, incident, 'shrank', revision);
  else if (!isSame(incident, revision)) amendIncident(draft, incident, revision);
}

/** Values that nobody was told of are no reason to write the file with every reading. */
function isSame(incident: Incident, { subject, detail }: Pick<Incident, 'subject' | 'detail'>): boolean {
  return incident.detail === detail && JSON.stringify(incident.subject) === JSON.stringify(subject);
}

export function healthOf({ at, health, fields }: HealthReading): IncidentHealth {
  return { readAt: at, readable: health.kind === 'ok', fields };
}

/**
 * Dirty shutdowns: the module's own count above the one on disk, over power cycles; where it has none, a last shutdown that
 * was dirty, once a boot. The incident ends when a later boot found no further one.
 */
function followShutdowns(draft: Draft, dimm: DimmState, reading: HealthReading): void {
  const { bootId } = draft.previous.host;
  const { dirtyShutdownCount: count, lastShutdownClean: clean } = reading.fields;
  if (count === undefined && clean === undefined) return;
  const known = dimm.shutdowns;
  const more = count === undefined || known.count === null ? 0 : count - known.count;
  const isFirstLook = known.lookedAtBoot !== bootId;
  const byState = clean === false && isFirstLook && (known.count === null || count === undefined);
  const noticed = more > 0 || byState;
  const next: KnownShutdowns = {
    count: nextCount(known.count, count, reading),
    lookedAtBoot: bootId,
    noticedBoot: noticed ? bootId : known.noticedBoot,
  };
  const dirtyShutdowns = noticed ? [...dimm.history.dirtyShutdowns, draft.now] : dimm.history.dirtyShutdowns;
  const changed = JSON.stringify(next) !== JSON.stringify(known) || noticed;
  if (changed) draft.dimms.set(dimm.key, { ...dimm, shutdowns: next, history: { ...dimm.history, dirtyShutdowns } });
  const incident = findOpen(draft, 'dimm_dirty_shutdown', dimm.key);
  const subject = subjectOfDimm(dimm);
  const health = healthOf(reading);
  if (noticed) {
    const detail = shutdownDetail(more, count);
    remember(draft, 'dimm.dirty_shutdown', { uid: dimm.key, device: dimm.name }, { count: count ?? null, more });
    if (incident !== undefined) reviseIncident(draft, incident, 'grew', { subject, detail, health });
    else {
      const condition = 'dimm_dirty_shutdown';
      openIncident(draft, { ...opening, foundBy: 'boot', condition, severity: 'warning', detail, subject, health });
    }
  } else if (incident !== undefined && known.noticedBoot !== bootId && isFirstLook && clean !== false) {
    resolveIncident(draft, incident, 'cleared', { subject, health });
  }
}
/** The kernel's count is of when its driver was loaded: only the module itself may take the count back. */
function nextCount(before: number | null, now: number | undefined, reading: HealthReading): number | null {
  if (now === undefined) return before;
  const own = reading.health.kind === 'ok' && reading.health.value.dirtyShutdownCount !== undefined;
  return before === null || own ? now : Math.max(before, now);
}
function shutdownDetail(more: number, count: number | undefined): string {
  const lost = 'writes that were on their way to it at that time may be lost';
  if (more <= 0) return `its last shutdown was dirty: ${lost}`;
  const times = more === 1 ? 'one dirty shutdown' : `${more} dirty shutdowns`;
  return `${times} since the last look, ${count} in its life: ${lost}`;
}

/** Incidents about modules. One that is bad at the first look is told at once; that it is well again is told too. */
import type { DimmState } from '../model/dimm-state.ts';
import type { HealthReading, KnownState } from '../model/health.ts';
import type { Incident, IncidentHealth } from '../model/incident.ts';
import { type Finding, findingsOf, type HealthLimits, healthOf } from './dimm-conditions.ts';
import { followShutdowns } from './dimm-shutdowns.ts';
import { subjectOfDimm } from './dimms.ts';
import type { Draft } from './draft.ts';
import { followFailures } from './failure-counts.ts';
import { amendIncident, findOpen, openIncident, resolveIncident, reviseIncident } from './lifecycle.ts';
import { gotWorse, mayTellBetter, stayedIll } from './restlessness.ts';
import { isWorse } from './severity.ts';

const opening = { foundBy: 'poll', ranges: [], complete: true } as const;

/** Follows each reading once. */
export function followHealth(draft: Draft, readings: readonly HealthReading[], limits: HealthLimits): void {
  for (const reading of readings) {
    const dimm = draft.dimms.get(reading.dimm);
    if (dimm === undefined || draft.previous.health.includes(reading)) continue;
    for (const finding of findingsOf(reading, limits)) {
      holdFinding(draft, dimm, healthOf(reading), followFailures(draft, dimm.key, reading, finding));
    }
    followShutdowns(draft, dimm.key, reading);
  }
}

/** Between the limit and its margin, and where nothing is known, what was said stays said. */
export function holdFinding(draft: Draft, dimm: DimmState, health: IncidentHealth, finding: Finding): void {
  const { condition, standing, severity, detail } = finding;
  const incident = findOpen(draft, condition, dimm.key);
  const subject = subjectOfDimm(dimm);
  const told = { subject, severity, detail, health };
  if (standing === 'crossed' && incident === undefined) {
    openIncident(draft, { ...opening, condition, ...told });
    gotWorse(draft, dimm.key, condition);
  } else if (standing === 'crossed' && incident !== undefined) {
    revise(draft, dimm.key, incident, told, finding.isAgain === true);
  } else if (standing === 'fine' && incident !== undefined && mayTellBetter(draft, dimm.key, condition)) {
    resolveIncident(draft, incident, 'cleared', { subject, health });
  }
}

const badness: Readonly<Record<KnownState, number>> = { ok: 0, noncritical: 1, critical: 2, fatal: 3 };
type Told = Pick<Incident, 'subject' | 'severity' | 'detail'> & { readonly health: IncidentHealth };

/** A state that got worse or better is told, and what failed again; values that merely moved are not. */
function revise(draft: Draft, key: string, incident: Incident, told: Told, isAgain: boolean): void {
  const stateOf = (health: IncidentHealth | undefined): number => badness[health?.fields.state ?? 'ok'];
  const step = incident.condition === 'dimm_health' ? stateOf(told.health) - stateOf(incident.health) : 0;
  if (isAgain || step > 0 || isWorse(told.severity, incident.severity)) {
    reviseIncident(draft, incident, 'grew', told);
    gotWorse(draft, key, incident.condition);
  } else if (step < 0 || isWorse(incident.severity, told.severity)) {
    if (mayTellBetter(draft, key, incident.condition)) reviseIncident(draft, incident, 'shrank', told);
  } else {
    stayedIll(draft, key, incident.condition);
    if (!isSame(incident, told)) amendIncident(draft, incident, told);
  }
}

/** Values that nobody was told of are no reason to write the file with every reading. */
function isSame(incident: Incident, { subject, detail }: Pick<Incident, 'subject' | 'detail'>): boolean {
  return incident.detail === detail && JSON.stringify(incident.subject) === JSON.stringify(subject);
}

/** `scrub_overdue` and `scrub_failed`: one of each per bus. */
import type { IncidentSubject } from '../model/incident.ts';
import { type BusScrubs, currentRun, type ScrubRun } from '../model/scrub.ts';
import type { Draft } from './draft.ts';
import { amendIncident, findOpen, openIncident, resolveIncident } from './lifecycle.ts';
import { subjectByName } from './subject.ts';

export interface ScrubPolicy {
  /** age of the last full scrub at which it is told; 0 = never */
  readonly overdueAfterMs: number;
  /** how long one may run */
  readonly deadlineMs: number;
  /** whether an uncorrected error asks for a scrub of its bus */
  readonly afterError: boolean;
  /** how long a bus must not have been seen before its incidents end as `device_removed` */
  readonly removedAfterMs: number;
}

export function followScrubIncidents(draft: Draft, policy: ScrubPolicy): void {
  for (const scrubs of draft.scrubs.values()) {
    if (scrubs.present) {
      hold(draft, scrubs, 'scrub_overdue', whyOverdue(draft, scrubs, policy));
      hold(draft, scrubs, 'scrub_failed', whyFailed(scrubs));
    } else if (scrubs.goneSince !== null && draft.now - scrubs.goneSince >= policy.removedAfterMs) {
      for (const condition of ['scrub_overdue', 'scrub_failed'] as const) {
        const incident = findOpen(draft, condition, scrubs.key);
        if (incident !== undefined) resolveIncident(draft, incident, 'device_removed');
      }
    }
  }
}

function hold(
  draft: Draft,
  scrubs: BusScrubs,
  condition: 'scrub_overdue' | 'scrub_failed',
  detail: string | undefined,
): void {
  const incident = findOpen(draft, condition, scrubs.key);
  const subject = subjectOfBus(scrubs);
  if (detail === undefined) {
    if (incident !== undefined) resolveIncident(draft, incident, 'cleared', { subject });
  } else if (incident === undefined) {
    openIncident(draft, { ...warning, condition, subject, detail });
  } else if (incident.detail !== detail || incident.subject.device !== subject.device) {
    amendIncident(draft, incident, { subject, detail });
  }
}
const warning = { severity: 'warning', foundBy: 'unknown', ranges: [], complete: true } as const;

function subjectOfBus({ key, name }: BusScrubs): IncidentSubject {
  return { ...subjectByName(key), device: name, bus: name };
}

/** Only what searched everything counts: a raised count alone may stand for short ones. */
function whyOverdue({ now }: Draft, scrubs: BusScrubs, { overdueAfterMs }: ScrubPolicy): string | undefined {
  if (overdueAfterMs === 0) return undefined;
  const since = scrubs.lastFullAt ?? scrubs.firstSeen;
  if (now - since <= overdueAfterMs) return undefined;
  const limit = `the limit is ${daysOf(overdueAfterMs)} (scrub.overdue_after)`;
  return scrubs.lastFullAt === null
    ? `no full scrub has been seen through since ${timeOf(since)}, when the bus was first watched; ${limit}`
    : `the last full scrub ended at ${timeOf(since)}; ${limit}`;
}

/** As long as none that was asked for has been seen through since. */
function whyFailed(scrubs: BusScrubs): string | undefined {
  const current = currentRun(scrubs);
  if (current?.late === true && current.startedAt !== null) {
    return `the scrub that began at ${timeOf(current.startedAt)} has not ended within the deadline (scrub.deadline)`;
  }
  const last = scrubs.runs.findLast(isVerdict);
  return last?.status === 'failed'
    ? `${whoseScrub(last)} failed at ${timeOf(last.endedAt ?? last.requestedAt)}: ${last.reason}`
    : undefined;
}
/** A scrub that a reboot or the removal of its bus cut short has not failed, nor has it shown that one can succeed. */
function isVerdict(run: ScrubRun): boolean {
  if (run.status === 'completed') return run.asker !== null || run.type === 'long';
  return run.status === 'failed';
}
function whoseScrub({ asker }: ScrubRun): string {
  return asker === null ? 'a scrub' : `the scrub asked for by ${asker.author}`;
}

function daysOf(ms: number): string {
  const days = ms / 86_400_000;
  return days >= 1 ? `${Number(days.toFixed(1))} d` : `${Number((ms / 3_600_000).toFixed(1))} h`;
}
function timeOf(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

import type { HostFacts } from '../model/host.ts';
import type { Incident } from '../model/incident.ts';
import { nextSteps } from './next-steps.ts';
import { redactOwner } from './redaction.ts';
import type { StepOptions } from './rewrite-step.ts';
import { summaryOf } from './summary.ts';

/** What a message would say of an incident now, to someone who knows which host it is about. Commands stand between backticks. */
export function describeIncident(
  incident: Incident,
  host: HostFacts,
  options: StepOptions,
): { readonly summary: string; readonly nextSteps: readonly string[] } {
  const ranges = incident.ranges.map((range) => ({
    ...range,
    owners: range.owners.map((owner) => redactOwner(owner, options.paths)),
  }));
  const shown = options.paths === 'full' ? incident : { ...incident, ranges };
  const notice = { id: '', type: 'opened', time: 0, incident: shown, newRanges: 0, newBytes: 0, host } as const;
  return { summary: summaryOf(notice).slice(host.name.length + 2), nextSteps: nextSteps(shown, options) };
}

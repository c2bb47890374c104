/** `receiver_unreachable`: one incident per receiver that does not take what it is sent. Pure. */
import type { ReceiverStatus } from '../model/agent-status.ts';
import type { Notice } from '../model/incident.ts';
import type { State } from '../model/state.ts';
import { beginDraft, type Draft, type Recorded, sealDraft } from './draft.ts';
import { amendIncident, findOpen, openIncident, resolveIncident } from './lifecycle.ts';
import { subjectByName } from './subject.ts';

/** A receiver that is restarted is back by then; one that refuses a message is told of at once. */
const UNREACHABLE_AFTER_MS = 300_000;

/**
 * To be called in each pass. The incident ends when the receiver has taken a message since, or is configured no more; that
 * nothing was sent to it proves nothing.
 */
export function recordReceivers(state: State, receivers: readonly ReceiverStatus[], now: number): Recorded {
  const draft = beginDraft(state, now);
  for (const receiver of receivers) follow(draft, receiver);
  const configured = new Set(receivers.map(({ receiver }) => receiver));
  for (const incident of state.incidents.values()) {
    if (incident.condition !== 'receiver_unreachable' || incident.status !== 'open') continue;
    if (!configured.has(incident.subject.uid)) {
      resolveIncident(draft, incident, 'cleared', { complete: true, detail: 'is not configured any more' });
    }
  }
  return sealDraft(draft);
}

function follow(draft: Draft, { receiver, trouble, tookAt }: ReceiverStatus): void {
  const incident = findOpen(draft, 'receiver_unreachable', receiver);
  if (trouble === undefined) {
    const over = { complete: true, detail: 'takes messages again' };
    if (incident !== undefined && tookAt !== undefined) resolveIncident(draft, incident, 'cleared', over);
    return;
  }
  const detail = trouble.kind === 'rejects' ? `it refused a message: ${trouble.reason}` : trouble.reason;
  if (incident !== undefined) amendIncident(draft, incident, { detail });
  else if (trouble.kind !== 'unreachable' || trouble.forMs >= UNREACHABLE_AFTER_MS) {
    openIncident(draft, {
      condition: 'receiver_unreachable',
      subject: subjectByName(receiver),
      severity: 'warning',
      foundBy: 'unknown',
      ranges: [],
      complete: false,
      detail,
    });
  }
}

/** Whom to tell: nobody learns of a receiver that takes nothing through that receiver. */
export function receiversFor(notice: Notice, receivers: readonly string[]): readonly string[] {
  const { condition, subject } = notice.incident;
  return condition === 'receiver_unreachable' ? receivers.filter((name) => name !== subject.uid) : receivers;
}

import type { ReceiverStatus } from '../../../model/agent-status.ts';
import { type DeliveryRecord, deadLetters } from '../../../model/outbox.ts';
import type { PageInput } from './input.ts';
import { badge, counted, html, type Level, type Markup, nothing } from './markup.ts';
import { ago, moment } from './times.ts';

export const MOST_DELIVERIES = 15;

/** What was told to whom, and who does not take it. */
export function deliveriesSection(input: PageInput): Markup {
  const { receivers } = input.view.agent;
  const { deliveries } = input;
  return html`<section id="deliveries" tabindex="-1" aria-labelledby="deliveries-heading">
<h2 id="deliveries-heading">Deliveries</h2>
${receivers.length === 0 ? html`<p class="empty">No receiver is configured: this agent itself tells nobody.</p>` : html`<div class="grid">${receivers.map((each) => receiverCard(each, input))}</div>`}
${deliveries.kind === 'unknown' ? html`<p class="note">${badge('bad', 'Unknown')} What was delivered cannot be read now: the state file does not answer.</p>` : table(deliveries.items, input)}
</section>
`;
}

function receiverCard(
  { receiver, pending, oldest, trouble, tookAt }: ReceiverStatus,
  { now, reader, dead }: PageInput,
): Markup {
  const refused = dead.kind === 'known' ? dead.items.filter((each) => each.receiver === receiver).length : 0;
  const state: readonly [Level, string] =
    trouble === undefined
      ? ['fine', 'Takes messages']
      : ['bad', { rejects: 'Refuses messages', unreachable: 'Unreachable', off: 'Switched off' }[trouble.kind]];
  return html`<article id="receiver-${receiver}" class="card" aria-labelledby="receiver-${receiver}-heading">
<h3 id="receiver-${receiver}-heading">${receiver}</h3>
<p>${tookAt === undefined && trouble === undefined ? badge('unknown', 'Nothing sent by this run') : badge(state[0], state[1])}${trouble === undefined ? nothing : html` since ${moment(trouble.since, now)}: ${trouble.reason}`}</p>
<p class="aside">${pending === 0 ? 'Nothing waits.' : html`${counted(pending, 'message')} waiting${oldest === undefined ? nothing : html`, the oldest ${ago(oldest * 1000, now)}`}.`}${tookAt === undefined ? nothing : html` Last taken ${ago(tookAt, now)}.`}${refused > 0 ? ` ${refused === MOST_DEAD ? 'At least ' : ''}${counted(refused, 'dead letter')}.` : ''}</p>
${refused > 0 && reader.mayOperate ? html`<form method="post" action="/page/receivers/${encodeURIComponent(receiver)}/replay"><button>Send its dead letters again</button></form>` : nothing}
</article>
`;
}
/** How many dead letters are asked for. */
export const MOST_DEAD = 50;

const statusWords: Readonly<Record<DeliveryRecord['status'], string>> = {
  pending: 'Waiting',
  delivered: 'Delivered',
  rejected: 'Refused',
  expired: 'Given up',
  filtered: 'Not wanted',
  merged: 'Merged',
};
const levels: Readonly<Record<DeliveryRecord['status'], Level>> = {
  pending: 'warn',
  delivered: 'fine',
  rejected: 'bad',
  expired: 'bad',
  filtered: 'unknown',
  merged: 'unknown',
};

function table(records: readonly DeliveryRecord[], { now, reader }: PageInput): Markup {
  if (records.length === 0) return html`<p class="empty">Nothing has been told yet.</p>`;
  const shown = records.slice(0, MOST_DELIVERIES);
  return html`<div class="table" role="region" aria-label="Deliveries" tabindex="0"><table class="stack"><thead><tr><th scope="col">Receiver</th><th scope="col">Message</th><th scope="col">State</th><th scope="col">When</th>${reader.mayOperate ? html`<th scope="col"><span class="hidden">Again</span></th>` : nothing}</tr></thead><tbody>
${shown.map((record) => {
  const {
    sequence,
    receiver,
    type,
    condition,
    incident,
    status,
    attempts,
    reason,
    createdAt,
    finishedAt,
    lastAttemptAt,
  } = record;
  const verb = deadLetters.includes(status) ? 'Send again' : 'Repeat';
  const ended = status !== 'pending' && status !== 'merged';
  const again = !ended
    ? nothing
    : html`<form method="post" action="/page/deliveries/${sequence}/replay"><button class="small" aria-label="${verb}: message ${sequence} to ${receiver}">${verb}</button></form>`;
  return html`<tr><th scope="row" data-label="Receiver">${receiver}</th><td data-label="Message"><a href="#incident-${incident}">${condition.replaceAll('_', ' ')}</a> ${type}</td><td data-label="State">${badge(levels[status], statusWords[status])}${attempts > 1 ? ` ${attempts} attempts` : ''}${reason === null || !reader.mayRead ? nothing : html`<div class="aside">${reason}</div>`}</td><td data-label="When">${moment(finishedAt ?? lastAttemptAt ?? createdAt, now)}</td>${reader.mayOperate ? html`<td>${again}</td>` : nothing}</tr>
`;
})}</tbody></table></div>
<p class="cut"><a href="/api/v1/deliveries">All deliveries</a></p>`;
}

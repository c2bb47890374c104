import { byteText } from '../../../model/byte-text.ts';
import { totalBytes } from '../../../model/extent.ts';
import { type Incident, isAcknowledged } from '../../../model/incident.ts';
import { shortUid } from '../../../model/topology.ts';
import type { PageInput } from './input.ts';
import { badge, counted, html, type Level, type Markup, nothing, withCode } from './markup.ts';
import { signInHint } from './sign-in.ts';
import { moment, spanText } from './times.ts';
import { openIncidents } from './verdict.ts';

/** Told whole; the rest is counted. */
export const MOST_OPEN = 40;
/** Of those that wait for a person, this many show their next steps at once. */
const MOST_OPENED = 3;
const MOST_ENDED = 50;

/** How long an acknowledgement lasts, as offered: hours by their name in the form. */
export const expiries: Readonly<Record<string, number | null>> = { '1h': 1, '4h': 4, '8h': 8, '24h': 24, never: null };
const expiryWords: Readonly<Record<string, string>> = {
  '1h': '1 hour',
  '4h': '4 hours',
  '8h': '8 hours',
  '24h': '1 day',
  never: 'until it ends',
};

export function incidentsSection(input: PageInput): Markup {
  const open = openIncidents(input.view.state);
  const more = open.length - MOST_OPEN;
  return html`<section id="incidents" aria-labelledby="incidents-heading">
<h2 id="incidents-heading">Open incidents</h2>
${open.length === 0 ? html`<p class="empty">None is open.</p>` : nothing}
${open.slice(0, MOST_OPEN).map((incident, i) => card(incident, input, i < MOST_OPENED))}
${more > 0 ? html`<p class="cut">Showing ${MOST_OPEN} of ${open.length}: <a href="/api/v1/incidents?status=open">all of them</a>.</p>` : nothing}
${open.length > 0 && !input.reader.mayOperate ? signInHint('Sign in to acknowledge or close.') : nothing}
</section>
`;
}

const levels: Readonly<Record<Incident['severity'], Level>> = { critical: 'bad', warning: 'warn', info: 'unknown' };

function card(incident: Incident, input: PageInput, isFirst: boolean): Markup {
  const { id, condition, severity, subject, openedAt, ranges, acknowledgement } = incident;
  const { summary, nextSteps } = input.describe(incident);
  const taken = isAcknowledged(incident, input.now) && acknowledgement !== null;
  const lost = ranges.length === 0 ? '' : `${counted(ranges.length, 'bad range')}, ${byteText(totalBytes(ranges))}. `;
  return html`<article id="incident-${id}" class="card ${levels[severity]}" tabindex="-1" aria-labelledby="incident-${id}-heading">
<h3 id="incident-${id}-heading">${badge(levels[severity], words(severity))} ${title(incident)}</h3>
<p class="summary">${withCode(summary)}</p>
<p class="aside">${lost}Open since ${moment(openedAt, input.now)}.${incident.complete ? '' : ' Not everything about it is known.'}</p>
${taken ? html`<p class="taken">${badge('fine', 'Acknowledged')} by ${acknowledgement.author}${acknowledgement.reason === '' ? '' : `: ${acknowledgement.reason}`}, ${moment(acknowledgement.at, input.now)}${acknowledgement.expiresAt === null ? ', until it ends' : html`, for another ${spanText(acknowledgement.expiresAt - input.now)}`}.</p>` : nothing}
${nextSteps.length === 0 ? nothing : html`<details id="steps-${id}"${isFirst && !taken ? html` open` : nothing}><summary>Next steps</summary><ol>${nextSteps.map((step) => html`<li>${withCode(step)}</li>`)}</ol></details>`}
<p class="links"><a href="/runbook#${condition}">Runbook: ${words(condition)}</a>${subject.ndRegion === '' ? nothing : html` <a href="#device-${shortUid(subject.uid)}">Device</a>`} <a href="/api/v1/incidents/${encodeURIComponent(id)}">As JSON</a></p>
${input.reader.mayOperate ? decisions(incident, taken) : nothing}
</article>
`;
}

function title({ condition, subject }: Incident): string {
  const slots = subject.dimms.map(({ locator, name }) => locator ?? name);
  const device = subject.device || subject.ndNamespace || subject.ndRegion || subject.uid;
  const at = slots.length === 0 || slots.includes(device) ? '' : `, DIMM ${slots.join(', ')}`;
  return `${words(condition)}: ${device}${at}`;
}
function words(condition: string): string {
  const text = condition.replaceAll('_', ' ').replace('dimm', 'DIMM');
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function decisions({ id }: Incident, taken: boolean): Markup {
  const to = `/page/incidents/${encodeURIComponent(id)}`;
  return html`<div class="decisions">
<details id="acknowledge-${id}"><summary>${taken ? 'Acknowledge anew' : 'Acknowledge'}</summary>
<form method="post" action="${to}/acknowledge">
<p>Only growth and the end are told from then on.</p>
${author(`acknowledge-${id}`)}
<label for="acknowledge-${id}-reason">Reason</label><input id="acknowledge-${id}-reason" name="reason" maxlength="2000" autocomplete="off">
<label for="acknowledge-${id}-expires">For</label><select id="acknowledge-${id}-expires" name="expires">${Object.keys(expiries).map((each) => html`<option value="${each}">${expiryWords[each] ?? each}</option>`)}</select>
<button>Acknowledge</button>
</form></details>
<details id="close-${id}"><summary>Close</summary>
<form method="post" action="${to}/close">
<p>Ends it by your word. Refused while a reading shows what it is about.</p>
${author(`close-${id}`)}
<label for="close-${id}-reason">Reason</label><input id="close-${id}-reason" name="reason" maxlength="2000" autocomplete="off">
<button>Close the incident</button>
</form></details>
</div>`;
}
function author(id: string): Markup {
  return html`<label for="${id}-author">Your name</label><input id="${id}-author" name="author" maxlength="200" autocomplete="name" required>`;
}

/** Those that ended last, so that the link of a message that tells the end leads to something. */
export function endedSection({ view, now }: PageInput): Markup {
  const ended = [...view.state.incidents.values()].flatMap((i) =>
    i.resolvedAt === null ? [] : [{ i, at: i.resolvedAt }],
  );
  if (ended.length === 0) return nothing;
  const shown = ended.sort((a, b) => b.at - a.at).slice(0, MOST_ENDED);
  const more = ended.length - shown.length;
  return html`<section id="ended" aria-labelledby="ended-heading">
<h2 id="ended-heading">Ended incidents</h2>
<details id="ended-list"><summary>${counted(ended.length, 'incident')} ended, the last ${moment(shown[0]?.at ?? 0, now)}</summary>
<div class="table" role="region" aria-label="Ended incidents" tabindex="0"><table><thead><tr><th scope="col">Condition</th><th scope="col">Device</th><th scope="col">How</th><th scope="col">When</th><th scope="col"><span class="hidden">Details</span></th></tr></thead><tbody>
${shown.map(
  ({ i, at }) =>
    html`<tr id="incident-${i.id}"><td>${words(i.condition)}</td><td>${i.subject.device || i.subject.ndRegion || i.subject.uid}</td><td>${(i.resolution ?? '').replaceAll('_', ' ')}</td><td>${moment(at, now)}</td><td><a href="/api/v1/incidents/${encodeURIComponent(i.id)}" aria-label="Details of ${words(i.condition)}, ${i.id}">details</a></td></tr>
`,
)}</tbody></table></div>
${more > 0 ? html`<p class="cut"><a href="/api/v1/incidents?status=resolved">${more} more that ended</a></p>` : nothing}
</details></section>
`;
}

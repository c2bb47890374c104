import { byteText } from '../../../model/byte-text.ts';
import { totalBytes } from '../../../model/extent.ts';
import type { Incident } from '../../../model/incident.ts';
import type { PlaceState, State } from '../../../model/state.ts';
import { damageIsKnown, damageOf, lastReadAt } from '../../damage.ts';
import type { View } from '../../view.ts';
import { html, type Markup, markup } from './markup.ts';
import { styleSheet } from './style.ts';

const MOST_ENDED = 50;

/** What this host looks like now: counts only, since a page over TCP shows no file names. */
export function renderPage(view: View, ready: { ready: boolean; reason?: string }, telemetryPath: string): string {
  const { state, agent } = view;
  const open = [...state.incidents.values()].filter((i) => i.status === 'open').sort((a, b) => b.openedAt - a.openedAt);
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${state.host.name} · pmemwatch</title>
<style>${markup(styleSheet)}</style>
</head>
<body>
<h1>${state.host.name}: ${headline(state, open)}</h1>
<p>${[state.host.product, state.host.os].filter((known) => known !== null).join(' · ')}</p>
${ready.ready ? html`` : html`<p class="warn">Not ready: ${ready.reason ?? 'the first inventory is not done yet.'}</p>`}
<nav><a href="${telemetryPath}">Metrics</a> <a href="/docs">API</a> <a href="/api/v1/devices">Devices</a> <a href="/api/v1/badblocks">Bad ranges</a> <a href="/api/v1/incidents">Incidents</a> <a href="/api/v1/events">History</a> <a href="/api/v1/deliveries">Deliveries</a> <a href="/runbook">Runbook</a></nav>
<h2>Incidents</h2>
${incidentTable(open)}
${endedTable(state)}
<h2>Devices</h2>
${deviceTable(state)}
${problemList(state)}
<p>pmemwatch ${agent.version}. File names are shown by <code>pmemwatch check</code> and <code>pmemwatch resolve</code> on the host, and by the API with a token or over its unix socket.</p>
</body>
</html>
`;
  return page.text;
}

function headline(state: State, open: readonly Incident[]): Markup {
  const present = [...state.places.values()].filter((p) => p.present);
  const files = present.reduce((sum, place) => sum + damageOf(place).files.length, 0);
  if (!state.inventoried) return html`<span class="warn">looking for persistent memory</span>`;
  if (open.length > 0) {
    const worst = open.some((i) => i.severity === 'critical') ? 'bad' : 'warn';
    return html`<span class="${worst}">${counted(open.length, 'open incident')}, ${counted(files, 'damaged file')}</span>`;
  }
  if (present.length === 0) return html`<span>no persistent memory to watch</span>`;
  const clean = present.every((p) => p.readable && p.complete && p.readAt !== null && p.place.errorSource !== 'none');
  if (clean && files === 0) return html`<span class="fine">no known damage</span>`;
  return html`<span class="warn">no open incident, but not everything can be seen</span>`;
}
function counted(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? '' : 's'}`;
}

function incidentTable(open: readonly Incident[]): Markup {
  if (open.length === 0) return html`<p>None is open.</p>`;
  return html`<div class="wide"><table><tr><th>Severity</th><th>Condition</th><th>Device</th><th>Slot</th><th class="number">Lost</th><th>Since</th><th></th></tr>
${open.map((i) => {
  const slots = i.subject.dimms.map((d) => d.locator ?? d.name).join(', ');
  return html`<tr id="incident-${i.id}"><td class="${i.severity === 'critical' ? 'bad' : 'warn'}">${i.severity}</td><td>${i.condition}${i.detail === '' ? '' : `: ${i.detail}`}</td><td>${i.subject.device || i.subject.ndRegion}</td><td>${slots}</td><td class="number">${i.ranges.length === 0 ? '' : byteText(totalBytes(i.ranges))}</td><td>${new Date(i.openedAt).toISOString()}</td><td><a href="/api/v1/incidents/${encodeURIComponent(i.id)}">details</a></td></tr>
`;
})}</table></div>`;
}

/** Those that ended last, so that the link of a message that tells the end leads to something. */
function endedTable(state: State): Markup {
  const ended = [...state.incidents.values()].flatMap((i) => (i.resolvedAt === null ? [] : [{ i, at: i.resolvedAt }]));
  if (ended.length === 0) return html``;
  const shown = ended.sort((a, b) => b.at - a.at).slice(0, MOST_ENDED);
  const more = ended.length - shown.length;
  return html`<h2>Ended</h2>
<div class="wide"><table><tr><th>Condition</th><th>Device</th><th>How</th><th>When</th><th></th></tr>
${shown.map(
  ({ i, at }) =>
    html`<tr id="incident-${i.id}"><td>${i.condition}</td><td>${i.subject.device || i.subject.ndRegion}</td><td>${(i.resolution ?? '').replaceAll('_', ' ')}</td><td>${new Date(at).toISOString()}</td><td><a href="/api/v1/incidents/${encodeURIComponent(i.id)}">details</a></td></tr>
`,
)}</table></div>
${more > 0 ? html`<p><a href="/api/v1/incidents?status=resolved">${more} more that ended</a></p>` : html``}`;
}

function deviceTable(state: State): Markup {
  const places = [...state.places.values()];
  if (places.length === 0) return html`<p>This host has no persistent memory that the kernel knows of.</p>`;
  return html`<div class="wide"><table><tr><th>Device</th><th>Namespace</th><th>Mode</th><th class="number">Bad ranges</th><th class="number">Lost</th><th class="number">Damaged files</th><th>List</th></tr>
${places.map((p) => {
  const known = damageIsKnown(state, p);
  return html`<tr><td>${p.place.device || '–'}</td><td>${p.place.ndNamespace || p.place.ndRegion}</td><td>${p.place.mode ?? ''}</td><td class="number">${known ? p.ranges.length : '?'}</td><td class="number">${known ? byteText(totalBytes(p.ranges)) : '?'}</td><td class="number">${known ? damageOf(p).files.length : '?'}</td><td>${standing(state, p)}</td></tr>
`;
})}</table></div>`;
}
function standing(state: State, p: PlaceState): Markup {
  const why = p.reasons.length === 0 ? '' : `: ${p.reasons.join('; ')}`;
  if (!p.present)
    return html`<span class="warn">gone since ${timeOr('an earlier run', p.goneSince ?? undefined)}</span>`;
  if (!p.readable) return html`<span class="bad">unreadable${why}</span>`;
  if (p.place.errorSource === 'none') return html`<span class="warn">not monitored: nothing feeds this list</span>`;
  if (!p.complete) return html`<span class="warn">incomplete${why}</span>`;
  return html`read ${timeOr('not yet', lastReadAt(state, p))}`;
}
function problemList(state: State): Markup {
  if (state.topology.problems.length === 0) return html``;
  return html`<h2>Could not be read</h2><ul>${state.topology.problems.map((p) => html`<li><code>${p.subject}</code>: ${p.reason}</li>`)}</ul>`;
}
function timeOr(otherwise: string, at: number | undefined): string {
  return at === undefined ? otherwise : new Date(at).toISOString();
}

import { byteText } from '../../../model/byte-text.ts';
import { type Run, shift, totalBytes } from '../../../model/extent.ts';
import type { TrackedRange } from '../../../model/incident.ts';
import type { PlaceState } from '../../../model/state.ts';
import { shortUid } from '../../../model/topology.ts';
import { bytesFromSectors } from '../../../model/units.ts';
import { damageIsKnown, damageOf, deviceWindow, lastReadAt, partOnDevice } from '../../damage.ts';
import type { PageInput } from './input.ts';
import { badge, counted, html, type Level, type Markup, nothing } from './markup.ts';
import { ownerWords, reasonFor } from './owner-words.ts';
import { stripOf } from './strip.ts';
import { stripDrawing } from './strip-drawing.ts';
import { moment } from './times.ts';
import { around, windowIn, zoomLink } from './zoom.ts';

/** Rows of all devices together: a page is to be looked at. */
export const MOST_ROWS = 200;
const LEAST_ROWS = 5;
const MOST_OWNERS = 3;
export const MOST_DEVICES = 64;

export function devicesSection(input: PageInput): Markup {
  const { state } = input.view;
  const all = [...state.places.values()].sort(worstFirst);
  const shown = all.slice(0, MOST_DEVICES);
  const damaged = shown.filter(({ ranges }) => ranges.length > 0).length;
  const rows = Math.max(LEAST_ROWS, Math.floor(MOST_ROWS / Math.max(1, damaged)));
  return html`<section id="devices" aria-labelledby="devices-heading">
<h2 id="devices-heading">Devices</h2>
${all.length === 0 ? html`<p class="empty">${state.inventoried ? 'This host has no persistent memory that the kernel knows of.' : 'Being looked for.'}</p>` : nothing}
${shown.map((place) => device(place, input, rows))}
${all.length > shown.length ? html`<p class="cut">Showing ${shown.length} of ${all.length}: <a href="/api/v1/devices">all of them</a>.</p>` : nothing}
</section>
`;
}
function worstFirst(a: PlaceState, b: PlaceState): number {
  return Number(b.ranges.length > 0) - Number(a.ranges.length > 0) || (nameOf(a) < nameOf(b) ? -1 : 1);
}
function nameOf({ place }: PlaceState): string {
  return place.device || place.ndNamespace || place.ndRegion;
}

function device(state: PlaceState, input: PageInput, mostRows: number): Markup {
  const { place, ranges } = state;
  const uid = shortUid(place.uid);
  const wanted = input.zoom?.uid === uid ? input.zoom.window : undefined;
  const strip = stripOf(ranges, windowIn(place.size, wanted));
  const known = damageIsKnown(input.view.state, state);
  const facts = [
    place.kind === 'region' ? `${place.ndRegion}, outside its namespaces` : `${place.ndNamespace} in ${place.ndRegion}`,
    place.mode ?? '',
    byteText(bytesFromSectors(place.size)),
    place.dimms.length === 0 ? '' : `DIMM ${place.dimms.map(({ locator, name }) => locator ?? name).join(', ')}`,
  ];
  return html`<article id="device-${uid}" class="card device" aria-labelledby="device-${uid}-heading">
<h3 id="device-${uid}-heading">${nameOf(state)}</h3>
<p class="aside">${facts.filter((fact) => fact !== '').join(' · ')}</p>
<p>${standing(state, input)} ${known ? damageWords(state) : 'How much of it is bad is not known.'}</p>
${known && state.present ? html`${stripDrawing(strip, state)}${rangeTable(state, strip.ranges, wanted, mostRows, input)}` : nothing}
</article>
`;
}

function damageWords(state: PlaceState): Markup {
  const { ranges } = state;
  if (ranges.length === 0) return html`No bad sector is listed.`;
  const files = damageOf(state).files.length;
  return html`<strong>${counted(ranges.length, 'bad range')}, ${byteText(totalBytes(ranges))}, ${counted(files, 'damaged file')}.</strong>`;
}

function standing(state: PlaceState, { view, now, reader }: PageInput): Markup {
  const { place, present, readable, complete, reasons, goneSince } = state;
  const why = reasons.length === 0 ? '' : `: ${reasonFor(reader.mayRead, reasons.join('; '))}`;
  const stuck = view.state.stuck.find(({ subject }) => subject === place.device || subject === place.ndRegion);
  const read = lastReadAt(view.state, state);
  const last = read === undefined ? html` Never read by this agent.` : html` Last read ${moment(read, now)}.`;
  const said = (level: Level, words: string, more: Markup): Markup => html`${badge(level, words)}${more}`;
  if (!present) {
    const since = goneSince === null ? html` since an earlier run.` : html` since ${moment(goneSince, now)}.`;
    return said('warn', 'Gone', html`${since} What was known of it last stays here.`);
  }
  if (stuck !== undefined)
    return said(
      'bad',
      'Stuck',
      html`: a call has not come back since ${moment(stuck.since, now)}; it is not watched until then.${last}`,
    );
  if (!readable) return said('bad', 'List unreadable', html`${why}.${last}`);
  if (place.errorSource === 'none')
    return said('warn', 'Not monitored', html`: nothing feeds this list, so an empty one proves nothing.`);
  if (!complete) return said('warn', 'List incomplete', html`${why}.${last}`);
  return said(state.ranges.length > 0 ? 'bad' : 'fine', state.ranges.length > 0 ? 'Damaged' : 'Clean', last);
}

/** The ranges that the strip shows, for who cannot see it or wants to know exactly. */
function rangeTable(
  state: PlaceState,
  inside: readonly TrackedRange[],
  wanted: Run | undefined,
  most: number,
  { reader, now }: PageInput,
): Markup {
  const { place, ranges } = state;
  if (ranges.length === 0) return nothing;
  const uid = shortUid(place.uid);
  const shown = inside.slice(0, most);
  const of = wanted === undefined ? '' : ' in the part that is shown';
  const query = place.device === '' ? uid : place.device;
  return html`<details id="ranges-${uid}"${wanted === undefined ? nothing : html` open`}><summary>${counted(inside.length, 'bad range')}${of}</summary>
<div class="table" role="region" aria-label="Bad ranges of ${nameOf(state)}" tabindex="0"><table class="stack"><thead><tr><th scope="col">Sectors of 512 bytes</th><th scope="col">What they hold</th><th scope="col">Seen</th><th scope="col"><span class="hidden">Where</span></th></tr></thead><tbody>
${shown.map(
  (range) =>
    html`<tr><th scope="row" data-label="Sectors">${sectorsOf(range, state)}</th><td data-label="What they hold">${ownersOf(range, reader.mayRead)}</td><td data-label="Seen">${moment(range.firstSeen, now)}, by ${range.foundBy}</td><td><a href="${zoomLink(place.uid, around(range, place.size))}" aria-label="show ${sectorsOf(range, state)} on the strip">show</a></td></tr>
`,
)}</tbody></table></div>
${inside.length > shown.length ? html`<p class="cut">Showing ${shown.length} of ${inside.length.toLocaleString('en')}${of}: zoom in, or take <a href="/api/v1/badblocks?device=${encodeURIComponent(query)}">all of them</a>.</p>` : nothing}
</details>`;
}

/** On the device where it shows them, else of the namespace or region itself. */
function sectorsOf(range: TrackedRange, { place }: PlaceState): string {
  const part = partOnDevice(place, range);
  const onDevice =
    part !== undefined && part.count === range.count ? shift(part, -(deviceWindow(place)?.start ?? 0)) : undefined;
  const { start, count } = onDevice ?? range;
  const size = `${start}+${count} (${byteText(bytesFromSectors(count))})`;
  return onDevice === undefined ? `${size} of ${place.ndNamespace || place.ndRegion}, outside the device` : size;
}

function ownersOf({ owners, ownersComplete, unconfirmed }: TrackedRange, named: boolean): Markup {
  const more = owners.length - MOST_OWNERS;
  return html`${owners.length === 0 ? html`<div>the owner is being looked for</div>` : nothing}${owners.slice(0, MOST_OWNERS).map((owner) => html`<div>${ownerWords(owner, named)}</div>`)}${more > 0 ? html`<div>and ${counted(more, 'more owner')}</div>` : nothing}${owners.length > 0 && !ownersComplete ? html`<div class="warn">there may be other owners</div>` : nothing}${unconfirmed === undefined ? nothing : html`<div class="warn">not known whether it is still bad: ${reasonFor(named, unconfirmed)}</div>`}`;
}

import { byteText } from '../../../model/byte-text.ts';
import { clip, endOf } from '../../../model/extent.ts';
import type { PlaceState } from '../../../model/state.ts';
import { shortUid } from '../../../model/topology.ts';
import { bytesFromSectors, sector, sectorCount } from '../../../model/units.ts';
import { deviceWindow } from '../../damage.ts';
import { counted, html, type Markup, markup, nothing } from './markup.ts';
import { COLUMNS, type Harm, type Mark, type Strip } from './strip.ts';
import { ZONES, zoomLink, zoomSteps } from './zoom.ts';

const HEIGHT = 48;
/** Harm is told by height as well as by colour. */
const tops: Readonly<Record<Harm, number>> = { lost: 0, open: 12, idle: 28 };
const harmWords: Readonly<Record<Harm, string>> = {
  lost: 'data lost',
  open: 'owner not known',
  idle: 'nothing lost yet',
};

/** Where the bad ranges lie. Every eighth that holds some is a link to be zoomed in to; all of it is told in words as well. */
export function stripDrawing(strip: Strip, state: PlaceState): Markup {
  const { place } = state;
  const { window, marks, zones, ranges } = strip;
  const whole = window.count === place.size;
  const harms = (['lost', 'open', 'idle'] as const).filter((harm) => marks.some((mark) => mark.harm === harm));
  const beyond = outside(strip, state);
  const told = `${counted(ranges.length, 'bad range')} from ${placeText(window.start, state)} to ${placeText(endOf(window), state)}`;
  return html`<figure class="strip">
<svg viewBox="0 0 ${COLUMNS} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label="${told}">
<rect class="media" width="${COLUMNS}" height="${HEIGHT}"/>${beyond}
${harms.map((harm) => html`<path class="${harm}" d="${pathOf(marks.filter((mark) => mark.harm === harm))}"/>`)}
${grid(strip)}</svg>
${zones.length === 0 ? nothing : zoneLinks(strip, state)}
<div class="ends"><span>${placeText(window.start, state)}</span><span>${placeText(endOf(window), state)}</span></div>
<figcaption>${whole ? 'All of it' : `${byteText(bytesFromSectors(window.count))} of it`}. ${beyond === nothing ? nothing : html`What is shaded lies outside of what ${place.device} shows. `}${harms.map((harm) => html`<span class="legend ${harm}">${harmWords[harm]}</span> `)}${strip.merged ? 'Marks stand for several ranges where they are close. ' : nothing}${strip.widened ? 'Marks are drawn wider than the ranges are. ' : nothing}</figcaption>
${whole ? nothing : steps(strip, state)}
</figure>`;
}

/** In sectors of the device where it has them, as everywhere else. */
function placeText(at: number, { place }: PlaceState): string {
  const zero = deviceWindow(place)?.start ?? 0;
  if (at < zero) return `${byteText(bytesFromSectors(sectorCount(zero - at)))} before ${place.device}`;
  return `sector ${at - zero} (${byteText(bytesFromSectors(sector(at - zero)))})`;
}

/** One path for all: thousands of elements are slow. */
function pathOf(marks: readonly Mark[]): Markup {
  return markup(
    marks.map(({ from, to, harm }) => `M${from} ${tops[harm]}h${Math.max(2, to - from)}V${HEIGHT}H${from}z`).join(''),
  );
}

/** What lies before and after the part that the device shows: info block, struct pages, BTT. */
function outside({ window }: Strip, { place }: PlaceState): Markup {
  const shown = deviceWindow(place);
  if (shown === undefined) return nothing;
  if (shown.start <= window.start && endOf(shown) >= endOf(window)) return nothing;
  const inside = clip(shown, window);
  const x = (at: number): number => Math.round(((at - window.start) / window.count) * COLUMNS * 100) / 100;
  const [from, to] = inside === undefined ? [COLUMNS, COLUMNS] : [x(inside.start), x(endOf(inside))];
  return html`<path class="outside" d="M0 0h${from}v${HEIGHT}H0zM${to} 0H${COLUMNS}v${HEIGHT}H${to}z"/>`;
}

/** Borders of sectors, once each can be seen. */
function grid({ window }: Strip): Markup {
  if (window.count > COLUMNS / 4) return nothing;
  const lines = Array.from(
    { length: window.count - 1 },
    (_, i) => `M${(((i + 1) * COLUMNS) / window.count).toFixed(2)} 0v${HEIGHT}`,
  );
  return html`<path class="lines" d="${markup(lines.join(''))}"/>`;
}

function zoneLinks({ zones }: Strip, state: PlaceState): Markup {
  return html`<div class="zones">${zones.map(({ window, ranges, sectors }) =>
    ranges === 0
      ? html`<span></span>`
      : html`<a href="${zoomLink(state.place.uid, window)}" aria-label="${short(ranges)}: zoom in from ${placeText(window.start, state)}: ${counted(ranges, 'bad range')}, ${counted(sectors, 'bad sector')}">${short(ranges)}</a>`,
  )}</div>`;
}
function short(count: number): string {
  return count < 10_000 ? String(count) : `${Math.floor(count / 1000)}k`;
}

function steps({ window }: Strip, { place }: PlaceState): Markup {
  const { left, right, out } = zoomSteps(window, place.size);
  const link = (to: typeof left, words: string): Markup => html`<a href="${zoomLink(place.uid, to)}">${words}</a>`;
  return html`<nav class="steps" aria-label="Part of the strip of ${place.device || shortUid(place.uid)}">${window.start > 0 ? link(left, '← Left') : nothing}${endOf(window) < place.size ? link(right, 'Right →') : nothing}${out.count < place.size ? link(out, `Out ${ZONES}×`) : nothing}<a href="${zoomLink(place.uid, undefined)}">All of it</a></nav>`;
}

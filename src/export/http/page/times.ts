import { html, type Markup } from './markup.ts';

const SECOND_MS = 1000;
const units = [
  ['d', 86_400 * SECOND_MS],
  ['h', 3600 * SECOND_MS],
  ['min', 60 * SECOND_MS],
] as const;

/** `12 s`, `3 min`, `5 h`, `12 d`: the script counts on in the same words */
export function spanText(ms: number): string {
  for (const [unit, length] of units) if (ms >= length) return `${Math.floor(ms / length)} ${unit}`;
  return `${Math.max(0, Math.floor(ms / SECOND_MS))} s`;
}

/** `12 s ago`, or `in 3 h`; the whole time is its tooltip. */
export function ago(at: number, now: number): Markup {
  const text = at > now ? `in ${spanText(at - now)}` : `${spanText(now - at)} ago`;
  return html`<time datetime="${iso(at)}" title="${iso(at)}" data-ago>${text}</time>`;
}

/** `14:02:07 UTC`, with the day where it is not today's, and how long ago that is. */
export function moment(at: number, now: number): Markup {
  const text = iso(at);
  const day = text.slice(0, 10) === iso(now).slice(0, 10) ? '' : `${text.slice(0, 10)} `;
  return html`<span class="moment">${day}${text.slice(11, 19)} UTC (${ago(at, now)})</span>`;
}
export function iso(at: number): string {
  return new Date(at).toISOString();
}

import type { FieldOrigin } from '../../../model/health.ts';
import { html, type Markup, nothing } from './markup.ts';
import { ago } from './times.ts';

/** A value against its threshold. */
export interface Meter {
  readonly label: string;
  readonly unit: string;
  readonly most: number;
  readonly falling?: true;
  readonly value: number;
  readonly limit: number | undefined;
  readonly crossed: boolean;
  readonly from: FieldOrigin | undefined;
  readonly now: number;
}

/** The bar only shows what the words beside it say. */
export function meterRow({ label, unit, most, falling, value, limit, crossed, from, now }: Meter): Markup {
  const x = (part: number): number => Math.round(Math.min(1, Math.max(0, part / most)) * 1000) / 10;
  const alarm = limit === undefined ? 'no threshold told' : `alarm ${falling ? 'at or below' : 'at'} ${limit} ${unit}`;
  return html`<li class="${crossed ? 'crossed' : 'within'}"><span class="label">${label}</span> <span class="value">${value} ${unit}</span>
<svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true"><rect class="scale" width="100" height="10"/><rect class="fill" width="${x(value)}" height="10"/>${limit === undefined ? nothing : html`<rect class="limit" x="${Math.max(0, x(limit) - 0.5)}" width="1" height="10"/>`}</svg>
<span class="aside">${crossed ? html`<strong>threshold crossed</strong>, ` : nothing}${alarm}${from === undefined ? nothing : html` · ${ago(from.at, now)}, ${from.source}`}</span></li>`;
}

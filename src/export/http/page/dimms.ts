import type { Advice } from '../../../model/advice.ts';
import {
  type HealthFieldName,
  type HealthFields,
  type HealthReading,
  originOf,
  stateOf,
} from '../../../model/health.ts';
import { doubtedAlarms } from '../../../model/health-judgement.ts';
import type { State } from '../../../model/state.ts';
import type { Dimm } from '../../../model/topology.ts';
import type { PageInput } from './input.ts';
import { badge, html, type Level, type Markup, nothing } from './markup.ts';
import { type Meter, meterRow } from './meter.ts';
import { ago, moment } from './times.ts';

const MOST_DIMMS = 64;

export function dimmsSection(input: PageInput): Markup {
  const { state } = input.view;
  const { dimms } = state.topology;
  const gone = [...state.dimms.values()].filter(({ present }) => !present);
  const shown = [...dimms].sort((a, b) => urgency(state, b) - urgency(state, a)).slice(0, MOST_DIMMS);
  return html`<section id="dimms" aria-labelledby="dimms-heading">
<h2 id="dimms-heading">DIMMs</h2>
${dimms.length === 0 ? html`<p class="empty">${state.inventoried ? 'No bus of this host tells of modules.' : 'Being looked for.'}</p>` : nothing}
<div class="grid">${shown.map((dimm) => card(dimm, input))}</div>
${dimms.length > shown.length ? html`<p class="cut">Showing ${shown.length} of ${dimms.length}: <a href="/api/v1/dimms">all of them</a>.</p>` : nothing}
${gone.map(({ key, name, locator, goneSince }) => html`<p class="note">${badge('warn', 'Gone')} ${locator ?? name} (${key})${goneSince === null ? ', since an earlier run' : html` since ${moment(goneSince, input.now)}`}.</p>`)}
</section>
`;
}

const ranks: Readonly<Record<string, number>> = { fatal: 4, critical: 3, noncritical: 2, unknown: 1, ok: 0 };
function urgency({ health, advice }: State, { key }: Dimm): number {
  const said = advice.get(key)?.advice;
  const asked = said === 'now' ? 3 : said === 'plan' ? 2 : 0;
  return Math.max(asked, ranks[stateOf(health.find(({ dimm }) => dimm === key))] ?? 0);
}

function card(dimm: Dimm, { view, now }: PageInput): Markup {
  const { state } = view;
  const { key, name, locator, serial, partNumber, bus } = dimm;
  const reading = state.health.find((each) => each.dimm === key);
  const advice = state.advice.get(key);
  const facts = [name, bus, serial === undefined ? '' : `serial ${serial}`, partNumber ?? ''];
  return html`<article id="dimm-${key}" class="card" aria-labelledby="dimm-${key}-heading">
<h3 id="dimm-${key}-heading">${locator === undefined ? name : `Slot ${locator}`}</h3>
<p class="aside">${facts.filter((fact) => fact !== '').join(' · ')}</p>
<p>${healthWords(reading, now)}</p>
${advice === undefined || advice.advice === 'ok' ? nothing : html`<p>${adviceBadge(advice.advice)} ${advice.summary}</p>`}
${reading === undefined ? nothing : html`${meters(reading, now)}${facets(reading)}`}
</article>
`;
}

const adviceWords: Readonly<Record<Advice, readonly [Level, string]>> = {
  ok: ['fine', 'Keep'],
  watch: ['warn', 'Watch it'],
  plan: ['warn', 'Plan to replace'],
  now: ['bad', 'Replace now'],
};
function adviceBadge(advice: Advice | null): Markup {
  const [level, words] = advice === null ? (['unknown', 'No advice'] as const) : adviceWords[advice];
  return badge(level, words);
}

const states = {
  ok: ['fine', 'Healthy'],
  noncritical: ['warn', 'Non-critical'],
  critical: ['bad', 'Critical'],
  fatal: ['bad', 'Fatal'],
  unknown: ['unknown', 'Health unknown'],
} as const;
function healthWords(reading: HealthReading | undefined, now: number): Markup {
  if (reading === undefined) return html`${badge('unknown', 'Not read yet')}`;
  const { health, lastOkAt, stuckSince, at } = reading;
  if (stuckSince !== undefined)
    return html`${badge('bad', 'Stuck')}: a call has not come back since ${moment(stuckSince, now)}.`;
  if (health.kind === 'unsupported') return html`${badge('unknown', 'Health not told')}: ${health.reason}`;
  if (health.kind === 'failed') {
    const last =
      lastOkAt === undefined
        ? html` It has never answered this agent.`
        : html` It last answered ${ago(lastOkAt, now)}.`;
    return html`${badge('bad', 'Health unreadable')}: ${health.reason}.${last}`;
  }
  const [level, words] = states[stateOf(reading)];
  return html`${badge(level, words)}, read ${ago(at, now)}.`;
}

interface Row {
  readonly label: string;
  readonly field: HealthFieldName;
  readonly limit: HealthFieldName;
  readonly unit: string;
  /** the scale of the bar */
  readonly most: number;
  /** whether a low value is the bad one */
  readonly falling?: true;
}
const rows: readonly Row[] = [
  {
    label: 'Media temperature',
    field: 'mediaTemperatureCelsius',
    limit: 'mediaTemperatureThresholdCelsius',
    unit: '°C',
    most: 110,
  },
  {
    label: 'Controller temperature',
    field: 'controllerTemperatureCelsius',
    limit: 'controllerTemperatureThresholdCelsius',
    unit: '°C',
    most: 125,
  },
  {
    label: 'Energy source temperature',
    field: 'energySourceTemperatureCelsius',
    limit: 'energySourceTemperatureThresholdCelsius',
    unit: '°C',
    most: 100,
  },
  {
    label: 'Spare capacity left',
    field: 'sparePercent',
    limit: 'spareThresholdPercent',
    unit: '%',
    most: 100,
    falling: true,
  },
  { label: 'Life used', field: 'lifeUsedPercent', limit: 'lifeUsedThresholdPercent', unit: '%', most: 100 },
  {
    label: 'Energy source life used',
    field: 'energySourceLifeUsedPercent',
    limit: 'energySourceLifeUsedThresholdPercent',
    unit: '%',
    most: 100,
  },
];

/** Everything with a value; what is not known has no bar at all. */
function meters(reading: HealthReading, now: number): Markup {
  const known = rows.flatMap((row): Meter[] => {
    const value = numberOf(reading.fields, row.field);
    if (value === undefined) return [];
    const limit = numberOf(reading.fields, row.limit);
    const crossed = limit !== undefined && (row.falling ? value <= limit : value >= limit);
    const origin = originOf(reading, row.field);
    return [{ ...row, value, limit, crossed, from: origin, now }];
  });
  return known.length === 0 ? nothing : html`<ul class="meters">${known.map(meterRow)}</ul>`;
}
function numberOf(fields: HealthFields, name: HealthFieldName): number | undefined {
  const value = fields[name];
  return typeof value === 'number' ? value : undefined;
}

/** What else is wrong, or not as it seems. */
function facets(reading: HealthReading): Markup {
  const { fields, failures } = reading;
  const doubted = doubtedAlarms(fields);
  const alarms = Object.entries(fields.alarms ?? {}).flatMap(([name, on]) =>
    on && !doubted.some((each) => each === name) ? [`${name} alarm`] : [],
  );
  const wrong = [
    ...(fields.problems ?? []),
    ...alarms,
    ...(fields.flags ?? []).filter((flag) => flag !== 'smart_notify'),
  ];
  const spoken = (words: readonly string[]): string => words.map((word) => word.replaceAll('_', ' ')).join(', ');
  return html`${wrong.length === 0 ? nothing : html`<p class="warn">${spoken(wrong)}</p>`}${fields.lastShutdownClean === false ? html`<p class="warn">the last shutdown was dirty</p>` : nothing}${doubted.length === 0 ? nothing : html`<p class="aside">The module shows an alarm for ${spoken(doubted)}, but value and threshold do not.</p>`}${failures.map(({ source, reason }) => html`<p class="aside">Not answered: ${source}: ${reason}</p>`)}`;
}

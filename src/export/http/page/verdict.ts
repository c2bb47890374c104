import { stateOf } from '../../../model/health.ts';
import { type Incident, isAcknowledged } from '../../../model/incident.ts';
import type { PlaceState, State } from '../../../model/state.ts';
import { damageOf, lastReadAt } from '../../damage.ts';
import type { PageInput } from './input.ts';
import { badge, counted, html, type Level, type Markup, nothing } from './markup.ts';
import { ago } from './times.ts';
import { troubles } from './trouble.ts';

/** How this host is, in a line. */
export interface Verdict {
  readonly level: Level;
  /** one word, for the badge and the title */
  readonly word: string;
  readonly line: string;
}

export function verdictOf({ state, agent }: PageInput['view']): Verdict {
  const present = presentPlaces(state);
  const open = openIncidents(state);
  if (!state.inventoried) return verdictBefore(state, open);
  const parts = [...damageParts(present), ...dimmParts(state)];
  const worst = worstOf(open);
  if (parts.length === 0 && open.length > 0) parts.push(conditionsText(open));
  const blind = blindSpots(state);
  if (parts.length > 0) return { level: worst ?? 'warn', word: wordOf(worst ?? 'warn'), line: parts.join('; ') };
  if (present.length === 0 && state.topology.dimms.length === 0 && blind.length === 0) {
    return {
      level: 'fine',
      word: 'Nothing to watch',
      line: 'This host has no persistent memory that the kernel knows of',
    };
  }
  if (blind.length > 0) {
    return {
      level: 'warn',
      word: 'Not all seen',
      line: `No damage known, but not everything can be seen: ${blind.join(', ')}`,
    };
  }
  if (!agent.storeWritable) {
    return { level: 'warn', word: 'Trouble', line: 'No damage known, but the agent cannot save what it sees' };
  }
  return { level: 'fine', word: 'OK', line: 'No damage known' };
}
/** Before the first reading: what an earlier run of the agent has left known is not to be hidden, nor taken for what is now. */
function verdictBefore(state: State, open: readonly Incident[]): Verdict {
  const level = worstOf(open);
  const looking = 'the first inventory is not done yet';
  if (level === undefined)
    return { level: 'unknown', word: 'Looking', line: `Looking for persistent memory: ${looking}` };
  const parts = damageParts([...state.places.values()]);
  const known = parts.length > 0 ? parts.join('; ') : conditionsText(open);
  return { level, word: wordOf(level), line: `${known}, as known before this start: ${looking}` };
}
function wordOf(level: Level): string {
  return level === 'bad' ? 'Critical' : 'Warning';
}
function worstOf(open: readonly Incident[]): Level | undefined {
  if (open.length === 0) return undefined;
  return open.some(({ severity }) => severity === 'critical') ? 'bad' : 'warn';
}

function damageParts(present: readonly PlaceState[]): string[] {
  const damaged = present.filter(({ ranges }) => ranges.length > 0);
  if (damaged.length === 0) return [];
  const files = damaged.reduce((sum, place) => sum + damageOf(place).files.length, 0);
  const ranges = damaged.reduce((sum, place) => sum + place.ranges.length, 0);
  const resolved = damaged.every((place) => damageOf(place).resolved);
  const where = `on ${counted(damaged.length, 'device')}`;
  const looking = resolved ? '' : ', not every owner is known yet';
  return [
    files > 0
      ? `${counted(files, 'damaged file')} ${where}${looking}`
      : `${counted(ranges, 'bad range')} ${where}, no file is known to be damaged${looking}`,
  ];
}

function dimmParts({ topology, health, advice }: State): string[] {
  return topology.dimms.flatMap(({ key, name, locator }) => {
    const slot = locator ?? name;
    const said = stateOf(health.find(({ dimm }) => dimm === key));
    if (said === 'critical' || said === 'fatal') return [`DIMM ${slot} ${said}`];
    if (advice.get(key)?.advice === 'now') return [`replace DIMM ${slot} now`];
    return said === 'noncritical' ? [`DIMM ${slot} non-critical`] : [];
  });
}

function conditionsText(open: readonly Incident[]): string {
  const names = [...new Set(open.map(({ condition }) => condition.replaceAll('_', ' ')))];
  return `${counted(open.length, 'open incident')}: ${names.slice(0, 3).join(', ')}${names.length > 3 ? ', …' : ''}`;
}

function blindSpots(state: State): string[] {
  const places = [...state.places.values()];
  const present = places.filter((place) => place.present);
  const count = (n: number, what: string, many?: string): string[] => (n === 0 ? [] : [counted(n, what, many)]);
  return [
    ...count(present.filter((p) => !p.readable).length, 'unreadable list'),
    ...count(present.filter((p) => p.readable && !p.complete).length, 'incomplete list'),
    ...count(
      present.filter((p) => p.place.errorSource === 'none').length,
      'device that nothing monitors',
      'devices that nothing monitors',
    ),
    ...count(present.filter((p) => p.readable && p.readAt === null).length, 'list not read yet', 'lists not read yet'),
    ...count(
      places.filter((p) => !p.present && p.ranges.length > 0).length,
      'damaged device that is gone',
      'damaged devices that are gone',
    ),
    ...count(state.stuck.length, 'stuck device'),
    ...count(
      state.topology.problems.length,
      'thing that the inventory could not read',
      'things that the inventory could not read',
    ),
  ];
}

/** The open ones: those that wait for a person first, of these the worst and newest. */
export function openIncidents(state: State): Incident[] {
  return [...state.incidents.values()]
    .filter(({ status }) => status === 'open')
    .sort(
      (a, b) =>
        Number(isAcknowledged(a, state.at)) - Number(isAcknowledged(b, state.at)) ||
        rank[a.severity] - rank[b.severity] ||
        b.openedAt - a.openedAt,
    );
}
const rank = { critical: 0, warning: 1, info: 2 } as const;

export function presentPlaces(state: State): PlaceState[] {
  return [...state.places.values()].filter((place) => place.present);
}

/** The first thing on the page. `role=status` makes a screen reader say it when it changes. */
export function verdictSection(input: PageInput): Markup {
  const { state } = input.view;
  const { level, word, line } = verdictOf(input.view);
  const open = openIncidents(state);
  const taken = open.filter((incident) => isAcknowledged(incident, input.now)).length;
  const waiting = open.length - taken;
  const incidents =
    open.length === 0
      ? html`No open incident.`
      : html`<a href="#incidents">${counted(open.length, 'open incident')}</a>: ${waiting === 0 ? 'none waits for a person' : `${waiting === 1 ? '1 waits' : `${waiting} wait`} for a person`}${taken > 0 ? `, ${taken} acknowledged` : ''}.`;
  const blind = troubles(input).length > 0;
  return html`<section id="verdict" class="verdict ${level}" aria-labelledby="verdict-line">
<h1 id="verdict-line" role="status">${badge(level, word)} <span class="host">${state.host.name}:</span> <span>${line}</span></h1>
<p>${incidents} ${freshness(state, input.now)}${!blind ? nothing : html` <a href="#trouble">The agent cannot see or tell everything.</a>`}</p>
</section>
`;
}

/** The oldest of the last good readings: nothing below is newer than that as a whole. */
function freshness(state: State, now: number): Markup {
  const present = presentPlaces(state);
  if (!state.inventoried || present.length === 0) return nothing;
  const times = present.map((place) => lastReadAt(state, place));
  const unread = times.filter((at) => at === undefined).length;
  const known = times.filter((at) => at !== undefined);
  const oldest = known.length === 0 ? undefined : Math.min(...known);
  const some = unread === 0 ? nothing : html` <strong>${counted(unread, 'list')} never read by this agent.</strong>`;
  if (oldest === undefined) return html`No list has been read.`;
  const whole = present.every(({ readable, complete }) => readable && complete);
  return html`${whole ? 'Last full reading' : 'Last reading'} ${ago(oldest, now)}${whole ? '' : ', not complete'}.${some}`;
}

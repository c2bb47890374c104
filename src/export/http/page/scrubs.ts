import { currentRun, type ScrubRun, scrubKeyOf, whyNoScrub } from '../../../model/scrub.ts';
import type { Bus } from '../../../model/topology.ts';
import type { PageInput } from './input.ts';
import { badge, counted, html, type Markup, nothing } from './markup.ts';
import { signInHint } from './sign-in.ts';
import { ago, moment, spanText } from './times.ts';

const MOST_RUNS = 5;

export function scrubsSection(input: PageInput): Markup {
  const { buses } = input.view.state.topology;
  return html`<section id="scrubs" aria-labelledby="scrubs-heading">
<h2 id="scrubs-heading">Scrubs</h2>
${buses.length === 0 ? html`<p class="empty">${input.view.state.inventoried ? 'This host has no nvdimm bus.' : 'Buses are being looked for.'}</p>` : nothing}
<div class="grid">${buses.map((bus) => card(bus, input))}</div>
</section>
`;
}

function card(bus: Bus, input: PageInput): Markup {
  const { view, now, reader } = input;
  const { state, scrubsDue } = view;
  const key = scrubKeyOf(bus, state.topology.buses);
  const scrubs = state.scrubs.get(key);
  const reading = state.scrubReadings.find((each) => each.bus === bus.name);
  const why = whyNoScrub(bus) ?? (reading?.notWritable || undefined);
  const current = currentRun(scrubs);
  const runs = (scrubs?.runs ?? []).slice(-MOST_RUNS).reverse();
  const due = scrubsDue.get(key);
  const never = html`never, as far as this agent knows`;
  return html`<article id="scrub-${bus.name}" class="card" tabindex="-1" aria-labelledby="scrub-${bus.name}-heading">
<h3 id="scrub-${bus.name}-heading">${bus.name} <span class="aside">${bus.provider}</span></h3>
${why !== undefined ? html`<p>${badge('unknown', 'No scrub from here')} ${why}.</p>` : nothing}
${reading?.state.kind === 'failed' ? html`<p>${badge('bad', 'Unreadable')} ${reading.state.reason}.</p>` : nothing}
${reading?.stuckSince === undefined ? nothing : html`<p>${badge('bad', 'Stuck')} a call has not come back since ${moment(reading.stuckSince, now)}.</p>`}
${
  bus.scrubSupported
    ? html`<p>${stateWords(current, reading?.state.kind === 'ok' && reading.state.value.running, now)}</p>
<dl><dt>Searched in full</dt><dd>${scrubs?.lastFullAt === null || scrubs?.lastFullAt === undefined ? never : moment(scrubs.lastFullAt, now)}</dd>
<dt>Any scrub ended</dt><dd>${scrubs?.lastCompletedAt === null || scrubs?.lastCompletedAt === undefined ? never : moment(scrubs.lastCompletedAt, now)}</dd>
<dt>Next by schedule</dt><dd>${due === undefined ? 'no schedule' : moment(due, now)}</dd></dl>`
    : nothing
}
${why === undefined && current === undefined && reader.mayOperate ? html`<form method="post" action="/page/scrubs"><input type="hidden" name="bus" value="${bus.name}"><button>Search ${bus.name} for latent errors</button> <span class="aside">minutes to hours, beside everything else</span></form>` : nothing}${why === undefined && current === undefined && !reader.mayOperate ? signInHint('Sign in to start one.') : nothing}
${runs.length === 0 ? nothing : html`<details id="scrub-runs-${bus.name}"><summary>Last ${counted(runs.length, 'scrub')}</summary><ul>${runs.map((run) => html`<li>${runWords(run, now)}</li>`)}</ul></details>`}
</article>
`;
}

function stateWords(current: ScrubRun | undefined, running: boolean, now: number): Markup {
  if (current === undefined)
    return running ? html`${badge('warn', 'Running')}, not started by this agent` : html`${badge('fine', 'Idle')}`;
  const { status, startedAt, requestedAt, foundRanges, late } = current;
  const words = { requested: 'Requested', running: 'Running', reading: 'Reading lists' }[
    status as 'requested' | 'running' | 'reading'
  ];
  return html`${badge('warn', words)} since ${moment(startedAt ?? requestedAt, now)}${foundRanges > 0 ? `, ${counted(foundRanges, 'bad range')} found` : ''}${late ? ', longer than its deadline' : ''}`;
}

function runWords(
  { status, asker, requestedAt, startedAt, endedAt, foundRanges, reason, type }: ScrubRun,
  now: number,
): Markup {
  const took = startedAt === null || endedAt === null ? '' : ` in ${spanText(endedAt - startedAt)}`;
  const by = asker === null ? 'not by this agent' : `by ${asker.author}`;
  return html`${status}${took}, ${ago(endedAt ?? requestedAt, now)}, asked for ${by}${type === 'long' ? ', everything searched' : ''}: ${foundRanges === 0 ? 'nothing new found' : `${counted(foundRanges, 'bad range')} found`}${reason === '' ? '' : `; ${reason}`}`;
}

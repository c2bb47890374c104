import type { PageInput } from './input.ts';
import { badge, counted, html, type Markup, nothing } from './markup.ts';
import { reasonFor } from './owner-words.ts';
import { moment } from './times.ts';

const MOST = 20;

/** What the agent itself suffers from, so that nobody takes the page for the whole. */
export function troubles({ view, readiness, now, reader }: PageInput): Markup[] {
  const { state, agent } = view;
  const lines: Markup[] = [];
  if (!readiness.ready)
    lines.push(
      html`${badge('warn', 'Not ready')} ${reasonFor(reader.mayRead, readiness.reason ?? 'the first inventory is not done yet')}.`,
    );
  if (!agent.storeWritable) {
    lines.push(
      html`${badge('bad', 'Cannot save')} The state file cannot be written: alerts go out from memory and may come twice. See the <a href="/runbook#store_unwritable">runbook</a>.`,
    );
  }
  for (const { collector, success, lastSuccess } of agent.collectors) {
    if (success || !state.inventoried) continue;
    const last = lastSuccess === undefined ? 'it never has' : html`last ${moment(lastSuccess * 1000, now)}`;
    lines.push(
      html`${badge('bad', 'Cannot read')} the collector ${collector.replaceAll('_', ' ')} does not succeed, ${last}. See the <a href="/runbook#collector_failed">runbook</a>.`,
    );
  }
  for (const { subject, since } of state.stuck)
    lines.push(html`${badge('bad', 'Stuck')} ${subject}: a call has not come back since ${moment(since, now)}.`);
  for (const { receiver, trouble } of agent.receivers) {
    if (trouble !== undefined)
      lines.push(
        html`${badge('bad', 'Nobody told')} <a href="#receiver-${receiver}">${receiver}</a> does not take messages since ${moment(trouble.since, now)}.`,
      );
  }
  if (!agent.configReloadOk)
    lines.push(
      html`${badge('warn', 'Old configuration')} The configuration could not be read again: the one of before is in use. The log says why.`,
    );
  for (const { subject, reason } of state.topology.problems)
    lines.push(html`${badge('warn', 'Not read')} <code>${subject}</code>: ${reasonFor(reader.mayRead, reason)}`);
  return lines;
}

export function troubleSection(input: PageInput): Markup {
  const lines = troubles(input);
  if (lines.length === 0) return nothing;
  const more = lines.length - MOST;
  return html`<section id="trouble" aria-labelledby="trouble-heading">
<h2 id="trouble-heading">The agent cannot see or tell everything</h2>
<ul class="plain">${lines.slice(0, MOST).map((line) => html`<li>${line}</li>`)}</ul>
${more > 0 ? html`<p class="cut">and ${counted(more, 'more thing')}: see the log</p>` : nothing}
</section>
`;
}

import type { NumberedEvent } from '../../view.ts';
import type { PageInput } from './input.ts';
import { badge, html, type Markup, nothing } from './markup.ts';
import { moment } from './times.ts';

export const MOST_EVENTS = 20;

/** The history as it grows, the newest first. */
export function eventsSection(input: PageInput): Markup {
  const { events } = input;
  return html`<section id="events" aria-labelledby="events-heading">
<h2 id="events-heading">Events</h2>
${events.kind === 'unknown' ? html`<p class="note">${badge('bad', 'Unknown')} The history cannot be read now: the state file does not answer.</p>` : list(events.items, input)}
</section>
`;
}

function list(events: readonly NumberedEvent[], { now }: PageInput): Markup {
  if (events.length === 0) return html`<p class="empty">Nothing has happened yet.</p>`;
  return html`<ol class="events" reversed>${events.map(
    ({ id, time, type, device, incident }) =>
      html`<li id="event-${id}">${moment(time, now)} <strong>${type.replace('.', ': ').replaceAll('_', ' ').replaceAll('-', ' ')}</strong>${device === null || device === '' ? nothing : html` on ${device}`}${incident === null ? nothing : html` <a href="#incident-${incident}" aria-label="Incident of ${type}">incident</a>`}</li>`,
  )}</ol>
<p class="cut"><a href="/api/v1/events">The whole history</a></p>`;
}

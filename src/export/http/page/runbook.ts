import { runbookEntries } from '../../runbook.ts';
import { html, withCode } from './markup.ts';
import { documentOf } from './render.ts';

/** What to do about each condition, by name: `/runbook#media_error`. */
export function renderRunbook(): string {
  const entries = runbookEntries();
  const body = html`<header><nav aria-label="Elsewhere"><a href="/">The host now</a></nav></header>
<main>
<h1>Runbook</h1>
<nav aria-label="Conditions">${entries.map(({ name }) => html`<a href="#${name}">${name}</a> `)}</nav>
${entries.map(
  ({ name, means, look, act }) => html`<h2 id="${name}">${name}</h2>
<p>${withCode(means)}</p>
<p><strong>Look:</strong> ${withCode(look)}</p>
<p><strong>Do:</strong> ${withCode(act)}</p>
`,
)}</main>`;
  return documentOf('Runbook · pmemwatch', 'unknown', body, false);
}

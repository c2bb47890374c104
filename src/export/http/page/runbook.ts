import { runbookEntries } from '../../runbook.ts';
import { html, type Markup, markup } from './markup.ts';
import { styleSheet } from './style.ts';

/** What to do about each condition, by name: `/runbook#media_error`. */
export function renderRunbook(): string {
  const entries = runbookEntries();
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Runbook · pmemwatch</title>
<style>${markup(styleSheet)}</style>
</head>
<body>
<h1>Runbook</h1>
<nav>${entries.map(({ name }) => html`<a href="#${name}">${name}</a> `)}</nav>
${entries.map(
  ({ name, means, look, act }) => html`<h2 id="${name}">${name}</h2>
<p>${withCode(means)}</p>
<p><strong>Look:</strong> ${withCode(look)}</p>
<p><strong>Do:</strong> ${withCode(act)}</p>
`,
)}</body>
</html>
`.text;
}

/** What stands between backticks as code. */
function withCode(text: string): readonly Markup[] {
  return text.split('`').map((part, i) => (i % 2 === 1 ? html`<code>${part}</code>` : html`${part}`));
}

import { deliveriesSection } from './deliveries.ts';
import { devicesSection } from './devices.ts';
import { dimmsSection } from './dimms.ts';
import { eventsSection } from './events.ts';
import { filesSection } from './files.ts';
import { endedSection, incidentsSection } from './incidents.ts';
import type { PageInput } from './input.ts';
import { html, type Level, type Markup, markup, nothing } from './markup.ts';
import { scrubsSection } from './scrubs.ts';
import { signInSection } from './sign-in.ts';
import { styleSheet } from './style.ts';
import { iso } from './times.ts';
import { troubleSection } from './trouble.ts';
import { verdictOf, verdictSection } from './verdict.ts';

const sections: readonly ((input: PageInput) => Markup)[] = [
  verdictSection,
  incidentsSection,
  troubleSection,
  filesSection,
  devicesSection,
  dimmsSection,
  scrubsSection,
  deliveriesSection,
  endedSection,
  eventsSection,
];

/** One page of ours: everything in it comes from here. */
export function documentOf(title: string, level: Level, body: Markup, scripted: boolean): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<link id="icon" rel="icon" href="data:image/svg+xml,${markup(encodeURIComponent(icon(level)))}">
<style>${markup(styleSheet)}</style>
${scripted ? html`<script type="module" src="/page/live.js"></script>` : nothing}
</head>
<body>
${body}
</body>
</html>
`.text;
}
const iconColors: Readonly<Record<Level, string>> = {
  bad: '#b3261e',
  warn: '#c77700',
  fine: '#1b6e3c',
  unknown: '#666',
};
function icon(level: Level): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect width="16" height="16" rx="4" fill="${iconColors[level]}"/></svg>`;
}

/** What this host looks like now. `pause` is awaited between parts, so that nobody else has to wait for all of them. */
export async function renderPage(input: PageInput, pause: () => Promise<void>): Promise<string> {
  const { view, now, reader, notice, telemetryPath } = input;
  const { state, agent } = view;
  const parts: Markup[] = [];
  for (const section of sections) {
    parts.push(section(input));
    await pause();
  }
  const { level, word } = verdictOf(view);
  const about = [state.host.product, state.host.os].filter((known) => known !== null).join(' · ');
  const body = html`<a class="skip" href="#main">Skip to the content</a>
<header>
<p class="where"><strong>${state.host.name}</strong> <span class="aside">${about}</span></p>
<p id="link" data-now="${iso(now)}" role="status"><span id="link-state">As of <time datetime="${iso(now)}">${iso(now).slice(11, 19)} UTC</time>: <a href="/">load again</a> for newer</span></p>
<nav aria-label="Parts of this page"><a href="#incidents">Incidents</a> <a href="#files">Files</a> <a href="#devices">Devices</a> <a href="#dimms">DIMMs</a> <a href="#scrubs">Scrubs</a> <a href="#deliveries">Deliveries</a> <a href="#events">Events</a></nav>
</header>
<div id="gone" role="alert"></div>
<main id="main">
<div id="notice" role="status" tabindex="-1">${notice === undefined ? nothing : html`<p class="notice ${notice.level}">${notice.text}</p>`}</div>
${parts}${reader.mayOperate ? nothing : signInSection(state.host.name)}
</main>
<footer><nav aria-label="Elsewhere"><a href="/runbook">Runbook</a> <a href="/docs">API</a> <a href="${telemetryPath}">Metrics</a></nav>
<p class="aside">pmemwatch ${agent.version}. Sectors are 512 bytes. Times are UTC.</p></footer>`;
  return documentOf(`${word}: ${state.host.name} · pmemwatch`, level, body, true);
}

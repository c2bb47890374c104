import { html, type Markup } from './markup.ts';

/** Where something is left out for who may not see or do it. */
export function signInHint(what: string): Markup {
  return html`<p class="aside"><a href="/sign-in">${what}</a> <a href="#sign-in">How?</a></p>`;
}

/** The ways in, for who has none yet. */
export function signInSection(host: string): Markup {
  return html`<section id="sign-in" aria-labelledby="sign-in-heading">
<h2 id="sign-in-heading">See names, and do something</h2>
<p>Without a token this page shows no file names and changes nothing. Two ways in:</p>
<ul><li><a href="/sign-in">Sign in</a> with a token of the configuration (<code>api.tokens</code>): the browser asks for a user and a password, which are the name of the token and the token itself. Scope <code>read</code> shows file names; <code>operate</code> also acknowledges, closes, starts scrubs and sends again.</li>
<li>Reach the agent's socket as a member of the group <code>pmemwatch</code>, which needs no token: <code>ssh -L 9915:/run/pmemwatch/api.sock ${host}</code>, then open <code>http://localhost:9915/</code> on your own machine.</li></ul>
</section>
`;
}

/** For who has given up at the browser's question. */
export function signInPage(host: string): Markup {
  return html`<main><h1>Not signed in</h1>
<p>A user of <code>basic_auth_users</code> may scrape: here he sees what anybody sees. To make a token: <code>openssl rand -hex 32</code>; its SHA-256 goes into the configuration, see docs/access.md.</p>
${signInSection(host)}
<p><a href="/">Back to the page</a></p></main>`;
}

import { html } from './markup.ts';

/** For who has mistyped an address, or follows an old link. */
export const notFoundPage = html`<main><h1>Nothing is served here</h1>
<p><a href="/">The page of this host</a></p>
<p><a href="/docs">What the API serves</a></p></main>`;

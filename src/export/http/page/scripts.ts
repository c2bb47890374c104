import { readFileSync } from 'node:fs';

/** The scripts of the page as they are served; read once, when the agent starts. */
export const scripts: ReadonlyMap<string, string> = new Map(
  ['live.js', 'morph.js'].map((name) => [name, readFileSync(new URL(`browser/${name}`, import.meta.url), 'utf8')]),
);

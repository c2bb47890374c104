/** The answers of the API on a host with one damaged file, byte for byte. `npm run golden` rewrites them. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createHttpApp } from '../../../src/export/http/server.ts';
import { at, damagedState, uidA, viewOf } from '../built-state.ts';
import { httpDeps } from './served.ts';

const folder = join(import.meta.dirname, '../../fixtures/http');
/** name of the fixture: what is asked */
const questions: Readonly<Record<string, string>> = {
  badblocks: '/api/v1/badblocks?device=pmem0',
  devices: '/api/v1/devices',
  dimms: '/api/v1/dimms',
  events: '/api/v1/events?limit=1',
  files: '/api/v1/files',
  incident: '/api/v1/incidents/inc-1',
  incidents: '/api/v1/incidents',
  topology: '/api/v1/topology',
};

for (const [name, url] of Object.entries(questions)) {
  test(`GET ${url} answers as reviewed`, async () => {
    const data = { runs: [{ device: 'pmem0', start: 16, count: 8 }], foundBy: 'mce' };
    const event = { id: 1, time: at, type: 'range.found', incident: null, uid: uidA, device: 'pmem0', data };
    const deps = httpDeps({
      view: () => viewOf(damagedState()),
      events: async () => ({ items: [event], next: 1 }),
      config: { openOnLoopback: true },
    });
    const { app } = await createHttpApp(deps);
    const answer = await app.inject({ url, headers: { host: 'localhost' } });
    await app.close();
    const text = `${JSON.stringify(answer.json(), undefined, 2)}\n`;
    const file = join(folder, `${name}.json`);
    if (process.env['UPDATE_GOLDEN'] === '1') {
      mkdirSync(folder, { recursive: true });
      writeFileSync(file, text);
    }
    assert.equal(text, readFileSync(file, 'utf8'));
  });
}

test('no answer of the API is kept that nobody asks for', () => {
  assert.deepEqual(
    readdirSync(folder).sort(),
    Object.keys(questions).map((name) => `${name}.json`),
  );
});

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { createHttpApp } from '../../../src/export/http/server.ts';
import type { State } from '../../../src/model/state.ts';
import { emptyTopology } from '../../../src/model/topology.ts';
import { damagedState, host, incidentOf, placeOf, placeState, stateOf, viewOf } from '../built-state.ts';
import { httpDeps } from './served.ts';

async function page(state: State, more: Parameters<typeof httpDeps>[0] = {}) {
  const { app } = await createHttpApp(httpDeps({ view: () => viewOf(state), ...more }));
  const answer = await app.inject({ url: '/', headers: { host: 'localhost' } });
  await app.close();
  return answer;
}

test('the page names the host, its devices, damage, incidents and where to look further', async () => {
  const { body, statusCode } = await page(damagedState());
  assert.equal(statusCode, 200);
  for (const part of [
    'id="incident-',
    'db07',
    'pmem0',
    '1 open incident',
    '1 damaged file',
    'C1-D2',
    'critical',
    '/metrics',
    '/docs',
    '>4 KiB<',
  ])
    assert.ok(body.includes(part), part);
  // `list` names no file
  assert.match(body, /File names are shown by <code>pmemwatch check<\/code>/);
});

const headlines: readonly { state: State; says: string; why: string }[] = [
  { state: stateOf([placeState()]), says: 'no known damage', why: 'everything was read and is clean' },
  { state: stateOf([]), says: 'no persistent memory', why: 'there is nothing to watch' },
  { state: stateOf([], { inventoried: false }), says: 'looking for', why: 'it has only started' },
  {
    state: stateOf([placeState([], { readable: false })]),
    says: 'not everything can be seen',
    why: 'a list is unreadable',
  },
  {
    state: stateOf([placeState([], { place: placeOf({ errorSource: 'none' }) })]),
    says: 'not everything can be seen',
    why: 'nothing feeds the list',
  },
];
for (const { state, says, why } of headlines) {
  test(`the page says "${says}" when ${why}`, async () => {
    const { body } = await page(state);
    assert.ok(body.includes(says));
    assert.equal(body.includes('no known damage'), says === 'no known damage');
  });
}

test('the link of a message about the end of an incident leads to its row', async () => {
  const ended = { status: 'resolved', resolution: 'cleared', resolvedAt: 0 } as const;
  const incidents = Array.from({ length: 60 }, (_, i) =>
    incidentOf([], { ...ended, id: `inc-${i}`, resolvedAt: 1000 * i }),
  );
  const { body } = await page(stateOf([], { incidents: new Map(incidents.map((i) => [i.id, i])) }));
  assert.ok(body.includes('id="incident-inc-59"'));
  assert.ok(body.includes('10 more that ended'));
  assert.ok(!(await page(stateOf([]))).body.includes('Ended'));
});

test('the page loads nothing from elsewhere, and its own style is the only one allowed', async () => {
  const { body, headers } = await page(damagedState());
  assert.doesNotMatch(body, /<script|<link|src=|@import|https?:\/\//);
  const style = /<style>([\s\S]*?)<\/style>/.exec(body)?.[1] ?? '';
  const digest = createHash('sha256').update(style).digest('base64');
  assert.ok(String(headers['content-security-policy']).includes(`style-src 'sha256-${digest}'`));
});

test('names from outside cannot become markup', async () => {
  const evil = '<img onerror="x">';
  const state = stateOf([placeState([], { reasons: [evil], readable: false, place: placeOf({ ndNamespace: evil }) })], {
    host: { ...host, name: evil },
    topology: { ...emptyTopology, problems: [{ subject: evil, reason: evil }] },
    incidents: new Map([['i', incidentOf([], { detail: evil })]]),
  });
  const { body } = await page(state, { ready: () => ({ ready: false, reason: evil }) });
  assert.ok(!body.includes('<img'));
  assert.ok(body.includes('&lt;img onerror=&quot;x&quot;&gt;'));
});

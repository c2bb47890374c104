import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { TSchema } from 'typebox';
import { Value } from 'typebox/value';
import type { HttpRoute } from '../../../src/export/http/route.ts';
import { routes } from '../../../src/export/http/routes.ts';
import { createHttpApp } from '../../../src/export/http/server.ts';
import type { State } from '../../../src/model/state.ts';
import { emptyTopology } from '../../../src/model/topology.ts';
import {
  at,
  damagedState,
  fileOwner,
  incidentOf,
  ownerOf,
  placeOf,
  placeState,
  rangeOf,
  stateOf,
  viewOf,
} from '../built-state.ts';
import { httpDeps, type LoggedLine } from './served.ts';

const current: { state: State } = { state: damagedState() };
const lines: LoggedLine[] = [];
const deps = httpDeps({
  lines,
  view: () => viewOf(current.state),
  events: async (after, limit) => {
    if (after === 13) throw new Error('disk gone');
    const data = { path: '/pg/secret' };
    const event = { id: after + 1, time: at, type: 'range.found', incident: null, uid: null, device: 'pmem0', data };
    return { items: [event].slice(0, limit), next: after + 1 };
  },
  config: { openOnLoopback: true },
});
const responses = new Map<string, Record<string, TSchema>>();
let app: Awaited<ReturnType<typeof createHttpApp>>['app'];
before(async () => {
  ({ app } = await createHttpApp(deps));
  // what each route promises, taken from the definitions themselves
  // an address that can also be posted to promises for GET what the tests below ask for
  const collector = { get: collect, post: collectFirst, register: () => undefined };
  function collect(url: string, options: { schema?: { response?: Record<string, TSchema> } }): void {
    if (options.schema?.response !== undefined) responses.set(url, options.schema.response);
  }
  function collectFirst(url: string, options: Parameters<typeof collect>[1]): void {
    if (!responses.has(url)) collect(url, options);
  }
  const context = { view: deps.view, telemetryPath: '/metrics' };
  for (const route of routes) route.register(collector as never, context as never);
});
after(() => app.close());

async function get(url: string, state: State = damagedState()) {
  current.state = state;
  const answer = await app.inject({ url, headers: { host: '127.0.0.1:9915' } });
  return { status: answer.statusCode, type: answer.headers['content-type'], body: answer.json() };
}
function conforms(route: string, body: unknown, status = '200'): void {
  const schema = responses.get(route)?.[status];
  assert.ok(schema !== undefined, `${route} promises nothing for ${status}`);
  assert.deepEqual(
    [...Value.Errors(schema, body)].map((e) => `${e.instancePath} ${e.message}`),
    [],
  );
}

const awkward = stateOf(
  [
    placeState(
      [
        rangeOf(10, 2, [ownerOf('hidden', 10, 2, { device: '', metadata: 'info block' })]),
        rangeOf(4096, 8, [fileOwner(0, 8, '131', '/pg/a'), fileOwner(0, 8, '132', '/pg/b', { openBy: [] })]),
        rangeOf(9000, 1, [ownerOf('unknown', 4904, 1, { reason: 'the file system did not answer' })]),
        { ...rangeOf(9100, 1), unconfirmed: 'the host was restarted' },
      ],
      { complete: false, reasons: ['the list was full'] },
    ),
    placeState([rangeOf(1, 1)], {
      place: placeOf({ uid: 'f'.repeat(64), device: '', kind: 'region', ndNamespace: '', errorSource: 'none' }),
      present: false,
      goneSince: at,
      readAt: null,
    }),
  ],
  {
    incidents: new Map([
      ['inc-1', incidentOf([rangeOf(4096, 8)], { acknowledgement: { author: 'a', reason: 'r', at, expiresAt: null } })],
    ]),
  },
);
const empty = stateOf([], { topology: emptyTopology });
const early = stateOf([], { topology: emptyTopology, inventoried: false, at: 0 });

for (const [why, state] of Object.entries({ damaged: damagedState(), awkward, empty, early })) {
  test(`every answer is what its schema promises: ${why} host`, async () => {
    for (const url of responses.keys()) {
      // a stream has no end; it has tests of its own
      if (!url.startsWith('/api/') || url.includes(':') || url.endsWith('/stream')) continue;
      // asked of the probe: questions.test.ts
      if (url === '/api/v1/resolve' || url === '/api/v1/files/check') continue;
      const { status, body } = await get(url, state);
      assert.equal(status, 200, url);
      conforms(url, body);
    }
  });
}

test('bad ranges are told in sectors of their device, with owners and times', async () => {
  const { body } = await get('/api/v1/badblocks?device=/dev/pmem0');
  assert.equal(body.items.length, 1);
  const [item] = body.items;
  assert.equal(item.device, 'pmem0');
  assert.deepEqual([item.on, item.start, item.count, item.bytes], ['device', 16, 8, 4096]);
  assert.equal(item.owners[0].paths[0], '/pg/base/16402/24711');
  assert.equal(item.firstSeen, '2024-05-06T14:02:06.000Z');
  assert.deepEqual([body.complete, body.readAt, body.next], [true, '2024-05-06T14:02:07.000Z', null]);
});

test('a range outside the data of its device is told in sectors of its place, under no device', async () => {
  const { body } = await get('/api/v1/badblocks', awkward);
  const hidden = body.items.find((i: { owners: { kind: string }[] }) => i.owners[0]?.kind === 'hidden');
  assert.deepEqual([hidden.device, hidden.on, hidden.start], ['', 'place', 10]);
});

test('a device that nobody watches is not found: an empty list would say that it is clean', async () => {
  for (const url of ['/api/v1/badblocks?device=pmem9', '/api/v1/files?device=pmem9']) {
    const { status, body } = await get(url);
    assert.equal(status, 404, url);
    assert.match(body.detail, /watched: \/api\/v1\/devices/);
  }
  const before = { ...stateOf([]), inventoried: false };
  const { body } = await get('/api/v1/badblocks?device=pmem0', before);
  assert.deepEqual(
    [body.items, body.complete, body.readAt],
    [[], false, null],
    'before the first inventory nobody can say',
  );
});

test('a list is not complete while a reading is cut, unreadable, missing, unwatched or its place gone with damage', async () => {
  const whole = await get('/api/v1/badblocks');
  assert.equal(whole.body.complete, true);
  const states = [
    stateOf([placeState([], { complete: false })]),
    stateOf([placeState([], { readable: false })]),
    stateOf([placeState([], { readAt: null })]),
    stateOf([placeState([], { place: placeOf({ errorSource: 'none' }) })]),
    stateOf([placeState([rangeOf(4096, 8)], { present: false })]),
    stateOf([placeState()], { inventoried: false }),
    stateOf([placeState()], { topology: { ...emptyTopology, problems: [{ subject: 'region0', reason: 'EACCES' }] } }),
  ];
  for (const state of states) {
    for (const url of ['/api/v1/badblocks', '/api/v1/devices', '/api/v1/files'])
      assert.equal((await get(url, state)).body.complete, false, url);
  }
});

test('damaged files name every range, who has them open and whether a good copy exists', async () => {
  const { body } = await get('/api/v1/files?mountpoint=/pg');
  const [file] = body.items;
  assert.equal(file.path, '/pg/base/16402/24711');
  assert.deepEqual(file.ranges, [{ offset: 8192, length: 4096, state: 'data', device: 'pmem0', start: 16, count: 8 }]);
  assert.equal(file.openBy[0].pid, 4711);
  assert.deepEqual(file.goodCopy, { exists: 'no', where: null });
  assert.deepEqual((await get('/api/v1/files?mountpoint=/other')).body.items, []);
});

test('damaged files are not complete while an owner is still being looked for', async () => {
  const pending = stateOf([placeState([rangeOf(4096, 8, [ownerOf('pending', 0, 8)])])]);
  assert.equal((await get('/api/v1/files', pending)).body.complete, false);
  assert.equal((await get('/api/v1/badblocks', pending)).body.complete, true);
});

test('a list is read in pages, each item once', async () => {
  const ranges = Array.from({ length: 25 }, (_, i) => rangeOf(4096 + i * 10, 1, [ownerOf('free', i * 10, 1)]));
  const starts: number[] = [];
  let url = '/api/v1/badblocks?limit=10';
  for (let pages = 1; ; pages++) {
    const { body } = await get(url, stateOf([placeState(ranges)]));
    starts.push(...body.items.map((i: { start: number }) => i.start));
    if (body.next === null) {
      assert.equal(pages, 3);
      break;
    }
    url = `/api/v1/badblocks?limit=10&after=${encodeURIComponent(body.next)}`;
  }
  assert.deepEqual(
    starts,
    ranges.map((_, i) => i * 10),
  );
});

test('an unknown number of bad bytes is null, not 0', async () => {
  const { body } = await get('/api/v1/devices', stateOf([placeState([], { readAt: null, readable: false })]));
  assert.deepEqual([body.items[0].badBytes, body.items[0].badRanges, body.items[0].damagedFiles], [null, null, null]);
});

test('one incident is found by its id; an unknown one is a problem that says so', async () => {
  const { body } = await get('/api/v1/incidents/inc-1');
  conforms('/api/v1/incidents/:id', body);
  assert.deepEqual(body.totals, { ranges: 1, bytes: 4096, files: 1 });
  const missing = await get('/api/v1/incidents/none');
  assert.equal(missing.status, 404);
  conforms('/api/v1/incidents/:id', missing.body, '4xx');
});

test('incidents can be narrowed to the open ones', async () => {
  const resolved = incidentOf([], { id: 'old', status: 'resolved', resolvedAt: at, resolution: 'cleared' });
  const state = stateOf([placeState()], {
    incidents: new Map([
      ['old', resolved],
      ['inc-1', incidentOf([])],
    ]),
  });
  const ids = async (url: string) => (await get(url, state)).body.items.map((i: { id: string }) => i.id);
  assert.deepEqual(await ids('/api/v1/incidents'), ['inc-1', 'old']);
  assert.deepEqual(await ids('/api/v1/incidents?status=open'), ['inc-1']);
});

test('events are asked for by the last id known', async () => {
  const { body } = await get('/api/v1/events?after=41&limit=5');
  assert.deepEqual([body.items[0].id, body.next], [42, '42']);
});

test('a history that cannot be read is a 503 that is logged, not an empty list', async () => {
  const { status, body } = await get('/api/v1/events?after=13');
  assert.equal(status, 503);
  conforms('/api/v1/events', body, '5xx');
  assert.ok(lines.some((l) => l.level === 'warn'));
});

const refused: readonly { url: string; says: RegExp }[] = [
  { url: '/api/v1/badblocks?devise=pmem0', says: /"devise" is not a parameter/ },
  { url: '/api/v1/badblocks?limit=0', says: /limit must be >= 1/ },
  ...['1e999', '-1e999', 'Infinity'].map((limit) => ({
    url: `/api/v1/events?limit=${limit}`,
    says: /larger than every number/,
  })),
  { url: '/api/v1/badblocks?limit=ten', says: /limit must be integer/ },
  { url: '/api/v1/events?after=last', says: /after must match/ },
  { url: '/api/v1/incidents?status=closed', says: /status must be equal to one of/ },
];
for (const { url, says } of refused) {
  test(`a wrong question is refused with what is wrong: ${url}`, async () => {
    const { status, type, body } = await get(url);
    assert.equal(status, 400);
    assert.match(type ?? '', /^application\/problem\+json/);
    conforms('/api/v1/badblocks', body, '4xx');
    assert.match(body.detail, says);
  });
}

test('what is not served is a problem document', async () => {
  const { status, type, body } = await get('/api/v1/nothing');
  assert.equal(status, 404);
  assert.match(type ?? '', /^application\/problem\+json/);
  conforms('/api/v1/badblocks', body, '4xx');
});

test('a body that is too large is refused', async () => {
  const answer = await app.inject({
    method: 'POST',
    url: '/-/reload',
    headers: { host: 'localhost', 'content-type': 'application/json' },
    payload: JSON.stringify({ x: 'y'.repeat(70_000) }),
  });
  assert.equal(answer.statusCode, 413);
  conforms('/-/reload', answer.json(), '4xx');
});

test('the agent is ready only when it says so, with the reason otherwise', async () => {
  const { app: waiting } = await createHttpApp(
    httpDeps({ ready: () => ({ ready: false, reason: 'reading region0' }) }),
  );
  const headers = { host: 'localhost' };
  const answer = await waiting.inject({ url: '/-/ready', headers });
  assert.equal(answer.statusCode, 503);
  assert.equal(answer.json().detail, 'reading region0');
  assert.equal((await waiting.inject({ url: '/-/healthy', headers })).statusCode, 200);
  await waiting.close();
  assert.equal((await app.inject({ url: '/-/ready', headers })).statusCode, 200);
});

test('a bug in a route is logged and answered without its details', async () => {
  const logged: LoggedLine[] = [];
  const broken = httpDeps({
    lines: logged,
    view: () => {
      throw new TypeError('secret detail');
    },
  });
  const { app: failing } = await createHttpApp(broken);
  const answer = await failing.inject({ url: '/api/v1/devices', headers: { host: 'localhost' } });
  assert.equal(answer.statusCode, 500);
  assert.ok(!answer.body.includes('secret detail'));
  assert.ok(logged.some((l) => l.level === 'error'));
  await failing.close();
});

test('the registry lists every route of its folder, sorted', async () => {
  const folder = join(import.meta.dirname, '../../../src/export/http');
  const found: string[] = [];
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.ts'))) {
    const exported = Object.values((await import(join(folder, file))) as Record<string, unknown>);
    for (const value of exported) if (isRoute(value)) found.push(value.name);
  }
  assert.deepEqual(
    routes.map((route) => route.name),
    [...new Set(found)].sort(),
  );
});
function isRoute(value: unknown): value is HttpRoute {
  return typeof value === 'object' && value !== null && 'register' in value && typeof value.register === 'function';
}

/** What all lists have in common: pages, ETags, gzip and HEAD. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { createHttpApp } from '../../../src/export/http/server.ts';
import type { State } from '../../../src/model/state.ts';
import {
  at,
  damagedState,
  fileOwner,
  incidentOf,
  ownerOf,
  placeOf,
  placeState,
  rangeOf,
  scrubbed,
  scrubRunOf,
  stateOf,
  viewOf,
} from '../built-state.ts';
import { httpDeps } from './served.ts';

const history = { version: 1, events: 3 };
const current: { state: State } = { state: damagedState() };
async function served(state: State = damagedState()) {
  current.state = state;
  const { app } = await createHttpApp(
    httpDeps({
      view: () => viewOf(current.state),
      historyVersion: () => history.version,
      newestEventId: () => history.events,
      firstKeptEventId: () => 3,
      events: async (after) => ({
        items: Array.from({ length: history.events }, (_, i) => i + 1)
          .filter((id) => id > after)
          .map((id) => ({ id, time: at, type: 't', incident: null, uid: null, device: null, data: {} })),
        next: null,
      }),
      config: { openOnLoopback: true },
    }),
  );
  async function ask(url: string, headers: Record<string, string> = {}, method: 'GET' | 'HEAD' = 'GET') {
    return app.inject({ method, url: `/api/v1${url}`, headers: { host: 'localhost', ...headers } });
  }
  return { ask, close: () => app.close() };
}
/** Starts of the ranges of every page. */
async function pages(
  ask: Awaited<ReturnType<typeof served>>['ask'],
  between: (page: number) => void = () => undefined,
) {
  const starts: number[] = [];
  let after = '';
  for (let page = 1; ; page++) {
    const body = (await ask(`/badblocks?limit=10${after}`)).json();
    starts.push(...body.items.map((item: { start: number }) => item.start));
    if (body.next === null) return starts;
    after = `&after=${body.next}`;
    between(page);
  }
}
const ranges = (...starts: number[]) =>
  stateOf([placeState(starts.map((s) => rangeOf(4096 + s, 1, [ownerOf('free', s, 1)])))]);

test('pages go on at the right place while ranges come and go, the last one of a page among them', async () => {
  const before = Array.from({ length: 30 }, (_, i) => i * 10);
  const { ask, close } = await served(ranges(...before));
  const seen = await pages(ask, (page) => {
    // the end of the page goes away, one comes before it and one after it
    if (page === 1) current.state = ranges(5, ...before.filter((s) => s !== 90), 95);
  });
  assert.deepEqual(seen, [...before.slice(0, 10), 95, ...before.slice(10)]);
  await close();
});

test('a cursor is good for an agent that was started anew', async () => {
  const all = Array.from({ length: 15 }, (_, i) => i * 10);
  const first = await served(ranges(...all));
  const { next } = (await first.ask('/badblocks?limit=10')).json();
  await first.close();
  const second = await served(ranges(...all));
  const { items } = (await second.ask(`/badblocks?after=${next}`)).json();
  assert.deepEqual(
    items.map((item: { start: number }) => item.start),
    all.slice(10),
  );
  await second.close();
});

test('a cursor of another list, a made-up one and one that was cut are refused with what to do', async () => {
  const { ask, close } = await served(
    stateOf([placeState([rangeOf(4096, 8), rangeOf(5000, 8)])], {
      incidents: new Map(['a', 'b'].map((id) => [id, incidentOf([rangeOf(4096, 8)], { id })])),
    }),
  );
  const { next } = (await ask('/badblocks?limit=1')).json();
  const foreign = (await ask('/incidents?limit=1')).json().next;
  assert.equal((await ask(`/badblocks?after=${next}`)).statusCode, 200);
  for (const after of [foreign, 'x', 'AAAA', next.slice(0, -3), `${next}=`, '%ff', '1']) {
    const answer = await ask(`/badblocks?after=${after}`);
    assert.equal(answer.statusCode, 400, after);
    assert.match(answer.json().detail, /ask without it to begin at the start/);
  }
  await close();
});

test('files whose names fill a whole path have cursors too, each file once', async () => {
  const paths = Array.from({ length: 9 }, (_, i) => `/pg/${'a'.repeat(4000)}${(i * 7) % 9}`);
  const owners = paths.map((path, i) => rangeOf(4096 + i * 8, 8, [fileOwner(i * 8, 8, String(i), path)]));
  const { ask, close } = await served(stateOf([placeState(owners)]));
  const seen: string[] = [];
  for (let after = ''; ; ) {
    const body = (await ask(`/files?limit=2${after}`)).json();
    seen.push(...body.items.map((item: { path: string }) => item.path));
    if (body.next === null) break;
    after = `&after=${body.next}`;
  }
  assert.deepEqual(seen.sort(), [...paths].sort());
  await close();
});

test('bad ranges of several places come place by place, in the order of their cursors', async () => {
  const place = (device: string, uid: string) => placeOf({ device, uid: uid.repeat(64) });
  const places = [place('pmem10', 'c'), place('pmem1s', 'b'), place('pmem1', 'a')].map((each) =>
    placeState(
      [rangeOf(5000, 1, []), rangeOf(4096, 1, [])].sort((a, b) => a.start - b.start),
      { place: each },
    ),
  );
  const { ask, close } = await served(stateOf(places));
  const seen: string[] = [];
  for (let after = ''; ; ) {
    const body = (await ask(`/badblocks?limit=1${after}`)).json();
    seen.push(...body.items.map((item: { device: string; start: number }) => `${item.device} ${item.start}`));
    if (body.next === null) break;
    after = `&after=${body.next}`;
  }
  assert.deepEqual(seen, ['pmem1 0', 'pmem1 904', 'pmem10 0', 'pmem10 904', 'pmem1s 0', 'pmem1s 904']);
  await close();
});

const lists = ['/badblocks', '/devices', '/dimms', '/files', '/incidents', '/scrubs', '/events', '/deliveries'];

for (const list of lists) {
  test(`${list}: whoever has the answer gets 304 and no body, whatever passes there were meanwhile`, async () => {
    const { ask, close } = await served();
    const first = await ask(list);
    const etag = String(first.headers.etag);
    assert.match(etag, /^W\/"[\w-]+"$/);
    // a pass in which nothing changed replaces the state and the maps in it
    const { state } = current;
    current.state = {
      ...state,
      at: state.at + 1000,
      places: new Map(state.places),
      incidents: new Map(state.incidents),
    };
    for (const known of [etag, etag.slice(2), `"other", ${etag}`, '*']) {
      const again = await ask(list, { 'if-none-match': known });
      assert.deepEqual([again.statusCode, again.body, again.headers.etag], [304, '', etag], known);
    }
    assert.equal((await ask(list, { 'if-none-match': 'W/"other"' })).statusCode, 200);
    await close();
  });
}

test('an ETag is another one when anything of the answer is another', async () => {
  const base = damagedState();
  const [place] = [...base.places.values()];
  assert.ok(place !== undefined);
  const changes: readonly (readonly [string, State | (() => void)])[] = [
    ['/badblocks', { ...base, places: new Map([['x', { ...place, ranges: [] }]]) }],
    ['/devices', { ...base, places: new Map([['x', { ...place, clearedTotal: 1 }]]) }],
    ['/files', { ...base, inventoried: false }],
    ['/dimms', { ...base, topology: { ...base.topology, dimms: [] } }],
    ['/incidents', { ...base, incidents: new Map() }],
    [
      '/scrubs',
      stateOf([place], scrubbed({ runs: [scrubRunOf({ id: 'scrub-9', status: 'running', endedAt: null })] })),
    ],
    ['/events', () => void history.version++],
    ['/deliveries', () => void history.version++],
  ];
  assert.deepEqual(changes.map(([list]) => list).sort(), [...lists].sort());
  for (const [list, change] of changes) {
    const { ask, close } = await served(base);
    const { etag } = (await ask(list)).headers;
    if (typeof change === 'function') change();
    else current.state = change;
    assert.equal((await ask(list, { 'if-none-match': String(etag) })).statusCode, 200, list);
    await close();
  }
});

test('the list of incidents tells some ranges of each and how many more it has; one alone tells all', async () => {
  const many = Array.from({ length: 50 }, (_, i) => rangeOf(4096 + i * 10, 1));
  const incident = incidentOf(many, { id: 'inc-1' });
  const { ask, close } = await served(stateOf([placeState(many)], { incidents: new Map([['inc-1', incident]]) }));
  const [listed] = (await ask('/incidents')).json().items;
  assert.deepEqual([listed.ranges.length, listed.rangesOmitted, listed.totals.ranges], [20, 30, 50]);
  const alone = (await ask('/incidents/inc-1')).json();
  assert.deepEqual([alone.ranges.length, alone.rangesOmitted], [50, 0]);
  await close();
});

test('who may see file names and who may not have different ETags', async () => {
  const tags = [];
  for (const openOnLoopback of [true, false]) {
    const { app } = await createHttpApp(httpDeps({ view: () => viewOf(current.state), config: { openOnLoopback } }));
    tags.push((await app.inject({ url: '/api/v1/badblocks', headers: { host: 'localhost' } })).headers.etag);
    await app.close();
  }
  assert.notEqual(tags[0], tags[1]);
});

test('a history whose beginning is forgotten is not complete for whoever was there before', async () => {
  const { ask, close } = await served();
  for (const [after, complete] of [
    ['', true],
    ['?after=0', true],
    ['?after=1', false],
    ['?after=2', true],
    ['?after=3', true],
    ['?after=4', false],
  ] as const)
    assert.equal((await ask(`/events${after}`)).json().complete, complete, after);
  await close();
});

test('HEAD on the stream of events has its headers and an end', async () => {
  const { ask, close } = await served();
  const { statusCode, headers, body } = await ask('/events/stream', {}, 'HEAD');
  assert.deepEqual([statusCode, headers['content-type'], body], [200, 'text/event-stream', '']);
  await close();
});

test('a list is sent as gzip to those who take it, and says that this makes a difference', async () => {
  const { ask, close } = await served(ranges(...Array.from({ length: 300 }, (_, i) => i * 10)));
  const plain = await ask('/badblocks');
  assert.equal(plain.headers['content-encoding'], undefined);
  assert.match(String(plain.headers.vary), /accept-encoding/);
  for (const accepted of ['gzip', 'br;q=1, gzip;q=0.5', '*', 'deflate, GZIP']) {
    const packed = await ask('/badblocks', { 'accept-encoding': accepted });
    assert.equal(packed.headers['content-encoding'], 'gzip', accepted);
    assert.equal(gunzipSync(packed.rawPayload).toString(), plain.body);
    assert.ok(packed.rawPayload.length < plain.body.length / 5);
  }
  for (const accepted of ['gzip;q=0', 'br', 'identity', '*;q=0']) {
    assert.equal(
      (await ask('/badblocks', { 'accept-encoding': accepted })).headers['content-encoding'],
      undefined,
      accepted,
    );
  }
  await close();
});

test('HEAD answers what GET would, without the body', async () => {
  const { ask, close } = await served(ranges(...Array.from({ length: 300 }, (_, i) => i * 10)));
  for (const accepted of ['identity', 'gzip']) {
    const headers = { 'accept-encoding': accepted };
    const [get, head] = [await ask('/badblocks', headers), await ask('/badblocks', headers, 'HEAD')];
    assert.deepEqual([head.statusCode, head.body], [200, '']);
    for (const name of ['etag', 'content-type', 'content-length', 'content-encoding', 'vary']) {
      assert.equal(head.headers[name], get.headers[name], `${name} for ${accepted}`);
    }
  }
  await close();
});

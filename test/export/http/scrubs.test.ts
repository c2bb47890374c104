import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { createHttpApp } from '../../../src/export/http/server.ts';
import type { ScrubAnswer, ScrubRequest } from '../../../src/model/scrub.ts';
import type { State } from '../../../src/model/state.ts';
import { at, damagedState, scrubbed, scrubRunOf, stateOf, topology, viewOf } from '../built-state.ts';
import { httpDeps } from './served.ts';

const hashOf = (token: string): string => `sha256:${createHash('sha256').update(token).digest('hex')}`;
const tokens = [
  { name: 'dashboard', scope: 'read', hash: hashOf('the-token-that-reads') },
  { name: 'ops', scope: 'operate', hash: hashOf('the-token-that-operates') },
] as const;
const operate = { authorization: 'Bearer the-token-that-operates' };
const requested = scrubRunOf({ id: 'scrub-2', status: 'requested', startedAt: null, endedAt: null, countAfter: null });

async function ask(
  method: 'GET' | 'POST',
  url: string,
  more: { state?: State; answer?: ScrubAnswer; payload?: object; headers?: Record<string, string> } = {},
) {
  const asked: ScrubRequest[] = [];
  const { app } = await createHttpApp(
    httpDeps({
      config: { tokens },
      view: () => viewOf(more.state ?? damagedState()),
      async scrub(request) {
        asked.push(request);
        return more.answer ?? { started: [requested], refused: [] };
      },
    }),
  );
  const headers = { host: 'localhost', ...(more.headers ?? operate) };
  const answer = await app.inject({ method, url, headers, ...(more.payload && { payload: more.payload }) });
  await app.close();
  return { status: answer.statusCode, body: answer.json(), headers: answer.headers, asked };
}
const scrubs = '/api/v1/scrubs';

test('the history of scrubs says who asked, how long it took and what it found, the newest first', async () => {
  const other = scrubRunOf({
    id: 'scrub-0',
    asker: null,
    type: 'unknown',
    requestedAt: at - 90_000,
    reason: 'started by somebody else',
  });
  const { body } = await ask('GET', scrubs, { state: stateOf([], scrubbed({ runs: [other, scrubRunOf()] })) });
  assert.deepEqual(
    body.items.map(({ id }: { id: string }) => id),
    ['scrub-1', 'scrub-0'],
  );
  assert.deepEqual(body.items[0], {
    id: 'scrub-1',
    bus: 'ndbus0',
    status: 'completed',
    type: 'long',
    requestedBy: { author: 'ada', via: 'token ops', reason: 'after the move', due: null },
    requestedAt: '2024-05-06T14:01:47.000Z',
    startedAt: '2024-05-06T14:01:48.000Z',
    endedAt: '2024-05-06T14:02:03.000Z',
    durationSeconds: 15,
    countBefore: 1,
    countAfter: 2,
    overDeadline: false,
    foundRanges: 1,
    foundBytes: 4096,
    reason: null,
  });
  assert.deepEqual([body.items[1].requestedBy, body.items[1].type], [null, 'unknown']);
});

test('each bus says what it can do, what it does now and when the schedule comes', async () => {
  const cxl = {
    name: 'ndbus1',
    provider: 'CXL',
    errorSource: 'none',
    scrubSupported: false,
    epoch: 'e1',
  } as const;
  const { body } = await ask('GET', scrubs, {
    state: stateOf([], { ...scrubbed(), topology: { ...topology, buses: [...topology.buses, cxl] } }),
  });
  assert.deepEqual(body.buses, [
    {
      bus: 'ndbus0',
      supported: true,
      canStart: true,
      reason: null,
      inProgress: false,
      hwErrorScrub: null,
      completed: 1,
      lastCompletedAt: '2024-05-06T14:02:03.000Z',
      lastFullAt: '2024-05-06T14:02:03.000Z',
      nextDueAt: '2024-05-06T15:02:07.000Z',
    },
    {
      bus: 'ndbus1',
      supported: false,
      canStart: false,
      reason: 'the kernel offers no scrub for CXL memory, and lists none of its errors',
      inProgress: null,
      hwErrorScrub: null,
      completed: null,
      lastCompletedAt: null,
      lastFullAt: null,
      nextDueAt: null,
    },
  ]);
  const denied = await ask('GET', scrubs, { state: stateOf([], scrubbed({}, { notWritable: 'no permission' })) });
  assert.deepEqual([denied.body.buses[0].canStart, denied.body.buses[0].reason], [false, 'no permission']);
});

test('a state of scrubs that cannot be read is not an idle one, and the list says that it is not complete', async () => {
  const state = { kind: 'failed', code: 'SYSFS_READ', reason: 'EIO' } as const;
  const { body } = await ask('GET', scrubs, { state: stateOf([], scrubbed({}, { state })) });
  assert.deepEqual([body.complete, body.buses[0].inProgress], [false, null]);
});

test('a scrub is asked for with a token of scope operate; the answer says how to follow it', async () => {
  const asked = await ask('POST', scrubs, { payload: { bus: 'ndbus0', author: 'Ada', reason: 'new module' } });
  assert.deepEqual([asked.status, asked.headers['location']], [202, '/api/v1/scrubs/scrub-2']);
  assert.deepEqual(asked.asked, [{ bus: 'ndbus0', asker: { author: 'Ada', via: 'token ops', reason: 'new module' } }]);
  assert.deepEqual(
    [asked.body.items[0].id, asked.body.items[0].status, asked.body.refused],
    ['scrub-2', 'requested', []],
  );
  const all = await ask('POST', scrubs);
  assert.deepEqual(all.asked, [{ bus: null, asker: { author: 'token ops', via: 'token ops', reason: '' } }]);
});

test('without a token, or with one that only reads, nothing is started', async () => {
  for (const [headers, status] of [
    [{}, 401],
    [{ authorization: 'Bearer the-token-that-reads' }, 403],
  ] as const) {
    const answer = await ask('POST', scrubs, { headers });
    assert.deepEqual([answer.status, answer.asked], [status, []]);
  }
});

const refusals = [
  { kind: 'running', status: 409 },
  { kind: 'not-writable', status: 503 },
  { kind: 'unsupported', status: 501 },
  { kind: 'unknown-bus', status: 404 },
] as const;
for (const { kind, status } of refusals) {
  test(`what is not started for being ${kind} is answered ${status}, with the reason`, async () => {
    const refused = [{ bus: 'ndbus0', kind, reason: 'the reason of it' }];
    const answer = await ask('POST', scrubs, { answer: { started: [], refused } });
    assert.equal(answer.status, status);
    assert.match(answer.body.detail, /^No scrub was started: the reason of it\.$/);
  });
}

test('of several buses those that were started count, and the others are named', async () => {
  const refused = [{ bus: 'ndbus1', kind: 'unsupported', reason: 'it has none' } as const];
  const answer = await ask('POST', scrubs, { answer: { started: [requested], refused } });
  assert.deepEqual([answer.status, answer.body.refused], [202, [{ bus: 'ndbus1', reason: 'it has none' }]]);
});

test('before the first inventory nothing is started', async () => {
  const answer = await ask('POST', scrubs, { state: { ...damagedState(), inventoried: false } });
  assert.deepEqual([answer.status, answer.asked], [503, []]);
});

test('one scrub is shown by its id, with its age while it runs', async () => {
  const running = scrubRunOf({ id: 'scrub-2', status: 'running', startedAt: at - 3_000, endedAt: null });
  const state = stateOf([], scrubbed({ runs: [scrubRunOf(), running] }));
  const { body } = await ask('GET', `${scrubs}/scrub-2`, { state });
  assert.deepEqual([body.status, body.durationSeconds], ['running', 3]);
  assert.equal((await ask('GET', `${scrubs}/none`, { state })).status, 404);
});

test('a body with something unknown in it is refused', async () => {
  const answer = await ask('POST', scrubs, { payload: { bus: 'ndbus0', kind: 'short' } });
  assert.deepEqual([answer.status, answer.asked], [400, []]);
});

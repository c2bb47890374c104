import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { createHttpApp } from '../../../src/export/http/server.ts';
import type { OperatorAnswer, OperatorRequest } from '../../../src/model/operator.ts';
import { damagedState, viewOf } from '../built-state.ts';
import { httpDeps } from './served.ts';

const hashOf = (token: string): string => `sha256:${createHash('sha256').update(token).digest('hex')}`;
const tokens = [
  { name: 'dashboard', scope: 'read', hash: hashOf('the-token-that-reads') },
  { name: 'ada', scope: 'operate', hash: hashOf('the-token-that-operates') },
] as const;
const operate = { authorization: 'Bearer the-token-that-operates' };
const [incident] = damagedState().incidents.values();

async function post(
  url: string,
  more: { payload?: object; headers?: Record<string, string>; answer?: OperatorAnswer; inventoried?: boolean } = {},
) {
  const asked: OperatorRequest[] = [];
  const { app } = await createHttpApp(
    httpDeps({
      config: { tokens },
      view: () => viewOf({ ...damagedState(), inventoried: more.inventoried ?? true }),
      async decide(request) {
        asked.push(request);
        assert.ok(incident !== undefined);
        return more.answer ?? { kind: 'done', incident };
      },
    }),
  );
  const headers = { host: 'localhost', ...(more.headers ?? operate) };
  const answer = await app.inject({ method: 'POST', url, headers, ...(more.payload && { payload: more.payload }) });
  await app.close();
  return { status: answer.statusCode, body: answer.json(), headers: answer.headers, asked };
}
const acknowledge = '/api/v1/incidents/inc-1/acknowledge';
const close = '/api/v1/incidents/inc-1/close';

test('an incident is acknowledged and closed with a token of scope operate, which the history will name', async () => {
  const expiresAt = new Date(Date.now() + 3_600_000).toISOString();
  const taken = await post(acknowledge, { payload: { author: 'Ada', reason: 'restore runs', expiresAt } });
  assert.deepEqual([taken.status, taken.body.id], [200, 'inc-1']);
  assert.deepEqual(taken.asked, [
    {
      kind: 'acknowledge',
      incident: 'inc-1',
      author: 'Ada',
      reason: 'restore runs',
      expiresAt: Date.parse(expiresAt),
      via: 'token ada',
    },
  ]);
  const closed = await post(close);
  assert.equal(closed.status, 200);
  assert.deepEqual(closed.asked, [
    { kind: 'close', incident: 'inc-1', author: 'token ada', reason: '', expiresAt: null, via: 'token ada' },
  ]);
});

test('without a token, or with one that only reads, nothing is changed', async () => {
  for (const url of [acknowledge, close]) {
    const nobody = await post(url, { headers: {} });
    assert.deepEqual([nobody.status, nobody.asked], [401, []]);
    assert.match(String(nobody.headers['www-authenticate']), /^Bearer/);
    const reader = await post(url, { headers: { authorization: 'Bearer the-token-that-reads' } });
    assert.deepEqual([reader.status, reader.asked], [403, []]);
    assert.match(reader.body.detail, /scope operate/);
  }
});

const refusals: readonly { why: string; status: number; detail: RegExp; more: Parameters<typeof post>[1] }[] = [
  {
    why: 'what a reading still shows',
    status: 409,
    detail: /^Refused: the list still shows the range\.$/,
    more: { answer: { kind: 'refused', reason: 'the list still shows the range' } },
  },
  { why: 'an unknown id', status: 404, detail: /No incident has this id/, more: { answer: { kind: 'not-found' } } },
  { why: 'the time before the first reading', status: 503, detail: /inventory/, more: { inventoried: false } },
  { why: 'a past expiry', status: 400, detail: /past/, more: { payload: { expiresAt: '2001-01-01T00:00:00Z' } } },
  { why: 'an expiry that is no time', status: 400, detail: /RFC 3339/, more: { payload: { expiresAt: 'soon' } } },
  { why: 'an unknown field', status: 400, detail: /"who" is not a parameter/, more: { payload: { who: 'ada' } } },
];
for (const { why, status, detail, more } of refusals) {
  test(`${why} is answered with ${status}, and says why`, async () => {
    const answer = await post(acknowledge, more);
    assert.equal(answer.status, status);
    assert.match(answer.body.detail, detail);
  });
}

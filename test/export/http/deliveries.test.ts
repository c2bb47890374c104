import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import type { DeliverySource } from '../../../src/export/http/route.ts';
import { createHttpApp } from '../../../src/export/http/server.ts';
import { AgentError } from '../../../src/model/errors.ts';
import type { DeliveryQuery, DeliveryRecord, SendAsker } from '../../../src/model/outbox.ts';
import { at } from '../built-state.ts';
import { httpDeps, noDeliveries } from './served.ts';

const hashOf = (token: string): string => `sha256:${createHash('sha256').update(token).digest('hex')}`;
const tokens = [
  { name: 'dashboard', scope: 'read', hash: hashOf('the-token-that-reads') },
  { name: 'ada', scope: 'operate', hash: hashOf('the-token-that-operates') },
] as const;
const read = { authorization: 'Bearer the-token-that-reads' };
const operate = { authorization: 'Bearer the-token-that-operates' };

const record = (sequence: number): DeliveryRecord => ({
  sequence,
  receiver: 'oncall',
  noticeId: `notice-${sequence}`,
  incident: 'inc-1',
  condition: 'media_error',
  severity: 'critical',
  type: 'opened',
  status: 'rejected',
  attempts: 1,
  createdAt: at,
  firstAttemptAt: at,
  lastAttemptAt: at,
  finishedAt: at,
  replayedAt: null,
  reason: 'HTTP 400: no /pg/base/24711 here',
  mergedInto: null,
});

async function ask(
  method: 'GET' | 'POST',
  url: string,
  source: Partial<DeliverySource> = {},
  headers: Record<string, string> = operate,
  payload?: object,
) {
  const deliveries = { ...noDeliveries, ...source };
  const { app } = await createHttpApp(httpDeps({ config: { tokens }, deliveries }));
  const answer = await app.inject({
    method,
    url,
    headers: { host: 'localhost', ...headers },
    ...(payload && { payload }),
  });
  await app.close();
  return { status: answer.statusCode, body: answer.json() };
}

test('deliveries come page by page, with filters; reasons need a token', async () => {
  const asked: DeliveryQuery[] = [];
  const list: DeliverySource['list'] = async (query) => {
    asked.push(query);
    return [9, 8, 7].slice(0, query.limit).map(record);
  };
  const page = await ask('GET', '/api/v1/deliveries?receiver=oncall&status=dead&limit=2&after=10', { list }, read);
  assert.deepEqual(asked, [{ receiver: 'oncall', statuses: ['rejected', 'expired'], before: 10, limit: 3 }]);
  assert.deepEqual([page.body.items.map((i: { id: string }) => i.id), page.body.next], [['9', '8'], '8']);
  assert.equal(page.body.items[0].reason, 'HTTP 400: no /pg/base/24711 here');
  assert.equal(page.body.items[0].message, 'notice-9');
  const bare = await ask('GET', '/api/v1/deliveries?limit=3', { list, complete: () => false }, {});
  assert.deepEqual([bare.body.items[0].reason, bare.body.next, bare.body.complete], [null, null, false]);
  assert.equal((await ask('GET', '/api/v1/deliveries?status=lost')).status, 400);
});

test('deliveries that cannot be read are no empty list', async () => {
  const list = () => Promise.reject(new AgentError('STATE_FILE', 'disk I/O error'));
  assert.equal((await ask('GET', '/api/v1/deliveries', { list })).status, 503);
});

test('one delivery, or the dead letters of a receiver, are sent again on the word of an operator', async () => {
  const asked: unknown[] = [];
  const source: Partial<DeliverySource> = {
    async replay(delivery: number, asker: SendAsker) {
      asked.push([delivery, asker]);
      return { kind: 'done', count: 1 };
    },
    async replayDead(receiver: string, asker: SendAsker) {
      asked.push([receiver, asker]);
      return { kind: 'done', count: 3 };
    },
  };
  const one = await ask('POST', '/api/v1/deliveries/9/replay', source, operate, {
    author: 'Ada',
    reason: 'token put right',
  });
  const all = await ask('POST', '/api/v1/receivers/oncall/replay', source);
  assert.deepEqual([one.status, one.body, all.status, all.body], [202, { replayed: 1 }, 202, { replayed: 3 }]);
  assert.deepEqual(asked, [
    [9, { author: 'Ada', reason: 'token put right', via: 'token ada' }],
    ['oncall', { author: 'token ada', reason: '', via: 'token ada' }],
  ]);
});

test('why something is not sent again is said', async () => {
  const refused = { replay: async () => ({ kind: 'refused', reason: 'it waits to be sent already' }) as const };
  const answer = await ask('POST', '/api/v1/deliveries/9/replay', refused);
  assert.deepEqual([answer.status, answer.body.detail], [409, 'Not sent again: it waits to be sent already.']);
  assert.equal((await ask('POST', '/api/v1/deliveries/9/replay')).status, 404);
  assert.equal((await ask('POST', '/api/v1/receivers/nobody/replay')).status, 404);
  const full = { replay: () => Promise.reject(new AgentError('STATE_FILE', 'disk full')) };
  assert.equal((await ask('POST', '/api/v1/deliveries/9/replay', full)).status, 503);
});

test('a receiver is tested, and what it answered is told', async () => {
  const source = { test: async () => ({ message: 'm', delivered: false, reason: 'HTTP 403: who?', tookMs: 250 }) };
  const { status, body } = await ask('POST', '/api/v1/receivers/oncall/test', source);
  const expected = { receiver: 'oncall', message: 'm', delivered: false, reason: 'HTTP 403: who?', tookSeconds: 0.25 };
  assert.deepEqual([status, body], [200, expected]);
  assert.equal((await ask('POST', '/api/v1/receivers/nobody/test')).status, 404);
});

test('nothing is sent for somebody who may not operate', async () => {
  const never = () => assert.fail('it was asked all the same');
  for (const url of ['/api/v1/deliveries/9/replay', '/api/v1/receivers/a/replay', '/api/v1/receivers/a/test']) {
    const source = { replay: never, replayDead: never, test: never };
    assert.equal((await ask('POST', url, source, read)).status, 403);
    assert.equal((await ask('POST', url, source, {})).status, 401);
  }
});

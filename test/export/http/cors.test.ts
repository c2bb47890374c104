import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { createHttpApp } from '../../../src/export/http/server.ts';
import { httpDeps } from './served.ts';

const ours = 'https://ops.example.org';
const token = 'the-token-that-operates';
const tokens = [
  { name: 'ops', scope: 'operate', hash: `sha256:${createHash('sha256').update(token).digest('hex')}` },
] as const;

async function ask(
  method: 'GET' | 'OPTIONS' | 'POST',
  headers: Record<string, string>,
  { origins = [ours], url = '/api/v1/devices' }: { origins?: readonly string[]; url?: string } = {},
) {
  const rules = { headers: {}, users: new Map([['prometheus', 'a hash']]) };
  const { app } = await createHttpApp(httpDeps({ config: { tokens, corsOrigins: origins, rules } }));
  const answer = await app.inject({ method, url, headers: { host: 'localhost', ...headers } });
  await app.close();
  const cors = Object.keys(answer.headers).filter((name) => name.startsWith('access-control-'));
  return {
    status: answer.statusCode,
    headers: answer.headers,
    cors,
    type: String(answer.headers['content-type']).split(';')[0],
  };
}
const bearer = { authorization: `Bearer ${token}` };
const preflight = { 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' };

test('nothing is said to pages from elsewhere unless they are configured', async () => {
  for (const headers of [{ origin: ours }, { origin: 'null' }, {}]) {
    const { status, cors } = await ask('GET', { ...headers, ...bearer }, { origins: [] });
    assert.deepEqual([status, cors], [200, []]);
  }
  const asked = await ask('OPTIONS', { origin: ours, ...preflight, ...bearer }, { origins: [] });
  assert.deepEqual([asked.status, asked.cors, asked.type], [404, [], 'application/problem+json']);
});

test('a page that is configured may read with the credentials of its user, and every answer says that it depends on the page', async () => {
  const { status, headers } = await ask('GET', { origin: ours, ...bearer });
  assert.equal(status, 200);
  assert.equal(headers['access-control-allow-origin'], ours);
  assert.equal(headers['access-control-allow-credentials'], 'true');
  assert.match(String(headers['access-control-expose-headers']), /etag/);
  assert.match(String(headers.vary), /Origin/i);
  assert.match(String((await ask('GET', bearer)).headers.vary), /Origin/i);
});

test('a problem can be read by that page too', async () => {
  const { status, headers } = await ask('GET', { origin: ours });
  assert.deepEqual([status, headers['access-control-allow-origin']], [401, ours]);
});

test('an origin is compared whole: what begins, ends or is spelled like it is another', async () => {
  const others = [
    'https://ops.example.org.evil.example',
    'http://ops.example.org',
    'https://evil.example',
    'null',
    `${ours}/`,
  ];
  for (const origin of [...others, `${ours}:8443`, 'https://OPS.example.org', '*', `${ours} `]) {
    const { headers } = await ask('GET', { origin, ...bearer });
    assert.equal(headers['access-control-allow-origin'], undefined, origin);
    assert.equal(headers['access-control-allow-credentials'], undefined, origin);
  }
});

test('a preflight, which carries no password, is answered before anything asks for one', async () => {
  const { status, headers } = await ask('OPTIONS', { origin: ours, ...preflight });
  assert.equal(status, 204);
  assert.equal(headers['access-control-allow-origin'], ours);
  assert.equal(headers['access-control-allow-methods'], 'GET, HEAD, POST');
  assert.match(String(headers['access-control-allow-headers']), /authorization/);
  assert.equal(headers['access-control-max-age'], '600');
  const foreign = await ask('OPTIONS', { origin: 'https://evil.example', ...preflight });
  assert.deepEqual([foreign.status, foreign.cors], [401, []]);
});

test('a page that is configured may change something, another may not', async () => {
  const post = { ...bearer, 'sec-fetch-site': 'cross-site' };
  const url = '/-/reload';
  assert.equal((await ask('POST', { origin: ours, ...post }, { url })).status, 200);
  assert.equal((await ask('POST', { origin: 'https://evil.example', ...post }, { url })).status, 403);
  assert.equal((await ask('POST', { origin: ours, ...post }, { url, origins: [] })).status, 403);
});

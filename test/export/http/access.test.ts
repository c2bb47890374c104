import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { isServedHost } from '../../../src/export/http/host-name.ts';
import { ownerJson } from '../../../src/export/http/owners.ts';
import { createHttpApp } from '../../../src/export/http/server.ts';
import { run } from '../../../src/model/extent.ts';
import { at, damagedState, viewOf } from '../built-state.ts';
import { httpDeps } from './served.ts';

const token = 'a-long-enough-secret';
const hash = `sha256:${createHash('sha256').update(token).digest('hex')}`;

async function asked(url: string, headers: Record<string, string>, options: Parameters<typeof httpDeps>[0] = {}) {
  const { app } = await createHttpApp(httpDeps(options));
  const answer = await app.inject({ url, headers: { host: 'localhost', ...headers } });
  await app.close();
  return answer;
}

const hosts: readonly { host: string | undefined; served: boolean; why: string }[] = [
  { host: '127.0.0.1:9915', served: true, why: 'an address' },
  { host: '10.1.2.3', served: true, why: 'an address without a port' },
  { host: '[::1]:9915', served: true, why: 'an IPv6 address' },
  { host: 'localhost:9915', served: true, why: 'localhost' },
  { host: 'LOCALHOST.', served: true, why: 'localhost, written oddly' },
  { host: 'DB07.example.org:9915', served: true, why: 'a configured name in any case' },
  { host: 'evil.example.com', served: false, why: 'a name that may be rebound to us' },
  { host: 'localhost.evil.example.com', served: false, why: 'a name that begins like one of ours' },
  { host: 'db07.example.org.evil.com', served: false, why: 'a name that begins like a configured one' },
  { host: '127.0.0.1.evil.com', served: false, why: 'a name that begins like an address' },
  { host: '', served: false, why: 'empty' },
  { host: undefined, served: false, why: 'none at all' },
];
for (const { host, served, why } of hosts) {
  test(`the Host header ${served ? 'may' : 'must not'} be ${why}`, () =>
    assert.equal(isServedHost(host, ['db07.example.org']), served));
}

test('the metrics answer under any host name, as Prometheus asks for them', async () => {
  for (const url of ['/metrics', '/-/healthy']) {
    assert.equal((await asked(url, { host: 'db07.any.example.com:9915' })).statusCode, 200, url);
  }
});

test('a liveness check may send any Host or none, whatever the metrics show', async () => {
  const view = () => viewOf(damagedState(), { paths: 'full' });
  for (const url of ['/-/healthy', '/-/ready']) {
    assert.equal((await asked(url, { host: 'db07.any.example.com' }, { view })).statusCode, 200, url);
  }
  assert.equal((await asked('/metrics', { host: 'db07.any.example.com' }, { view })).statusCode, 421);
});

test('a foreign host name is refused on every other path', async () => {
  for (const url of ['/', '/api/v1/devices', '/nothing']) {
    const answer = await asked(url, { host: 'evil.example.com' });
    assert.equal(answer.statusCode, 421, url);
    assert.match(String(answer.headers['content-type']), /^application\/problem\+json/);
  }
});

test('over TCP without a token the damaged files are refused with what to do', async () => {
  const answer = await asked('/api/v1/files', {});
  assert.equal(answer.statusCode, 401);
  assert.match(answer.json().detail, /api\.tokens/);
  assert.match(String(answer.headers['www-authenticate']), /^Bearer/);
  assert.ok(!answer.body.includes('24711'));
});

test('over TCP without a token no view has a file name in it, and each owner says that there is one', async () => {
  const data = { path: '/pg/base/16402/24711' };
  const event = { id: 1, time: at, type: 'range.found', incident: null, uid: null, device: 'pmem0', data };
  const events = async () => ({ items: [event], next: null });
  for (const url of [
    '/',
    '/metrics',
    '/api/v1/badblocks',
    '/api/v1/incidents',
    '/api/v1/incidents/inc-1',
    '/api/v1/events',
    '/api/v1/topology',
    '/api/v1/devices',
  ]) {
    const answer = await asked(url, {}, { events });
    assert.equal(answer.statusCode, 200, url);
    assert.ok(!answer.body.includes('24711'), `${url} names the file`);
    assert.ok(!answer.body.includes(Buffer.from('/pg/base').toString('base64').slice(0, 8)), `${url} names the file`);
  }
  const [item] = (await asked('/api/v1/badblocks', {})).json().items;
  assert.deepEqual([item.owners[0].paths, item.owners[0].pathsRedacted], [[], true]);
  const [shown] = (await asked('/api/v1/events', {}, { events })).json().items;
  assert.deepEqual([shown.data, shown.dataRedacted], [{}, true]);
});

const credentials: readonly { authorization: string; names: boolean; why: string }[] = [
  { authorization: `Bearer ${token}`, names: true, why: 'the token' },
  { authorization: `bearer ${token}`, names: true, why: 'the token, scheme in lower case' },
  { authorization: `Bearer ${token}x`, names: false, why: 'nearly the token' },
  { authorization: `Bearer ${hash}`, names: false, why: 'the hash itself' },
  { authorization: `Basic ${Buffer.from(`a:${token}`).toString('base64')}`, names: false, why: 'another scheme' },
  { authorization: 'Bearer', names: false, why: 'an empty token' },
];
for (const scope of ['read', 'operate'] as const) {
  for (const { authorization, names, why } of credentials) {
    test(`file names are ${names ? 'shown' : 'not shown'} for ${why} (scope ${scope})`, async () => {
      const tokens = [
        { name: 'other', scope: 'read' as const, hash: `sha256:${'0'.repeat(64)}` },
        { name: 'x', scope, hash },
      ];
      const answer = await asked('/api/v1/files', { authorization }, { config: { tokens } });
      assert.equal(answer.statusCode, names ? 200 : 401);
    });
  }
}

test('a malformed hash in the configuration matches nothing', async () => {
  const tokens = [{ name: 'x', scope: 'read' as const, hash: 'sha256:' }];
  assert.equal((await asked('/api/v1/files', { authorization: 'Bearer x' }, { config: { tokens } })).statusCode, 401);
});

test('the demo opens file names to this host alone', async () => {
  const { app } = await createHttpApp(httpDeps({ config: { openOnLoopback: true } }));
  const from = (remoteAddress: string) =>
    app.inject({ url: '/api/v1/files', headers: { host: 'localhost' }, remoteAddress });
  assert.equal((await from('127.0.0.1')).statusCode, 200);
  assert.equal((await from('::1')).statusCode, 200);
  assert.equal((await from('::ffff:127.0.0.1')).statusCode, 200);
  assert.equal((await from('192.0.2.1')).statusCode, 401);
  await app.close();
});

test('why a search for owners was not whole is told without the paths in it', () => {
  const owner = { kind: 'unknown', device: 'pmem0', ...run(8, 8), reason: "ENOENT: open '/srv/my secret/a'" } as const;
  assert.equal(ownerJson(owner, true).reason, owner.reason);
  assert.equal(ownerJson(owner, false).reason, "ENOENT: open '<path>'");
  assert.equal(ownerJson({ ...owner, openByReason: 'EACCES: /srv/a' }, false).openByReason, 'EACCES: <path>');
});

test('a token that is none is refused also where none is needed: an answer without names would pass for a whole one', async () => {
  const tokens = [{ name: 'x', scope: 'read' as const, hash }];
  for (const url of ['/api/v1/badblocks', '/api/v1/incidents', '/']) {
    const answer = await asked(url, { authorization: `Bearer ${token}x` }, { config: { tokens } });
    assert.equal(answer.statusCode, 401, url);
    assert.match(String(answer.headers['www-authenticate']), /error="invalid_token"/);
    assert.equal((await asked(url, {}, { config: { tokens } })).statusCode, 200, url);
  }
  const scraped = await asked('/metrics', { authorization: `Bearer ${token}x` }, { config: { tokens } });
  assert.equal(scraped.statusCode, 200, 'what a scraper sends to every target is no reason to lose its metrics');
});

for (const { scope, status } of [
  { scope: 'none', status: 401 },
  { scope: 'read', status: 403 },
  { scope: 'operate', status: 200 },
] as const) {
  test(`over TCP a token of scope ${scope} ${status === 200 ? 'reloads' : 'does not reload, and is told how to'}`, async () => {
    let reloaded = false;
    const reload = async () => {
      reloaded = true;
      return { ok: true, problems: [] } as const;
    };
    const tokens = scope === 'none' ? [] : [{ name: 'x', scope, hash }];
    const { app } = await createHttpApp(httpDeps({ reload, config: { tokens } }));
    const headers = { host: 'localhost', ...(scope === 'none' ? {} : { authorization: `Bearer ${token}` }) };
    const answer = await app.inject({ method: 'POST', url: '/-/reload', headers });
    assert.deepEqual([answer.statusCode, reloaded], [status, status === 200]);
    if (status !== 200) assert.match(answer.json().detail, /scope operate .*unix socket/);
    await app.close();
  });
}

test('every answer forbids framing, sniffing, caching and foreign content', async () => {
  for (const url of ['/', '/metrics', '/api/v1/devices', '/nothing']) {
    const { headers } = await asked(url, {});
    assert.equal(headers['x-content-type-options'], 'nosniff', url);
    assert.equal(headers['cache-control'], 'no-store', url);
    assert.match(String(headers['content-security-policy']), /default-src 'none'.*frame-ancestors 'none'/, url);
  }
});

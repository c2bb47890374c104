/** What every request over TCP passes before a route sees it. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { test } from 'node:test';
import { hashSync } from 'bcryptjs';
import { clientNetwork } from '../../../src/export/http/client-network.ts';
import { createRequestRate } from '../../../src/export/http/request-rate.ts';
import { createHttpApp, createServer } from '../../../src/export/http/server.ts';
import { openRules, type WebRules } from '../../../src/model/web-rules.ts';
import type { Passwords } from '../../../src/ports.ts';
import { ask, httpDeps, temporaryFolder } from './served.ts';

const token = 'a-long-enough-secret';
const tokens = (['read', 'operate'] as const).map((scope) => ({
  name: scope,
  scope,
  hash: `sha256:${createHash('sha256').update(`${token}-${scope}`).digest('hex')}`,
}));
const users = new Map([
  ['prometheus', hashSync('scrape', 4)],
  ['other', hashSync('elsewhere', 4)],
]);
const basic = (user: string, password: string): string =>
  `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;

/** Compares texts in place of hashes, and notes each comparison. */
function countingPasswords(known: Readonly<Record<string, string>>) {
  const compared: [string, string][] = [];
  const held: (() => void)[] = [];
  let isHeld = false;
  const passwords: Passwords = {
    async verify(password, hash) {
      compared.push([password, hash]);
      if (isHeld) await new Promise<void>((resolve) => held.push(resolve));
      return known[hash] === password;
    },
    close: () => undefined,
  };
  return {
    passwords,
    compared,
    hold: () => {
      isHeld = true;
    },
    letGo: () => {
      isHeld = false;
      for (const go of held.splice(0)) go();
    },
  };
}

async function open(rules: Partial<WebRules>, passwords: Passwords, more: { paths?: string } = {}) {
  const reload = async () => ({ ok: true, problems: [] }) as const;
  const deps = httpDeps({ passwords, reload, config: { rules: { ...openRules, ...rules }, tokens } });
  const { app } = await createHttpApp(deps);
  // by itself an injected request begins when somebody waits for it
  const ask = async (
    url: string,
    headers: Record<string, string> = {},
    options: { method?: 'GET' | 'POST'; remoteAddress?: string } = {},
  ) => app.inject({ url, headers: { host: 'localhost', ...headers }, ...options });
  return { app, ask, ...more };
}
const hashes = new Map([
  ['prometheus', 'h1'],
  ['other', 'h2'],
]);

test('with basic_auth_users nothing is answered over TCP without credentials, whether it exists or not', async () => {
  const { passwords } = countingPasswords({});
  const { app, ask } = await open({ users: hashes }, passwords);
  for (const url of ['/', '/metrics', '/-/healthy', '/openapi.json', '/docs', '/api/v1/files', '/nothing']) {
    const answer = await ask(url);
    assert.equal(answer.statusCode, 401, url);
    assert.match(String(answer.headers['www-authenticate']), /Basic realm="pmemwatch"/);
    assert.match(String(answer.headers['content-type']), /^application\/problem\+json/);
  }
  await app.close();
});

const who: readonly { who: string; authorization: string; metrics: number; files: number; reload: number }[] = [
  {
    who: 'a user of the web configuration',
    authorization: basic('prometheus', 'scrape'),
    metrics: 200,
    files: 401,
    reload: 401,
  },
  {
    who: 'that user with a wrong password',
    authorization: basic('prometheus', 'Scrape'),
    metrics: 401,
    files: 401,
    reload: 401,
  },
  {
    who: "that user with another's password",
    authorization: basic('prometheus', 'elsewhere'),
    metrics: 401,
    files: 401,
    reload: 401,
  },
  { who: 'nobody we know', authorization: basic('root', 'scrape'), metrics: 401, files: 401, reload: 401 },
  { who: 'an empty user', authorization: basic('', ''), metrics: 401, files: 401, reload: 401 },
  {
    who: 'a hash as the password',
    authorization: basic('prometheus', users.get('prometheus') ?? ''),
    metrics: 401,
    files: 401,
    reload: 401,
  },
  { who: 'a token of scope read', authorization: `Bearer ${token}-read`, metrics: 200, files: 200, reload: 403 },
  { who: 'a token of scope operate', authorization: `Bearer ${token}-operate`, metrics: 200, files: 200, reload: 200 },
  {
    who: 'a token as the password of its name',
    authorization: basic('operate', `${token}-operate`),
    metrics: 200,
    files: 200,
    reload: 200,
  },
  {
    who: 'a token as the password of another name',
    authorization: basic('read', `${token}-operate`),
    metrics: 401,
    files: 401,
    reload: 401,
  },
  { who: 'an unknown token', authorization: `Bearer ${token}`, metrics: 401, files: 401, reload: 401 },
  { who: 'another scheme', authorization: `Digest ${token}-read`, metrics: 401, files: 401, reload: 401 },
];
for (const { who: name, authorization, ...expected } of who) {
  test(`with basic_auth_users, ${name}: metrics ${expected.metrics}, file names ${expected.files}, reload ${expected.reload}`, async () => {
    const { compareSync } = await import('bcryptjs');
    const passwords: Passwords = { verify: async (p, h) => compareSync(p, h), close: () => undefined };
    const { app, ask } = await open({ users }, passwords);
    const status = async (url: string, method: 'GET' | 'POST' = 'GET') =>
      (await ask(url, { authorization }, { method })).statusCode;
    assert.deepEqual(
      {
        metrics: await status('/metrics'),
        files: await status('/api/v1/files'),
        reload: await status('/-/reload', 'POST'),
      },
      expected,
    );
    await app.close();
  });
}

test('a user who is let in sees no file name anywhere, as without a password', async () => {
  const { passwords } = countingPasswords({ h1: 'scrape' });
  const { app, ask } = await open({ users: hashes }, passwords);
  for (const url of ['/', '/metrics', '/api/v1/badblocks', '/api/v1/incidents', '/api/v1/topology']) {
    const answer = await ask(url, { authorization: basic('prometheus', 'scrape') });
    assert.equal(answer.statusCode, 200, url);
    assert.ok(!answer.body.includes('24711'), `${url} names the file`);
  }
  await app.close();
});

test('a name that is not there is compared like one that is, always with the same hash', async () => {
  const { passwords, compared } = countingPasswords({ h1: 'scrape', h2: 'elsewhere' });
  const { app, ask } = await open({ users: hashes }, passwords);
  for (const guess of ['a', 'b', 'scrape', 'elsewhere']) {
    assert.equal((await ask('/metrics', { authorization: basic('nobody', guess) })).statusCode, 401);
  }
  assert.deepEqual(
    compared.map(([password]) => password),
    ['a', 'b', 'scrape', 'elsewhere'],
  );
  assert.equal(new Set(compared.map(([, hash]) => hash)).size, 1);
  assert.ok([...hashes.values()].includes(compared[0]?.[1] ?? ''));
  await app.close();
});

test('a right password is compared once, and so is a wrong one that is sent again', async () => {
  const { passwords, compared } = countingPasswords({ h1: 'scrape' });
  const { app, ask } = await open({ users: hashes }, passwords);
  for (const [password, status] of [
    ['scrape', 200],
    ['wrong', 401],
  ] as const) {
    for (let i = 0; i < 5; i++) {
      assert.equal((await ask('/metrics', { authorization: basic('prometheus', password) })).statusCode, status);
    }
  }
  assert.deepEqual(compared, [
    ['scrape', 'h1'],
    ['wrong', 'h1'],
  ]);
  await app.close();
});

test('who guesses cannot make us forget who is right', async () => {
  const { passwords, compared } = countingPasswords({ h1: 'scrape' });
  const { app, ask } = await open({ users: hashes }, passwords);
  const good = { authorization: basic('prometheus', 'scrape') };
  assert.equal((await ask('/metrics', good)).statusCode, 200);
  for (let i = 0; i < 300; i++) await ask('/metrics', { authorization: basic('prometheus', `guess-${i}`) });
  const before = compared.length;
  assert.equal((await ask('/metrics', good)).statusCode, 200);
  assert.equal(compared.length, before);
  await app.close();
});

test('a guesser has two places in the line, so that a scraper from elsewhere has its turn', async () => {
  const line = countingPasswords({ h1: 'scrape' });
  const { app, ask } = await open({ users: hashes }, line.passwords);
  line.hold();
  const from = (remoteAddress: string, user: string, password: string) =>
    ask('/metrics', { authorization: basic(user, password) }, { remoteAddress });
  const guesses = [...Array(10).keys()].map((i) => from('192.0.2.66', 'prometheus', `guess-${i}`));
  const refused = await Promise.all(guesses.slice(2));
  for (const answer of refused) {
    assert.equal(answer.statusCode, 429);
    assert.equal(answer.headers['retry-after'], '1');
  }
  const scrapes = [1, 2, 3].map(() => from('192.0.2.10', 'prometheus', 'scrape'));
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(line.compared.length, 3, 'the same question is asked once');
  line.letGo();
  for (const scrape of scrapes) assert.equal((await scrape).statusCode, 200);
  for (const guess of guesses.slice(0, 2)) assert.equal((await guess).statusCode, 401);
  assert.equal((await from('192.0.2.66', 'prometheus', 'one more')).statusCode, 401);
  await app.close();
});

test('a user who was taken out is let in no longer, nor one whose hash was changed', async () => {
  const { passwords } = countingPasswords({ h1: 'scrape', h3: 'new' });
  let rules: WebRules = { ...openRules, users: hashes };
  const deps = httpDeps({ passwords });
  const { app } = await createHttpApp({
    ...deps,
    config: {
      ...deps.config,
      get rules() {
        return rules;
      },
    },
  });
  const status = async (password: string) =>
    (await app.inject({ url: '/metrics', headers: { authorization: basic('prometheus', password) } })).statusCode;
  assert.equal(await status('scrape'), 200);
  rules = { ...openRules, users: new Map([['prometheus', 'h3']]) };
  assert.deepEqual([await status('scrape'), await status('new')], [401, 200]);
  rules = { ...openRules, users: new Map([['other', 'h1']]) };
  assert.deepEqual([await status('scrape'), await status('new')], [401, 401]);
  await app.close();
});

test('when passwords cannot be checked that is said, and nobody is let in', async () => {
  const passwords: Passwords = { verify: () => Promise.reject(new Error('no thread')), close: () => undefined };
  const { app, ask } = await open({ users: hashes }, passwords);
  const answer = await ask('/metrics', { authorization: basic('prometheus', 'scrape') });
  assert.equal(answer.statusCode, 503);
  assert.ok(!answer.body.includes('no thread'));
  await app.close();
});

test('the configured headers are on every answer, errors and documentation too, and win over our own', async () => {
  const headers = { 'Strict-Transport-Security': 'max-age=60', 'X-Frame-Options': 'sameorigin' };
  const { app, ask } = await open({ headers }, countingPasswords({}).passwords);
  for (const url of ['/metrics', '/nothing', '/%zz', '/api/v1/files', '/docs/', '/']) {
    const answer = await ask(url);
    assert.equal(answer.headers['strict-transport-security'], 'max-age=60', url);
    assert.equal(answer.headers['x-frame-options'], 'sameorigin', url);
  }
  await app.close();
});

test('a rate limit lets through a burst and then one at a time, with when to come back', () => {
  let now = 1000;
  let rule: { intervalMs: number; burst: number } | undefined = { intervalMs: 500, burst: 3 };
  const rate = createRequestRate(
    () => rule,
    () => now,
  );
  const take = () => rate.take();
  assert.deepEqual([take(), take(), take(), take()], [undefined, undefined, undefined, 1]);
  now += 499;
  assert.equal(take(), 1);
  now += 1;
  assert.deepEqual([take(), take()], [undefined, 1]);
  now += 3_600_000;
  assert.deepEqual([take(), take(), take(), take()], [undefined, undefined, undefined, 1]);
  rule = { intervalMs: 60_000, burst: 1 };
  assert.deepEqual([take(), take()], [undefined, 60]);
  rule = undefined;
  assert.equal(take(), undefined);
});

test('over the rate limit everything is refused the same way, before any password is looked at', async () => {
  const { passwords, compared } = countingPasswords({ h1: 'scrape' });
  const { app, ask } = await open({ users: hashes, rate: { intervalMs: 60_000, burst: 1 } }, passwords);
  const authorization = basic('prometheus', 'scrape');
  assert.equal((await ask('/metrics', { authorization })).statusCode, 200);
  for (const url of ['/metrics', '/nothing']) {
    const answer = await ask(url, { authorization: basic('prometheus', 'x') });
    assert.deepEqual([answer.statusCode, answer.headers['retry-after']], [429, '60'], url);
  }
  assert.equal(compared.length, 1);
  await app.close();
});

const pages: readonly { headers: Record<string, string>; allowed: boolean; why: string }[] = [
  { headers: {}, allowed: true, why: 'a program' },
  { headers: { 'sec-fetch-site': 'same-origin', origin: 'http://localhost' }, allowed: true, why: 'our own page' },
  { headers: { 'sec-fetch-site': 'none' }, allowed: true, why: 'a user who typed the address' },
  { headers: { origin: 'http://localhost' }, allowed: true, why: 'our own page in an old browser' },
  {
    headers: { origin: 'http://localhost:3000' },
    allowed: false,
    why: 'another service of this host, in an old browser',
  },
  { headers: { 'sec-fetch-site': 'cross-site', origin: 'http://localhost' }, allowed: false, why: 'a page elsewhere' },
  { headers: { 'sec-fetch-site': 'same-site' }, allowed: false, why: 'a page on another host of the domain' },
  { headers: { origin: 'http://evil.example.com' }, allowed: false, why: 'a page elsewhere in an old browser' },
  { headers: { origin: 'null' }, allowed: false, why: 'a page without an origin' },
];
for (const { headers, allowed, why } of pages) {
  test(`${why} ${allowed ? 'may' : 'must not'} change something with what the browser sends along`, async () => {
    const { app, ask } = await open({}, countingPasswords({}).passwords);
    const authorization = basic('operate', `${token}-operate`);
    const answer = await ask('/-/reload', { ...headers, authorization }, { method: 'POST' });
    assert.equal(answer.statusCode, allowed ? 200 : 403);
    await app.close();
  });
}

test('no page elsewhere is allowed to read an answer, and none is told what it might send', async () => {
  const { app } = await open({}, countingPasswords({}).passwords);
  for (const method of ['GET', 'OPTIONS'] as const) {
    const headers = { host: 'localhost', origin: 'http://evil.example.com', 'access-control-request-method': 'POST' };
    const answer = await app.inject({ method, url: '/api/v1/devices', headers });
    for (const name of Object.keys(answer.headers)) assert.doesNotMatch(name, /^access-control-/);
    assert.equal(answer.headers['cross-origin-resource-policy'], 'same-origin');
  }
  await app.close();
});

test('limits are counted for an IPv4 address and for a network of IPv6', () => {
  const table: readonly [string | undefined, string][] = [
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:0DB8:0001:2::6', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    [undefined, ''],
  ];
  for (const [address, network] of table) assert.equal(clientNetwork(address), network, address);
});

test('a browser that is led to the unix socket (ssh -L) is no way in for a page from elsewhere', async (t) => {
  const folder = await temporaryFolder(t);
  const socketPath = join(folder, 'api.sock');
  const server = await createServer(httpDeps());
  t.after(() => server.close(0));
  await server.listen([{ kind: 'unix', path: socketPath }]);
  const status = async (method: string, headers: Record<string, string>) =>
    (await ask({ socketPath }, method === 'GET' ? '/api/v1/files' : '/-/reload', { method, headers })).status;
  assert.equal(await status('GET', { host: 'localhost:9915' }), 200);
  assert.equal(await status('GET', { host: 'pmemwatch' }), 200, 'what a program calls it is nobody else');
  assert.equal(await status('GET', { host: 'evil.example.com' }), 421, 'a name that was rebound');
  assert.equal(await status('POST', { host: 'localhost:9915' }), 200);
  assert.equal(await status('POST', { host: 'localhost:9915', origin: 'http://localhost:9915' }), 200);
  for (const headers of [{ origin: 'http://evil.example.com' }, { 'sec-fetch-site': 'cross-site' }, { origin: 'null' }])
    assert.equal(await status('POST', { host: 'localhost:9915', ...headers }), 403, JSON.stringify(headers));
});

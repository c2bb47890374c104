/** Attacks on an agent that really listens; `npm test -- --test-name-pattern` shows for each what it got. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type Agent, startAgent, until } from './agent-process.ts';
import { layHost } from './host-on-disk.ts';
import { type Got, open, sendRaw } from './raw-client.ts';

const secrets = { read: 'a-token-that-may-read', operate: 'a-token-that-may-operate' } as const;
const config = `api:\n  tokens:\n${Object.entries(secrets)
  .map(([name, secret]) => {
    const hash = createHash('sha256').update(secret).digest('hex');
    return `    - { name: ${name}, scope: ${name}, hash: "sha256:${hash}" }\n`;
  })
  .join('')}`;

let dir: string;
let agent: Agent;
before(async () => {
  dir = mkdtempSync(join(tmpdir(), 'pmemwatch-attacks-'));
  chmodSync(dir, 0o777);
  agent = await startAgent(dir, layHost(join(dir, 'host'), 'none'), config);
});
after(async () => {
  await agent?.kill('SIGKILL');
  rmSync(dir, { recursive: true, force: true });
});
const port = (): number => Number(new URL(agent.url).port);

const read = { authorization: `Bearer ${secrets.read}` };
const operate = { authorization: `Bearer ${secrets.operate}` };
/** A request as it goes over the wire; `Connection: close` makes the server end it. */
function wire(line: string, headers: Record<string, string> = {}, body = ''): string {
  const all = { host: 'localhost', connection: 'close', ...headers };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${line} HTTP/1.1\r\n${lines.join('')}\r\n${body}`;
}
const json = (length: number | string) => ({ 'content-type': 'application/json', 'content-length': String(length) });
const acknowledge = 'POST /api/v1/incidents/x/acknowledge';

function resolveBody(device: string, count: number | string = 8): string {
  return `{"device":"${device}","ranges":[{"start":0,"count":${count}}]}`;
}

interface Attack {
  readonly attack: string;
  readonly send: string | readonly string[];
  /** statuses of the answers, in order: more than one would be a request that was smuggled in */
  readonly gets: readonly number[];
  /** what the answer says */
  readonly says?: RegExp;
  readonly everyMs?: number;
  readonly waitMs?: number;
}
const smuggled = 'GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n';
const attacks: readonly Attack[] = [
  ...[
    '/../../../../etc/passwd',
    '/..%2f..%2f..%2fetc%2fpasswd',
    '/docs/../../../../etc/passwd',
    '/docs/static/..%2f..%2f..%2f..%2fetc%2fpasswd',
    '/api/v1/incidents/..%2f..%2f..%2fetc%2fpasswd',
    '/api/v1/dimms/%00',
    '//etc/passwd',
  ].map((path) => ({ attack: `path traversal ${path}`, send: wire(`GET ${path}`, read), gets: [404] })),
  ...[
    '/docs/static/..%5c..%5cpackage.json',
    '/docs/static/%2e%2e/%2e%2e/package.json',
    '/docs/static//etc/passwd',
    '/docs/static/swagger-ui.css/../../../../package.json',
  ].map((path) => ({ attack: `path traversal ${path}`, send: wire(`GET ${path}`, read), gets: [403] })),
  ...[
    '/pg/../../etc/shadow',
    '/pg/%2e%2e/%2e%2e/etc/shadow',
    '/pg/..%2f..%2fetc%2fshadow',
    '/pg%00/etc/shadow',
    'etc/shadow',
    '..%5c..%5cetc%5cshadow',
    `/${'a'.repeat(4096)}`,
  ].map((path) => ({
    attack: `files/check of ${path.length > 60 ? 'a path of 4097 bytes' : path}`,
    send: wire(`GET /api/v1/files/check?path=${path}`, read),
    gets: [400],
  })),
  ...[
    '/etc/shadow',
    '/no/such/file',
    '/proc/1/root/etc/shadow',
    '/dev/watchdog',
    '%ff%fe',
    `/${'a/'.repeat(2000)}`,
  ].map((path) => ({
    attack: `files/check of ${path.length > 60 ? 'a path 2000 folders deep' : path} without a token`,
    send: wire(`GET /api/v1/files/check?path=${path}`),
    gets: [401],
  })),
  ...['/etc/shadow', '/no/such/file', '/proc/1/root/etc/shadow', '/dev/watchdog'].map((path) => ({
    attack: `files/check of ${path}: told that it lies on no watched device, as everything elsewhere`,
    send: wire(`GET /api/v1/files/check?path=${path}`, read),
    gets: [200],
    waitMs: 20_000,
    says: /"complete":false.*"reason":"it lies on no mounted file system of a watched device"/s,
  })),
  { attack: 'a path that is not UTF-8', send: wire('GET /api/v1/dimms/%ff%fe', read), gets: [400] },
  { attack: 'a path of 20 KB', send: wire(`GET /${'a'.repeat(20_000)}`), gets: [431] },

  {
    attack: 'a body of 65 KB',
    send: wire(acknowledge, { ...operate, ...json(65_537) }, 'x'.repeat(65_537)),
    gets: [413],
  },
  {
    attack: 'a body that is said to have 1 TB',
    send: wire(acknowledge, { ...operate, ...json(1e12) }, '{'),
    gets: [413],
  },
  {
    attack: 'a chunked body without end',
    send: [
      wire(acknowledge, { ...operate, 'content-type': 'application/json', 'transfer-encoding': 'chunked' }),
      // one more than the limit takes: what is sent after the answer would make the kernel throw the answer away
      ...Array.from({ length: 17 }, () => `1000\r\n${'x'.repeat(4096)}\r\n`),
    ],
    everyMs: 1,
    gets: [413],
  },
  {
    attack: 'a body as deep as it is long',
    send: wire(acknowledge, { ...operate, ...json(60_000) }, '['.repeat(60_000)),
    gets: [400],
  },
  {
    attack: 'a body that sets a prototype',
    send: wire(acknowledge, { ...operate, ...json(37) }, '{"__proto__":{"author":"mallory"}}   '),
    gets: [400],
  },
  {
    attack: 'a compressed body',
    send: wire(acknowledge, { ...operate, ...json(4), 'content-encoding': 'gzip' }, '\x1f\x8b\x08\x00'),
    gets: [400],
  },
  {
    attack: 'a form in place of JSON',
    send: wire(
      acknowledge,
      { ...operate, 'content-type': 'application/x-www-form-urlencoded', 'content-length': '8' },
      'author=m',
    ),
    gets: [415],
  },
  {
    attack: 'a body, a byte a second',
    send: [wire(acknowledge, { ...operate, ...json(60) }), ...Array(60).fill(' ')],
    everyMs: 1000,
    waitMs: 30_000,
    gets: [408],
  },
  {
    attack: 'headers, a byte a second',
    send: ['GET / HTTP/1.1\r\n', ...Array(60).fill('x')],
    everyMs: 1000,
    waitMs: 30_000,
    gets: [408],
  },
  { attack: 'a connection that says nothing', send: '', waitMs: 30_000, gets: [408] },
  { attack: 'headers of 17 KB', send: wire('GET /', { x: 'y'.repeat(17_000) }), gets: [431] },
  { attack: '3000 headers', send: `GET / HTTP/1.1\r\n${'a:b\r\n'.repeat(4000)}\r\n`, gets: [431] },

  { attack: 'no token', send: wire('GET /api/v1/files'), gets: [401] },
  { attack: 'a wrong token', send: wire('GET /api/v1/files', { authorization: 'Bearer wrong' }), gets: [401] },
  {
    attack: 'a token cut short',
    send: wire('GET /api/v1/files', { authorization: `Bearer ${secrets.read.slice(0, -1)}` }),
    gets: [401],
  },
  { attack: 'a token in the address', send: wire(`GET /api/v1/files?token=${secrets.read}`), gets: [401] },
  { attack: 'a token in a cookie', send: wire('GET /api/v1/files', { cookie: `token=${secrets.read}` }), gets: [401] },
  {
    attack: 'two Authorization headers, the second right',
    send: wire('GET /api/v1/files', { authorization: 'Bearer wrong', Authorization: `Bearer ${secrets.read}` }),
    gets: [401],
  },
  {
    attack: 'a token of scope read that reloads',
    send: wire('POST /-/reload', { ...read, 'content-length': '0' }),
    gets: [403],
  },
  {
    attack: 'resolve of a device that is a path',
    send: wire('POST /api/v1/resolve', { ...read, ...json(75) }, `${resolveBody('../../etc/passwd')}`.padEnd(75)),
    gets: [404],
  },
  {
    attack: 'resolve of more sectors than there are',
    send: wire('POST /api/v1/resolve', { ...read, ...json(90) }, resolveBody('pmem0', '1e999').padEnd(90)),
    gets: [400],
  },
  { attack: 'resolve without a token', send: wire('POST /api/v1/resolve', json(2), '{}'), gets: [401] },
  {
    attack: 'a cursor of another list',
    send: wire('GET /api/v1/files?after=YmFkYmxvY2tzCnBtZW0w', read),
    gets: [400],
  },
  {
    attack: 'a page elsewhere that asks whether it may (CORS preflight)',
    send: wire('OPTIONS /-/reload', { origin: 'http://evil.example.com', 'access-control-request-method': 'POST' }),
    gets: [404],
  },
  { attack: 'no token that scrubs', send: wire('POST /api/v1/scrubs', json(2), '{}'), gets: [401] },
  {
    attack: 'an address that claims to be this host',
    send: wire('GET /api/v1/files', { 'x-forwarded-for': '127.0.0.1', 'x-real-ip': '::1', forwarded: 'for=127.0.0.1' }),
    gets: [401],
  },

  {
    attack: 'a request with both lengths (CL.TE)',
    send: wire('POST /-/reload', { 'content-length': '6', 'transfer-encoding': 'chunked' }, `0\r\n\r\n${smuggled}`),
    gets: [400],
  },
  {
    attack: 'both lengths, the other way (TE.CL)',
    send: wire(
      'POST /-/reload',
      { 'transfer-encoding': 'chunked', 'content-length': '4' },
      `${smuggled.length.toString(16)}\r\n${smuggled}\r\n0\r\n\r\n`,
    ),
    gets: [400],
  },
  {
    attack: 'two Content-Length',
    send: `POST /-/reload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nContent-Length: 43\r\n\r\n${smuggled}`,
    gets: [400],
  },
  {
    attack: 'a Content-Length of two numbers',
    send: wire('POST /-/reload', { 'content-length': '0, 43' }, smuggled),
    gets: [400],
  },
  {
    attack: 'a Content-Length with a sign',
    send: wire('POST /-/reload', { 'content-length': '+0' }, smuggled),
    gets: [400],
  },
  {
    attack: 'a Transfer-Encoding that nobody knows',
    send: wire('POST /-/reload', { 'transfer-encoding': 'xchunked' }, smuggled),
    gets: [400],
  },
  {
    attack: 'a Transfer-Encoding that does not end with chunked',
    send: wire('POST /-/reload', { 'transfer-encoding': 'chunked, identity' }, `0\r\n\r\n${smuggled}`),
    gets: [400],
  },
  {
    attack: 'a blank before the colon',
    send: `POST /-/reload HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n${smuggled}`,
    gets: [400],
  },
  {
    attack: 'a header folded over two lines (obs-fold)',
    send: `POST /-/reload HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding:\r\n chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n${smuggled}`,
    gets: [400],
  },
  { attack: 'lines that end without CR', send: `GET /-/healthy HTTP/1.1\nHost: localhost\n\n`, gets: [400] },
  {
    attack: 'a CR inside a header',
    send: `GET /-/healthy HTTP/1.1\r\nHost: localhost\r\nX: a\rTransfer-Encoding: chunked\r\n\r\n`,
    gets: [400],
  },
  { attack: 'a NUL inside a header', send: wire('GET /-/healthy', { x: 'a\0b' }), gets: [400] },
  {
    attack: 'a chunk size beyond every number',
    send: wire('POST /-/reload', { 'transfer-encoding': 'chunked' }, `ffffffffffffffffff\r\n`),
    gets: [400],
  },
  {
    attack: 'a chunk extension with a line end',
    send: wire('POST /-/reload', { ...read, 'transfer-encoding': 'chunked' }, `0;a\nb\r\n\r\n${smuggled}`),
    gets: [400],
  },
  { attack: 'HTTP/0.9', send: 'GET /-/healthy\r\n\r\n', gets: [400] },
  { attack: 'the preface of HTTP/2', send: 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', gets: [400] },
  { attack: 'a handshake of TLS', send: '\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03', gets: [400] },

  {
    attack: 'a foreign Host (DNS rebinding)',
    send: wire('GET /api/v1/devices', { host: 'evil.example.com' }),
    gets: [421],
  },
  {
    attack: 'a Host that begins like ours',
    send: wire('GET /api/v1/devices', { host: 'localhost.evil.example.com' }),
    gets: [421],
  },
  {
    attack: 'a Host with a user',
    send: wire('GET /api/v1/devices', { host: 'localhost@evil.example.com' }),
    gets: [421],
  },
  { attack: 'two Host headers', send: wire('GET /api/v1/devices', { Host: 'evil.example.com' }), gets: [400] },
  { attack: 'no Host', send: 'GET /api/v1/devices HTTP/1.1\r\nConnection: close\r\n\r\n', gets: [400] },
  { attack: 'a foreign host in the target', send: wire('GET http://evil.example.com/api/v1/devices'), gets: [421] },
  {
    attack: 'X-Forwarded-Host in place of Host',
    send: wire('GET /api/v1/devices', { host: 'evil.example.com', 'x-forwarded-host': 'localhost' }),
    gets: [421],
  },

  {
    attack: 'X-HTTP-Method-Override',
    send: wire('GET /-/reload', { ...operate, 'x-http-method-override': 'POST' }),
    gets: [404],
  },
  { attack: 'TRACE', send: wire('TRACE /metrics', { cookie: 'a' }), gets: [404] },
  { attack: 'CONNECT', send: 'CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: localhost\r\n\r\n', gets: [] },
  { attack: 'a method that nobody knows', send: wire('HACK /metrics'), gets: [400] },
  { attack: 'PUT on a list', send: wire('PUT /api/v1/devices', { ...operate, ...json(2) }, '{}'), gets: [404] },
  {
    attack: 'an upgrade to another protocol',
    send: wire('GET /-/healthy', { connection: 'upgrade, close', upgrade: 'websocket' }),
    gets: [200],
  },
  {
    attack: 'an expectation that nobody knows',
    send: wire('GET /-/healthy', { expect: 'the-impossible' }),
    gets: [417],
  },
  {
    attack: 'a page elsewhere that reloads',
    send: wire('POST /-/reload', { ...operate, origin: 'http://evil.example.com', 'content-length': '0' }),
    gets: [403],
  },
  {
    attack: 'a page elsewhere that reads',
    send: wire('GET /api/v1/devices', { origin: 'http://evil.example.com' }),
    gets: [200],
  },
];

describe('attacks', { concurrency: 8 }, () => {
  for (const { attack, send, gets, says, ...how } of attacks) {
    test(`${attack}: ${gets.length === 0 ? 'the connection ends' : gets.join(', ')}`, async () => {
      const got = await sendRaw({ port: port() }, send, how);
      assert.deepEqual(got.statuses, gets, summary(got));
      if (says !== undefined) assert.match(got.text, says);
      assert.doesNotMatch(got.text, /root:|"dependencies"|node_modules|access-control-allow/i);
      assert.ok(got.ms < (how.waitMs ?? 3000), 'the server did not end the connection');
    });
  }
});

function residentBytes({ pid }: Agent): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) * 1024;
}
function summary({ statuses, error, text, ms }: Got): string {
  return `${statuses.join(', ')} ${error ?? ''} after ${Math.round(ms)} ms: ${text.slice(0, 300)}`;
}

test('10,000 connections from one address keep nobody else out, and leave nothing behind', async (t) => {
  const rss = residentBytes(agent);
  const sockets = new Set<ReturnType<typeof open>>();
  t.after(() => {
    for (const socket of sockets) socket.destroy();
  });
  let refused = 0;
  for (let i = 0; i < 10_000; i++) {
    const socket = open({ port: port() });
    socket.on('error', () => undefined);
    sockets.add(socket);
    socket.once('close', () => {
      sockets.delete(socket);
      refused += 1;
    });
    socket.resume();
    if (i % 100 === 99) await new Promise((resolve) => setTimeout(resolve, 5));
    if (i % 2500 === 2499) {
      // how fast says as much of the machine as of the agent
      const scrape = await sendRaw({ port: port(), from: '127.0.0.2' }, wire('GET /metrics'), { waitMs: 15_000 });
      assert.deepEqual(scrape.statuses, [200], `after ${i}: ${summary(scrape)}`);
      assert.equal((await agent.get('/-/ready')).status, 200);
    }
  }
  await until('all but 128 are closed', () => sockets.size <= 128 || undefined);
  assert.ok(refused >= 10_000 - 128, `${refused} were refused`);
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => setTimeout(resolve, 300));
  assert.deepEqual((await sendRaw({ port: port() }, wire('GET /metrics'), { waitMs: 15_000 })).statuses, [200]);
  const grown = residentBytes(agent) - rss;
  assert.ok(grown < 64 * 2 ** 20, `the agent has grown by ${Math.round(grown / 2 ** 20)} MiB`);
});

test('docs/access.md tells what each of them gets (npm run golden writes it)', () => {
  const file = join(import.meta.dirname, '../../docs/access.md');
  const [begin, end] = ['<!-- attacks: made by `npm run golden` -->\n', '<!-- end of attacks -->'];
  const rows = attacks.map(({ attack, gets }) => `| ${attack} | ${gets.join(', ') || 'the connection ends'} |\n`);
  const table = `\n| Attack | Status |\n| --- | --- |\n${rows.join('')}\n`;
  const text = readFileSync(file, 'utf8');
  const [from, to] = [text.indexOf(begin) + begin.length, text.indexOf(end)];
  assert.ok(from >= begin.length && to >= from, 'the table has lost its marks');
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(file, text.slice(0, from) + table + text.slice(to));
  assert.ok(readFileSync(file, 'utf8').includes(begin + table + end), 'the table is not current');
});

test('after all of that the agent is well, and none of it was a bug to it', async () => {
  assert.equal((await agent.get('/-/ready')).status, 200);
  assert.doesNotMatch(agent.log(), /this is a bug|"level":(50|60)/);
});

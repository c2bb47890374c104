/** Posts through proxies that the environment names, and over TLS, against real small servers. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer, request, type Server } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import { type AddressInfo, connect, createServer as createTcpServer } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { inspect } from 'node:util';
import { createHttp } from '../../src/linux/http.ts';

const pem = (name: string): string => readFileSync(join(import.meta.dirname, '../fixtures/tls', name), 'utf8');
const options = { timeoutMs: 2_000, signal: new AbortController().signal };
const closers: (() => void)[] = [];
after(() => {
  for (const close of closers) close();
});
async function portOf(server: Server | TlsServer): Promise<number> {
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return (server.address() as AddressInfo).port;
}

/** What came to the receivers themselves. */
const arrived: string[] = [];
let plain = '';
let secure = '';
before(async () => {
  const port = await portOf(
    createServer((incoming, response) => arrived.push(`${incoming.url}`) && response.end('plain')),
  );
  plain = `http://127.0.0.1:${port}/hook/SECRET-TOKEN`;
  const tls = { cert: pem('server.pem'), key: pem('server.key') };
  const tlsPort = await portOf(
    createTlsServer(tls, (incoming, response) => arrived.push(`${incoming.url}`) && response.end('secure')),
  );
  secure = `https://localhost:${tlsPort}/hook/SECRET-TOKEN`;
});

/** A proxy as they are: absolute addresses for http, CONNECT for https; wants a password. */
async function startProxy(): Promise<{ url: string; used: string[] }> {
  const used: string[] = [];
  const expected = `Basic ${Buffer.from('user:PROXY-SECRET').toString('base64')}`;
  const server = createServer((incoming, response) => {
    used.push(`${incoming.method} ${incoming.url}`);
    if (incoming.headers['proxy-authorization'] !== expected) return void response.writeHead(407).end();
    const { 'proxy-authorization': _, ...headers } = incoming.headers;
    const onward = request(incoming.url ?? '', { method: incoming.method ?? 'GET', headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    return void incoming.pipe(onward);
  });
  server.on('connect', (incoming, client) => {
    used.push(`CONNECT ${incoming.url}`);
    if (incoming.headers['proxy-authorization'] !== expected) {
      client.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
      return;
    }
    const [host = '', port = ''] = (incoming.url ?? '').split(':');
    const onward = connect(Number(port), host, () => {
      client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      onward.pipe(client).pipe(onward);
    });
    for (const end of [onward, client]) end.on('error', () => end.destroy());
  });
  const port = await portOf(server);
  return { url: `http://user:PROXY-SECRET@127.0.0.1:${port}`, used };
}

/** Runs with only the test's own authority trusted. */
async function trusting<T>(run: () => Promise<T>): Promise<T> {
  const before = getCACertificates('default');
  setDefaultCACertificates([pem('ca.pem')]);
  try {
    return await run();
  } finally {
    setDefaultCACertificates(before);
  }
}

test('an http receiver is posted to through http_proxy, with the password of the proxy', async () => {
  const proxy = await startProxy();
  const answer = await createHttp({ http_proxy: proxy.url }).post(plain, {}, 'x', options);
  assert.deepEqual([answer.status, answer.body], [200, 'plain']);
  assert.deepEqual(proxy.used, [`POST ${plain}`]);
});

test('an https receiver is posted to through https_proxy by a tunnel, and its certificate is verified inside it', async () => {
  const proxy = await startProxy();
  const http = createHttp({ HTTPS_PROXY: proxy.url });
  const answer = await trusting(() => http.post(secure, {}, 'x', options));
  assert.equal(answer.body, 'secure');
  assert.deepEqual(proxy.used, [`CONNECT ${new URL(secure).host}`]);
  await assert.rejects(http.post(secure, {}, 'x', options), /certificate is of an unknown authority|self-signed/);
});

test('a proxy may be named without its scheme', async () => {
  const proxy = await startProxy();
  await createHttp({ HTTP_PROXY: proxy.url.replace('http://', '') }).post(plain, {}, '', options);
  assert.equal(proxy.used.length, 1);
});

test('what no_proxy names is reached without the proxy', async () => {
  const proxy = await startProxy();
  const port = new URL(plain).port;
  for (const no_proxy of ['127.0.0.1', `127.0.0.1:${port}`, '*', 'elsewhere.example, 127.0.0.1']) {
    const answer = await createHttp({ http_proxy: proxy.url, no_proxy }).post(plain, {}, '', options);
    assert.equal(answer.body, 'plain', no_proxy);
  }
  assert.deepEqual(proxy.used, []);
});

test('a proxy of one scheme is not used for the other, and without any the receiver is reached itself', async () => {
  const proxy = await startProxy();
  await createHttp({ https_proxy: proxy.url }).post(plain, {}, '', options);
  await trusting(() => createHttp({ http_proxy: proxy.url }).post(secure, {}, '', options));
  await createHttp({}).post(plain, {}, '', options);
  assert.deepEqual(proxy.used, []);
});

test('a proxy that is not there, refuses or hangs is an error that names neither it nor the receiver', async () => {
  const refusing = await startProxy();
  const wrong = refusing.url.replace('PROXY-SECRET', 'WRONG-SECRET');
  let open = 0;
  const silent = createTcpServer((socket) => {
    open++;
    socket
      .on('error', () => undefined)
      .on('close', () => open--)
      .resume();
  });
  await new Promise<void>((done) => silent.listen(0, '127.0.0.1', done));
  closers.push(() => silent.close());
  const { port } = silent.address() as AddressInfo;
  const rows: readonly (readonly [string, string, RegExp])[] = [
    ['http://user:PROXY-SECRET@127.0.0.1:1', secure, /connection refused/],
    ['http://user:PROXY-SECRET@127.0.0.1:1', plain, /connection refused/],
    [wrong, secure, /the proxy did not let the connection through/],
    [`http://user:PROXY-SECRET@127.0.0.1:${port}`, secure, /no answer within 0\.2 s/],
    ['http://:PROXY-SECRET@', secure, /the proxy that the environment names is not an http or https address/],
    ['socks5://user:PROXY-SECRET@127.0.0.1:1', secure, /the proxy that the environment names is not/],
  ];
  for (const [proxy, url, says] of rows) {
    const environment = { http_proxy: proxy, https_proxy: proxy };
    const quick = { ...options, timeoutMs: 200 };
    const error = await createHttp(environment)
      .post(url, {}, '', quick)
      .catch((e: unknown) => e);
    assert.match(String(error), says, proxy);
    assert.equal((error as { code: string }).code, 'DELIVERY');
    assert.doesNotMatch(inspect(error, { depth: 10, showHidden: true }), /SECRET|127\.0\.0\.1|localhost/);
  }
  for (let waited = 0; open > 0 && waited < 20; waited++) await setTimeout(50);
  assert.equal(open, 0, 'no connection to a proxy that hangs is left behind');
  const answer = await createHttp({ http_proxy: wrong }).post(plain, {}, '', options);
  assert.equal(answer.status, 407, 'what a proxy answers in the place of an http receiver is its answer');
});

test('certificates are verified even where the environment asks for the opposite', async () => {
  const before = process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
  const count = arrived.length;
  process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
  try {
    await assert.rejects(createHttp({}).post(secure, {}, '', options), /certificate/);
    const wrongName = secure.replace('localhost', '127.0.0.2');
    await assert.rejects(trusting(() => createHttp({}).post(wrongName, {}, '', options)));
  } finally {
    if (before === undefined) delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
    else process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = before;
  }
  assert.equal(arrived.length, count);
});

import assert from 'node:assert/strict';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, test } from 'node:test';
import { inspect } from 'node:util';
import { createHttp } from '../../src/linux/http.ts';

const servers: Server[] = [];
after(() => {
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
});
async function serve(handler: RequestListener): Promise<string> {
  const server = createServer(handler);
  servers.push(server);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook/SECRET-TOKEN?key=SECRET-KEY`;
}
const http = createHttp();
const options = { timeoutMs: 2_000, signal: new AbortController().signal };

test('a post arrives with its headers and body, and the answer comes back', async () => {
  const seen: string[] = [];
  const url = await serve((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => {
      body += text;
    });
    request.on('end', () => {
      seen.push(`${request.method} ${request.headers['x-id']} ${body}`);
      response.writeHead(202, { 'Retry-After': '7' }).end('fine');
    });
  });
  const answer = await http.post(url, { 'X-Id': 'a1' }, 'päth', options);
  assert.deepEqual(seen, ['POST a1 päth']);
  assert.deepEqual([answer.status, answer.headers['retry-after'], answer.body], [202, '7', 'fine']);
});

test('a redirect is an answer, not followed', async () => {
  let hits = 0;
  const url = await serve((_request, response) => {
    hits += 1;
    response.writeHead(302, { location: '/elsewhere' }).end();
  });
  const answer = await http.post(url, {}, '', options);
  assert.deepEqual([answer.status, hits], [302, 1]);
});

test('of an endless answer the first 4 KiB are taken, and the rest is not waited for', async () => {
  const url = await serve((_request, response) => {
    const timer = setInterval(() => response.write('x'.repeat(1024)), 1);
    response.on('close', () => clearInterval(timer));
  });
  const answer = await http.post(url, {}, '', options);
  assert.equal(answer.body.length, 4096);
});

test('a receiver that does not answer, or never ends its answer, times out', async () => {
  const silent = await serve(() => undefined);
  const slow = await serve((_request, response) => response.writeHead(200).write('x'));
  for (const url of [silent, slow]) {
    const error = await http.post(url, {}, '', { ...options, timeoutMs: 100 }).catch((e: unknown) => e);
    assert.match(String(error), /no answer within 0.1 s/);
  }
});

test('cancelling ends the request', async () => {
  const url = await serve(() => undefined);
  const abort = new AbortController();
  setTimeout(() => abort.abort(), 20);
  await assert.rejects(http.post(url, {}, '', { timeoutMs: 60_000, signal: abort.signal }), { message: 'cancelled' });
});

const unreachable: readonly { url: string; says: RegExp; why: string }[] = [
  { url: 'http://127.0.0.1:1/SECRET', says: /connection refused/, why: 'nobody listens' },
  { url: 'http://SECRET.invalid/', says: /host name/, why: 'the name does not exist' },
  { url: 'ftp://SECRET.example/', says: /not an http or https address/, why: 'it is another scheme' },
  { url: 'SECRET', says: /not an http or https address/, why: 'it is no address' },
];
for (const { url, says, why } of unreachable) {
  test(`when ${why} the error says so and shows neither address nor headers`, async () => {
    const error = await http.post(url, { authorization: 'Bearer SECRET' }, 'SECRET', options).catch((e: unknown) => e);
    assert.match(String(error), says);
    assert.equal((error as { code: string }).code, 'DELIVERY');
    assert.doesNotMatch(inspect(error, { depth: 10, showHidden: true }), /SECRET|127\.0\.0\.1/);
  });
}

test('a receiver that hangs up is an error, not a crash', async () => {
  const url = await serve((request) => request.socket.destroy());
  await assert.rejects(http.post(url, {}, '', options), { code: 'DELIVERY' });
});

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { createHttp } from '../../src/linux/http.ts';
import { retryAfterMs } from '../../src/notify/answer.ts';
import { renderMessage } from '../../src/notify/message.ts';
import type { Delivery, ReceiverConfig } from '../../src/notify/notifier.ts';
import { notifiers } from '../../src/notify/notifiers.ts';
import { backoffMs } from '../../src/notify/retry.ts';
import { webhook } from '../../src/notify/webhook.ts';
import { at, owner, story } from './notices.ts';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;
interface Received {
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

const received: Received[] = [];
let answer: Answer = (_, response) => response.writeHead(204).end();
const server = createServer((request, response) => {
  const parts: Buffer[] = [];
  request.on('data', (part: Buffer) => parts.push(part));
  request.on('end', () => {
    received.push({ headers: request.headers, body: Buffer.concat(parts).toString('utf8') });
    answer(request, response);
  });
});
let url = '';
before(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
});
after(() => {
  server.closeAllConnections();
  server.close();
});

const secret = `whsec_${Buffer.from('a secret of twenty-four b').toString('base64')}`;
const message = renderMessage(story([owner()]).owned, {
  durable: true,
  paths: 'full',
  pageUrl: null,
  runbookUrl: null,
});
async function send(how: Answer, changes: Partial<ReceiverConfig> = {}): Promise<Delivery> {
  answer = how;
  const receiver: ReceiverConfig = {
    name: 'ops',
    type: 'webhook',
    url,
    secrets: [],
    headers: {},
    paths: 'full',
    timeoutMs: 2000,
    ...changes,
  };
  return webhook.send(message, receiver, { http: createHttp(), now: at, signal: new AbortController().signal });
}
const status = (code: number, headers: Record<string, string> = {}, body = ''): Answer => {
  return (_, response) => response.writeHead(code, headers).end(body);
};

describe('a webhook', () => {
  it('posts the message as JSON under its id, with the headers of the configuration', async () => {
    assert.deepEqual(
      await send(status(200), { headers: { authorization: 'Bearer x', 'content-type': 'text/plain' } }),
      {
        kind: 'delivered',
      },
    );
    const last = received.at(-1);
    assert.deepEqual(JSON.parse(last?.body ?? ''), message);
    assert.equal(last?.headers['webhook-id'], message.id);
    assert.equal(last?.headers['webhook-timestamp'], String(at / 1000));
    assert.equal(last?.headers['content-type'], 'application/json');
    assert.equal(last?.headers.authorization, 'Bearer x');
    assert.equal(last?.headers['webhook-signature'], undefined);
  });

  it('signs with every secret, as Standard Webhooks says', async () => {
    const other = `whsec_${Buffer.from('the one before').toString('base64')}`;
    await send(status(200), { secrets: [secret, other] });
    const last = received.at(-1);
    const expected = ['a secret of twenty-four b', 'the one before'].map((key) => {
      const signed = `${message.id}.${at / 1000}.${last?.body}`;
      return `v1,${createHmac('sha256', Buffer.from(key)).update(signed).digest('base64')}`;
    });
    assert.equal(last?.headers['webhook-signature'], expected.join(' '));
  });

  const rows: readonly (readonly [string, Answer, Delivery])[] = [
    ['503 is tried again', status(503, {}, 'busy'), { kind: 'retry', reason: 'HTTP 503', answer: 'busy' }],
    ['408 is tried again', status(408), { kind: 'retry', reason: 'HTTP 408' }],
    ['425 is tried again', status(425), { kind: 'retry', reason: 'HTTP 425' }],
    [
      '429 waits as long as the receiver asks',
      status(429, { 'retry-after': '17' }),
      { kind: 'retry', reason: 'HTTP 429', afterMs: 17_000 },
    ],
    [
      '503 waits until the date that the receiver names',
      status(503, { 'retry-after': new Date(at + 30_000).toUTCString() }),
      { kind: 'retry', reason: 'HTTP 503', afterMs: 30_000 },
    ],
    [
      '400 is refused for good, with what the receiver said on one line',
      status(400, {}, 'no such\r\nchannel \u0000 here'),
      { kind: 'rejected', reason: 'HTTP 400', answer: 'no such channel here' },
    ],
    [
      '404 is tried again: a receiver that is being deployed answers so',
      status(404),
      { kind: 'retry', reason: 'HTTP 404' },
    ],
    ...[401, 403, 413, 422].map(
      (code) => [`${code} is refused for good`, status(code), { kind: 'rejected', reason: `HTTP ${code}` }] as const,
    ),
    [
      '410 switches the receiver off',
      status(410),
      { kind: 'disabled', reason: 'HTTP 410: the receiver is gone; nothing is sent there until the next reload' },
    ],
    [
      'a redirect is not followed; the message waits for the address to be put right',
      status(302, { location: '/elsewhere' }),
      { kind: 'retry', reason: 'HTTP 302: redirects are not followed, configure the final address' },
    ],
  ];
  for (const [why, how, expected] of rows) {
    it(why, async () => {
      const count = received.length;
      assert.deepEqual(await send(how), expected);
      assert.equal(received.length, count + 1);
    });
  }

  it('tries again when the receiver is slow, answers garbage, hangs up or is not there', async () => {
    const quick = { timeoutMs: 100 };
    assert.equal((await send(() => undefined, quick)).kind, 'retry');
    assert.equal((await send((request) => request.socket.end('garbage\r\n\r\n'))).kind, 'retry');
    assert.equal((await send((request) => request.socket.destroy())).kind, 'retry');
    const nobody = await send(status(200), { url: 'http://127.0.0.1:1/secret-token' });
    assert.equal(nobody.kind, 'retry');
    assert.doesNotMatch(JSON.stringify(nobody), /secret-token|127\.0\.0\.1/, 'a reason names no address');
  });

  it('cuts a long answer', async () => {
    const { answer } = (await send(status(400, {}, 'x'.repeat(100_000)))) as { answer: string };
    assert.ok(answer.length < 230);
  });
});

it('a Retry-After is never more than an hour, nor negative, and nonsense is none', () => {
  const rows = [
    ['0', 0],
    ['999999', 3_600_000],
    [new Date(at - 5000).toUTCString(), 0],
    ['soon', undefined],
    [undefined, undefined],
  ] as const;
  for (const [value, expected] of rows) assert.equal(retryAfterMs(value, at), expected, value);
});

it('back-off doubles from a second to five minutes, jittered down to a half', () => {
  assert.deepEqual(
    [1, 2, 3, 9, 10, 100].map((failed) => [backoffMs(failed, 0), backoffMs(failed, 1)]),
    [
      [500, 1000],
      [1000, 2000],
      [2000, 4000],
      [128_000, 256_000],
      [150_000, 300_000],
      [150_000, 300_000],
    ],
  );
});

it('notifiers are listed by name, each once', () => {
  const names = notifiers.map((notifier) => notifier.name);
  assert.deepEqual(names, [...new Set(names)].sort());
});

import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { Message } from '../model/message.ts';

export interface ReceivedMessage {
  readonly message: Message;
  /** whether the Standard Webhooks signature is right */
  readonly signed: boolean;
  /** when it was here, ms on the monotonic clock of this process */
  readonly at: number;
}

export interface DemoReceiver {
  readonly url: string;
  /** what the agent signs with, as it stands in the secret file */
  readonly secret: string;
  /** The next message that `wanted` accepts, also one that is here already. Rejects with the signal. */
  next(wanted: (message: Message) => boolean, signal: AbortSignal): Promise<ReceivedMessage>;
  close(): Promise<void>;
}

/** On-call's end of the wire: a real HTTP server on a free loopback port that checks signatures. */
export async function startDemoReceiver(onMessage: (received: ReceivedMessage) => void): Promise<DemoReceiver> {
  const key = randomBytes(32);
  const received: ReceivedMessage[] = [];
  const waiting = new Set<() => void>();
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('error', () => response.destroy());
    request.on('end', () => {
      const at = performance.now();
      const body = Buffer.concat(chunks);
      try {
        const message = JSON.parse(body.toString('utf8')) as Message;
        const one = { message, signed: isSigned(request.headers, body, key), at };
        received.push(one);
        response.writeHead(204).end();
        onMessage(one);
        for (const look of waiting) look();
      } catch {
        response.writeHead(400).end('not JSON');
      }
    });
  });
  await new Promise<void>((done, fail) => {
    server.once('error', fail);
    server.listen(0, '127.0.0.1', done);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the receiver has no port');
  return {
    url: `http://127.0.0.1:${address.port}/oncall`,
    secret: `whsec_${key.toString('base64')}`,
    next: (wanted, signal) =>
      new Promise((done, fail) => {
        const look = () => {
          const found = received.find(({ message }) => wanted(message));
          if (found === undefined) return;
          waiting.delete(look);
          done(found);
        };
        signal.addEventListener('abort', () => fail(signal.reason), { once: true });
        if (signal.aborted) fail(signal.reason);
        waiting.add(look);
        look();
      }),
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

/** Standard Webhooks: HMAC-SHA256 of `id.timestamp.body`, base64 after `v1,`; there may be several. */
function isSigned(headers: IncomingHttpHeaders, body: Uint8Array, key: Uint8Array): boolean {
  const id = headers['webhook-id'];
  const timestamp = headers['webhook-timestamp'];
  const signatures = headers['webhook-signature'];
  if (typeof id !== 'string' || typeof timestamp !== 'string' || typeof signatures !== 'string') return false;
  const expected = createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest();
  return signatures.split(' ').some((signature) => {
    const given = Buffer.from(signature.replace(/^v1,/, ''), 'base64');
    return given.length === expected.length && timingSafeEqual(given, expected);
  });
}

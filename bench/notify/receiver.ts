import { createServer } from 'node:http';
import { performance } from 'node:perf_hooks';
import type { Message } from '../../src/model/message.ts';

export interface Told {
  readonly message: Message;
  /** by `performance.now()`, ms */
  readonly firstByteAt: number;
}
export interface TimedReceiver {
  readonly url: string;
  /** The next message that is meant. @throws after 60 s */
  next(isMeant: (message: Message) => boolean): Promise<Told>;
  close(): Promise<void>;
}

/** A webhook receiver that takes the time when the first bytes of a request come in, before they are parsed. */
export async function startReceiver(): Promise<TimedReceiver> {
  const waiting = new Set<(told: Told) => void>();
  const begun = new WeakMap<object, number>();
  const server = createServer((request, response) => {
    const firstByteAt = begun.get(request.socket) ?? performance.now();
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      begun.delete(request.socket);
      response.end();
      const message = JSON.parse(Buffer.concat(chunks).toString()) as Message;
      for (const take of waiting) take({ message, firstByteAt });
    });
  });
  server.on('connection', (socket) => {
    socket.on('data', () => {
      if (!begun.has(socket)) begun.set(socket, performance.now());
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the receiver does not listen');
  return {
    url: `http://127.0.0.1:${address.port}/`,
    next: (isMeant) =>
      new Promise((resolve, reject) => {
        const late = setTimeout(() => {
          waiting.delete(take);
          reject(new Error('no such message within 60 s'));
        }, 60_000);
        const take = (told: Told): void => {
          if (!isMeant(told.message)) return;
          clearTimeout(late);
          waiting.delete(take);
          resolve(told);
        };
        waiting.add(take);
      }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { Message } from '../../src/model/message.ts';

export interface Received {
  readonly message: Message;
  readonly headers: IncomingHttpHeaders;
  readonly raw: string;
  readonly at: number;
}
export interface Receiver {
  readonly url: string;
  /** everything that came, also what was answered with an error */
  readonly received: Received[];
  /** what the next requests are answered with; 200 by default */
  answer: { status: number; headers?: Record<string, string> };
  types(): string[];
  close(): Promise<void>;
}

/** A real webhook receiver on loopback. */
export async function startReceiver(port = 0): Promise<Receiver> {
  const received: Received[] = [];
  const server = createServer((incoming, response) => {
    let raw = '';
    incoming.on('data', (chunk: Buffer) => {
      raw += chunk.toString();
    });
    incoming.on('end', () => {
      received.push({ message: JSON.parse(raw) as Message, headers: incoming.headers, raw, at: Date.now() });
      response.writeHead(receiver.answer.status, receiver.answer.headers);
      response.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const address = server.address();
  const bound = typeof address === 'object' && address !== null ? address.port : 0;
  const receiver: Receiver = {
    url: `http://127.0.0.1:${bound}/hook`,
    received,
    answer: { status: 200 },
    types: () => received.map((r) => r.message.type.replace('pmem.incident.', '')),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return receiver;
}

/** The webhook that Alertmanager tells, as on-call would have it. */
import { createServer } from 'node:http';

export interface Told {
  /** the path of the webhook, which is the name of the receiver in the example configuration */
  readonly receiver: string;
  readonly status: string;
  readonly labels: Readonly<Record<string, string>>;
  /** by performance.now() */
  readonly at: number;
}
export interface OnCall {
  readonly url: string;
  readonly told: readonly Told[];
  close(): Promise<void>;
}

export async function startOnCall(): Promise<OnCall> {
  const told: Told[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => {
      body += text;
    });
    request.on('end', () => {
      const { alerts } = JSON.parse(body) as { alerts: Pick<Told, 'status' | 'labels'>[] };
      const receiver = (request.url ?? '').replace('/', '');
      told.push(...alerts.map(({ status, labels }) => ({ receiver, status, labels, at: performance.now() })));
      response.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const bound = server.address();
  return {
    url: `http://127.0.0.1:${typeof bound === 'object' && bound !== null ? bound.port : 0}`,
    told,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

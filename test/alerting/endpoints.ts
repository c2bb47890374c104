/** The receivers that cannot be had here, as their documentation has them answer; each keeps what came. */
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { Webhook } from 'standardwebhooks';
import type { Message } from '../../src/model/message.ts';
import { mistakesIn, pagerdutySchema, slackSchema } from '../notify/receiver-schemas.ts';

export interface PagerDutyEvent {
  readonly routing_key: string;
  readonly event_action: string;
  readonly dedup_key: string;
}
/** What Alertmanager sends its own webhook receivers. */
export interface Notification {
  readonly status: string;
  readonly receiver: string;
  readonly alerts: readonly { readonly status: string; readonly labels: Readonly<Record<string, string>> }[];
}
export interface Endpoints {
  readonly url: string;
  readonly pagerduty: PagerDutyEvent[];
  readonly slack: { readonly text: string }[];
  readonly webhook: Message[];
  readonly notifications: Notification[];
  /** what was refused, and why */
  readonly refused: string[];
  close(): Promise<void>;
}
export interface Secrets {
  readonly routingKey: string;
  readonly slackPath: string;
  /** the key that the receiver has; the sender may have a newer one beside it */
  readonly webhookKey: string;
  readonly authorization: string;
}
type Answer = readonly [status: number, body: string, headers?: Readonly<Record<string, string>>];

export async function startEndpoints(secrets: Secrets): Promise<Endpoints> {
  const pagerduty: PagerDutyEvent[] = [];
  const slack: { text: string }[] = [];
  const webhook: Message[] = [];
  const notifications: Notification[] = [];
  const refused: string[] = [];
  /** each is busy once, before it takes anything */
  const busy = new Map<string, Answer>([
    ['/v2/enqueue', [429, '', { 'retry-after': '1' }]],
    [secrets.slackPath, [500, 'rollup_error']],
    ['/hook', [503, 'later']],
  ]);
  function refuse(where: string, why: string, answer: Answer): Answer {
    refused.push(`${where}: ${why}`);
    return answer;
  }
  function take(body: string): Answer {
    notifications.push(JSON.parse(body) as Notification);
    return [200, ''];
  }
  const routes: Readonly<Record<string, (body: string, headers: IncomingHttpHeaders) => Answer>> = {
    '/v2/enqueue'(body) {
      const mistakes = mistakesIn(pagerdutySchema, body);
      const event = JSON.parse(body) as PagerDutyEvent;
      if (event.routing_key !== secrets.routingKey) mistakes.push('unknown routing key');
      if (mistakes.length > 0) return refuse('pagerduty', mistakes.join(), [400, '{"status":"invalid event"}']);
      pagerduty.push(event);
      return [202, JSON.stringify({ status: 'success', message: 'Event processed', dedup_key: event.dedup_key })];
    },
    [secrets.slackPath](body) {
      const mistakes = mistakesIn(slackSchema, body);
      if (mistakes.length > 0) return refuse('slack', mistakes.join(), [400, 'invalid_blocks']);
      slack.push(JSON.parse(body) as { text: string });
      return [200, 'ok'];
    },
    '/hook'(body, headers) {
      if (headers.authorization !== secrets.authorization) return refuse('webhook', 'authorization', [401, '']);
      try {
        webhook.push(new Webhook(secrets.webhookKey).verify(body, headers as Record<string, string>) as Message);
        return [204, ''];
      } catch (error) {
        return refuse('webhook', String(error), [400, 'bad signature']);
      }
    },
    '/oncall': take,
    '/tickets': take,
  };
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => {
      body += text;
    });
    request.on('end', () => {
      const first = busy.get(path);
      busy.delete(path);
      const [status, text, headers] =
        first ?? routes[path]?.(body, request.headers) ?? refuse(path, 'nothing here', [404, '']);
      response.writeHead(status, headers).end(text);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    pagerduty,
    slack,
    webhook,
    notifications,
    refused,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

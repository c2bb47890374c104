import { messageOf } from '../model/errors.ts';
import type { HttpAnswer } from '../ports.ts';
import { deliveryOf } from './answer.ts';
import type { Delivery, ReceiverConfig, SendContext } from './notifier.ts';
import { withoutSecrets } from './without-secrets.ts';

/**
 * One post of JSON, and what became of it. `headers` win over those of the configuration; `judge` is for receivers that
 * say more than HTTP does.
 */
export async function post(
  body: string,
  headers: Readonly<Record<string, string>>,
  receiver: ReceiverConfig,
  { http, now, signal }: SendContext,
  judge: (answer: HttpAnswer, now: number) => Delivery = deliveryOf,
): Promise<Delivery> {
  const all = { ...receiver.headers, 'content-type': 'application/json', 'user-agent': 'pmemwatch', ...headers };
  try {
    const answer = await http.post(receiver.url, all, body, { timeoutMs: receiver.timeoutMs, signal });
    return judge({ ...answer, body: withoutSecrets(answer.body, receiver) }, now);
  } catch (error) {
    return { kind: 'retry', reason: messageOf(error) };
  }
}

import { messageOf } from '../model/errors.ts';
import { deliveryOf } from './answer.ts';
import type { Notifier } from './notifier.ts';
import { signatureOf } from './signature.ts';

/** Standard Webhooks: the message as JSON, its id in `webhook-id` for deduplication, signed where there is a secret. */
export const webhook: Notifier = {
  name: 'webhook',
  async send(message, receiver, { http, now, signal }) {
    const body = JSON.stringify(message);
    const timestamp = Math.floor(now / 1000);
    const headers = {
      ...receiver.headers,
      'content-type': 'application/json',
      'user-agent': 'pmemwatch',
      'webhook-id': message.id,
      'webhook-timestamp': String(timestamp),
      ...(receiver.secrets.length === 0
        ? {}
        : { 'webhook-signature': signatureOf(receiver.secrets, message.id, timestamp, body) }),
    };
    try {
      const answer = await http.post(receiver.url, headers, body, { timeoutMs: receiver.timeoutMs, signal });
      return deliveryOf(answer, now);
    } catch (error) {
      return { kind: 'retry', reason: messageOf(error) };
    }
  },
};

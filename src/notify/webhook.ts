import type { Notifier } from './notifier.ts';
import { post } from './post.ts';
import { signatureOf } from './signature.ts';

/**
 * Standard Webhooks 1.0.0: the message as JSON, its id in `webhook-id` for deduplication, the time of this attempt, and a
 * signature of each secret, so that receivers go on verifying while secrets change.
 */
export const webhook: Notifier = {
  name: 'webhook',
  send(message, receiver, context) {
    const body = JSON.stringify(message);
    const timestamp = Math.floor(context.now / 1000);
    const { secrets } = receiver;
    const headers = {
      'webhook-id': message.id,
      'webhook-timestamp': String(timestamp),
      ...(secrets.length === 0 ? {} : { 'webhook-signature': signatureOf(secrets, message.id, timestamp, body) }),
    };
    return post(body, headers, receiver, context);
  },
};

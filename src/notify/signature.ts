import { createHmac } from 'node:crypto';

/**
 * The signature of Standard Webhooks (https://www.standardwebhooks.com, specification 1.0.0): HMAC-SHA256 over
 * `id.timestamp.body`, base64, one `v1,…` per secret. Secrets are `whsec_` and base64, the prefix may be missing.
 */
export function signatureOf(secrets: readonly string[], id: string, timestamp: number, body: string): string {
  return secrets
    .map((secret) => {
      const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
      return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`;
    })
    .join(' ');
}

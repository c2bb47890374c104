/** What the answer of an HTTP receiver means for the message. Pure. */
import type { HttpAnswer } from '../ports.ts';
import type { Delivery } from './notifier.ts';

/**
 * 4xx that say nothing about the message: 404 is what a receiver answers while it is being deployed or its address is
 * wrong, which a reload of the configuration puts right.
 */
const retryable = new Set([404, 408, 425, 429]);
const MOST_RETRY_AFTER_MS = 3_600_000;
const EXCERPT_CHARACTERS = 200;

/** `now` in ms since the epoch, for a Retry-After that is a date. */
export function deliveryOf(answer: HttpAnswer, now: number): Delivery {
  const { status } = answer;
  if (status >= 200 && status < 300) return { kind: 'delivered' };
  if (status >= 300 && status < 400) {
    return { kind: 'retry', reason: `HTTP ${status}: redirects are not followed, configure the final address` };
  }
  if (status === 410) {
    return { kind: 'disabled', reason: 'HTTP 410: the receiver is gone; nothing is sent there until the next reload' };
  }
  const excerpt = excerptOf(answer.body);
  const said = { reason: `HTTP ${status}`, ...(excerpt === '' ? {} : { answer: excerpt }) };
  if (!retryable.has(status) && status < 500) return { kind: 'rejected', ...said };
  const afterMs = retryAfterMs(answer.headers['retry-after'], now);
  return afterMs === undefined ? { kind: 'retry', ...said } : { kind: 'retry', ...said, afterMs };
}

/** Seconds or an HTTP date (RFC 9110 10.2.3); never more than an hour, so that one answer cannot silence an alert. */
export function retryAfterMs(value: string | undefined, now: number): number | undefined {
  if (value === undefined) return undefined;
  const ms = /^\d+$/.test(value.trim()) ? Number(value) * 1000 : Date.parse(value) - now;
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(0, ms), MOST_RETRY_AFTER_MS);
}

/** The beginning of the answer on one line, for the delivery log. */
function excerptOf(body: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: an answer may be any garbage, the log stays readable
  const line = body.replace(/[\u0000-\u0020\u007f-\u009f\ufffd]+/g, ' ').trim();
  return line.length > EXCERPT_CHARACTERS ? `${line.slice(0, EXCERPT_CHARACTERS)}…` : line;
}

/** Alertmanager's API v2 (api/v2/openapi.yaml of prometheus/alertmanager): the incidents as alerts beside those of the shipped rules. */
import { type Condition, dimmConditions } from '../model/incident.ts';
import type { Message } from '../model/message.ts';
import { defaultLimits } from './fit.ts';
import type { Delivery, Notifier, ReceiverConfig, SendContext } from './notifier.ts';
import { acknowledgementText, fileTexts } from './outline.ts';
import { post } from './post.ts';
import { shorten } from './shorten.ts';

export interface Alert {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly startsAt: string;
  /** in the past: resolved then; in the future: firing until then, unless it is sent again */
  readonly endsAt: string;
  readonly generatorURL?: string;
}

/** As often as Prometheus (rules.alert.resend-delay). */
const RESEND_MS = 60_000;
/**
 * How long an alert lives that is not sent again. Prometheus takes four times its interval; a server full of memory needs
 * longer to boot, and an alert that lapses meanwhile would tell people that the damage is gone.
 */
const LIFE_MS = 900_000;
/** Alertmanager may have been down when the end was told first. */
const ENDED_FOR_MS = 300_000;
/** for a test, beyond the longest usual group_wait */
const TEST_LIFE_MS = 300_000;
const HEARTBEAT_MS = 3_600_000;

export const alertmanager: Notifier = {
  name: 'alertmanager',
  async send(message, receiver, context) {
    if (message.type === 'pmem.test' || message.type === 'pmem.heartbeat' || context.current === undefined) {
      return sendAll([message], receiver, context);
    }
    // what a message says may be old by now, and would bring back an alert that has ended, or end one that is newer: what is
    // so now counts, and what is over for long has lapsed by itself
    const current = context.current(message.incident);
    return current.length === 0 ? { kind: 'moot' } : sendAll(current, receiver, context);
  },
  resend: { everyMs: RESEND_MS, endedForMs: ENDED_FOR_MS, send: sendAll },
};

/** In posts below the limit of a message, each with at least one alert. */
async function sendAll(
  messages: readonly Message[],
  receiver: ReceiverConfig,
  context: SendContext,
): Promise<Delivery> {
  const batches: string[][] = [];
  let size = Number.POSITIVE_INFINITY;
  for (const message of messages) {
    const write = (part: Message): string => JSON.stringify(alertOf(part, receiver, context));
    const text = shorten(message, write, defaultLimits.bytes - 2);
    const bytes = Buffer.byteLength(text) + 1;
    if (size + bytes + 1 > defaultLimits.bytes) {
      batches.push([]);
      size = 0;
    }
    batches.at(-1)?.push(text);
    size += bytes;
  }
  const to = { ...receiver, url: endpointOf(receiver.url) };
  for (const batch of batches) {
    const delivery = await post(`[${batch.join(',')}]`, {}, to, context);
    if (delivery.kind !== 'delivered') return delivery;
  }
  return { kind: 'delivered' };
}

/** As in the configuration of Prometheus, the address of Alertmanager is told with its path prefix and without that of its API. */
function endpointOf(address: string): string {
  const url = new URL(address);
  if (!url.pathname.endsWith('/api/v2/alerts')) url.pathname = `${url.pathname.replace(/\/+$/, '')}/api/v2/alerts`;
  return url.href;
}

export function alertOf(
  message: Message,
  { labels: own = {} }: Pick<ReceiverConfig, 'labels'>,
  { now, heartbeatMs }: Pick<SendContext, 'now' | 'heartbeatMs'>,
): Alert {
  const { links, host, device, condition, severity, fingerprint, type } = message;
  const isIncident = type.startsWith('pmem.incident.');
  const labels = {
    alertname: alertnameOf(message),
    severity: isIncident ? severity : 'info',
    instance: host.name,
    ...(isIncident ? { uid: device.uid, condition, fingerprint } : {}),
    ...own,
    source: 'agent',
  };
  const startsAt = isIncident ? message.openedAt : message.time;
  const lives = { 'pmem.test': TEST_LIFE_MS, 'pmem.heartbeat': 3 * (heartbeatMs ?? HEARTBEAT_MS) } as const;
  const lifeMs = type === 'pmem.test' || type === 'pmem.heartbeat' ? lives[type] : LIFE_MS;
  return {
    labels: withoutEmpty(labels),
    annotations: withoutEmpty({
      summary: message.summary,
      description: descriptionOf(message),
      runbook_url: message.runbookUrl,
      acknowledged: acknowledgementText(message),
    }),
    startsAt,
    endsAt:
      message.status === 'resolved' && isIncident ? latest(message.time, startsAt) : endAfter(startsAt, now, lifeMs),
    ...(links.page === '' ? {} : { generatorURL: links.page }),
  };
}

/** Alertmanager refuses an end before the start, as a clock that was put back would make it. */
function latest(a: string, b: string): string {
  return Date.parse(a) < Date.parse(b) ? b : a;
}
function endAfter(startsAt: string, now: number, lifeMs: number): string {
  return new Date(Math.max(now, Date.parse(startsAt)) + lifeMs).toISOString();
}

function alertnameOf({ type, condition }: Message): string {
  if (type === 'pmem.test') return 'PmemwatchTest';
  if (type === 'pmem.heartbeat') return 'PmemwatchHeartbeat';
  return alertnameFor(condition);
}

/** The rule of deploy/prometheus that tells the same; of what no rule tells, a name in their manner. */
export function alertnameFor(condition: Condition): string {
  if (condition === 'dimm_replace') return 'NvdimmReplace';
  return isDimmCondition(condition) ? 'NvdimmIncident' : alertnames[condition];
}
type DimmCondition = (typeof dimmConditions)[number];
function isDimmCondition(condition: Condition): condition is DimmCondition {
  return dimmConditions.some((each) => each === condition);
}
const alertnames: Readonly<Record<Exclude<Condition, DimmCondition>, string>> = {
  media_error: 'PmemMediaError',
  badblocks_unreadable: 'PmemBadblocksUnreadable',
  badblocks_incomplete: 'PmemBadblocksIncomplete',
  scrub_overdue: 'PmemScrubIncident',
  scrub_failed: 'PmemScrubIncident',
  device_stuck: 'PmemDeviceStuck',
  receiver_unreachable: 'PmemReceiverUnreachable',
  store_unwritable: 'PmemStoreUnwritable',
};

/** What is lost and what to do, a line each. */
function descriptionOf(message: Message): string {
  const files = fileTexts(message);
  const steps = message.nextSteps.map((step, i) => `${i + 1}. ${step}`);
  return [
    ...(files.length === 0 ? [] : ['Damaged files:', ...files.map((text) => `- ${text}`)]),
    ...(steps.length === 0 ? [] : ['Next steps:', ...steps]),
  ].join('\n');
}

function withoutEmpty(texts: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(texts).filter(([, text]) => text !== ''));
}

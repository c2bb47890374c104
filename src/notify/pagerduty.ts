/** PagerDuty's Events API v2 (developer.pagerduty.com, "Send an Alert Event"). */
import type { Message } from '../model/message.ts';
import type { HttpAnswer } from '../ports.ts';
import { deliveryOf } from './answer.ts';
import type { Delivery, Notifier } from './notifier.ts';
import { acknowledgementText, cutText, fileTexts, placeText } from './outline.ts';
import { post } from './post.ts';
import { shorten } from './shorten.ts';

const MOST_SUMMARY_CHARACTERS = 1024;

interface Event {
  readonly routing_key: string;
  readonly event_action: 'trigger' | 'acknowledge' | 'resolve';
  readonly dedup_key: string;
  readonly client?: string;
  readonly client_url?: string;
  readonly links?: readonly { readonly href: string; readonly text: string }[];
  readonly payload?: Payload;
}
interface Payload {
  readonly summary: string;
  readonly source: string;
  readonly severity: 'critical' | 'warning' | 'info';
  readonly timestamp: string;
  readonly component?: string;
  readonly group?: string;
  readonly class?: string;
  readonly custom_details: Readonly<Record<string, unknown>>;
}

/**
 * An incident is one alert there, by its id: what repeats is added to it and pages nobody again. What is told beyond an
 * acknowledgement, or after one has run out, is to page again, but an acknowledged alert stays silent whatever comes: it is
 * an alert of its own. The next acknowledgement resolves it, so that what comes after that pages too. A heartbeat would page.
 */
export const pagerduty: Notifier = {
  name: 'pagerduty',
  skips: ['pmem.heartbeat'],
  async send(message, receiver, context) {
    for (const event of eventsOf(message, receiver.secrets[0] ?? '')) {
      const delivery = await post(event, {}, receiver, context, outcomeOf);
      if (delivery.kind !== 'delivered') return delivery;
    }
    return { kind: 'delivered' };
  },
};

/** Texts of the events that tell the message, in their order; sent twice they change nothing. */
export function eventsOf(message: Message, routingKey: string): string[] {
  const { type, incident, acknowledgement, acknowledgementLapsed = false } = message;
  if (type === 'pmem.heartbeat') return [];
  if (type === 'pmem.test') return [triggerOf(message, routingKey, `test-${message.id}`)];
  const grown = `${incident}-grown`;
  const wasAcknowledged = acknowledgement !== null || acknowledgementLapsed;
  const end = (event_action: 'acknowledge' | 'resolve', dedup_key: string): string =>
    JSON.stringify({ routing_key: routingKey, event_action, dedup_key } satisfies Event);
  // what nobody acknowledged has no second alert; where there is none, what is said of it is dropped
  if (message.status === 'resolved')
    return (wasAcknowledged ? [incident, grown] : [incident]).map((key) => end('resolve', key));
  if (type === 'pmem.incident.acknowledged') return [end('acknowledge', incident), end('resolve', grown)];
  return [triggerOf(message, routingKey, wasAcknowledged ? grown : incident)];
}

function triggerOf(whole: Message, routing_key: string, dedup_key: string): string {
  const write = (message: Message): string => {
    const { links, runbookUrl } = message;
    const shown = [
      { href: links.page, text: 'The incident on its host' },
      { href: runbookUrl, text: 'Runbook' },
    ].filter(({ href }) => href !== '');
    return JSON.stringify({
      routing_key,
      event_action: 'trigger',
      dedup_key,
      client: 'pmemwatch',
      ...(links.page === '' ? {} : { client_url: links.page }),
      ...(shown.length === 0 ? {} : { links: shown }),
      payload: payloadOf(message),
    } satisfies Event);
  };
  return shorten(whole, write);
}

function payloadOf(message: Message): Payload {
  const { host, device, severity, condition, time, type } = message;
  const component = device.name || device.ndNamespace || device.ndRegion;
  return {
    summary: cutText(message.summary, MOST_SUMMARY_CHARACTERS),
    source: host.name,
    severity: type === 'pmem.test' ? 'info' : severity,
    timestamp: time,
    ...(component === '' ? {} : { component }),
    ...(device.bus === '' ? {} : { group: device.bus }),
    class: type === 'pmem.test' ? 'test' : condition,
    custom_details: type === 'pmem.test' ? {} : detailsOf(message),
  };
}

/** In the order in which they are to be read. */
function detailsOf(message: Message): Record<string, unknown> {
  const { totals, foundBy, firstSeen, openedAt, complete, durable, incident, fingerprint, rangesOmitted } = message;
  const acknowledged = acknowledgementText(message);
  return {
    damaged_files: fileTexts(message),
    next_steps: message.nextSteps,
    place: placeText(message),
    bad_ranges: totals.ranges,
    bad_bytes: totals.bytes,
    sectors: message.ranges.map(({ device, start, count }) => `${device} ${start}+${count}`.trim()),
    sectors_omitted: rangesOmitted,
    first_seen: firstSeen,
    found_by: foundBy,
    opened_at: openedAt,
    ...(acknowledged === '' ? {} : { acknowledged }),
    ...(message.advice === null ? {} : { advice: message.advice.summary }),
    ...(message.dimmHealth === null ? {} : { dimm_health: message.dimmHealth }),
    complete,
    durable,
    incident,
    fingerprint,
  };
}

/** Only 202 says that PagerDuty has it: what else may answer is a proxy that wants a log-in. */
function outcomeOf(answer: HttpAnswer, now: number): Delivery {
  const delivery = deliveryOf(answer, now);
  if (delivery.kind !== 'delivered' || answer.status === 202) return delivery;
  return { kind: 'retry', reason: `HTTP ${answer.status} where PagerDuty answers 202` };
}

import type { ReceiverStatus } from '../model/agent-status.ts';
import type { HostFacts } from '../model/host.ts';
import type { Incident } from '../model/incident.ts';
import type { DeliveryLog, OutboxItem, TestResult } from '../model/outbox.ts';
import type { Clock, Http, Logger } from '../ports.ts';
import type { RenderOptions } from './message.ts';
import type { Delivery, Notifier, ReceiverConfig } from './notifier.ts';
import { type Beat, heartbeatMessage, type PlainFacts, testMessage } from './plain-message.ts';
import { ReceiverQueue } from './receiver-queue.ts';
import { createResending, type Resending } from './resending.ts';
import { type Standings, saidBy, standingOf } from './standing.ts';

export interface Notifications {
  /** Takes items of the outbox; returns at once. Items that are known already are left alone. */
  enqueue(items: readonly OutboxItem[]): void;
  /** Looks at once whether something is due. */
  wake(): void;
  /** Sends a test message at once; undefined when no receiver has that name. Nothing is tried again. */
  test(receiver: string, author: string): Promise<TestResult | undefined>;
  /** Tells every receiver that the agent is alive; what does not arrive is not tried again. */
  beat(how: Beat): Promise<void>;
  isConfigured(receiver: string): boolean;
  /** Sends what can go at once, for at most `deadlineMs`, then stops; what is left stays in the outbox. */
  drain(deadlineMs: number): Promise<void>;
  /** What is still to be told: handed to the next one when the configuration is read again. */
  pending(): OutboxItem[];
  status(): ReceiverStatus[];
  stop(): Promise<void>;
}
export interface NotificationsConfig {
  /** how long a message is tried, from its first attempt */
  readonly retryForMs: number;
  readonly render: Omit<RenderOptions, 'durable' | 'paths'>;
}

/** When an item of a pass at `now` (ms since the epoch) may go out at the earliest: for `Store.commit`. */
export function notBefore(now: number, groupWaitMs: number): number {
  return now + groupWaitMs;
}

/** Each receiver has its own queue: one that is down or slow delays no other. @throws Error for a type that no notifier has */
export function createNotifications(deps: {
  readonly receivers: readonly ReceiverConfig[];
  readonly notifiers: readonly Notifier[];
  readonly http: Http;
  readonly deliveries: DeliveryLog;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
  readonly config: NotificationsConfig;
  readonly host: HostFacts;
  /** every open incident and those that ended lately, as they are now; absent: none */
  readonly incidents?: () => Iterable<Incident>;
  /** how often heartbeats come; absent or 0: never */
  readonly heartbeatMs?: number;
  /** kept by the caller, so that counts and troubles outlive a reload */
  readonly standings: Standings;
  /** called with each message that no receiver will get any more */
  readonly onRejected: (item: OutboxItem, reason: string) => void;
  /** called when a receiver's trouble came, changed or went */
  readonly onStanding: () => void;
}): Notifications {
  const { receivers, notifiers, config, clock, deliveries, log, onRejected, onStanding } = deps;
  const queues = new Map<string, ReceiverQueue>();
  const resendings: Resending[] = [];
  for (const receiver of receivers) {
    const notifier = notifiers.find((candidate) => candidate.name === receiver.type);
    if (notifier === undefined) throw new Error(`receiver ${receiver.name} is of unknown type ${receiver.type}`);
    const { http, random, heartbeatMs = 0 } = deps;
    const { retryForMs, render } = config;
    const standing = standingOf(deps.standings, receiver.name);
    const resending =
      notifier.resend &&
      createResending({
        ...deps,
        incidents: deps.incidents ?? (() => []),
        heartbeatMs,
        receiver,
        resend: notifier.resend,
        render,
        onDelivery: (delivery) => queues.get(receiver.name)?.noted(delivery),
      });
    if (resending !== undefined) resendings.push(resending);
    const current = resending === undefined ? {} : { current: resending.current };
    const inContext: Notifier = {
      ...notifier,
      send: (message, to, context) => notifier.send(message, to, { ...context, ...current, heartbeatMs }),
    };
    const told = { deliveries, clock, random, log, retryForMs, render, standing, onRejected, onStanding };
    queues.set(receiver.name, new ReceiverQueue({ receiver, notifier: inContext, http, ...told }));
  }
  const all = (): ReceiverQueue[] => [...queues.values()];
  const factsFor = (receiver: string): PlainFacts => {
    return { host: deps.host, receiver, at: clock.now(), pageUrl: config.render.pageUrl };
  };

  async function stop(): Promise<void> {
    for (const resending of resendings) resending.stop();
    await Promise.all(all().map((queue) => queue.stop()));
  }
  return {
    enqueue(items) {
      for (const [name, own] of Map.groupBy(items, (item) => item.receiver)) {
        const queue = queues.get(name);
        if (queue !== undefined) queue.add(own);
        else {
          log.warn({ receiver: name, messages: own.length }, 'messages for a receiver that is not configured any more');
          const reason = 'the receiver is not configured any more';
          const outcome = { kind: 'rejected', at: clock.now(), reason, untried: true } as const;
          for (const item of own) {
            void deliveries.recordDelivery(item, outcome);
            onRejected(item, reason);
          }
        }
      }
    },
    wake() {
      for (const queue of queues.values()) queue.wake();
    },
    isConfigured: (receiver) => queues.has(receiver),
    async test(receiver, author) {
      const queue = queues.get(receiver);
      if (queue === undefined) return undefined;
      const began = clock.monotonic();
      const message = testMessage(factsFor(receiver), author);
      const delivery = await queue.say(message, 'test');
      return { message: message.id, tookMs: clock.monotonic() - began, ...outcomeOf(delivery) };
    },
    async beat(how) {
      const asked = [...queues].filter(([, queue]) => !queue.skips('pmem.heartbeat'));
      const told = asked.map(([name, queue]) => queue.say(heartbeatMessage(factsFor(name), how), 'heartbeat'));
      await Promise.all(told);
    },
    async drain(deadlineMs) {
      let cancel = (): void => undefined;
      const late = new Promise<void>((resolve) => {
        cancel = clock.after(deadlineMs, resolve);
      });
      await Promise.race([late, Promise.all(all().map((queue) => queue.drain()))]);
      cancel();
      await stop();
    },
    pending: () => all().flatMap((queue) => queue.pending()),
    status: () => all().map((queue) => queue.status()),
    stop,
  };
}

function outcomeOf(delivery: Delivery): Pick<TestResult, 'delivered' | 'reason'> {
  return delivery.kind === 'delivered' || delivery.kind === 'moot'
    ? { delivered: delivery.kind === 'delivered', reason: null }
    : { delivered: false, reason: saidBy(delivery) };
}

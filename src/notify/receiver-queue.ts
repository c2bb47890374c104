import type { ReceiverStatus } from '../model/agent-status.ts';
import { messageOf } from '../model/errors.ts';
import type { Message } from '../model/message.ts';
import type { DeliveryLog, DeliveryOutcome, OutboxItem } from '../model/outbox.ts';
import type { Clock, Http, Logger } from '../ports.ts';
import { Breaker } from './breaker.ts';
import { isWanted, mergeOpening, mergeReminder } from './grouping.ts';
import { type Lane, Lanes } from './lanes.ts';
import { type RenderOptions, renderMessage } from './message.ts';
import type { Delivery, Notifier, ReceiverConfig } from './notifier.ts';
import { backoffMs } from './retry.ts';
import { ReceiverStanding, type Standing, saidBy } from './standing.ts';

export interface QueueDeps {
  readonly receiver: ReceiverConfig;
  readonly notifier: Notifier;
  readonly http: Http;
  readonly deliveries: DeliveryLog;
  readonly clock: Clock;
  /** in [0, 1) */
  readonly random: () => number;
  readonly log: Logger;
  readonly retryForMs: number;
  readonly render: Omit<RenderOptions, 'durable' | 'paths'>;
  readonly standing: Standing;
  /** called with each message that is given up, for the history */
  readonly onRejected: (item: OutboxItem, reason: string) => void;
  /** called when the receiver's trouble came, changed or went */
  readonly onStanding: () => void;
}

/**
 * One receiver's messages, one at a time. Per incident: waiting (its group wait, or a back-off) -> sending -> delivered,
 * rejected or expired (dead letters), or waiting again; an incident that waits holds up no other. The receiver as a whole:
 * see `Breaker`, or disabled (410) until the agent reads its configuration again. What expired is told all the same when
 * the receiver is back, where nothing newer tells of its incident: until then it is what an idle queue probes with.
 */
export class ReceiverQueue {
  readonly #deps: QueueDeps;
  readonly #lanes = new Lanes();
  readonly #breaker = new Breaker();
  readonly #fares: ReceiverStanding;
  readonly #told = new Set<string>();
  #sending: Promise<void> | undefined;
  #abort = new AbortController();
  #cancelTimer = (): void => undefined;
  #disabled = false;
  #draining = false;
  #stopped = false;

  constructor(deps: QueueDeps) {
    this.#deps = deps;
    this.#fares = new ReceiverStanding({ ...deps, receiver: deps.receiver.name });
  }

  /** Takes items into their lanes; one that is there already (by its id) is left as it is. */
  add(items: readonly OutboxItem[]): void {
    const { clock } = this.#deps;
    for (const item of items) this.#lanes.add(item, clock.now(), clock.monotonic());
    this.wake();
  }

  wake(): void {
    if (this.#stopped || this.#disabled || this.#sending !== undefined) return;
    this.#cancelTimer();
    const tick = this.#deps.clock.monotonic();
    const lane = this.#next(tick);
    if (lane !== undefined) {
      this.#sending = this.#turn(lane).finally(() => {
        this.#sending = undefined;
        this.wake();
      });
      return;
    }
    if (this.#draining) return;
    const first = this.#lanes.hasUntold() ? tick : this.#lanes.soonest(this.#breaker.isDown());
    const soonest = Math.max(first, this.#breaker.until());
    if (Number.isFinite(soonest)) {
      this.#cancelTimer = this.#deps.clock.after(Math.max(1, soonest - tick), () => this.wake());
    }
  }

  /** Sends what can go at once, without waiting for groups, back-offs or pauses; resolves when nothing more can. */
  async drain(): Promise<void> {
    this.#draining = true;
    this.#breaker.grant();
    this.wake();
    while (this.#sending !== undefined) await this.#sending;
  }

  /** Ends a send that is under way; what is left stays in the outbox. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancelTimer();
    this.#abort.abort();
    await this.#sending;
  }

  /** What is still to be told; for another queue once this one has stopped. */
  pending(): OutboxItem[] {
    return this.#lanes.items();
  }

  /** Sends what is about no incident, at once and once. Only a beat says something of how the receiver fares when it fails. */
  async say(message: Message, kind: 'test' | 'heartbeat'): Promise<Delivery> {
    const { receiver, notifier, http, clock } = this.#deps;
    if (kind === 'heartbeat' && this.#disabled)
      return { kind: 'disabled', reason: 'switched off until the next reload' };
    const delivery = await notifier.send(message, receiver, { http, now: clock.now(), signal: this.#abort.signal });
    if (delivery.kind === 'delivered' || kind === 'heartbeat') this.noted(delivery);
    return delivery;
  }

  /** Takes in how a post beside the outbox went: its receiver is as well, or as ill, as one that was told of an incident. */
  noted(delivery: Delivery): void {
    if (this.#stopped || this.#disabled) return;
    if (delivery.kind === 'delivered') this.#isBack();
    else if (delivery.kind === 'retry') this.#fares.troubled('unreachable', delivery);
    else if (delivery.kind === 'rejected') this.#fares.troubled('rejects', delivery);
    else if (delivery.kind === 'disabled') this.#switchOff(delivery);
    this.wake();
  }

  skips(type: Message['type']): boolean {
    return this.#deps.notifier.skips?.includes(type) ?? false;
  }

  status(): ReceiverStatus {
    return this.#fares.status(this.pending());
  }

  #next(tick: number): Lane | undefined {
    if (this.#breaker.until() > tick) return undefined;
    if (this.#draining) return this.#lanes.next((lane) => lane.items[0]?.attempts === 0);
    // of a receiver that is down the round is all there is to wait for
    const down = this.#breaker.isDown();
    const ready = (lane: Lane): boolean => lane.dueAt <= tick || (down && lane.failedAt !== undefined);
    return this.#lanes.next(ready) ?? this.#lanes.probe(tick);
  }

  async #turn(lane: Lane): Promise<void> {
    const { clock, deliveries, random, standing } = this.#deps;
    const merged = (lane.groups ? mergeOpening(lane.items) : undefined) ?? mergeReminder(lane.items);
    if (merged !== undefined) {
      lane.items.splice(0, merged.absorbed.length + 1, merged.item);
      await deliveries.recordMerge(merged.absorbed, merged.item, clock.now());
    }
    const [item] = lane.items;
    if (item === undefined) return;
    if (!(await this.#wants(item))) return this.#finish(lane, item, { kind: 'filtered', at: clock.now() });
    const firstAttemptAt = item.firstAttemptAt ?? clock.now();
    const delivery = await this.#send(item);
    if (this.#stopped && delivery.kind === 'retry') return;
    const at = clock.now();
    switch (delivery.kind) {
      case 'delivered':
        standing.delivered++;
        this.#told.add(item.notice.incident.id);
        this.#isBack();
        return this.#finish(lane, item, { kind: 'delivered', at });
      case 'moot':
        return this.#finish(lane, item, { kind: 'filtered', at });
      case 'unmade':
        return this.#reject(lane, item, { kind: 'rejected', at, reason: delivery.reason, untried: true });
      case 'rejected':
        this.#fares.troubled('rejects', delivery);
        return this.#reject(lane, item, { kind: 'rejected', at, reason: saidBy(delivery) });
      case 'retry': {
        const tick = clock.monotonic();
        this.#fares.troubled('unreachable', delivery, item);
        this.#breaker.failed(tick, random());
        if (delivery.afterMs !== undefined) this.#breaker.pause(tick, delivery.afterMs);
        standing.retried++;
        if (item.expired) {
          this.#lanes.finish(lane, item, at, tick);
          return this.#lanes.keep(item);
        }
        const triedMs = item.triedMs + tick - (lane.failedAt ?? tick);
        lane.failedAt = tick;
        const attempts = item.attempts + 1;
        lane.items = lane.items.map((each) => (each === item ? { ...item, attempts, firstAttemptAt, triedMs } : each));
        lane.dueAt = tick + backoffMs(attempts, random());
        this.#lanes.failed(tick);
        const reason = saidBy(delivery);
        await deliveries.recordDelivery(item, { kind: 'retry', at, reason, firstAttemptAt, triedMs });
        return this.#giveUp(tick, reason);
      }
      case 'disabled': {
        this.#switchOff(delivery);
        const attempts = item.attempts + 1;
        lane.items = lane.items.map((each) => (each === item ? { ...item, attempts, firstAttemptAt } : each));
        const { triedMs } = item;
        return deliveries.recordDelivery(item, {
          kind: 'retry',
          at,
          reason: saidBy(delivery),
          firstAttemptAt,
          triedMs,
        });
      }
      default:
        return delivery satisfies never;
    }
  }

  #switchOff(delivery: Extract<Delivery, { readonly kind: 'disabled' }>): void {
    const { log, receiver } = this.#deps;
    this.#disabled = true;
    this.#fares.troubled('off', delivery);
    log.error({ receiver: receiver.name, reason: delivery.reason }, 'the receiver is switched off');
  }

  /** Of all that waits, what has been tried for long enough: also what other messages were tried in place of. */
  async #giveUp(tick: number, reason: string): Promise<void> {
    const { retryForMs, deliveries, clock } = this.#deps;
    const triedMs = ({ items: [item], failedAt }: Lane): number =>
      item === undefined || failedAt === undefined ? 0 : item.triedMs + tick - failedAt;
    for (;;) {
      const lane = this.#lanes.next((candidate) => triedMs(candidate) >= retryForMs);
      const item = lane?.items[0];
      if (lane === undefined || item === undefined) return;
      const ended = { ...item, triedMs: triedMs(lane) };
      const isLastWord = lane.items.length === 1 && !item.replayed;
      const stands = item.notice.incident.status === 'open';
      const { id } = item.notice.incident;
      const untold = isLastWord && (stands || (await deliveries.wasTold(item.receiver, id)));
      await this.#reject(lane, item, { kind: 'expired', at: clock.now(), reason: `given up: ${reason}` }, ended);
      if (untold) this.#lanes.keep(ended);
    }
  }

  /** What a receiver was told of it hears the end of, whatever its filters say of the later severity. */
  async #wants(item: OutboxItem): Promise<boolean> {
    const { incident } = item.notice;
    if (item.replayed || isWanted(incident, this.#deps.receiver) || this.#told.has(incident.id)) return true;
    const { receiver, deliveries } = this.#deps;
    return incident.revision > 1 && deliveries.wasTold(receiver.name, incident.id);
  }

  async #send(item: OutboxItem): Promise<Delivery | { readonly kind: 'unmade'; readonly reason: string }> {
    const { receiver, notifier, http, clock, render, log } = this.#deps;
    try {
      const message = renderMessage(item.notice, { ...render, durable: item.durable, paths: receiver.paths });
      return await notifier.send(message, receiver, { http, now: clock.now(), signal: this.#abort.signal });
    } catch (error) {
      // a bug in rendering one message must not keep the others from going out
      log.error({ receiver: receiver.name, notice: item.notice.id, err: error }, 'a message could not be made');
      return { kind: 'unmade', reason: `the message could not be made: ${messageOf(error)}` };
    }
  }

  #isBack(): void {
    this.#fares.recovered();
    if (this.#breaker.isDown() || this.#lanes.hasUntold()) this.#lanes.back(this.#deps.clock.monotonic());
    this.#breaker.took();
  }

  #reject(
    lane: Lane,
    item: OutboxItem,
    outcome: DeliveryOutcome & { readonly reason: string },
    ended: OutboxItem = item,
  ): Promise<void> {
    const { log, receiver, standing, onRejected } = this.#deps;
    standing.rejected++;
    log.error({ receiver: receiver.name, notice: item.notice.id, reason: outcome.reason }, 'a message was not taken');
    onRejected(item, outcome.reason);
    return this.#finish(lane, item, outcome, ended);
  }

  async #finish(lane: Lane, item: OutboxItem, outcome: DeliveryOutcome, ended: OutboxItem = item): Promise<void> {
    const { clock, deliveries } = this.#deps;
    this.#lanes.finish(lane, item, clock.now(), clock.monotonic());
    await deliveries.recordDelivery(ended, outcome);
  }
}

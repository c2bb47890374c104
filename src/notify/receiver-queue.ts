import type { ReceiverStatus, ReceiverTrouble } from '../model/agent-status.ts';
import { messageOf } from '../model/errors.ts';
import type { DeliveryLog, DeliveryOutcome, OutboxItem } from '../model/outbox.ts';
import type { Clock, Http, Logger } from '../ports.ts';
import { isWanted, mergeOpening } from './grouping.ts';
import { type RenderOptions, renderMessage } from './message.ts';
import type { Delivery, Notifier, ReceiverConfig } from './notifier.ts';
import { backoffMs, isGivenUp } from './retry.ts';
import type { Standing } from './standing.ts';

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

/** Notices of one incident, in their order: the first is on its turn, the others wait for it. */
interface Lane {
  items: OutboxItem[];
  /** ms since the epoch; not tried before */
  dueAt: number;
  /** whether its `opened` came in before its wait was over: one that comes later (after a restart) may have been sent already */
  readonly groups: boolean;
}

/**
 * One receiver's messages, one at a time. Per incident: waiting (its group wait, or a back-off) -> sending -> delivered,
 * rejected (dead letter) or waiting again; an incident that waits holds up no other. The receiver as a whole: open ->
 * paused (Retry-After) -> open, or disabled (410) until the agent reads its configuration again.
 */
export class ReceiverQueue {
  readonly #deps: QueueDeps;
  readonly #lanes = new Map<string, Lane>();
  readonly #told = new Set<string>();
  #sending: Promise<void> | undefined;
  #abort = new AbortController();
  #cancelTimer = (): void => undefined;
  #pausedUntil = 0;
  #disabled = false;
  #draining = false;
  #stopped = false;

  constructor(deps: QueueDeps) {
    this.#deps = deps;
  }

  /** Takes items into their lanes; one that is there already (by its id) is left as it is. */
  add(items: readonly OutboxItem[]): void {
    const now = this.#deps.clock.now();
    for (const item of items) {
      const { id } = item.notice.incident;
      const lane = this.#lanes.get(id);
      if (lane === undefined)
        this.#lanes.set(id, { items: [item], dueAt: item.notBefore, groups: now < item.notBefore });
      else if (!lane.items.some((known) => known.notice.id === item.notice.id)) {
        // at a reload, newer ones may have come in before those that the queue of before hands over
        lane.items = [...lane.items, item].sort((a, b) => a.notice.incident.revision - b.notice.incident.revision);
      }
    }
    this.wake();
  }

  wake(): void {
    if (this.#stopped || this.#disabled || this.#sending !== undefined) return;
    this.#cancelTimer();
    const now = this.#deps.clock.now();
    const lane = this.#next(now);
    if (lane !== undefined) {
      this.#sending = this.#turn(lane).finally(() => {
        this.#sending = undefined;
        this.wake();
      });
      return;
    }
    const soonest = Math.min(...[...this.#lanes.values()].map((waiting) => this.#dueAt(waiting)));
    if (Number.isFinite(soonest) && !this.#draining) {
      this.#cancelTimer = this.#deps.clock.after(Math.max(1, soonest - now), () => this.wake());
    }
  }

  /** Sends what can go at once, without waiting for groups, back-offs or pauses; resolves when nothing more can. */
  async drain(): Promise<void> {
    this.#draining = true;
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
    return [...this.#lanes.values()].flatMap((lane) => lane.items);
  }

  status(): ReceiverStatus {
    const waiting = this.pending();
    const { delivered, retried, rejected, trouble, tookAt, lastError } = this.#deps.standing;
    const oldest = waiting.reduce((first, item) => Math.min(first, item.notice.time), Number.POSITIVE_INFINITY);
    return {
      receiver: this.#deps.receiver.name,
      pending: waiting.length,
      ...(waiting.length === 0 ? {} : { oldest: oldest / 1000 }),
      delivered,
      retried,
      rejected,
      reachable: trouble === undefined || trouble.kind === 'rejects',
      ...(lastError === undefined ? {} : { lastError }),
      ...(trouble === undefined ? {} : { trouble }),
      ...(tookAt === undefined ? {} : { tookAt }),
    };
  }

  #dueAt(lane: Lane): number {
    return Math.max(lane.dueAt, this.#pausedUntil);
  }
  /** The lane to serve: fresh ones before those that have failed, then the longest due. */
  #next(now: number): Lane | undefined {
    const ready = [...this.#lanes.values()].filter((lane) =>
      this.#draining ? lane.items[0]?.attempts === 0 && this.#pausedUntil <= now : this.#dueAt(lane) <= now,
    );
    const attempts = (lane: Lane): number => lane.items[0]?.attempts ?? 0;
    return ready.sort((a, b) => attempts(a) - attempts(b) || a.dueAt - b.dueAt)[0];
  }

  async #turn(lane: Lane): Promise<void> {
    const { clock, deliveries, receiver, standing } = this.#deps;
    const merged = lane.groups ? mergeOpening(lane.items) : undefined;
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
        this.#recovered(at);
        standing.delivered++;
        this.#told.add(item.notice.incident.id);
        return this.#finish(lane, item, { kind: 'delivered', at });
      case 'unmade':
        return this.#reject(lane, item, delivery.reason);
      case 'rejected':
        this.#troubled('rejects', at, delivery);
        return this.#reject(lane, item, saidBy(delivery));
      case 'retry':
        this.#troubled('unreachable', at, delivery);
        if (isGivenUp(firstAttemptAt, at, this.#deps.retryForMs)) {
          return this.#reject(lane, item, `given up: ${saidBy(delivery)}`);
        }
        standing.retried++;
        lane.items = lane.items.map((waiting) =>
          waiting === item ? { ...item, attempts: item.attempts + 1, firstAttemptAt } : waiting,
        );
        lane.dueAt = at + backoffMs(item.attempts + 1, this.#deps.random());
        if (delivery.afterMs !== undefined) this.#pausedUntil = Math.max(this.#pausedUntil, at + delivery.afterMs);
        return deliveries.recordDelivery(item, { kind: 'retry', at, reason: saidBy(delivery), firstAttemptAt });
      case 'disabled':
        this.#disabled = true;
        this.#troubled('off', at, delivery);
        this.#deps.log.error({ receiver: receiver.name, reason: delivery.reason }, 'the receiver is switched off');
        return;
      default:
        return delivery satisfies never;
    }
  }

  /** What a receiver was told of it hears the end of, whatever its filters say of the later severity. */
  async #wants(item: OutboxItem): Promise<boolean> {
    const { incident } = item.notice;
    if (isWanted(incident, this.#deps.receiver) || this.#told.has(incident.id)) return true;
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

  #reject(lane: Lane, item: OutboxItem, reason: string): Promise<void> {
    const { clock, log, receiver, standing, onRejected } = this.#deps;
    standing.rejected++;
    log.error({ receiver: receiver.name, notice: item.notice.id, reason }, 'a message was not taken');
    onRejected(item, reason);
    return this.#finish(lane, item, { kind: 'rejected', at: clock.now(), reason });
  }

  async #finish(lane: Lane, item: OutboxItem, outcome: DeliveryOutcome): Promise<void> {
    lane.items = lane.items.filter((waiting) => waiting !== item);
    const [next] = lane.items;
    if (next === undefined) this.#lanes.delete(item.notice.incident.id);
    else lane.dueAt = next.notBefore;
    await this.#deps.deliveries.recordDelivery(item, outcome);
  }

  #troubled(kind: ReceiverTrouble['kind'], at: number, said: Saying): void {
    const { standing, receiver, log, onStanding } = this.#deps;
    const before = standing.trouble;
    standing.trouble = { kind, since: before?.since ?? at, reason: said.reason };
    standing.lastError = saidBy(said);
    if (kind === 'unreachable' && before?.kind !== kind) {
      log.warn({ receiver: receiver.name, reason: standing.lastError }, 'the receiver cannot be reached');
    }
    if (before?.kind !== kind || before.reason !== said.reason) onStanding();
  }
  #recovered(at: number): void {
    const { standing, receiver, log, onStanding } = this.#deps;
    const before = standing.trouble;
    standing.trouble = undefined;
    standing.lastError = undefined;
    standing.tookAt = at;
    if (before === undefined) return;
    log.info({ receiver: receiver.name }, 'the receiver takes messages again');
    onStanding();
  }
}

interface Saying {
  readonly reason: string;
  readonly answer?: string;
}
/** For the log and the dead letters, which only the operator reads. */
function saidBy({ reason, answer }: Saying): string {
  return answer === undefined ? reason : `${reason}: ${answer}`;
}

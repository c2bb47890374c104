/** What waits for one receiver, in lanes that do not hold up each other. Ticks are of the clock that never goes back. */
import type { OutboxItem } from '../model/outbox.ts';

/** Notices of one incident, in their order: the first is on its turn, the others wait for it. */
export interface Lane {
  readonly key: string;
  items: OutboxItem[];
  /** tick; not tried before */
  dueAt: number;
  /** whether its `opened` came in before its wait was over: one that comes later (after a restart) may have been sent already */
  readonly groups: boolean;
  /** tick from which the time that its first item has been tried is counted; undefined before a failure of this run */
  failedAt: number | undefined;
}

export class Lanes {
  readonly #lanes = new Map<string, Lane>();
  /** By incident: given up, but the last word about it. */
  readonly #untold = new Map<string, OutboxItem>();

  /** Takes an item into its lane; one that is there already (by its id) is left as it is. `now` in ms since the epoch. */
  add(item: OutboxItem, now: number, tick: number): void {
    const incident = item.notice.incident.id;
    if (item.expired) {
      if (!this.#lanes.has(incident)) this.#untold.set(incident, item);
      return;
    }
    // what is newer tells all of it, and what is sent again by hand is sent
    if (!item.replayed || this.#untold.get(incident)?.notice.id === item.notice.id) this.#untold.delete(incident);
    // beside what is new, and in their order too: an end must not come before what it ends
    const key = item.replayed ? `replay ${incident}` : incident;
    const lane = this.#lanes.get(key);
    if (lane === undefined) {
      const waitMs = waitOf(item, now);
      const groups = waitMs > 0;
      this.#lanes.set(key, { key, items: [item], dueAt: tick + waitMs, groups, failedAt: undefined });
    } else if (!lane.items.some((known) => known.notice.id === item.notice.id)) {
      // at a reload, newer ones may have come in before those that the queue of before hands over
      lane.items = [...lane.items, item].sort((a, b) => a.notice.incident.revision - b.notice.incident.revision);
    }
  }

  /** The lane to serve: fresh ones before those that have failed, then the longest due. */
  next(isReady: (lane: Lane) => boolean): Lane | undefined {
    let best: Lane | undefined;
    for (const lane of this.#lanes.values()) {
      if (isReady(lane) && (best === undefined || isBefore(lane, best))) best = lane;
    }
    return best;
  }
  /** The tick at which the first is due, those that have failed `atOnce`; Infinity when there is none. */
  soonest(atOnce: boolean): number {
    const due = (lane: Lane): number => (atOnce && lane.failedAt !== undefined ? 0 : lane.dueAt);
    return [...this.#lanes.values()].reduce((soonest, lane) => Math.min(soonest, due(lane)), Number.POSITIVE_INFINITY);
  }

  /** The item has ended. */
  finish(lane: Lane, item: OutboxItem, now: number, tick: number): void {
    lane.items = lane.items.filter((waiting) => waiting !== item);
    lane.failedAt = undefined;
    const [next] = lane.items;
    if (next === undefined) this.#lanes.delete(lane.key);
    else lane.dueAt = tick + waitOf(next, now);
  }

  /** Keeps an item that was given up, to be told when the receiver is back, unless something newer has come in. */
  keep(item: OutboxItem): void {
    const incident = item.notice.incident.id;
    if (!this.#lanes.has(incident)) this.#untold.set(incident, { ...item, expired: true });
  }
  /** The one that has waited longest of those that were given up, as a lane, where nothing else tells of its incident. */
  probe(tick: number): Lane | undefined {
    const [item] = this.#untold.values();
    return item === undefined ? undefined : this.#revive(item, tick);
  }
  hasUntold(): boolean {
    return this.#untold.size > 0;
  }

  /** A failure of the receiver: it counts for all that was due. */
  failed(tick: number): void {
    for (const lane of this.#lanes.values()) if (lane.dueAt <= tick) lane.failedAt ??= tick;
  }
  /** The receiver is back: nothing waits any longer for its sake, and what was given up is told after all. */
  back(tick: number): void {
    for (const lane of this.#lanes.values()) if (lane.failedAt !== undefined) lane.dueAt = Math.min(lane.dueAt, tick);
    for (const item of this.#untold.values()) this.#revive(item, tick);
  }

  items(): OutboxItem[] {
    return [...[...this.#lanes.values()].flatMap((lane) => lane.items), ...this.#untold.values()];
  }

  #revive(item: OutboxItem, tick: number): Lane {
    const key = item.notice.incident.id;
    this.#untold.delete(key);
    const lane = { key, items: [item], dueAt: tick, groups: false, failedAt: undefined };
    this.#lanes.set(key, lane);
    return lane;
  }
}

function isBefore(a: Lane, b: Lane): boolean {
  const attempts = (lane: Lane): number => lane.items[0]?.attempts ?? 0;
  return (attempts(a) - attempts(b) || a.dueAt - b.dueAt) < 0;
}

/** Never longer than it was at first: a clock that was put back must not hold a message. */
function waitOf({ notBefore, notice }: OutboxItem, now: number): number {
  return Math.min(Math.max(0, notBefore - now), Math.max(0, notBefore - notice.time));
}

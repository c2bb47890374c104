import type { AppPlatform } from './app-platform.ts';
import type { Settings } from './config/load.ts';
import type { Stages } from './cycle.ts';
import type { Inventory } from './discover/inventory.ts';
import type { HistoryEvent } from './model/incident.ts';
import type { OperatorAnswer, OperatorRequest } from './model/operator.ts';
import type { OutboxItem } from './model/outbox.ts';
import type { HealthObserver } from './observe/health/health-observer.ts';
import type { Observer } from './observe/observe.ts';
import type { Requests } from './record/requests.ts';
import type { Store } from './record/store.ts';
import type { ResolveQueue } from './resolve/queue.ts';
import type { Scrubbing } from './scrubbing.ts';
import type { Telling } from './telling.ts';

/** With so many to tell of at once, time counts for more than memory. */
const MANY_RANGES = 1000;

/** The running parts as one pass of the pipeline sees them. */
export function stagesOf(parts: {
  readonly platform: Pick<AppPlatform, 'clock' | 'hurry'>;
  readonly settings: () => Settings;
  readonly inventory: Inventory;
  readonly observer: Observer;
  readonly health: HealthObserver;
  readonly scrubs: Scrubbing;
  readonly queue: ResolveQueue;
  readonly store: Store;
  /** why there is no state file, where there is none */
  readonly memoryOnly: string | undefined;
  readonly requests: Requests<OperatorRequest, OperatorAnswer>;
  readonly telling: Telling;
  /** whether a first whole inventory and reading is done */
  readonly inventoried: () => boolean;
  /** what happened outside the pipeline since the last pass, each once */
  readonly eventsToSave: () => readonly HistoryEvent[];
}): Stages<readonly OutboxItem[]> {
  const { platform, settings, inventory, observer, health, scrubs, queue, store, memoryOnly, requests, telling } =
    parts;
  const { clock } = platform;
  return {
    topology: inventory.topology,
    latest(topology) {
      const lists = observer.latest(topology);
      const stuck = [...lists.stuck, ...health.stuck(), ...scrubs.observer.stuck()];
      return { ...lists, stuck, health: health.latest(), scrubs: scrubs.observer.latest() };
    },
    resolved: queue.take,
    inventoried: parts.inventoried,
    store: () =>
      memoryOnly === undefined
        ? { writable: store.writable(), detail: store.trouble() }
        : { writable: false, detail: memoryOnly },
    async save(next, events, notices) {
      if (notices.reduce((sum, { incident }) => sum + incident.ranges.length, 0) >= MANY_RANGES) platform.hurry();
      const items = await store.commit({
        state: next,
        events: [...parts.eventsToSave(), ...events],
        notices,
        receivers: settings().receivers.map((receiver) => receiver.name),
        notBefore: clock.now() + settings().config.notify.groupWaitMs,
      });
      return memoryOnly === undefined ? items : items.map((item) => ({ ...item, durable: false }));
    },
    resolve: queue.request,
    receivers: telling.status,
    remind: () => settings().config.notify.remind,
    asked: requests.take,
    answered: requests.answer,
    scrubs: { ...scrubs, ...scrubs.trigger },
    notify: telling.enqueue,
    now: clock.now,
    tick: clock.monotonic,
    policy: () => ({
      removedAfterMs: settings().config.incidents.removedAfterMs,
      health: { energySourceUsedPercent: 100 - settings().config.advice.leftPlanPercent },
      advice: settings().config.advice,
    }),
  };
}

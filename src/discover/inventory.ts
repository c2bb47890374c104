import type { CollectorStatus } from '../model/agent-status.ts';
import { emptyTopology, type Topology } from '../model/topology.ts';
import type { Clock, Logger } from '../ports.ts';

export interface Inventory {
  /** the latest inventory; empty before the first */
  topology(): Topology;
  /** Look again soon; many calls make one look. */
  refresh(): void;
  /** Resolves when the look under way and any that is due have ended. */
  settled(): Promise<void>;
  status(): CollectorStatus;
  /** whether the last look failed as a whole, so that what is known may be old or nothing */
  failing(): boolean;
  stop(): void;
}

/** A burst of mounts or device nodes is one change. */
const DEBOUNCE_MS = 50;

/**
 * Keeps the inventory beside the loop: a device that hangs while it is looked at delays no reading and no pass, which go
 * on with the last inventory. Never two looks at once; a failed one keeps the last and is told.
 */
export function createInventory(deps: {
  discover: () => Promise<Topology>;
  clock: Clock;
  periodMs: number;
  onChange: () => void;
  /** after each look, also one that found nothing new: watches on replaced files are armed again */
  onLook: () => void;
  log: Logger;
}): Inventory {
  const { clock, log } = deps;
  let topology = emptyTopology;
  let fingerprint = '';
  let running: Promise<void> | undefined;
  let due = false;
  let cancelPeriod = (): void => undefined;
  let cancelRefresh = (): void => undefined;
  let stopped = false;
  let failing = false;
  let status: CollectorStatus = { collector: 'topology', success: false, durationSeconds: 0 };

  async function look(): Promise<void> {
    const before = clock.monotonic();
    try {
      const found = await deps.discover();
      const durationSeconds = (clock.monotonic() - before) / 1000;
      failing = false;
      status = { collector: 'topology', success: true, durationSeconds, lastSuccess: clock.now() / 1000 };
      if (stopped) return;
      const next = JSON.stringify(found);
      if (next !== fingerprint) {
        fingerprint = next;
        topology = found;
        deps.onChange();
      }
      deps.onLook();
    } catch (error) {
      const durationSeconds = (clock.monotonic() - before) / 1000;
      if (!failing) {
        const what =
          status.lastSuccess === undefined
            ? 'inventory failed: nothing is watched'
            : 'inventory failed; the last one is kept';
        log.error({ err: error }, what);
      }
      failing = true;
      status = { ...status, success: false, durationSeconds };
    }
  }
  async function run(): Promise<void> {
    while (due && !stopped) {
      due = false;
      await look();
    }
    cancelPeriod();
    if (!stopped) cancelPeriod = clock.after(deps.periodMs, start);
  }
  function start(): void {
    due = true;
    running ??= run().finally(() => {
      running = undefined;
      if (due && !stopped) start();
    });
  }
  return {
    topology: () => topology,
    refresh() {
      // a timer of its own: the end of a look that is under way must not take it away
      cancelRefresh();
      if (!stopped) cancelRefresh = clock.after(DEBOUNCE_MS, start);
    },
    async settled() {
      if (running === undefined && status.lastSuccess === undefined) start();
      while (running !== undefined) await running;
    },
    status: () => status,
    failing: () => failing,
    stop() {
      stopped = true;
      cancelPeriod();
      cancelRefresh();
    },
  };
}

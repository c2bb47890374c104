import { messageOf } from './model/errors.ts';
import type { Clock, Logger } from './ports.ts';

export interface Loop {
  /** Something may have moved: run a pass soon. Many calls make one pass. */
  wake(): void;
  /** Resolves when no pass runs and none is due. */
  idle(): Promise<void>;
  /** For how long the pass that runs has been running; 0 between passes. */
  passMs(): number;
  stop(): Promise<void>;
}

/**
 * When to run a pass: at a wake-up, and every `periodMs` at the latest (incidents have deadlines of their own). Never two at
 * once; a wake-up during a pass makes one more after it. A pass that throws is a bug: it is told and ends the agent.
 */
export function createLoop(deps: {
  pass: () => Promise<void>;
  clock: Clock;
  periodMs: number;
  log: Logger;
  onBug: (error: unknown) => void;
}): Loop {
  const { clock, log } = deps;
  let due = false;
  let running: Promise<void> | undefined;
  let stopped = false;
  let passSince: number | undefined;
  let cancelTimer = (): void => undefined;

  function arm(): void {
    cancelTimer();
    if (!stopped) cancelTimer = clock.after(deps.periodMs, wake);
  }
  function wake(): void {
    if (stopped) return;
    due = true;
    running ??= run().finally(() => {
      running = undefined;
      // a wake-up can land between the last check and this point
      if (due) wake();
    });
  }
  async function run(): Promise<void> {
    while (due && !stopped) {
      due = false;
      passSince = clock.monotonic();
      try {
        await deps.pass();
      } catch (error) {
        log.error({ err: error }, 'a pass failed: this is a bug in pmemwatch');
        stopped = true;
        deps.onBug(error instanceof Error ? error : new Error(messageOf(error)));
      } finally {
        passSince = undefined;
      }
    }
    arm();
  }
  arm();
  return {
    wake,
    passMs: () => (passSince === undefined ? 0 : clock.monotonic() - passSince),
    async idle() {
      while (running !== undefined) await running;
    },
    async stop() {
      stopped = true;
      cancelTimer();
      await running;
    },
  };
}

import type { Clock } from '../ports.ts';

export interface Heartbeat {
  /** Beats at once and then every `everyMs`; 0: not at all. */
  start(everyMs: number): void;
  /** Another period, once it has been started: counted from now where it differs. */
  change(everyMs: number): void;
  stop(): void;
}

/** No timer may be longer than 2^31 - 1 ms. */
const LONGEST_TIMER_MS = 86_400_000;

export function createHeartbeat(clock: Clock, beat: () => void): Heartbeat {
  let period: number | undefined;
  let cancel = (): void => undefined;

  function wait(leftMs: number): void {
    const ms = Math.min(leftMs, LONGEST_TIMER_MS);
    cancel = clock.after(ms, () => {
      if (leftMs > ms) wait(leftMs - ms);
      else begin();
    });
  }
  function begin(): void {
    if (period === undefined || period === 0) return;
    beat();
    wait(period);
  }
  return {
    start(everyMs) {
      period = everyMs;
      begin();
    },
    change(everyMs) {
      if (period === undefined || period === everyMs) return;
      cancel();
      period = everyMs;
      begin();
    },
    stop() {
      cancel();
      period = undefined;
    },
  };
}

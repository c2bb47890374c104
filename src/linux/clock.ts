import type { Clock } from '../ports.ts';

export function createClock(): Clock {
  return {
    now: Date.now,
    monotonic: () => performance.now(),
    after(ms, task) {
      const timer = setTimeout(task, ms);
      timer.unref();
      return () => clearTimeout(timer);
    },
  };
}

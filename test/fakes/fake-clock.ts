import type { Clock } from '../../src/ports.ts';

export interface FakeClock extends Clock {
  /** Moves time forward, running what falls due in its order, and lets promises settle after each task. */
  advance(ms: number): Promise<void>;
  /** Puts the clock on the wall forward (or back), as an administrator or NTP does: nothing else notices. */
  step(ms: number): void;
  /** Delays of the tasks that wait, soonest first. */
  waiting(): number[];
}

/** Lets everything that is already promised happen. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 3; i++) await new Promise<void>((resolve) => setImmediate(resolve));
}

export function createFakeClock(startMs = Date.UTC(2026, 0, 1)): FakeClock {
  let elapsed = 0;
  let stepped = 0;
  let order = 0;
  const tasks = new Map<number, { readonly at: number; readonly task: () => void }>();
  function next(limit: number): number | undefined {
    let best: number | undefined;
    for (const [id, { at }] of tasks) {
      if (at <= limit && (best === undefined || at < (tasks.get(best)?.at ?? 0))) best = id;
    }
    return best;
  }
  return {
    now: () => startMs + elapsed + stepped,
    monotonic: () => elapsed,
    after(ms, task) {
      const id = order++;
      tasks.set(id, { at: elapsed + ms, task });
      return () => tasks.delete(id);
    },
    async advance(ms) {
      const limit = elapsed + ms;
      await settle();
      for (let id = next(limit); id !== undefined; id = next(limit)) {
        const due = tasks.get(id) as { at: number; task: () => void };
        tasks.delete(id);
        elapsed = due.at;
        due.task();
        await settle();
      }
      elapsed = limit;
    },
    step(ms) {
      stepped += ms;
    },
    waiting: () => [...tasks.values()].map(({ at }) => at - elapsed).sort((a, b) => a - b),
  };
}

import { setTimeout as sleep } from 'node:timers/promises';

/** Asks again and again until there is an answer; the failure names what never came. */
export async function until<T>(
  what: string,
  ask: () => T | undefined | false | Promise<T | undefined | false>,
  withinMs = 60_000,
  everyMs = 20,
): Promise<T> {
  const deadline = performance.now() + withinMs;
  let lastError: unknown;
  for (;;) {
    try {
      const answer = await ask();
      if (answer !== undefined && answer !== false) return answer;
      lastError = undefined;
    } catch (error) {
      lastError = error; // a device that is just coming back, an agent that does not listen yet
    }
    if (performance.now() > deadline) throw new Error(`not within ${withinMs} ms: ${what}`, { cause: lastError });
    await sleep(everyMs);
  }
}

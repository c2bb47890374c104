import { Worker } from 'node:worker_threads';
import type { Clock, Passwords } from '../ports.ts';

/** What is asked of the thread (src/password.ts). */
export interface PasswordQuestion {
  readonly id: number;
  readonly password: string;
  readonly hash: string;
}
interface PasswordAnswer {
  readonly id: number;
  readonly right: boolean;
}
interface Asked {
  done(right: boolean): void;
  fail(error: Error): void;
}

/** The thread has 10 MB, and who is known to be right is not asked again: it ends when it has had nothing to do for so long. */
const IDLE_MS = 60_000;

/** A thread of its own: the event loop answers scrapes meanwhile. Started by the first question. */
export function createPasswords(clock: Clock, idleMs: number = IDLE_MS): Passwords {
  const asked = new Map<number, Asked>();
  let worker: Worker | undefined;
  let nextId = 1;
  let cancelEnd = (): void => undefined;

  function start(): Worker {
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
    const started = new Worker(new URL(`../password.${extension}`, import.meta.url), {
      resourceLimits: { maxYoungGenerationSizeMb: 2, maxOldGenerationSizeMb: 32 },
    });
    let why = 'it ended';
    started.unref();
    started.on('message', ({ id, right }: PasswordAnswer) => take(id)?.done(right));
    started.on('error', (error) => {
      why = error.message;
    });
    started.on('exit', () => {
      if (worker === started) worker = undefined;
      for (const id of [...asked.keys()]) take(id)?.fail(new Error(`the thread that checks passwords is gone: ${why}`));
    });
    return started;
  }
  function take(id: number): Asked | undefined {
    const one = asked.get(id);
    asked.delete(id);
    if (asked.size === 0) cancelEnd = clock.after(idleMs, end);
    return one;
  }
  function end(): void {
    const ended = worker;
    worker = undefined;
    void ended?.terminate();
  }
  return {
    verify: (password, hash) =>
      new Promise((done, fail) => {
        cancelEnd();
        worker ??= start();
        const id = nextId++;
        asked.set(id, { done, fail });
        worker.postMessage({ id, password, hash } satisfies PasswordQuestion);
      }),
    close() {
      cancelEnd();
      end();
    },
  };
}

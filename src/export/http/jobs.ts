import type { FastifyReply } from 'fastify';
import { AgentError } from '../../model/errors.ts';
import { HttpProblem } from './problem.ts';

/** How many questions to the probe run side by side, each with a process of its own, and how many wait. */
export interface JobLimits {
  readonly running: number;
  readonly waiting: number;
  /** one that has waited for so long is sent away */
  readonly waitMs: number;
}
/** Beside what the agent resolves by itself. */
export const jobLimits: JobLimits = { running: 2, waiting: 8, waitMs: 20_000 };
/** Of the question itself: what is known by then is answered. */
export const JOB_DEADLINE_MS = 60_000;

/** Questions that people ask of the probe: bounded, and given up when nobody waits for the answer any more. */
export interface Jobs {
  /** @throws HttpProblem 503 with `Retry-After` when there are too many, or the probe fails */
  run<T>(reply: FastifyReply, task: (signal: AbortSignal) => Promise<T>): Promise<T>;
}

export function createJobs({ running: mostRunning, waiting: mostWaiting, waitMs }: JobLimits = jobLimits): Jobs {
  const waiting: (() => void)[] = [];
  let running = 0;

  /** Takes a place as soon as there is one. */
  async function enter(signal: AbortSignal): Promise<void> {
    if (running < mostRunning) {
      running++;
      return;
    }
    if (waiting.length >= mostWaiting) throw busy('Too many questions wait already');
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const leave = (reason: unknown): void => {
      const at = waiting.indexOf(resolve);
      // who was called already has a place, which is given back in turn
      if (at === -1) return;
      waiting.splice(at, 1);
      reject(reason);
    };
    const late = setTimeout(() => leave(busy(`No place became free within ${waitMs / 1000} s`)), waitMs);
    const gone = (): void => leave(signal.reason);
    signal.addEventListener('abort', gone);
    waiting.push(resolve);
    try {
      await promise;
    } finally {
      clearTimeout(late);
      signal.removeEventListener('abort', gone);
    }
  }
  /** Whoever has waited longest takes over the place. */
  function leave(): void {
    const next = waiting.shift();
    if (next === undefined) running--;
    else next();
  }

  return {
    async run(reply, task) {
      const abort = new AbortController();
      const gone = (): void => {
        if (!reply.raw.writableFinished) abort.abort();
      };
      reply.raw.once('close', gone);
      try {
        await enter(abort.signal);
        try {
          return await task(abort.signal);
        } finally {
          leave();
        }
      } catch (cause) {
        if (abort.signal.aborted) throw new HttpProblem(503, 'Whoever asked has gone.');
        throw cause instanceof AgentError ? unanswered(cause) : cause;
      } finally {
        reply.raw.off('close', gone);
      }
    },
  };
}

function busy(why: string): HttpProblem {
  return new HttpProblem(503, `${why}: ask again later, or run pmemwatch on the host.`, { 'retry-after': '10' });
}
function unanswered(cause: AgentError): HttpProblem {
  if (cause.code === 'RESOLVE') return new HttpProblem(400, cause.message);
  return new HttpProblem(503, `The probe process could not answer: ${cause.message}`, { 'retry-after': '10' });
}

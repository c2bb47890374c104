import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { test } from 'node:test';
import type { FastifyReply } from 'fastify';
import { createJobs } from '../../../src/export/http/jobs.ts';
import { HttpProblem } from '../../../src/export/http/problem.ts';
import { AgentError } from '../../../src/model/errors.ts';
import { settle } from '../../fakes/fake-clock.ts';

/** A client that waits for its answer until it hangs up. */
function client() {
  const raw = Object.assign(new EventEmitter(), { writableFinished: false });
  return { reply: { raw } as unknown as FastifyReply, hangUp: () => void raw.emit('close'), raw };
}
/** A job that ends when it is told to. */
function job() {
  const end = Promise.withResolvers<string>();
  const seen: AbortSignal[] = [];
  return {
    seen,
    end: (value: string) => end.resolve(value),
    run(signal: AbortSignal): Promise<string> {
      seen.push(signal);
      signal.addEventListener('abort', () => end.reject(signal.reason));
      return end.promise;
    },
  };
}
const tooMany = (error: unknown): boolean =>
  error instanceof HttpProblem && error.status === 503 && error.headers['retry-after'] === '10';

test('so many run, so many wait in their order, and the next is sent away with when to come again', async () => {
  const jobs = createJobs({ running: 1, waiting: 1, waitMs: 60_000 });
  const [first, second] = [job(), job()];
  const running = jobs.run(client().reply, first.run);
  const waiting = jobs.run(client().reply, second.run);
  await assert.rejects(jobs.run(client().reply, job().run), tooMany);
  await settle();
  assert.deepEqual([first.seen.length, second.seen.length], [1, 0]);
  first.end('one');
  assert.equal(await running, 'one');
  await settle();
  assert.equal(second.seen.length, 1);
  second.end('two');
  assert.equal(await waiting, 'two');
  const third = job();
  const again = jobs.run(client().reply, third.run);
  third.end('three');
  assert.equal(await again, 'three');
});

test('who has waited too long is sent away, and takes no place', async () => {
  const jobs = createJobs({ running: 1, waiting: 1, waitMs: 20 });
  const [first, second] = [job(), job()];
  const running = jobs.run(client().reply, first.run);
  await assert.rejects(jobs.run(client().reply, second.run), tooMany);
  first.end('one');
  await running;
  assert.equal(second.seen.length, 0);
});

test('whoever hangs up ends his job, running or waiting, and others go on', async () => {
  const jobs = createJobs({ running: 1, waiting: 2, waitMs: 60_000 });
  const clients = [client(), client(), client()] as const;
  const made = [job(), job(), job()] as const;
  const [running, waiting, last] = clients.map(({ reply }, i) => jobs.run(reply, (made[i] ?? job()).run));
  clients[1].hangUp();
  await assert.rejects(waiting as Promise<string>);
  clients[0].hangUp();
  assert.equal(made[0].seen[0]?.aborted, true);
  await assert.rejects(running as Promise<string>);
  await settle();
  assert.deepEqual([made[1].seen.length, made[2].seen.length], [0, 1]);
  made[2].end('three');
  assert.equal(await last, 'three');
  assert.deepEqual(
    clients.map(({ raw }) => raw.listenerCount('close')),
    [0, 0, 0],
  );
});

test('a wrong question is 400, a probe that fails 503', async () => {
  const jobs = createJobs();
  for (const [code, status] of [
    ['RESOLVE', 400],
    ['PROBE', 503],
  ] as const) {
    await assert.rejects(
      jobs.run(client().reply, () => Promise.reject(new AgentError(code, 'no'))),
      (error) => error instanceof HttpProblem && error.status === status,
    );
  }
});

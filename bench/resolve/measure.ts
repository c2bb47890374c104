import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Worker } from 'node:worker_threads';
import { median, memoryOf } from '../processes.ts';
import { dropCaches } from './lab.ts';
import type { BenchWork } from './subject.ts';

export interface Times {
  readonly warmMs: number;
  readonly coldMs: number;
}
export interface Measured {
  readonly ours: Times;
  readonly theirs: Times | undefined;
  /** of the bench process, which stands for the one that listens */
  readonly loopDelayMs: number;
  readonly memoryBytes: number;
}

/** @throws Error naming the first line in which the answers differ */
export function compareAnswers(work: string, ours: readonly string[], theirs: readonly string[]): void {
  const [mine, other] = [new Set(ours), new Set(theirs)];
  const missing = theirs.find((line) => !mine.has(line));
  const extra = ours.find((line) => !other.has(line));
  if (missing !== undefined) throw new Error(`${work}: the peer says what we do not: ${missing}`);
  if (extra !== undefined) throw new Error(`${work}: we say what the peer does not: ${extra}`);
}

export async function measure(work: BenchWork, runs: number, probePid: number): Promise<Measured> {
  const answer = await work.ours();
  if (work.theirs !== undefined) compareAnswers(work.work, answer, await work.theirs());
  // peer and we take turns, so that what else the machine does meets both
  const [warm, peerWarm, cold, peerCold]: number[][] = [[], [], [], []];
  const delay = monitorEventLoopDelay({ resolution: 1 });
  for (let i = 0; i < runs; i++) {
    delay.enable();
    warm?.push(await timed(work.ours));
    delay.disable();
    if (work.theirs !== undefined) peerWarm?.push(await timed(work.theirs));
  }
  for (let i = 0; i < runs; i++) {
    dropCaches();
    // what held up this thread until now is nobody's delay
    await new Promise((done) => setTimeout(done, 10));
    delay.enable();
    cold?.push(await timed(work.ours));
    delay.disable();
    if (work.theirs === undefined) continue;
    dropCaches();
    peerCold?.push(await timed(work.theirs));
  }
  const memoryBytes = await peakAboveIdle(work.ours, probePid);
  return {
    ours: { warmMs: median(warm ?? []), coldMs: median(cold ?? []) },
    theirs: work.theirs === undefined ? undefined : { warmMs: median(peerWarm ?? []), coldMs: median(peerCold ?? []) },
    loopDelayMs: delay.percentile(99) / 1e6,
    memoryBytes,
  };
}

async function timed(task: () => Promise<unknown>): Promise<number> {
  const before = performance.now();
  await task();
  return performance.now() - before;
}

/**
 * The most that this process and all below it need more than this one and the probe need when nothing is asked, sampled by a
 * thread of its own: the process that answers counts as a whole.
 */
async function peakAboveIdle(task: () => Promise<unknown>, probePid: number): Promise<number> {
  const sampler = new Worker(new URL('./memory-sampler.ts', import.meta.url), { workerData: { pid: process.pid } });
  await once(sampler);
  await new Promise((done) => setTimeout(done, 500));
  const idle = memoryOf([process.pid, probePid]).pssBytes;
  await task();
  sampler.postMessage('stop');
  const peak = await once(sampler);
  await sampler.terminate();
  return Math.max(0, peak - idle);
}
function once(worker: Worker): Promise<number> {
  return new Promise((done, fail) => {
    worker.once('message', done);
    worker.once('error', fail);
  });
}

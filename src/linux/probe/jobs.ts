import { AgentError } from '../../model/errors.ts';
import { clip, subtract } from '../../model/extent.ts';
import type { Owner, ResolveAnswer, ResolvedRange } from '../../model/owner.ts';
import type { CheckEnd, Clock, FileChecker, ResolveJob, ResolveProgress } from '../../ports.ts';
import type { Conversation, ProbeConnector, TakeItems } from './conversation.ts';
import { createOwnerUnpacker } from './packed-owners.ts';
import { type Failure, isRecord, type Outcome, type Question, type ResolvedPart, type ResolveEnd } from './protocol.ts';
import { failure, startConversation } from './start.ts';

type OnProgress = (progress: ResolveProgress) => void;
export interface ProbeJobs extends FileChecker {
  /** Rejects with the signal's reason when aborted. @throws AgentError RESOLVE when the question itself is wrong */
  resolve(job: ResolveJob, onProgress: OnProgress, signal: AbortSignal): Promise<ResolveAnswer>;
  close(): void;
}

/** The process keeps the deadline itself and answers what it has; this much later it is ended. */
const GRACE_MS = 5_000;
/** A process that can end has ended by then. */
const ENDING_MS = 1_000;
/** How long a process waits for another job: bad sectors come in bursts, and starting one takes longer than most answers. */
const LINGER_MS = 30_000;

/**
 * Long jobs, each in a process of its own, so that none delays a reading or another job. One whose job was answered
 * in whole waits a while for the next; every other ends with its job. A process that does not even end when killed holds a call stuck in the kernel: its device is not asked again until it is gone.
 */
export function createProbeJobs(deps: { connect: ProbeConnector; clock: Clock }): ProbeJobs {
  const { connect, clock } = deps;
  const running = new Set<Conversation>();
  const ending = new Map<string, { readonly since: number; readonly ended: Promise<unknown> }>();
  let closed = false;
  let waiting: { readonly conversation: Conversation; readonly forget: () => void } | undefined;

  /** One that waits, or a fresh one. */
  async function takeProcess(): Promise<{ readonly ok: true; readonly conversation: Conversation } | Failure> {
    const ready = waiting;
    waiting = undefined;
    ready?.forget();
    if (ready !== undefined && !ready.conversation.isEnded) return { ok: true, conversation: ready.conversation };
    return startConversation(connect, clock);
  }
  function keep(conversation: Conversation): void {
    const forget = clock.after(LINGER_MS, () => {
      waiting = undefined;
      end(conversation, '');
    });
    waiting = { conversation, forget };
  }

  async function perform(
    subject: string,
    question: Question & { readonly job: { readonly deadlineMs: number } },
    onProgress: OnProgress,
    signal: AbortSignal,
    onItems?: TakeItems,
  ): Promise<Outcome> {
    signal.throwIfAborted();
    if (closed) return failure('EPIPE', 'the probe is closed');
    const stuckFor = await stillEnding(subject);
    if (stuckFor !== undefined) {
      return failure('EBUSY', `an earlier look at ${subject} has been stuck in the kernel for ${stuckFor} s`);
    }
    const started = await takeProcess();
    if (!started.ok) return started;
    const { conversation } = started;
    running.add(conversation);
    const stopped = Promise.withResolvers<Outcome>();
    const stop = () => stopped.resolve(failure('ECANCELED', 'cancelled'));
    const { deadlineMs } = question.job;
    const late = failure('ETIMEDOUT', `no answer within ${deadlineMs / 1000} s`);
    const cancelTimer = clock.after(deadlineMs + GRACE_MS, () => stopped.resolve(late));
    signal.addEventListener('abort', stop);
    let answered = false;
    try {
      if (signal.aborted) stop();
      const { outcome } = conversation.ask(question, onProgress, onItems);
      const first = await Promise.race([outcome, stopped.promise]);
      answered = first.ok && isWhole(first.value);
      return first;
    } finally {
      cancelTimer();
      signal.removeEventListener('abort', stop);
      if (answered && !closed && waiting === undefined) keep(conversation);
      else end(conversation, subject);
    }
  }
  function end(conversation: Conversation, subject: string): void {
    conversation.kill();
    const entry = { since: clock.monotonic(), ended: conversation.ended };
    ending.set(subject, entry);
    void conversation.ended.then(() => {
      running.delete(conversation);
      if (ending.get(subject) === entry) ending.delete(subject);
    });
  }
  /** For how many seconds the last process on it has refused to end; undefined when it is gone, as it mostly is. */
  async function stillEnding(subject: string): Promise<number | undefined> {
    const entry = ending.get(subject);
    if (entry === undefined) return undefined;
    await Promise.race([entry.ended, new Promise<void>((done) => clock.after(ENDING_MS, done))]);
    return ending.get(subject) === entry ? Math.round((clock.monotonic() - entry.since) / 1000) : undefined;
  }

  return {
    async resolve(job, onProgress, signal) {
      const early: Owner[] = [];
      const collect: OnProgress = (progress) => {
        early.push(...(progress.owners ?? []));
        onProgress(progress);
      };
      const told = collectResults(job);
      const outcome = await perform(job.device, { op: 'resolve', job }, collect, signal, told.take);
      signal.throwIfAborted();
      if (outcome.ok) {
        const { device, complete } = outcome.value as ResolveEnd;
        return { device, complete, results: told.results() };
      }
      if (outcome.errno === 'EINVAL' || outcome.code === 'RESOLVE') throw new AgentError('RESOLVE', outcome.reason);
      return unresolved(job, told.results(), early, outcome.reason);
    },
    async check(job, onProgress, signal, onFiles) {
      const outcome = await perform(job.paths.join('\n'), { op: 'check', job }, onProgress, signal, onFiles);
      signal.throwIfAborted();
      if (outcome.ok) return outcome.value as CheckEnd;
      throw new AgentError(outcome.code ?? 'PROBE', outcome.reason, { context: { errno: outcome.errno } });
    },
    close() {
      closed = true;
      waiting?.forget();
      waiting = undefined;
      for (const conversation of running) {
        conversation.kill();
        conversation.unref();
      }
    },
  };
}

/** What was cut short may have left something open, and with it a file system busy. */
function isWhole(value: unknown): boolean {
  return isRecord(value) && value['complete'] === true;
}

/** Of one answer: what they take lies in the memory of the process that listens. */
const MAX_OWNERS = 1_000_000;

/** Puts the parts of an answer together, as they come; a range of which a part is missing is left out. */
function collectResults({ runs }: ResolveJob): { readonly take: TakeItems; results(): ResolvedRange[] } {
  const unpacker = createOwnerUnpacker();
  const results: ResolvedRange[] = [];
  let open: Owner[] = [];
  let ownerCount = 0;
  return {
    async take(items) {
      for (const item of items as readonly ResolvedPart[]) {
        if ('facts' in item) {
          unpacker.learn(item.facts);
          continue;
        }
        const { run, complete, owners, more } = item;
        const asked = runs[run];
        if (asked === undefined) throw new Error(`it tells of run ${run} of ${runs.length}`);
        ownerCount += owners.length;
        if (ownerCount > MAX_OWNERS) throw new Error(`more than ${MAX_OWNERS} owners`);
        for (const owner of owners) open.push(unpacker.unpack(owner));
        if (more === true) continue;
        results.push({ start: asked.start, count: asked.count, complete, owners: open });
        open = [];
      }
    },
    results: () => results,
  };
}

/** What was told before the process was ended counts; every other sector comes back too, owned by nobody known. */
function unresolved(
  { device, runs }: ResolveJob,
  told: readonly ResolvedRange[],
  early: readonly Owner[],
  reason: string,
): ResolveAnswer {
  const whole = new Map(told.map((range) => [range.start, range]));
  const results = runs.map((asked): ResolvedRange => {
    const done = whole.get(asked.start);
    if (done?.count === asked.count) return done;
    const known = early.filter((owner) => clip(owner, asked)?.count === owner.count);
    const unknown = subtract([asked], known).map((r): Owner => ({ kind: 'unknown', device, ...r, reason }));
    return { start: asked.start, count: asked.count, complete: false, owners: [...known, ...unknown] };
  });
  return { device, complete: false, results };
}

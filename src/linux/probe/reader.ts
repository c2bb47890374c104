import { posix } from 'node:path';
import type { Clock } from '../../ports.ts';
import type { TreeName } from './access.ts';
import type { Conversation } from './conversation.ts';
import type { Fleet } from './fleet.ts';
import type { DsmLine, FileOperation, Outcome, ScrubLine } from './protocol.ts';
import { failure } from './start.ts';

export interface FileQuestion {
  readonly op: FileOperation;
  readonly tree: TreeName;
  readonly path: string;
}
/** A method of a DIMM: as likely not to come back as a file. */
export interface MethodQuestion {
  readonly op: 'dsm';
  readonly call: DsmLine;
}
/** A scrub attribute or command of a bus: the kernel holds the bus's lock for both. */
export interface ScrubQuestion {
  readonly op: 'scrub';
  readonly call: ScrubLine;
}
export type DeviceQuestion = FileQuestion | MethodQuestion | ScrubQuestion;
export type FileAnswer =
  | { readonly kind: 'ok'; readonly value: unknown }
  | { readonly kind: 'failed'; readonly errno: string; readonly reason: string }
  | { readonly kind: 'stuck'; readonly afterMs: number; readonly released: Promise<void> };

/** Calls at once per process: below the 16 workers of its pool, so that one is always left for the mounts. */
const CALLS_PER_PROCESS = 12;
/** Calls at once per directory, that is per device: one that hangs holds these and no more. */
const CALLS_PER_DIRECTORY = 2;
/** A process whose every worker has been busy this long gets a successor for those who wait. */
const SATURATED_MS = 250;

interface Call {
  readonly question: DeviceQuestion;
  readonly key: string;
  readonly directory: string;
  readonly deadlineMs: number;
  readonly settle: (answer: FileAnswer) => void;
  cancelWait: () => void;
}
interface Stuck {
  readonly since: number;
  readonly directory: string;
  readonly released: Promise<void>;
  readonly release: () => void;
  calls: number;
}

/**
 * Reads through the probe so that a call that hangs costs nobody else anything: each call has its deadline, each
 * directory few calls at once; past the deadline the caller is told `stuck`, the process that holds the call is
 * retired without waiting, and the path is not asked again until the call comes back.
 */
export function createFileReader(deps: { readonly fleet: Fleet; readonly clock: Clock; readonly deadlineMs: number }): {
  ask(question: DeviceQuestion, deadlineMs?: number): Promise<FileAnswer>;
} {
  const { fleet, clock } = deps;
  const queue = new Set<Call>();
  const stuck = new Map<string, Stuck>();
  const inFlight = new Map<Conversation, number>();
  const perDirectory = new Map<string, number>();
  let starting = false;
  let cancelSaturation: (() => void) | undefined;

  function ask(question: DeviceQuestion, deadlineMs = deps.deadlineMs): Promise<FileAnswer> {
    const { key, directory } = deviceOf(question);
    const known = stuckAt(key, directory);
    if (known !== undefined) return Promise.resolve(stuckAnswer(known));
    return new Promise((settle) => {
      const call: Call = { question, key, directory, deadlineMs, settle, cancelWait: () => undefined };
      queue.add(call);
      pump();
      if (queue.has(call)) limitWait(call);
    });
  }
  /** The call that holds this path, or the whole device when as many hang in its directory as it may have at once. */
  function stuckAt(key: string, directory: string): Stuck | undefined {
    const known = stuck.get(key);
    if (known !== undefined) return known;
    const beside = [...stuck.values()].filter((s) => s.directory === directory);
    return beside.length >= CALLS_PER_DIRECTORY ? beside[0] : undefined;
  }
  function stuckAnswer({ since, released }: Stuck): FileAnswer {
    return { kind: 'stuck', afterMs: clock.monotonic() - since, released };
  }
  /** Those waited for in its own directory have deadlines of their own, and so has a start; only full processes are limited here. */
  function limitWait(call: Call): void {
    call.cancelWait = clock.after(call.deadlineMs, () => {
      if (directoryIsFull(call) || fleet.ready === undefined) limitWait(call);
      else {
        const reason = 'every probe process is held by calls that do not come back';
        dequeue(call).settle({ kind: 'failed', errno: 'EBUSY', reason });
      }
    });
  }
  function directoryIsFull({ directory }: Call): boolean {
    return (perDirectory.get(directory) ?? 0) >= CALLS_PER_DIRECTORY;
  }

  function pump(): void {
    if (queue.size === 0) return;
    const conversation = fleet.ready;
    if (conversation === undefined) {
      startProcess();
      return;
    }
    for (const call of queue) {
      if ((inFlight.get(conversation) ?? 0) >= CALLS_PER_PROCESS) {
        watchSaturation(conversation);
        return;
      }
      if (!directoryIsFull(call)) send(dequeue(call), conversation);
    }
  }
  function dropStuck(): void {
    for (const call of queue) {
      const known = stuckAt(call.key, call.directory);
      if (known !== undefined) dequeue(call).settle(stuckAnswer(known));
    }
  }
  function dequeue(call: Call): Call {
    queue.delete(call);
    call.cancelWait();
    return call;
  }
  function startProcess(): void {
    if (starting) return;
    starting = true;
    void fleet.start().then((result) => {
      starting = false;
      if ('ok' in result) {
        const { errno, reason } = result;
        for (const call of queue) dequeue(call).settle({ kind: 'failed', errno, reason });
      } else pump();
    });
  }
  function watchSaturation(conversation: Conversation): void {
    cancelSaturation ??= clock.after(SATURATED_MS, () => {
      cancelSaturation = undefined;
      if (queue.size > 0 && fleet.ready === conversation) fleet.retire(conversation);
      pump();
    });
  }

  function send(call: Call, conversation: Conversation): void {
    const since = clock.monotonic();
    let hold: Stuck | undefined;
    count(inFlight, conversation, 1);
    count(perDirectory, call.directory, 1);
    const cancel = clock.after(call.deadlineMs, () => {
      count(perDirectory, call.directory, -1);
      hold = holdPath(call, since);
      call.settle(stuckAnswer(hold));
      dropStuck();
      fleet.retire(conversation);
      pump();
    });
    void conversation.ask(call.question).outcome.then((outcome) => {
      cancel();
      count(inFlight, conversation, -1);
      cancelSaturation?.();
      cancelSaturation = undefined;
      if (hold === undefined) {
        count(perDirectory, call.directory, -1);
        call.settle(answerOf(outcome));
      } else letGo(call.key, hold);
      if (fleet.isRetired(conversation) && !inFlight.has(conversation)) conversation.kill();
      pump();
    });
  }
  function holdPath(call: Call, since: number): Stuck {
    const known = stuck.get(call.key);
    if (known !== undefined) {
      known.calls += 1;
      return known;
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    const hold = { since, directory: call.directory, released: promise, release: resolve, calls: 1 };
    stuck.set(call.key, hold);
    return hold;
  }
  function letGo(key: string, hold: Stuck): void {
    hold.calls -= 1;
    if (hold.calls > 0) return;
    stuck.delete(key);
    hold.release();
  }

  return { ask };
}

/** What a question holds while it is asked: the path or DIMM itself, and the device it belongs to. */
function deviceOf(question: DeviceQuestion): { readonly key: string; readonly directory: string } {
  if (question.op === 'dsm') {
    const device = `dsm:${question.call.dimm}`;
    return { key: device, directory: device };
  }
  if (question.op === 'scrub') {
    const device = `scrub:${question.call.bus}`;
    return { key: device, directory: device };
  }
  const { tree, path } = question;
  return { key: `${tree}:${path}`, directory: `${tree}:${posix.dirname(path)}` };
}

function count<K>(counts: Map<K, number>, key: K, by: number): void {
  const next = (counts.get(key) ?? 0) + by;
  if (next > 0) counts.set(key, next);
  else counts.delete(key);
}
function answerOf(outcome: Outcome): FileAnswer {
  if (outcome.ok) return { kind: 'ok', value: outcome.value };
  const { errno, reason } = outcome.ok === false ? outcome : failure('EPROTO', 'no answer');
  return { kind: 'failed', errno, reason };
}

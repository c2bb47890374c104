import type { Duplex } from 'node:stream';
import { messageOf } from '../../model/errors.ts';
import type { ResolveProgress } from '../../ports.ts';
import { createLineReader } from './lines.ts';
import { type Failure, isRecord, MAX_LINE_BYTES, type Outcome, type Question } from './protocol.ts';
import type { ProbePurpose } from './spawn.ts';

/** One probe process at the other end of a stream. */
export interface ProbeConnection {
  readonly stream: Duplex;
  /** absent when another process started it */
  readonly pid?: number;
  /** Ends the process without waiting; the stream closes when it is truly gone, a call stuck in the kernel included. */
  kill(): void;
  /** Lets this process exit although the other one is still there. */
  unref(): void;
}
/** Starts a fresh probe process; for readings where it is not told what for. */
export type ProbeConnector = (purpose?: ProbePurpose) => Promise<ProbeConnection>;

/** Takes a part of a long answer; nothing more is read before what it returns settles. */
export type TakeItems = (items: readonly unknown[]) => Promise<void>;

export interface Conversation {
  /** Never rejects: a probe that ends answers everything in flight with EPIPE. */
  ask(
    question: Question,
    onProgress?: (progress: ResolveProgress) => void,
    onItems?: TakeItems,
  ): { readonly id: number; readonly outcome: Promise<Outcome> };
  onMounts: () => void;
  /** settles when the process is gone, with what is known of why */
  readonly ended: Promise<string>;
  readonly isEnded: boolean;
  /** Ends it without waiting; holds up our own exit until it is gone, unless `unref` too. */
  kill(): void;
  unref(): void;
}

/** A whole answer put together from its pieces, in characters. */
const MAX_ANSWER_CHARS = 256 * 1024 * 1024;

interface Pending {
  readonly settle: (outcome: Outcome) => void;
  readonly onProgress: (progress: ResolveProgress) => void;
  readonly onItems: TakeItems;
  readonly pieces: string[];
  chars: number;
}

export function openConversation(connection: ProbeConnection): Conversation {
  const { stream } = connection;
  const pending = new Map<number, Pending>();
  const { promise: ended, resolve: tellEnded } = Promise.withResolvers<string>();
  let why = 'the probe process ended';
  let nextId = 1;
  let isEnded = false;

  function finish(): void {
    if (isEnded) return;
    isEnded = true;
    stream.destroy();
    for (const call of pending.values()) call.settle(gone());
    pending.clear();
    tellEnded(why);
  }
  function gone(): Failure {
    return { ok: false, errno: 'EPIPE', reason: why };
  }
  function breakOff(reason: string): void {
    why = reason;
    connection.kill();
    finish();
  }
  function take(line: string): void {
    let message: unknown;
    try {
      message = JSON.parse(line);
    } catch {
      message = undefined;
    }
    if (!isRecord(message)) breakOff('the probe process sent garbage');
    else if (message['event'] === 'mounts') conversation.onMounts();
    else if (typeof message['id'] === 'number') takeAnswer(message['id'], message);
  }
  function takeAnswer(id: number, message: Record<string, unknown>): void {
    const call = pending.get(id);
    if (call === undefined) return;
    const { progress, text, items } = message;
    if (isRecord(progress)) call.onProgress(progress as unknown as ResolveProgress);
    else if (Array.isArray(items)) {
      stream.pause();
      void call.onItems(items).then(
        () => stream.resume(),
        (error: unknown) => breakOff(`what it sent could not be taken: ${messageOf(error)}`),
      );
    } else if (typeof text === 'string') {
      call.pieces.push(text);
      call.chars += text.length;
      if (call.chars > MAX_ANSWER_CHARS) breakOff('the probe process sent an endless answer');
    } else {
      pending.delete(id);
      call.settle(message['joined'] === true ? joined(call.pieces) : (message as unknown as Outcome));
    }
  }

  stream.on(
    'data',
    createLineReader(MAX_LINE_BYTES, take, () => breakOff('the probe process sent an endless line')),
  );
  stream.on('error', (error: Error) => {
    why = `the probe process ended: ${error.message}`;
  });
  stream.on('end', finish);
  stream.on('close', finish);

  const conversation: Conversation = {
    ask(question, onProgress = () => undefined, onItems = async () => undefined) {
      const id = nextId++;
      if (isEnded) return { id, outcome: Promise.resolve(gone()) };
      const line = JSON.stringify({ ...question, id });
      if (Buffer.byteLength(line) > MAX_LINE_BYTES) {
        const tooLong: Failure = { ok: false, errno: 'E2BIG', reason: 'the question is too long' };
        return { id, outcome: Promise.resolve(tooLong) };
      }
      const { promise, resolve } = Promise.withResolvers<Outcome>();
      pending.set(id, { settle: resolve, onProgress, onItems, pieces: [], chars: 0 });
      stream.write(`${line}\n`);
      return { id, outcome: promise };
    },
    onMounts: () => undefined,
    ended,
    get isEnded() {
      return isEnded;
    },
    kill() {
      why = 'the probe process was ended';
      connection.kill();
    },
    unref: () => connection.unref(),
  };
  return conversation;
}

function joined(pieces: readonly string[]): Outcome {
  try {
    return { ok: true, value: JSON.parse(pieces.join('')) };
  } catch {
    return { ok: false, errno: 'EPROTO', reason: 'the probe process sent a broken answer' };
  }
}

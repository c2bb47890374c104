import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { AgentError } from '../../model/errors.ts';
import type { ResolveAnswer } from '../../model/owner.ts';
import type { CheckJob, DsmCall, ResolveJob, ResolveProgress } from '../../ports.ts';
import { readCapabilities } from './capabilities.ts';
import { failureOf, inodeNumber, linkTarget, listNames, readKernelFile } from './kernel-files.ts';
import { createLineReader } from './lines.ts';
import { type PollPriority, watchMountTable } from './mounts-watch.ts';
import { createOwnerPacker } from './packed-owners.ts';
import {
  type DsmAnswer,
  type DsmLine,
  MAX_FRAGMENT_CHARS,
  MAX_IN_FLIGHT,
  MAX_LINE_BYTES,
  type Message,
  type Outcome,
  PROTOCOL_VERSION,
  type ProbeHello,
  parseRequest,
  type Request,
  type ResolvedPart,
  type ResolveEnd,
  type ScrubLine,
} from './protocol.ts';

/** What the probe does besides reading small files; loaded when first asked for, so that an idle probe stays small. */
export interface ProbeServices {
  resolve(job: ResolveJob, onProgress: (p: ResolveProgress) => void, signal: AbortSignal): Promise<ResolveAnswer>;
  /** `emit` settles when more can be taken. */
  check(
    job: CheckJob,
    onProgress: (p: ResolveProgress) => void,
    signal: AbortSignal,
    emit: (files: readonly unknown[]) => Promise<void>,
  ): Promise<unknown>;
  pollPriority(): Promise<PollPriority>;
  /** @throws Node's system errors */
  dsm(call: DsmCall): Promise<{ readonly reply: Uint8Array; readonly firmwareBytes: number }>;
  /** What `src/linux/scrub.ts` answers. @throws Node's system errors */
  scrub(call: ScrubLine): Promise<unknown>;
}

const PROGRESS_EVERY_MS = 200;
/** Later than the next question of a burst. */
const COLLECT_AFTER_MS = 500;
/** Parts of an answer that are made ahead of the other side, so that neither waits for the other. */
const MOST_AHEAD_BYTES = 512 * 1024;
/** Answers nobody takes: reading requests stops above this. */
const MAX_UNSENT_BYTES = 8 * 1024 * 1024;

/**
 * Serves one conversation. Nothing it is asked is trusted; it reads, and writes nothing but the two scrub attributes of a bus. `onEnd` is called once, when the
 * other side is gone or broke the protocol: the process has nothing to live for then.
 */
export function serveProbe(
  stream: Duplex,
  deps: {
    readonly roots: { readonly sysfs: string; readonly procfs: string };
    readonly services: ProbeServices;
    readonly onEnd: () => void;
  },
): void {
  const { roots, services } = deps;
  const running = new Map<number, AbortController>();
  let ended = false;
  let collecting: NodeJS.Timeout | undefined;

  function end(): void {
    if (ended) return;
    ended = true;
    for (const job of running.values()) job.abort();
    deps.onEnd();
  }
  function send(message: Message): void {
    if (ended) return;
    stream.write(`${JSON.stringify(message)}\n`);
    if (stream.writableLength > MAX_UNSENT_BYTES) stream.pause();
  }
  /** Waits while the other side takes less than it is sent. */
  async function emit(id: number, items: readonly unknown[]): Promise<void> {
    send({ id, items });
    if (!ended && stream.writableLength > MOST_AHEAD_BYTES) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const go = (): void => resolve();
      stream.once('drain', go).once('close', go);
      await promise;
      stream.off('drain', go).off('close', go);
    }
  }
  function answer(id: number, outcome: Outcome): void {
    const text = outcome.ok ? JSON.stringify(outcome.value ?? null) : '';
    if (text.length <= MAX_FRAGMENT_CHARS) {
      send({ id, ...outcome });
      return;
    }
    for (let at = 0; at < text.length; at += MAX_FRAGMENT_CHARS) {
      send({ id, text: text.slice(at, at + MAX_FRAGMENT_CHARS) });
    }
    send({ id, joined: true });
  }
  function take(line: string): void {
    const parsed = parseRequest(line);
    if (parsed.kind === 'garbage') end();
    else if (parsed.kind === 'refused') answer(parsed.id, { ok: false, errno: parsed.errno, reason: parsed.reason });
    else accept(parsed.request);
  }
  function accept(request: Request): void {
    const { id } = request;
    if (running.has(id)) {
      answer(id, { ok: false, errno: 'EINVAL', reason: 'id is in use' });
    } else if (running.size >= MAX_IN_FLIGHT) {
      answer(id, { ok: false, errno: 'EBUSY', reason: 'too many requests' });
    } else {
      const abort = new AbortController();
      running.set(id, abort);
      void outcomeOf(request, abort.signal).then((outcome) => {
        running.delete(id);
        answer(id, outcome);
      });
    }
  }
  async function outcomeOf(request: Request, signal: AbortSignal): Promise<Outcome> {
    try {
      return { ok: true, value: await perform(request, signal) };
    } catch (error) {
      if (error instanceof AgentError) return { ok: false, errno: 'EIO', reason: error.message, code: error.code };
      return { ok: false, ...failureOf(error) };
    }
  }
  async function perform(request: Request, signal: AbortSignal): Promise<unknown> {
    switch (request.op) {
      case 'hello':
        return hello();
      case 'read':
        return (await readKernelFile(locate(request))).toString('base64');
      case 'list':
        return listNames(locate(request));
      case 'link':
        return linkTarget(locate(request));
      case 'inode':
        return inodeNumber(locate(request));
      case 'dsm':
        return dsmAnswer(request.call);
      case 'scrub':
        return services.scrub(request.call);
      case 'resolve':
        return tellOwners(request.id, await services.resolve(request.job, progressOf(request.id), signal));
      case 'check':
        return services.check(request.job, progressOf(request.id), signal, (files) => emit(request.id, files));
      case 'watchMounts':
        return watchMountTable(roots.procfs, await services.pollPriority(), () => send({ event: 'mounts' }), signal);
      case 'cancel':
        running.get(request.target)?.abort();
        return null;
      default:
        return request satisfies never;
    }
  }
  /** In small parts: the other side takes each in well under the time that it may be held up, while the next is made. */
  async function tellOwners(id: number, { results, ...end }: ResolveAnswer): Promise<ResolveEnd> {
    for (const parts of partsOf(results)) await emit(id, parts);
    collectSoon();
    return end;
  }
  /** A process that waits for its next job holds nothing of the last one; one that has the next already is not held up. */
  function collectSoon(): void {
    clearTimeout(collecting);
    collecting = setTimeout(() => {
      if (running.size === 0) globalThis.gc?.({ type: 'major', execution: 'sync', flavor: 'last-resort' });
    }, COLLECT_AFTER_MS).unref();
  }
  async function dsmAnswer({ input, ...call }: DsmLine): Promise<DsmAnswer> {
    const { reply, firmwareBytes } = await services.dsm({ ...call, input: Buffer.from(input, 'hex') });
    return { reply: Buffer.from(reply).toString('base64'), firmwareBytes };
  }
  function locate(request: { readonly tree: 'sysfs' | 'procfs'; readonly path: string }): string {
    return join(roots[request.tree], request.path);
  }
  function progressOf(id: number): (progress: ResolveProgress) => void {
    let last = 0;
    return (progress) => {
      const now = Date.now();
      if (now - last < PROGRESS_EVERY_MS && progress.owners === undefined) return;
      last = now;
      send({ id, progress });
    };
  }

  const onLine = createLineReader(MAX_LINE_BYTES, take, end);
  stream.on('data', onLine);
  stream.on('drain', () => stream.resume());
  stream.on('error', end);
  stream.on('end', end);
  stream.on('close', end);
}

/** Owners in one message, so that none comes near the longest line. */
const OWNERS_AT_ONCE = 128;

function* partsOf(results: ResolveAnswer['results']): Generator<ResolvedPart[]> {
  const packer = createOwnerPacker();
  let parts: ResolvedPart[] = [];
  let room = OWNERS_AT_ONCE;
  for (const [run, { complete, owners }] of results.entries()) {
    for (let told = 0; ; ) {
      const some = owners.slice(told, told + room).map((owner) => packer.pack(owner, (facts) => parts.push({ facts })));
      told += some.length;
      const more = told < owners.length;
      parts.push({ run, complete, owners: some, ...(more ? { more } : {}) });
      // a run without an owner takes room too
      room -= Math.max(1, some.length);
      if (room <= 0) {
        yield parts;
        parts = [];
        room = OWNERS_AT_ONCE;
      }
      if (!more) break;
    }
  }
  if (parts.length > 0) yield parts;
}

function hello(): ProbeHello {
  return { protocol: PROTOCOL_VERSION, pid: process.pid, uid: process.geteuid?.() ?? -1, ...readCapabilities() };
}

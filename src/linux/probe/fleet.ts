import type { Clock, Logger } from '../../ports.ts';
import type { Conversation, ProbeConnector } from './conversation.ts';
import type { Failure, ProbeHello } from './protocol.ts';
import { failure, startConversation } from './start.ts';

/**
 * The probe processes that read files: one `ready` for new calls, and those `retired`, each held by a call that has
 * not come back, until it does.
 *
 *     none -> starting -> ready -> retired -> (its last call answers) -> ended
 *               |           +--------------------------------------> ended (crash)
 *               +-> backing off -> none
 */
export interface Fleet {
  readonly ready: Conversation | undefined;
  readonly hello: ProbeHello | undefined;
  /** The ready one, started if need be. */
  start(): Promise<Conversation | Failure>;
  /** No new calls to it, another one takes over; false when too many are held already. */
  retire(conversation: Conversation): boolean;
  isRetired(conversation: Conversation): boolean;
  readonly retired: number;
  watchMounts(onChange: () => void): () => void;
  close(): Promise<void>;
}

/** Each is a whole process: enough for every device of a host to hang, little enough for its memory. */
const MAX_RETIRED = 16;
/** Dying younger than this counts as a failed start. */
const SETTLED_MS = 5_000;
const BACKOFF_FIRST_MS = 100;
const BACKOFF_MOST_MS = 30_000;
/** A start due within this is waited for; otherwise the caller is told at once. */
const WORTH_WAITING_MS = 1_000;
const CLOSE_MS = 1_000;

export function createFleet(deps: { connect: ProbeConnector; clock: Clock; log: Logger }): Fleet {
  const { connect, clock, log } = deps;
  const retired = new Set<Conversation>();
  const live = new Set<Conversation>();
  const watchers = new Set<() => void>();
  let ready: Conversation | undefined;
  let hello: ProbeHello | undefined;
  let starting: Promise<Conversation | Failure> | undefined;
  let mountsRequest: number | undefined;
  let watchedBefore = false;
  let failures = 0;
  let notBefore = 0;
  let lastFailure = '';
  let closed = false;

  async function start(): Promise<Conversation | Failure> {
    if (closed) return failure('EPIPE', 'the probe is closed');
    if (ready !== undefined) return ready;
    starting ??= startNew().finally(() => {
      starting = undefined;
    });
    return starting;
  }
  async function startNew(): Promise<Conversation | Failure> {
    const wait = notBefore - clock.monotonic();
    if (wait > WORTH_WAITING_MS) {
      return failure('EPIPE', `${lastFailure}; started again in ${Math.ceil(wait / 1000)} s`);
    }
    if (wait > 0) await new Promise<void>((done) => clock.after(wait, done));
    const started = await startConversation(connect, clock);
    if (!started.ok) {
      noteFailure(started.reason);
      return started;
    }
    const { conversation } = started;
    const startedAt = clock.monotonic();
    live.add(conversation);
    if (closed) conversation.kill();
    ready = conversation;
    hello = started.hello;
    if (watchers.size > 0) subscribe(conversation);
    void conversation.ended.then((why) => onEnded(conversation, startedAt, why));
    return conversation;
  }
  function onEnded(conversation: Conversation, startedAt: number, why: string): void {
    live.delete(conversation);
    retired.delete(conversation);
    if (ready !== conversation) return;
    ready = undefined;
    if (closed) return;
    if (clock.monotonic() - startedAt < SETTLED_MS) noteFailure(why);
    else {
      failures = 0;
      log.warn({ reason: why }, 'probe process ended unexpectedly');
    }
    keepWatching();
  }
  function noteFailure(reason: string): void {
    if (failures === 0) log.warn({ reason }, 'probe process failed');
    notBefore = clock.monotonic() + Math.min(BACKOFF_MOST_MS, BACKOFF_FIRST_MS * 2 ** failures);
    failures += 1;
    lastFailure = reason;
  }

  /** The mounts are watched by whichever process is ready; changes between two of them are made up for by one call. */
  function subscribe(conversation: Conversation): void {
    conversation.onMounts = tellWatchers;
    const { id, outcome } = conversation.ask({ op: 'watchMounts' });
    mountsRequest = id;
    if (watchedBefore) tellWatchers();
    watchedBefore = true;
    void outcome.then((o) => {
      if (!o.ok && !conversation.isEnded) log.warn({ reason: o.reason }, 'mounts are not watched, only re-read');
    });
  }
  function tellWatchers(): void {
    for (const tell of watchers) tell();
  }
  function keepWatching(): void {
    if (closed || watchers.size === 0 || ready !== undefined) return;
    clock.after(Math.max(0, notBefore - clock.monotonic()), () => {
      if (closed || watchers.size === 0) return;
      void start().then((result) => {
        if ('ok' in result) keepWatching();
      });
    });
  }

  return {
    get ready() {
      return ready;
    },
    get hello() {
      return hello;
    },
    get retired() {
      return retired.size;
    },
    start,
    retire(conversation) {
      if (retired.has(conversation)) return true;
      if (conversation !== ready || retired.size >= MAX_RETIRED) return false;
      retired.add(conversation);
      conversation.unref();
      conversation.onMounts = () => undefined;
      if (mountsRequest !== undefined) conversation.ask({ op: 'cancel', target: mountsRequest });
      mountsRequest = undefined;
      ready = undefined;
      keepWatching();
      return true;
    },
    isRetired: (conversation) => retired.has(conversation),
    watchMounts(onChange) {
      watchers.add(onChange);
      if (ready === undefined) keepWatching();
      else if (watchers.size === 1) subscribe(ready);
      return () => watchers.delete(onChange);
    },
    async close() {
      closed = true;
      watchers.clear();
      const all = [...live];
      // those that are held do not end before their call comes back
      const ends = all.filter((conversation) => !retired.has(conversation)).map(({ ended }) => ended);
      for (const conversation of all) conversation.kill();
      const late = new Promise<void>((done) => clock.after(CLOSE_MS, done));
      await Promise.race([Promise.all(ends), late]);
      for (const conversation of all) conversation.unref();
    },
  };
}

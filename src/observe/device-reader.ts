import type { ReadingTrigger } from '../model/badblocks.ts';
import type { Clock } from '../ports.ts';

/** What one look gave. `released`: a call has not come back; nothing is asked of the device until it has. */
export interface Taken<T> {
  readonly reading: T;
  readonly released?: Promise<void>;
}
export interface DeviceReaderDeps<T> {
  readonly clock: Clock;
  /** 0 to 1, drawn anew for each period */
  readonly jitter: () => number;
  /** One look at the device; never rejects. `before` is the last reading. */
  take(trigger: ReadingTrigger, before: T | undefined): Promise<Taken<T>>;
  /** The reading counts: told once each, before it can be had from `latest`. */
  onTaken(before: T | undefined, now: T): void;
  /** ms until the next look when nothing hints at it */
  pollMs(reading: T): number;
  hasFailed(reading: T): boolean;
  /** Called when `latest` has changed. */
  onReading(): void;
}
export interface DeviceReader<T> {
  latest(): T | undefined;
  /** Something may have changed: read soon. */
  hint(trigger: ReadingTrigger): void;
  /** Read now, or once more after the read under way; resolves when that is done or the device is stuck. */
  refresh(trigger: ReadingTrigger): Promise<void>;
  /** Resolves when the first reading is there, be it that the device is stuck. */
  readonly first: Promise<void>;
  stop(): void;
}

/** Notifications come in bursts (a scrub's grow the list in steps): wait for the last one, but not longer than the limit. */
const DEBOUNCE_MS = 25;
const DEBOUNCE_LIMIT_MS = 250;
const JITTER = 0.1;
/** A look that failed is repeated after this, then twice as long each time, up to the poll: what hinted at it hints no more. */
const RETRY_FIRST_MS = 1_000;

/** What tells more of how an error was found wins when hints meet. */
const weight: Readonly<Record<ReadingTrigger, number>> = { poll: 0, start: 1, unclear: 2, hint: 3, scrub: 4 };

/**
 * Reads one thing, by itself: idle -> (timer or hint) -> reading -> idle, or reading -> stuck -> (the call came back) ->
 * reading. A hint while it reads makes one more read after it; while stuck nothing is read.
 */
export function createDeviceReader<T>(deps: DeviceReaderDeps<T>): DeviceReader<T> {
  const { clock } = deps;
  let state: 'idle' | 'reading' | 'stuck' | 'stopped' = 'idle';
  let latest: T | undefined;
  let again: ReadingTrigger | undefined;
  let hinted: ReadingTrigger | undefined;
  let hintedSince = 0;
  let failures = 0;
  let cancelTimer = (): void => undefined;
  let waiting: (() => void)[] = [];
  const first = Promise.withResolvers<void>();

  async function read(trigger: ReadingTrigger): Promise<void> {
    cancelTimer();
    hinted = undefined;
    state = 'reading';
    const { reading, released } = await deps.take(trigger, latest);
    if (isStopped()) return;
    deps.onTaken(latest, reading);
    latest = reading;
    failures = deps.hasFailed(reading) ? failures + 1 : 0;
    if (released === undefined) state = 'idle';
    else {
      state = 'stuck';
      released.then(
        () => free(trigger),
        () => free(trigger),
      );
    }
    first.resolve();
    deps.onReading();
    next(reading, trigger);
  }
  /** After a reading: the one more that was asked for, else the next poll; whoever waits is let go when none is due. */
  function next(reading: T, last: ReadingTrigger): void {
    if (state === 'idle' && again !== undefined) {
      const trigger = again;
      again = undefined;
      void read(trigger);
      return;
    }
    for (const resolve of waiting) resolve();
    waiting = [];
    if (state !== 'idle') return;
    const poll = deps.pollMs(reading) * (1 + JITTER * (2 * deps.jitter() - 1));
    const retry = RETRY_FIRST_MS * 2 ** (failures - 1);
    if (failures > 0 && retry < poll) schedule(retry, last);
    else schedule(poll, 'poll');
  }
  function free(trigger: ReadingTrigger): void {
    if (isStopped()) return;
    state = 'idle';
    const asked = again;
    again = undefined;
    void read(asked ?? trigger);
  }
  function schedule(ms: number, trigger: ReadingTrigger): void {
    cancelTimer();
    cancelTimer = clock.after(ms, () => void read(trigger));
  }
  function isStopped(): boolean {
    return state === 'stopped';
  }

  return {
    latest: () => latest,
    first: first.promise,
    refresh(trigger) {
      if (state === 'stopped') return Promise.resolve();
      if (state === 'idle') void read(trigger);
      else again = stronger(again, trigger);
      if (state === 'stuck') return Promise.resolve();
      return new Promise((resolve) => waiting.push(resolve));
    },
    hint(trigger) {
      if (state === 'stopped') return;
      if (state !== 'idle') {
        again = stronger(again, trigger);
        return;
      }
      const now = clock.monotonic();
      if (hinted === undefined) hintedSince = now;
      hinted = stronger(hinted, trigger);
      schedule(Math.max(0, Math.min(DEBOUNCE_MS, hintedSince + DEBOUNCE_LIMIT_MS - now)), hinted);
    },
    stop() {
      state = 'stopped';
      cancelTimer();
      first.resolve();
      for (const resolve of waiting) resolve();
      waiting = [];
    },
  };
}

function stronger(a: ReadingTrigger | undefined, b: ReadingTrigger): ReadingTrigger {
  return a === undefined || weight[b] > weight[a] ? b : a;
}

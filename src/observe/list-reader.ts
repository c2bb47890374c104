import type { BadBlockList, ListReading, ReadingTrigger } from '../model/badblocks.ts';
import { messageOf } from '../model/errors.ts';
import { failed, type Observation } from '../model/observation.ts';
import type { Clock, FileRead, KernelTree, Logger } from '../ports.ts';
import { parseBadBlocks } from './badblocks.ts';

/** Where one list is, and which device it is of: a successor of the same name is another list. */
export interface ListSource {
  /** `pmem0` or `region0` */
  readonly subject: string;
  readonly kind: 'disk' | 'region';
  /** below the sysfs root */
  readonly path: string;
  /** changes when another device takes the name */
  readonly instance: string;
}

export interface ReaderDeps {
  readonly sysfs: KernelTree;
  readonly clock: Clock;
  readonly config: {
    /** how often a list is read when nothing hints at it */
    readonly badBlocksMs: number;
    /** how long one read may take before the device is called stuck */
    readonly deviceDeadlineMs: number;
    readonly pageSize: number;
    /** 0 to 1, drawn anew for each period */
    readonly jitter: () => number;
  };
  readonly onReading: () => void;
  readonly log: Logger;
}

/** Notifications come in bursts (a scrub's grow the list in steps): wait for the last one, but not longer than the limit. */
const DEBOUNCE_MS = 25;
const DEBOUNCE_LIMIT_MS = 250;
/** A read of a truncated list logs two kernel messages: such lists are polled up to this much less often. */
const MAX_BACKOFF = 10;
const JITTER = 0.1;
/** A read that failed is tried again after this, then twice as long each time, up to the poll: what hinted at it hints no more. */
const RETRY_FIRST_MS = 1_000;

/** What tells more of how an error was found wins when hints meet. */
const weight: Readonly<Record<ReadingTrigger, number>> = { poll: 0, start: 1, hint: 2, scrub: 3 };

export interface ListReader {
  readonly source: ListSource;
  latest(): ListReading | undefined;
  /** Something may have changed: read soon. */
  hint(trigger: ReadingTrigger): void;
  /** Read now, or once more after the read under way; resolves when that is done or the device is stuck. */
  refresh(trigger: ReadingTrigger): Promise<void>;
  /** Resolves when the first reading is there, be it that the device is stuck. */
  first: Promise<void>;
  stop(): void;
}

/**
 * Reads one list, by itself: idle -> (timer or hint) -> reading -> idle, or reading -> stuck -> (the call came back) ->
 * reading. A hint while it reads makes one more read after it; while stuck nothing is read.
 */
export function createListReader(source: ListSource, deps: ReaderDeps): ListReader {
  const { clock, config, log } = deps;
  const { subject } = source;
  let state: 'idle' | 'reading' | 'stuck' | 'stopped' = 'idle';
  let latest: ListReading | undefined;
  let again: ReadingTrigger | undefined;
  let hinted: ReadingTrigger | undefined;
  let hintedSince = 0;
  let backoff = 1;
  let failures = 0;
  let cancelTimer = (): void => undefined;
  let waiting: (() => void)[] = [];
  const first = Promise.withResolvers<void>();

  async function read(trigger: ReadingTrigger): Promise<void> {
    cancelTimer();
    hinted = undefined;
    state = 'reading';
    const startedAt = clock.now();
    const before = clock.monotonic();
    let file: FileRead;
    try {
      file = await deps.sysfs.read(source.path, { deadlineMs: config.deviceDeadlineMs });
    } catch (error) {
      file = { kind: 'failed', errno: 'EPROBE', reason: messageOf(error) };
    }
    if (isStopped()) return;
    const durationMs = clock.monotonic() - before;
    const list = observationOf(source, file, config.pageSize);
    const lastOkAt = list.kind === 'ok' ? clock.now() : latest?.lastOkAt;
    tellTransition(latest?.list, list);
    latest = {
      subject,
      at: clock.now(),
      durationMs,
      trigger,
      list,
      ...(file.kind === 'stuck' && { stuckSince: startedAt }),
      ...(lastOkAt !== undefined && { lastOkAt }),
    };
    backoff = list.kind === 'ok' && !list.value.complete ? Math.min(backoff * 2, MAX_BACKOFF) : 1;
    failures = list.kind === 'ok' ? 0 : failures + 1;
    if (file.kind === 'stuck') {
      state = 'stuck';
      file.released.then(
        () => released(trigger),
        () => released(trigger),
      );
    } else state = 'idle';
    first.resolve();
    deps.onReading();
    next();
  }
  /** After a reading: the one more that was asked for, else the next poll; whoever waits is let go when none is due. */
  function next(): void {
    if (state === 'idle' && again !== undefined) {
      const trigger = again;
      again = undefined;
      void read(trigger);
      return;
    }
    for (const resolve of waiting) resolve();
    waiting = [];
    if (state !== 'idle') return;
    const poll = config.badBlocksMs * backoff * (1 + JITTER * (2 * config.jitter() - 1));
    const retry = failures === 0 ? poll : RETRY_FIRST_MS * 2 ** (failures - 1);
    if (retry < poll) schedule(retry, latest?.trigger ?? 'poll');
    else schedule(poll, 'poll');
  }
  function released(trigger: ReadingTrigger): void {
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
  function tellTransition(before: Observation<BadBlockList> | undefined, now: Observation<BadBlockList>): void {
    const was = before === undefined ? 'well' : wellness(before);
    const is = wellness(now);
    if (was === is) return;
    if (is === 'well') log.info({ subject }, 'bad-block list is read in full again');
    else if (now.kind === 'ok') log.warn({ subject, reason: now.value.reason }, 'bad-block list is incomplete');
    else log.warn({ subject, reason: now.reason }, 'bad-block list is unreadable');
  }
  function refresh(trigger: ReadingTrigger): Promise<void> {
    if (state === 'stopped') return Promise.resolve();
    if (state === 'idle') void read(trigger);
    else again = stronger(again, trigger);
    if (state === 'stuck') return Promise.resolve();
    return new Promise((resolve) => waiting.push(resolve));
  }

  return {
    source,
    latest: () => latest,
    first: first.promise,
    refresh,
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

function wellness(list: Observation<BadBlockList>): string {
  return list.kind === 'ok' ? (list.value.complete ? 'well' : 'incomplete') : list.reason;
}

/** A read's outcome as an observation, with what to do about it where it failed. */
function observationOf(source: ListSource, file: FileRead, pageSize: number): Observation<BadBlockList> {
  if (file.kind === 'ok') return parseBadBlocks(file.data, pageSize);
  if (file.kind === 'stuck') {
    const seconds = Math.round(file.afterMs / 1000);
    const reason = `the kernel has not answered within ${seconds} s; it is asked again when the call comes back: look for hung tasks in dmesg`;
    return failed('DEVICE_STUCK', reason);
  }
  return failed(
    file.errno === 'EPROBE' ? 'PROBE' : 'SYSFS_READ',
    whyFailed(source, file.errno, file.reason),
    file.errno,
  );
}

function whyFailed({ subject, kind, path }: ListSource, errno: string, reason: string): string {
  const isRegion = kind === 'region';
  switch (errno) {
    case 'ENXIO':
      return isRegion
        ? `the region is disabled, no driver is bound to it (ENXIO): \`ndctl enable-region ${subject}\``
        : `the device is being removed or disabled (ENXIO): see \`ndctl list -N -i\``;
    case 'ENOENT':
    case 'ENODEV':
      return `the list is gone (${errno}): the ${isRegion ? 'region' : 'device'} was removed or disabled; see \`ndctl list ${isRegion ? '-R' : '-N'} -i\``;
    case 'EACCES':
    case 'EPERM':
      return `permission denied (${errno}) on ${path}: run the probe process as root`;
    case 'EIO':
      return `the kernel could not read it (EIO): see dmesg for messages about ${subject}`;
    case 'EFBIG':
      return `far larger than a page (EFBIG): ${path} is no bad-block list of a kernel`;
    default:
      return `cannot be read (${errno}): ${reason}`;
  }
}

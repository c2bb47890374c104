import type { BadBlockList, ListReading, ReadingTrigger } from '../model/badblocks.ts';
import { messageOf } from '../model/errors.ts';
import { failed, type Observation } from '../model/observation.ts';
import type { Clock, FileRead, KernelTree, Logger } from '../ports.ts';
import { parseBadBlocks } from './badblocks.ts';
import { createDeviceReader, type DeviceReader, type Taken } from './device-reader.ts';

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

/**
 * Each read of a list that does not fit its page makes the kernel log two lines (sysfs: "returned bad count"); reading
 * and parsing it takes 0.1 ms. Where the poll is quicker than this, such a list is read up to `MAX_BACKOFF`
 * times less often, but so often still.
 */
const INCOMPLETE_MS = 60_000;
const MAX_BACKOFF = 10;

export interface ListReader extends DeviceReader<ListReading> {
  readonly source: ListSource;
}

/** Reads one list, by itself. */
export function createListReader(source: ListSource, deps: ReaderDeps): ListReader {
  const { clock, config, log } = deps;
  const { subject } = source;
  let backoff = 1;

  async function take(trigger: ReadingTrigger, before: ListReading | undefined): Promise<Taken<ListReading>> {
    const startedAt = clock.now();
    const started = clock.monotonic();
    let file: FileRead;
    try {
      file = await deps.sysfs.read(source.path, { deadlineMs: config.deviceDeadlineMs });
    } catch (error) {
      file = { kind: 'failed', errno: 'EPROBE', reason: messageOf(error) };
    }
    const list = observationOf(source, file, config.pageSize);
    const lastOkAt = list.kind === 'ok' ? clock.now() : before?.lastOkAt;
    const reading: ListReading = {
      subject,
      at: clock.now(),
      durationMs: clock.monotonic() - started,
      startTick: started,
      trigger,
      list,
      ...(file.kind === 'stuck' && { stuckSince: startedAt }),
      ...(lastOkAt !== undefined && { lastOkAt }),
    };
    return file.kind === 'stuck' ? { reading, released: file.released } : { reading };
  }
  function onTaken(before: ListReading | undefined, { list }: ListReading): void {
    tellTransition(before?.list, list);
    backoff = list.kind === 'ok' && !list.value.complete ? Math.min(backoff * 2, MAX_BACKOFF) : 1;
  }
  function tellTransition(before: Observation<BadBlockList> | undefined, now: Observation<BadBlockList>): void {
    const was = before === undefined ? 'well' : wellness(before);
    const is = wellness(now);
    if (was === is) return;
    if (is === 'well') log.info({ subject }, 'bad-block list is read in full again');
    else if (now.kind === 'ok') log.warn({ subject, reason: now.value.reason }, 'bad-block list is incomplete');
    else log.warn({ subject, reason: now.reason }, 'bad-block list is unreadable');
  }
  const { jitter, badBlocksMs } = config;
  const reader = createDeviceReader<ListReading>({
    clock,
    jitter,
    take,
    onTaken,
    pollMs: () => Math.max(badBlocksMs, Math.min(badBlocksMs * backoff, INCOMPLETE_MS)),
    hasFailed: ({ list }) => list.kind !== 'ok',
    onReading: deps.onReading,
  });
  return { ...reader, source };
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

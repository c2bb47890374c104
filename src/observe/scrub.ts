import type { HintCause, StuckDevice } from '../model/badblocks.ts';
import { messageOf } from '../model/errors.ts';
import { failed, type Observation, ok } from '../model/observation.ts';
import { parseScrubState, type ScrubReading, type ScrubState, scrubKeyOf } from '../model/scrub.ts';
import type { Bus, Topology } from '../model/topology.ts';
import type { Clock, FileRead, KernelTree, Logger, ScrubControl } from '../ports.ts';
import { createDeviceReader, type DeviceReader, type Taken } from './device-reader.ts';

export interface ScrubObserver {
  /** Reads the buses of this inventory that have a scrub: new ones start, gone ones end. */
  update(topology: Topology): void;
  /** The kernel has told that a scrub is through, or somebody has written the attribute (`nfit/scrub`). */
  hint(bus: string): void;
  /** Whether a notification on this bus's lists comes from a scrub; a bus that does not answer in time is not waited for. */
  cause(bus: string): Promise<HintCause>;
  /** The last reading of each bus that has one. */
  latest(): readonly ScrubReading[];
  stuck(): readonly StuckDevice[];
  settled(): Promise<void>;
  stop(): void;
}
export interface ScrubObserverDeps {
  readonly sysfs: KernelTree;
  readonly control: Pick<ScrubControl, 'whyNotWritable'>;
  readonly clock: Clock;
  readonly config: {
    /** how often an idle bus is looked at when nothing hints at it */
    readonly pollMs: number;
    readonly deviceDeadlineMs: number;
    /** 0 to 1, drawn anew for each period */
    readonly jitter: () => number;
  };
  /** A scrub has ended since the last reading: the lists of its bus are to be read. */
  readonly onEnded: (bus: string) => void;
  readonly onReading: () => void;
  readonly log: Logger;
}

/**
 * How long a reading of a list waits to learn whether a scrub is behind it. The answer takes milliseconds, and seconds only where
 * the processors are overwhelmed or something holds the bus's device lock, which the file takes.
 */
const CAUSE_WAIT_MS = 5_000;
/** The end of one scrub notifies every list of its bus: they all come within this time. */
const SAME_SCRUB_MS = 5_000;
/** Each look at a running scrub makes the kernel ask its firmware every second again: with the jitter never below a minute. */
const RUNNING_POLL_MS = 67_000;

const NOT_ASKED = 'the bus does not answer: whether a scrub can be started is not known';

interface Watched {
  /** tells a bus from its successor of the same name */
  readonly epoch: string;
  /** `scrubKeyOf` */
  readonly key: string;
  readonly reader: DeviceReader<ScrubReading>;
  /** when the count was last seen to have advanced */
  advancedAt: number;
}

/** One reader per bus that has a scrub, each with its own deadline. */
export function createScrubObserver(deps: ScrubObserverDeps): ScrubObserver {
  const { clock, config, log } = deps;
  let buses = new Map<string, Watched>();

  async function take(bus: Bus, before: ScrubReading | undefined): Promise<Taken<ScrubReading>> {
    const startedAt = clock.now();
    let file: FileRead;
    try {
      file = await deps.sysfs.read(scrubFile(bus.name), { deadlineMs: config.deviceDeadlineMs });
    } catch (error) {
      file = { kind: 'failed', errno: 'EPROBE', reason: messageOf(error) };
    }
    const reading: ScrubReading = {
      bus: bus.name,
      epoch: bus.epoch,
      at: clock.now(),
      tick: clock.monotonic(),
      state: observationOf(file),
      notWritable: file.kind === 'stuck' ? NOT_ASKED : await whyNotWritable(bus.name, before?.notWritable),
      ...(file.kind === 'stuck' && { stuckSince: startedAt }),
    };
    return file.kind === 'stuck' ? { reading, released: file.released } : { reading };
  }
  /** Asked with each reading until it may be written: a mount, a mode or a probe process can be put right meanwhile. */
  async function whyNotWritable(bus: string, before: string | undefined): Promise<string> {
    if (before === '') return '';
    const refused = await deps.control.whyNotWritable(bus);
    const reason = refused?.reason ?? '';
    if (reason !== '' && reason !== before) log.warn({ bus, reason }, 'scrubs cannot be started on this bus');
    if (reason === '' && before !== undefined) log.info({ bus }, 'scrubs can be started on this bus');
    return reason;
  }
  function start(bus: Bus, key: string): Watched {
    const reader = createDeviceReader<ScrubReading>({
      clock,
      jitter: config.jitter,
      take: (_trigger, before) => take(bus, before),
      onTaken(before, now) {
        tellTransition(before, now);
        const [was, is] = [stateOf(before), stateOf(now)];
        if (was === undefined || is === undefined || is.completed <= was.completed) return;
        watched.advancedAt = now.at;
        deps.onEnded(bus.name);
      },
      pollMs: ({ state }) =>
        state.kind === 'ok' && state.value.running ? Math.max(RUNNING_POLL_MS, config.pollMs) : config.pollMs,
      hasFailed: ({ state }) => state.kind !== 'ok',
      onReading: deps.onReading,
    });
    const watched: Watched = { epoch: bus.epoch, key, reader, advancedAt: Number.NEGATIVE_INFINITY };
    return watched;
  }
  function tellTransition(before: ScrubReading | undefined, { bus, state }: ScrubReading): void {
    const was = before?.state.kind === 'failed' ? before.state.reason : '';
    const is = state.kind === 'failed' ? state.reason : '';
    if (was === is) return;
    if (is === '') log.info({ bus }, 'the state of scrubs can be read again');
    else log.warn({ bus, reason: is }, 'the state of scrubs is unreadable');
  }
  function readings(): ScrubReading[] {
    return [...buses.values()].flatMap(({ reader }) => reader.latest() ?? []);
  }

  return {
    update(topology) {
      const next = new Map<string, Watched>();
      const fresh: Watched[] = [];
      for (const bus of topology.buses.filter(({ scrubSupported }) => scrubSupported)) {
        const known = buses.get(bus.name);
        if (known?.epoch === bus.epoch) next.set(bus.name, known);
        else {
          const watched = start(bus, scrubKeyOf(bus, topology.buses));
          next.set(bus.name, watched);
          fresh.push(watched);
        }
      }
      for (const [name, watched] of buses) if (next.get(name) !== watched) watched.reader.stop();
      buses = next;
      for (const { reader } of fresh) void reader.refresh('start');
    },
    hint(bus) {
      buses.get(bus)?.reader.hint('hint');
    },
    async cause(bus) {
      const watched = buses.get(bus);
      if (watched === undefined) return 'hint';
      // what runs is not looked at for each list that changes meanwhile
      if (stateOf(watched.reader.latest())?.running === true) return 'scrub';
      const before = watched.reader.latest();
      let cancelLate = (): void => undefined;
      const late = new Promise<void>((resolve) => {
        cancelLate = clock.after(CAUSE_WAIT_MS, resolve);
      });
      await Promise.race([watched.reader.refresh('hint'), late]);
      cancelLate();
      const reading = watched.reader.latest();
      const state = stateOf(reading);
      if (state?.running === true || clock.now() - watched.advancedAt < SAME_SCRUB_MS) return 'scrub';
      return state !== undefined && reading !== before ? 'hint' : 'unclear';
    },
    latest: readings,
    stuck: () =>
      [...buses.values()].flatMap(({ key, reader }) => {
        const reading = reader.latest();
        if (reading?.stuckSince === undefined) return [];
        return [{ subject: reading.bus, since: reading.stuckSince, uid: key }];
      }),
    async settled() {
      await Promise.all([...buses.values()].map(({ reader }) => reader.first));
    },
    stop() {
      for (const { reader } of buses.values()) reader.stop();
      buses = new Map();
    },
  };
}

function scrubFile(bus: string): string {
  return `bus/nd/devices/${bus}/nfit/scrub`;
}

function stateOf(reading: ScrubReading | undefined): ScrubState | undefined {
  return reading?.state.kind === 'ok' ? reading.state.value : undefined;
}

function observationOf(file: FileRead): Observation<ScrubState> {
  if (file.kind === 'stuck') {
    return failed('DEVICE_STUCK', `the kernel has not answered within ${Math.round(file.afterMs / 1000)} s`);
  }
  if (file.kind === 'failed') {
    const code = file.errno === 'EPROBE' ? 'PROBE' : 'SYSFS_READ';
    return failed(code, `cannot be read (${file.errno}): ${file.reason}`, file.errno);
  }
  const text = new TextDecoder().decode(file.data);
  const state = parseScrubState(text);
  if (state !== undefined) return ok(state);
  return failed('SYSFS_PARSE', `scrub state is not a count: ${JSON.stringify(text.slice(0, 40))}`);
}

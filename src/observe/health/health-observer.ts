import type { ReadingTrigger, StuckDevice } from '../../model/badblocks.ts';
import type { HealthReading } from '../../model/health.ts';
import { needsWatching } from '../../model/health-judgement.ts';
import type { Topology } from '../../model/topology.ts';
import type { Clock, DsmCaller, KernelTree, Logger } from '../../ports.ts';
import { createDeviceReader, type DeviceReader } from '../device-reader.ts';
import { takeHealth } from './take-health.ts';

export interface HealthObserver {
  /** Reads the DIMMs of this inventory: new ones start, gone ones end. */
  update(topology: Topology): void;
  /** The kernel has told of a health event of this DIMM (`nfit/flags`). */
  hint(name: string): void;
  refreshAll(trigger: ReadingTrigger): Promise<void>;
  /** The last reading of each DIMM that has one, by kernel name. */
  latest(): readonly HealthReading[];
  stuck(): readonly StuckDevice[];
  /** Resolves when each DIMM known by now has a first reading, be it that it is stuck. */
  settled(): Promise<void>;
  stop(): void;
}
export interface HealthObserverDeps {
  readonly sysfs: KernelTree;
  readonly dsm: DsmCaller;
  readonly clock: Clock;
  readonly config: {
    /** how often a DIMM is asked when nothing hints at it */
    readonly healthMs: number;
    /** the same while something is wrong with it: its getting well is not told by the kernel */
    readonly healthAlarmMs: number;
    readonly deviceDeadlineMs: number;
    readonly jitter: () => number;
  };
  readonly onReading: () => void;
  readonly log: Logger;
}

interface Watched {
  /** tells a DIMM from its successor of the same name */
  readonly instance: string;
  readonly reader: DeviceReader<HealthReading>;
}

/** One reader per DIMM, each with its own cadence and deadline. */
export function createHealthObserver(deps: HealthObserverDeps): HealthObserver {
  const { clock, config, log } = deps;
  let readers = new Map<string, Watched>();

  function start(name: string, key: string): DeviceReader<HealthReading> {
    const health = { sysfs: deps.sysfs, dsm: deps.dsm, clock, deadlineMs: config.deviceDeadlineMs };
    return createDeviceReader<HealthReading>({
      clock,
      jitter: config.jitter,
      take: (trigger, before) => takeHealth({ name, key }, trigger, before, health),
      onTaken: tellTransition,
      pollMs: (reading) => (needsWatching(reading) ? Math.min(config.healthAlarmMs, config.healthMs) : config.healthMs),
      hasFailed: ({ health: { kind } }) => kind === 'failed',
      onReading: deps.onReading,
    });
  }
  function tellTransition(before: HealthReading | undefined, now: HealthReading): void {
    const was = before === undefined ? '' : whyUnread(before);
    const is = whyUnread(now);
    const { name, dimm } = now;
    if (before === undefined && now.health.kind === 'unsupported') {
      log.info({ name, dimm, reason: now.health.reason }, 'the health of a DIMM is not to be had');
    } else if (was === is) return;
    else if (is === '') log.info({ name, dimm }, 'the health of a DIMM can be read again');
    else log.warn({ name, dimm, reason: is }, 'the health of a DIMM is unreadable');
  }
  function readings(): HealthReading[] {
    return [...readers.values()].flatMap(({ reader }) => reader.latest() ?? []);
  }

  return {
    update(topology) {
      const epochs = new Map(topology.buses.map(({ name, epoch }) => [name, epoch]));
      const next = new Map<string, Watched>();
      const fresh: Watched[] = [];
      for (const { name, key, bus } of topology.dimms) {
        const instance = `${epochs.get(bus) ?? ''} ${key}`;
        const known = readers.get(name);
        if (known?.instance === instance) next.set(name, known);
        else {
          const watched = { instance, reader: start(name, key) };
          next.set(name, watched);
          fresh.push(watched);
        }
      }
      for (const [name, watched] of readers) if (next.get(name) !== watched) watched.reader.stop();
      readers = next;
      for (const { reader } of fresh) void reader.refresh('start');
    },
    hint(name) {
      readers.get(name)?.reader.hint('hint');
    },
    async refreshAll(trigger) {
      await Promise.all([...readers.values()].map(({ reader }) => reader.refresh(trigger)));
    },
    latest: readings,
    stuck: () =>
      readings().flatMap(({ name, dimm, stuckSince }) =>
        stuckSince === undefined ? [] : [{ subject: name, since: stuckSince, uid: dimm }],
      ),
    async settled() {
      await Promise.all([...readers.values()].map(({ reader }) => reader.first));
    },
    stop() {
      for (const { reader } of readers.values()) reader.stop();
      readers = new Map();
    },
  };
}

/** '' while it is read; a platform without health data is not a failure. */
function whyUnread({ health }: HealthReading): string {
  return health.kind === 'failed' ? health.reason : '';
}

import type { Snapshot } from '../model/badblocks.ts';
import type { Topology } from '../model/topology.ts';
import type { Logger } from '../ports.ts';
import type { CommandContext, CommandPlatform } from './command.ts';

/** How long one list may take; the agent has a setting for it, a person at a terminal waits less. */
const DEADLINE_MS = 10_000;

/** What this host has, and one reading of every list and module; what cannot be read is in the answer. */
export async function observeOnce(
  platform: CommandPlatform,
  context: CommandContext,
): Promise<{ readonly topology: Topology; readonly snapshot: Snapshot }> {
  const [{ discover }, { createObserver }, { createHealthObserver }] = await Promise.all([
    import('../discover/discover.ts'),
    import('../observe/observe.ts'),
    import('../observe/health/health-observer.ts'),
  ]);
  const topology = await discover(platform);
  const { clock, pageSize } = context;
  const config = { badBlocksMs: DEADLINE_MS, deviceDeadlineMs: DEADLINE_MS, pageSize, jitter: () => 0 };
  const observer = createObserver({ sysfs: platform.sysfs, clock, config, onReading: () => undefined, log: silent });
  const health = createHealthObserver({
    sysfs: platform.sysfs,
    dsm: platform.dsm,
    clock,
    config: { healthMs: DEADLINE_MS, healthAlarmMs: DEADLINE_MS, deviceDeadlineMs: DEADLINE_MS, jitter: () => 0 },
    onReading: () => undefined,
    log: silent,
  });
  try {
    observer.update(topology);
    health.update(topology);
    await Promise.all([observer.settled(), health.settled()]);
    return { topology, snapshot: { ...observer.latest(topology), health: health.latest() } };
  } finally {
    health.stop();
    observer.stop();
  }
}

/** What cannot be read is in the answer itself. */
const silent: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silent,
};

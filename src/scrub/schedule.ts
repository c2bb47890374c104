/** When a bus is due. Pure: the same state, configuration and time give the same answer. */
import { createHash } from 'node:crypto';
import type { Schedule } from '../model/schedule.ts';
import { type BusScrubs, currentRun, type ScrubRequest } from '../model/scrub.ts';

export interface ScrubSchedule {
  /** null: none */
  readonly schedule: Schedule | null;
  /** by bus (kernel name or provider): instead of `schedule` */
  readonly buses: Readonly<Record<string, Schedule | null>>;
  /** each host starts at its own time within this much after the schedule says */
  readonly jitterMs: number;
}

/** When this bus is next due (ms since the epoch, the jitter in it); undefined when it has no schedule. */
export function nextDue(scrubs: BusScrubs, config: ScrubSchedule, machineId: string): number | undefined {
  const own = [scrubs.name, scrubs.key].find((name) => Object.hasOwn(config.buses, name));
  const schedule = own === undefined ? config.schedule : config.buses[own];
  if (schedule === null || schedule === undefined) return undefined;
  const offset = jitterOf(machineId, scrubs.key, config.jitterMs);
  const at = schedule.next(scrubs.scheduledUpTo - offset);
  return at === undefined ? undefined : at + offset;
}

/**
 * The buses to be started now. However many times one was missed (the host was down or asleep), it is started once. One that
 * is under way, or whose host is too busy, stays due.
 */
export function dueScrubs(
  all: Iterable<BusScrubs>,
  config: ScrubSchedule,
  machineId: string,
  now: number,
): ScrubRequest[] {
  const requests: ScrubRequest[] = [];
  for (const scrubs of all) {
    if (!scrubs.present || currentRun(scrubs) !== undefined) continue;
    const due = nextDue(scrubs, config, machineId);
    if (due === undefined || due > now) continue;
    requests.push({ bus: scrubs.name, asker: { author: 'schedule', via: 'schedule', reason: '', due } });
  }
  return requests;
}

/** ms from 0 to below `jitterMs`: the same for a host and bus at all times, spread evenly over hosts. */
export function jitterOf(machineId: string, key: string, jitterMs: number): number {
  const digest = createHash('sha256').update(`scrub\n${machineId}\n${key}`).digest();
  return Math.floor((digest.readUInt32BE(0) / 2 ** 32) * jitterMs);
}

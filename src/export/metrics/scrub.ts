import { type BusScrubs, scrubKeyOf } from '../../model/scrub.ts';
import type { State } from '../../model/state.ts';
import { type MetricGroup, secondsOf, type ValueMetric } from './metric.ts';

/** The search for latent poison (ARS). */
export const scrubMetrics: MetricGroup = {
  name: 'scrub',
  metrics: [
    {
      name: 'pmem_scrub_supported',
      help: 'Whether the platform can search this bus for bad memory on request (ARS).',
      type: 'gauge',
      labels: ['bus'],
      *samples({ state }) {
        for (const bus of state.topology.buses) {
          yield { labels: { bus: bus.name }, value: bus.scrubSupported ? 1 : 0 };
        }
      },
    },
    {
      name: 'pmem_scrub_startable',
      help: 'Whether the agent may start a scrub of this bus (write access to nfit/scrub).',
      type: 'gauge',
      labels: ['bus'],
      *samples({ state }) {
        for (const { bus, notWritable } of state.scrubReadings) {
          yield { labels: { bus }, value: notWritable === '' ? 1 : 0 };
        }
      },
    },
    {
      name: 'pmem_scrub_in_progress',
      help: 'Whether a scrub of this bus runs; absent when its state cannot be read.',
      type: 'gauge',
      labels: ['bus'],
      *samples({ state }) {
        for (const { bus, state: seen } of state.scrubReadings) {
          if (seen.kind === 'ok') yield { labels: { bus }, value: seen.value.running ? 1 : 0 };
        }
      },
    },
    perBus(
      'pmem_scrubs_total',
      'counter',
      'Scrubs of this bus that were seen to end, of any type, whoever started them.',
      ({ total }) => total,
    ),
    perBus(
      'pmem_scrub_last_completed_timestamp_seconds',
      'gauge',
      'When a scrub of this bus was last seen to end; it may have been a short one.',
      ({ lastCompletedAt }) => secondsOrNull(lastCompletedAt),
    ),
    perBus(
      'pmem_scrub_last_full_timestamp_seconds',
      'gauge',
      'When a scrub ended that searched everything on this bus: one that the agent asked for and saw through.',
      ({ lastFullAt }) => secondsOrNull(lastFullAt),
    ),
    perBus(
      'pmem_scrub_unsearched_since_timestamp_seconds',
      'gauge',
      'Since when nothing has searched everything on this bus: the last full scrub, or the first sight of the bus. scrub_overdue goes by it.',
      ({ lastFullAt, firstSeen }) => secondsOf(lastFullAt ?? firstSeen),
    ),
    perBus(
      'pmem_scrub_last_duration_seconds',
      'gauge',
      'How long the last scrub took that was seen from its start.',
      ({ lastDurationMs }) => secondsOrNull(lastDurationMs),
    ),
    {
      name: 'pmem_scrub_next_due_timestamp_seconds',
      help: 'When the schedule asks for the next scrub of this bus, with the jitter of this host.',
      type: 'gauge',
      labels: ['bus'],
      *samples({ state, scrubsDue }) {
        for (const scrubs of presentIn(state)) {
          const due = scrubsDue.get(scrubs.key);
          if (due !== undefined) yield { labels: { bus: scrubs.name }, value: secondsOf(due) };
        }
      },
    },
  ],
};

function perBus(
  name: string,
  type: ValueMetric['type'],
  help: string,
  read: (scrubs: BusScrubs) => number | null,
): ValueMetric {
  return {
    name,
    help,
    type,
    labels: ['bus'],
    *samples({ state }) {
      for (const scrubs of presentIn(state)) {
        const value = read(scrubs);
        if (value !== null) yield { labels: { bus: scrubs.name }, value };
      }
    },
  };
}

/** In the order of the inventory. */
function presentIn({ topology, scrubs }: State): readonly BusScrubs[] {
  return topology.buses.flatMap((bus) => scrubs.get(scrubKeyOf(bus, topology.buses)) ?? []);
}
function secondsOrNull(ms: number | null): number | null {
  return ms === null ? null : secondsOf(ms);
}

import type { PlaceState, State } from '../../model/state.ts';
import { shortUid } from '../../model/topology.ts';
import { damageIsKnown, damageOf, lastReadAt } from '../damage.ts';
import type { View } from '../view.ts';
import { type MetricDefinition, type MetricGroup, type Sample, secondsOf } from './metric.ts';

const placeLabels = ['device', 'nd_namespace', 'nd_region', 'uid'] as const;

function labelsOf(
  { place }: PlaceState,
  device = place.device,
): Readonly<Record<(typeof placeLabels)[number], string>> {
  return { device, nd_namespace: place.ndNamespace, nd_region: place.ndRegion, uid: shortUid(place.uid) };
}

function* present(view: View, samples: (state: PlaceState) => Iterable<Sample>): Iterable<Sample> {
  for (const state of view.state.places.values()) if (state.present) yield* samples(state);
}

function perPlace(
  name: string,
  type: 'gauge' | 'counter',
  help: string,
  value: (place: PlaceState, state: State) => number | undefined,
): MetricDefinition {
  return {
    name,
    help,
    type,
    labels: placeLabels,
    samples: (view) =>
      present(view, function* (state) {
        const known = value(state, view.state);
        if (known !== undefined) yield { labels: labelsOf(state), value: known };
      }),
  };
}

/** The bad-block lists. A sector that both the disk's and the region's list name counts once. */
export const badBlockMetrics: MetricGroup = {
  name: 'bad-blocks',
  metrics: [
    {
      name: 'pmem_bad_bytes',
      help: 'Bytes that the kernel lists as bad; device is empty for those outside any block device. No sample where nothing was read or nothing feeds the list.',
      type: 'gauge',
      labels: placeLabels,
      samples: (view) =>
        present(view, function* (state) {
          if (!damageIsKnown(view.state, state)) return;
          for (const d of damageOf(state).devices) yield { labels: labelsOf(state, d.device), value: d.bytes };
        }),
    },
    {
      name: 'pmem_bad_ranges',
      help: 'Runs of bad sectors, adjacent ones merged; device is empty for those outside any block device.',
      type: 'gauge',
      labels: placeLabels,
      samples: (view) =>
        present(view, function* (state) {
          if (!damageIsKnown(view.state, state)) return;
          for (const d of damageOf(state).devices) yield { labels: labelsOf(state, d.device), value: d.ranges };
        }),
    },
    perPlace(
      'pmem_badblocks_readable',
      'gauge',
      'Whether the bad-block lists could be read (1); at 0 pmem_bad_bytes is the last known value.',
      (state) => (state.readable ? 1 : 0),
    ),
    perPlace(
      'pmem_badblocks_complete',
      'gauge',
      'Whether the last reading shows every bad sector (1); the kernel cannot list more than one page of them.',
      (state) => (state.readAt === null ? undefined : state.complete ? 1 : 0),
    ),
    perPlace(
      'pmem_badblocks_last_read_timestamp_seconds',
      'gauge',
      'When the bad-block lists were last read well.',
      (place, state) => {
        const at = lastReadAt(state, place);
        return at === undefined ? undefined : secondsOf(at);
      },
    ),
    perPlace(
      'pmem_bad_ranges_found_total',
      'counter',
      'Bad ranges found since the state file was made; survives restarts and renamed devices.',
      (state) => state.foundTotal,
    ),
    perPlace(
      'pmem_bad_ranges_cleared_total',
      'counter',
      'Bad ranges seen gone in a complete reading since the state file was made.',
      (state) => state.clearedTotal,
    ),
  ],
};

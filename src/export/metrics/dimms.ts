import type { Dimm, Topology } from '../../model/topology.ts';
import type { MetricGroup } from './metric.ts';

/** What `nmemN/nfit/flags` can list (drivers/acpi/nfit/core.c flags_show). */
const nfitFlags: readonly string[] = [
  'flush_fail',
  'map_fail',
  'not_armed',
  'restore_fail',
  'save_fail',
  'smart_event',
  'smart_notify',
];

/** Flags that are not set are shown at 0 only where the kernel's list of them was read. */
function* flagsOf(dimm: Dimm, topology: Topology): Iterable<readonly [string, number]> {
  const doubtful = topology.problems.some((p) => p.subject.split('/').includes(dimm.name));
  const known = dimm.handle !== undefined && !doubtful ? nfitFlags : [];
  for (const flag of new Set([...known, ...dimm.flags].sort())) yield [flag, dimm.flags.includes(flag) ? 1 : 0];
}

/** The modules. */
export const dimmMetrics: MetricGroup = {
  name: 'dimms',
  metrics: [
    {
      name: 'nvdimm_info',
      help: 'A module as the kernel names it now and as its maker and the board name it; the value is always 1.',
      type: 'gauge',
      labels: ['dimm', 'name', 'bus', 'handle', 'physical_id', 'serial', 'vendor', 'family', 'locator', 'part_number'],
      *samples({ state }) {
        for (const d of state.topology.dimms) {
          const labels = {
            dimm: d.key,
            name: d.name,
            bus: d.bus,
            handle: d.handle === undefined ? '' : `0x${d.handle.toString(16)}`,
            physical_id: d.physicalId === undefined ? '' : `0x${d.physicalId.toString(16)}`,
            serial: d.serial ?? '',
            vendor: d.vendor ?? '',
            family: d.family ?? '',
            locator: d.locator ?? '',
            part_number: d.partNumber ?? '',
          };
          yield { labels, value: 1 };
        }
      },
    },
    {
      name: 'nvdimm_flag',
      help: 'State flags of the module as the kernel lists them: 1 set, 0 not set.',
      type: 'gauge',
      labels: ['dimm', 'flag'],
      *samples({ state }) {
        for (const dimm of state.topology.dimms) {
          for (const [flag, value] of flagsOf(dimm, state.topology)) yield { labels: { dimm: dimm.key, flag }, value };
        }
      },
    },
  ],
};

import { shortUid } from '../../model/topology.ts';
import type { MetricGroup } from './metric.ts';

/** What there is: buses, regions, namespaces. */
export const topologyMetrics: MetricGroup = {
  name: 'topology',
  metrics: [
    {
      name: 'pmem_error_detection',
      help: 'What feeds the bad-block lists of this bus; source none means that they prove nothing, however empty. The value is always 1.',
      type: 'gauge',
      labels: ['bus', 'source'],
      *samples({ state }) {
        for (const bus of state.topology.buses) {
          yield { labels: { bus: bus.name, source: bus.errorSource }, value: 1 };
        }
      },
    },
    {
      name: 'pmem_region_info',
      help: 'A physical range of persistent or volatile memory; the value is always 1.',
      type: 'gauge',
      labels: ['nd_region', 'bus', 'kind', 'persistence_domain', 'numa_node'],
      *samples({ state }) {
        for (const r of state.topology.regions) {
          const labels = {
            nd_region: r.name,
            bus: r.bus,
            kind: r.kind,
            persistence_domain: r.persistenceDomain ?? '',
            numa_node: r.numaNode === undefined ? '' : String(r.numaNode),
          };
          yield { labels, value: 1 };
        }
      },
    },
    {
      name: 'pmem_region_size_bytes',
      help: 'Size of the region.',
      type: 'gauge',
      labels: ['nd_region'],
      *samples({ state }) {
        for (const r of state.topology.regions) yield { labels: { nd_region: r.name }, value: r.size };
      },
    },
    {
      name: 'pmem_region_mapping_info',
      help: 'A module of the region and its position in the interleave set; the value is always 1.',
      type: 'gauge',
      labels: ['nd_region', 'dimm', 'position'],
      *samples({ state }) {
        const keys = new Map(state.topology.dimms.map((d) => [d.name, d.key]));
        for (const r of state.topology.regions) {
          for (const m of r.mappings) {
            const labels = { nd_region: r.name, dimm: keys.get(m.dimm) ?? m.dimm, position: String(m.position) };
            yield { labels, value: 1 };
          }
        }
      },
    },
    {
      name: 'pmem_namespace_info',
      help: 'A namespace, its mode and the device that shows it now; the value is always 1.',
      type: 'gauge',
      labels: ['nd_namespace', 'nd_region', 'bus', 'device', 'mode', 'uuid', 'uid'],
      *samples({ state }) {
        const uids = new Map<string, string>();
        for (const { present, place } of state.places.values()) {
          if (present && place.kind === 'namespace') uids.set(place.ndNamespace, shortUid(place.uid));
        }
        for (const n of state.topology.namespaces) {
          const labels = {
            nd_namespace: n.name,
            nd_region: n.region,
            bus: n.bus,
            device: n.device ?? '',
            mode: n.mode,
            uuid: n.uuid ?? '',
            uid: uids.get(n.name) ?? '',
          };
          yield { labels, value: 1 };
        }
      },
    },
    {
      name: 'pmem_namespace_size_bytes',
      help: 'Size of the namespace.',
      type: 'gauge',
      labels: ['nd_namespace'],
      *samples({ state }) {
        for (const n of state.topology.namespaces) yield { labels: { nd_namespace: n.name }, value: n.size };
      },
    },
  ],
};

import type { MetricGroup } from './metric.ts';

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
  ],
};

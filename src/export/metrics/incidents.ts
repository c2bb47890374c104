import { isAcknowledged } from '../../model/incident.ts';
import type { MetricGroup } from './metric.ts';

export const incidentMetrics: MetricGroup = {
  name: 'incidents',
  metrics: [
    {
      name: 'pmem_incidents',
      help: 'Incidents that are not resolved. media_error is shown at 0 from the first inventory on.',
      type: 'gauge',
      labels: ['condition', 'severity', 'state'],
      *samples({ state }) {
        const counts = new Map<string, { labels: Record<string, string>; value: number }>();
        const add = (condition: string, severity: string, standing: string, by: number) => {
          const key = `${condition} ${severity} ${standing}`;
          const entry = counts.get(key);
          if (entry !== undefined) entry.value += by;
          else counts.set(key, { labels: { condition, severity, state: standing }, value: by });
        };
        if (state.inventoried) {
          for (const severity of ['critical', 'warning']) {
            for (const standing of ['open', 'acknowledged']) add('media_error', severity, standing, 0);
          }
        }
        for (const incident of state.incidents.values()) {
          if (incident.status !== 'open') continue;
          add(incident.condition, incident.severity, isAcknowledged(incident, state.at) ? 'acknowledged' : 'open', 1);
        }
        yield* counts.values();
      },
    },
  ],
};

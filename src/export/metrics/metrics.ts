import { agentMetrics } from './agent.ts';
import { badBlockMetrics } from './bad-blocks.ts';
import { dimmMetrics } from './dimms.ts';
import { healthMetrics } from './health.ts';
import { incidentMetrics } from './incidents.ts';
import type { MetricDefinition, MetricGroup } from './metric.ts';
import { ownerMetrics } from './owners.ts';
import { scrubMetrics } from './scrub.ts';
import { topologyMetrics } from './topology.ts';

/** Every group of metrics, sorted; a test compares this list with the folder. */
export const metricGroups: readonly MetricGroup[] = [
  agentMetrics,
  badBlockMetrics,
  dimmMetrics,
  healthMetrics,
  incidentMetrics,
  ownerMetrics,
  scrubMetrics,
  topologyMetrics,
];

export function allMetrics(): readonly MetricDefinition[] {
  return metricGroups.flatMap((group) => group.metrics);
}

import type { ReceiverStatus } from '../../model/agent-status.ts';
import type { View } from '../view.ts';
import type { MetricGroup, Sample } from './metric.ts';

function* perReceiver(view: View, value: (receiver: ReceiverStatus) => number | undefined): Iterable<Sample> {
  for (const receiver of view.agent.receivers) {
    const known = value(receiver);
    if (known !== undefined) yield { labels: { receiver: receiver.receiver }, value: known };
  }
}

/** How the agent itself fares. */
export const agentMetrics: MetricGroup = {
  name: 'agent',
  metrics: [
    {
      name: 'pmemwatch_build_info',
      help: 'Version of the running agent; the value is always 1.',
      type: 'gauge',
      labels: ['version', 'revision', 'nodeversion'],
      *samples({ agent }) {
        yield {
          labels: { version: agent.version, revision: agent.revision, nodeversion: agent.nodeVersion },
          value: 1,
        };
      },
    },
    {
      name: 'pmemwatch_collector_success',
      help: 'Whether the last run of this collector could read everything it wanted (1) or not (0).',
      type: 'gauge',
      labels: ['collector'],
      *samples({ agent }) {
        for (const c of agent.collectors) yield { labels: { collector: c.collector }, value: c.success ? 1 : 0 };
      },
    },
    {
      name: 'pmemwatch_collector_duration_seconds',
      help: 'How long the last run of this collector took.',
      type: 'gauge',
      labels: ['collector'],
      *samples({ agent }) {
        for (const c of agent.collectors) yield { labels: { collector: c.collector }, value: c.durationSeconds };
      },
    },
    {
      name: 'pmemwatch_collector_last_success_timestamp_seconds',
      help: 'When this collector last ran without failure.',
      type: 'gauge',
      labels: ['collector'],
      *samples({ agent }) {
        for (const c of agent.collectors) {
          if (c.lastSuccess !== undefined) yield { labels: { collector: c.collector }, value: c.lastSuccess };
        }
      },
    },
    {
      name: 'pmemwatch_notifications_total',
      help: 'Messages by receiver and outcome: delivered, retried (will be tried again) or rejected (given up).',
      type: 'counter',
      labels: ['receiver', 'outcome'],
      *samples({ agent }) {
        for (const { receiver, delivered, retried, rejected } of agent.receivers) {
          yield { labels: { receiver, outcome: 'delivered' }, value: delivered };
          yield { labels: { receiver, outcome: 'retried' }, value: retried };
          yield { labels: { receiver, outcome: 'rejected' }, value: rejected };
        }
      },
    },
    {
      name: 'pmemwatch_outbox_pending',
      help: 'Messages that this receiver has not accepted yet.',
      type: 'gauge',
      labels: ['receiver'],
      samples: (view) => perReceiver(view, (r) => r.pending),
    },
    {
      name: 'pmemwatch_outbox_oldest_timestamp_seconds',
      help: 'When the oldest message still waiting for this receiver was made; no sample while none waits.',
      type: 'gauge',
      labels: ['receiver'],
      samples: (view) => perReceiver(view, (r) => r.oldest),
    },
    {
      name: 'pmemwatch_store_writable',
      help: 'Whether the state file takes changes (1); 0 means that messages go out from memory alone.',
      type: 'gauge',
      labels: [],
      *samples({ agent }) {
        yield { labels: {}, value: agent.storeWritable ? 1 : 0 };
      },
    },
    {
      name: 'pmemwatch_resolve_duration_seconds',
      help: 'Time from a question for the owners of bad sectors to its answer, by file system.',
      type: 'histogram',
      labels: ['fstype'],
      *samples({ agent }) {
        for (const { fsType, buckets, count, sumSeconds } of agent.resolves) {
          yield { labels: { fstype: fsType }, buckets, count, sum: sumSeconds };
        }
      },
    },
    {
      name: 'pmemwatch_config_last_reload_successful',
      help: 'Whether the last attempt to load the configuration succeeded.',
      type: 'gauge',
      labels: [],
      *samples({ agent }) {
        yield { labels: {}, value: agent.configReloadOk ? 1 : 0 };
      },
    },
    {
      name: 'pmemwatch_config_last_reload_success_timestamp_seconds',
      help: 'When a configuration was last loaded well.',
      type: 'gauge',
      labels: [],
      *samples({ agent }) {
        yield { labels: {}, value: agent.configReloadedAt };
      },
    },
  ],
};

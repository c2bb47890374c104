import assert from 'node:assert/strict';
import { test } from 'node:test';
import { agentStatus, stateOf, viewOf } from '../built-state.ts';
import { seriesOf } from './series.ts';

const receiver = { receiver: 'oncall', pending: 2, delivered: 5, retried: 1, rejected: 0, reachable: true };
const view = viewOf(
  stateOf([]),
  {},
  agentStatus({
    collectors: [{ collector: 'bad_blocks', success: false, durationSeconds: 1.5 }],
    receivers: [receiver],
    storeWritable: false,
    resolves: [
      {
        fsType: 'xfs',
        buckets: [
          { le: 0.1, count: 1 },
          { le: 1, count: 3 },
        ],
        count: 4,
        sumSeconds: 6.5,
      },
    ],
  }),
);

test('notifications are counted by receiver and outcome', async () => {
  assert.deepEqual(await seriesOf(view, 'pmemwatch_notifications_total'), [
    'pmemwatch_notifications_total{receiver="oncall",outcome="delivered"} 5',
    'pmemwatch_notifications_total{receiver="oncall",outcome="retried"} 1',
    'pmemwatch_notifications_total{receiver="oncall",outcome="rejected"} 0',
  ]);
});

test('the time of the oldest message is shown only while one waits', async () => {
  assert.deepEqual(await seriesOf(view, 'pmemwatch_outbox_oldest_timestamp_seconds'), []);
  const waiting = agentStatus({ receivers: [{ ...receiver, oldest: 1715004000 }] });
  assert.deepEqual(await seriesOf(viewOf(stateOf([]), {}, waiting), 'pmemwatch_outbox_oldest_timestamp_seconds'), [
    'pmemwatch_outbox_oldest_timestamp_seconds{receiver="oncall"} 1715004000',
  ]);
});

test('a collector that never succeeded has no time of success', async () => {
  assert.deepEqual(await seriesOf(view, 'pmemwatch_collector_success'), [
    'pmemwatch_collector_success{collector="bad_blocks"} 0',
  ]);
  assert.deepEqual(await seriesOf(view, 'pmemwatch_collector_last_success_timestamp_seconds'), []);
});

test('a store that cannot be written to is shown as 0', async () => {
  assert.deepEqual(await seriesOf(view, 'pmemwatch_store_writable'), ['pmemwatch_store_writable 0']);
});

test('resolve times are a whole histogram with +Inf, sum and count', async () => {
  assert.deepEqual(await seriesOf(view, 'pmemwatch_resolve_duration_seconds_bucket'), [
    'pmemwatch_resolve_duration_seconds_bucket{fstype="xfs",le="0.1"} 1',
    'pmemwatch_resolve_duration_seconds_bucket{fstype="xfs",le="1"} 3',
    'pmemwatch_resolve_duration_seconds_bucket{fstype="xfs",le="+Inf"} 4',
  ]);
  assert.deepEqual(await seriesOf(view, 'pmemwatch_resolve_duration_seconds_sum'), [
    'pmemwatch_resolve_duration_seconds_sum{fstype="xfs"} 6.5',
  ]);
  assert.deepEqual(await seriesOf(view, 'pmemwatch_resolve_duration_seconds_count'), [
    'pmemwatch_resolve_duration_seconds_count{fstype="xfs"} 4',
  ]);
});

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { MetricDefinition, MetricGroup } from '../../../src/export/metrics/metric.ts';
import { allMetrics, metricGroups } from '../../../src/export/metrics/metrics.ts';
import { createMetricsExporter, negotiateFormat } from '../../../src/export/metrics/prometheus.ts';
import type { View } from '../../../src/export/view.ts';
import { dimmKey, goodFields, healthOf } from '../built-health.ts';
import { agentStatus, damagedState, stateOf, viewOf } from '../built-state.ts';

const openMetrics = 'application/openmetrics-text; version=1.0.0; charset=utf-8';
const text = 'text/plain; version=0.0.4; charset=utf-8';

const negotiations: readonly { accept: string | undefined; format: string; why: string }[] = [
  { accept: undefined, format: text, why: 'no preference' },
  { accept: '', format: text, why: 'an empty header is no preference' },
  { accept: '*/*', format: text, why: 'curl' },
  { accept: 'text/html, */*;q=0.8', format: text, why: 'a browser' },
  { accept: 'application/openmetrics-text', format: openMetrics, why: 'asked for without a version' },
  { accept: 'application/openmetrics-text; version=0.0.1', format: text, why: 'a version we do not write' },
  { accept: 'application/openmetrics-text;q=0.2, text/plain;q=0.8', format: text, why: 'text is preferred' },
  { accept: 'application/openmetrics-text;q=0', format: text, why: 'q=0 refuses' },
  { accept: 'application/json', format: text, why: 'nothing we have: the default beats an error' },
  { accept: 'application/openmetrics-text;q=oops', format: text, why: 'a malformed weight is not a preference' },
  {
    accept:
      'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2',
    format: openMetrics,
    why: 'what Prometheus sends',
  },
];
for (const { accept, format, why } of negotiations) {
  test(`the format is negotiated: ${why}`, () => assert.equal(negotiateFormat(accept), format));
}

test('in both formats a counter sample ends in _total, and only OpenMetrics ends in EOF', async () => {
  const exporter = createMetricsExporter(allMetrics());
  const view = viewOf(damagedState());
  // rendering one format must not rename anything in the other
  for (let round = 0; round < 2; round++) {
    const open = await exporter.render(view, openMetrics);
    assert.equal(open.contentType, openMetrics);
    assert.match(open.body, /^# TYPE pmem_bad_ranges_found counter$/m);
    assert.match(open.body, /^pmem_bad_ranges_found_total\{/m);
    assert.ok(open.body.endsWith('\n# EOF\n'));
    const plain = await exporter.render(view, undefined);
    assert.match(plain.body, /^# TYPE pmem_bad_ranges_found_total counter$/m);
    assert.match(plain.body, /^pmem_bad_ranges_found_total\{/m);
    assert.ok(!plain.body.includes('# EOF'));
  }
});

test('text of an unchanged state is not made again, and a new state or status is shown at once', async () => {
  let asked = 0;
  const exporter = createMetricsExporter([
    {
      name: 'pmem_probe',
      help: 'h',
      type: 'gauge',
      labels: [],
      *samples(view) {
        asked++;
        yield { labels: {}, value: view.state.at + view.agent.configReloadedAt };
      },
    },
  ]);
  const view = viewOf(stateOf([], { at: 1 }));
  await exporter.render(view, undefined);
  await exporter.render({ ...view }, undefined);
  assert.equal(asked, 1);
  await exporter.render({ ...view, state: stateOf([], { at: 2 }) }, undefined);
  const newStatus = { ...view, agent: agentStatus({ configReloadedAt: 5 }) };
  assert.match((await exporter.render(newStatus, undefined)).body, /^pmem_probe 6$/m);
  assert.equal(asked, 3);
});

test('a metric is written anew only when something that it reads is another value', async () => {
  const asked: string[] = [];
  const metric = (name: string, value: (view: View) => number): MetricDefinition => ({
    name,
    help: 'h',
    type: 'gauge',
    labels: [],
    *samples(view) {
      asked.push(name);
      yield { labels: {}, value: value(view) };
    },
  });
  const exporter = createMetricsExporter([
    metric('of_state', ({ state }) => state.at),
    metric('of_agent', ({ agent }) => agent.configReloadedAt),
    metric('of_options', (view) => view.options.damagedFiles),
    metric('of_nothing', () => 1),
  ]);
  const view = viewOf(stateOf([], { at: 1 }));
  const { options } = view;
  const askedFor = async (next: View): Promise<string[]> => {
    await exporter.render(next, undefined);
    return asked.splice(0);
  };
  assert.deepEqual(await askedFor(view), ['of_state', 'of_agent', 'of_options', 'of_nothing']);
  assert.deepEqual(await askedFor({ ...view, options: { ...options } }), []);
  assert.deepEqual(await askedFor({ ...view, agent: agentStatus({ configReloadedAt: 5 }) }), ['of_agent']);
  assert.deepEqual(await askedFor({ ...view, state: stateOf([], { at: 2 }) }), ['of_state', 'of_agent']);
  assert.deepEqual(await askedFor({ ...view, options: { ...options, damagedFiles: 3 } }), ['of_state', 'of_options']);
});

test('two scrapes at once do not mix their states', async () => {
  const exporter = createMetricsExporter(allMetrics());
  const [empty, damaged] = await Promise.all([
    exporter.render(viewOf(stateOf([])), undefined),
    exporter.render(viewOf(damagedState()), undefined),
  ]);
  assert.ok(!empty.body.includes('pmem_bad_bytes{'));
  assert.ok(damaged.body.includes('pmem_bad_bytes{'));
});

test('the registry lists every group of its folder, sorted', async () => {
  const folder = join(import.meta.dirname, '../../../src/export/metrics');
  const found: string[] = [];
  for (const file of readdirSync(folder)) {
    const exported = Object.values((await import(join(folder, file))) as Record<string, unknown>);
    for (const value of exported) if (isGroup(value)) found.push(value.name);
  }
  assert.deepEqual(
    metricGroups.map((group) => group.name),
    [...new Set(found)].sort(),
  );
});
function isGroup(value: unknown): value is MetricGroup {
  return typeof value === 'object' && value !== null && 'metrics' in value && Array.isArray(value.metrics);
}

test('names and labels keep the rules of the contract', () => {
  const names = allMetrics().map((m) => m.name);
  assert.equal(new Set(names).size, names.length);
  for (const metric of allMetrics()) {
    assert.match(metric.name, /^(pmemwatch|pmem|nvdimm)_[a-z_]+$/);
    assert.equal(metric.name.endsWith('_total'), metric.type === 'counter', metric.name);
    for (const label of metric.labels) {
      assert.ok(!['region', 'namespace', 'type', 'owner'].includes(label), `${metric.name} has a label ${label}`);
    }
  }
});

test('every sample carries exactly the labels that its definition names', () => {
  const health = [healthOf({ ...goodFields, energySourceLifeUsedPercent: 10, unlatchedDirtyShutdownCount: 45 })];
  const advice = new Map([[dimmKey, { advice: 'ok' as const, summary: '', inputs: [] }]]);
  const view = viewOf(
    { ...damagedState(), health, advice },
    { paths: 'full' },
    agentStatus({
      receivers: [{ receiver: 'r', pending: 1, oldest: 1, delivered: 1, retried: 0, rejected: 0, reachable: true }],
      resolves: [{ fsType: 'xfs', buckets: [], count: 0, sumSeconds: 0 }],
    }),
  );
  for (const metric of allMetrics()) {
    const samples = [...metric.samples(view)];
    assert.ok(samples.length > 0, `${metric.name} has no sample on a damaged host`);
    for (const { labels } of samples) assert.deepEqual(Object.keys(labels), [...metric.labels], metric.name);
  }
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allMetrics } from '../../../src/export/metrics/metrics.ts';
import { createMetricsExporter } from '../../../src/export/metrics/prometheus.ts';
import type { Advice } from '../../../src/model/advice.ts';
import type { HealthReading } from '../../../src/model/health.ts';
import type { State } from '../../../src/model/state.ts';
import { dimmKey, goodFields, healthOf, unreadableHealth, unsupportedHealth } from '../built-health.ts';
import { stateOf, topology, viewOf } from '../built-state.ts';

async function nvdimmSeries(health: readonly HealthReading[], more: Partial<State> = {}): Promise<string[]> {
  const view = viewOf(stateOf([], { topology, health, ...more }));
  const { body } = await createMetricsExporter(allMetrics()).render(view, undefined);
  return body
    .split('\n')
    .filter((line) => /^nvdimm_(?!info|flag)/.test(line))
    .map((line) => line.replace('dimm="8089-a2-1837-00000bb8"', '').replace('{}', '').replace('{,', '{'));
}

test('a module that answers shows every field in base units, and nothing for what it does not tell', async () => {
  const series = await nvdimmSeries([healthOf(goodFields)]);
  assert.deepEqual(series.sort(), [
    'nvdimm_alarm_active{alarm="media_temperature"} 1',
    'nvdimm_alarm_active{alarm="spare"} 0',
    'nvdimm_dirty_shutdowns_total 42',
    'nvdimm_health_last_read_timestamp_seconds 1715004127',
    'nvdimm_health_readable 1',
    'nvdimm_health_state{state="critical"} 0',
    'nvdimm_health_state{state="fatal"} 0',
    'nvdimm_health_state{state="noncritical"} 0',
    'nvdimm_health_state{state="ok"} 1',
    'nvdimm_health_state{state="unknown"} 0',
    'nvdimm_last_shutdown_clean 1',
    'nvdimm_life_used_ratio 0.05',
    'nvdimm_spare_ratio 0.75',
    'nvdimm_spare_threshold_ratio 0.05',
    'nvdimm_temperature_celsius{sensor="media"} 23',
    'nvdimm_temperature_threshold_celsius{sensor="media"} 40',
  ]);
});

test('a module that cannot be read has no values of yesterday, is unknown and says so', async () => {
  const series = await nvdimmSeries([unreadableHealth()]);
  assert.ok(series.includes('nvdimm_health_readable 0'));
  assert.ok(series.includes('nvdimm_health_state{state="unknown"} 1'));
  assert.ok(series.includes('nvdimm_health_last_read_timestamp_seconds 1715003527'));
  assert.ok(!series.some((line) => line.startsWith('nvdimm_temperature')));
});

test('a module without health data is unknown, not ok, and was never read', async () => {
  const series = await nvdimmSeries([unsupportedHealth()]);
  assert.ok(series.includes('nvdimm_health_state{state="unknown"} 1'));
  assert.ok(series.includes('nvdimm_health_state{state="ok"} 0'));
  assert.ok(!series.some((line) => line.startsWith('nvdimm_health_last_read')));
});

test('advice is a set of states, and none while too little is known', async () => {
  const advice = (word: Advice | null) =>
    new Map([[dimmKey, { advice: word, summary: 'now: spare 4 %, limit 10 %', inputs: [] }]]);
  assert.deepEqual(await nvdimmSeries([], { advice: advice('now') }), [
    'nvdimm_replacement_advice{advice="ok"} 0',
    'nvdimm_replacement_advice{advice="watch"} 0',
    'nvdimm_replacement_advice{advice="plan"} 0',
    'nvdimm_replacement_advice{advice="now"} 1',
  ]);
  assert.deepEqual(await nvdimmSeries([], { advice: advice(null) }), []);
});

test('before the first reading, and when the module is gone, there are no series', async () => {
  assert.deepEqual(await nvdimmSeries([]), []);
});

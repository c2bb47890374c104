import { advices } from '../../model/advice.ts';
import { alarmNames, type HealthFields, type HealthReading, healthStates, stateOf } from '../../model/health.ts';
import { sensors, temperatureLimitOf, temperatureOf } from '../../model/health-judgement.ts';
import type { View } from '../view.ts';
import { type MetricDefinition, type MetricGroup, type Sample, secondsOf } from './metric.ts';

/** One gauge without further labels, of one field. */
function single(
  name: string,
  help: string,
  field: (fields: HealthFields) => number | undefined,
  type: 'gauge' | 'counter' = 'gauge',
): MetricDefinition {
  return perModule(
    name,
    help,
    [],
    function* ({ fields }) {
      const value = field(fields);
      if (value !== undefined) yield [{}, value];
    },
    type,
  );
}
function perModule(
  name: string,
  help: string,
  labels: readonly string[],
  valuesOf: (reading: HealthReading) => Iterable<readonly [Readonly<Record<string, string>>, number]>,
  type: 'gauge' | 'counter' = 'gauge',
): MetricDefinition {
  return {
    name,
    help,
    type,
    labels: ['dimm', ...labels],
    *samples({ state }: View): Iterable<Sample> {
      for (const reading of state.health) {
        for (const [more, value] of valuesOf(reading)) yield { labels: { dimm: reading.dimm, ...more }, value };
      }
    },
  };
}
const ratio = (percent: number | undefined): number | undefined => (percent === undefined ? undefined : percent / 100);
const flag = (value: boolean | undefined): number | undefined => (value === undefined ? undefined : value ? 1 : 0);

/** What the modules say of themselves. What a module does not tell has no sample, and neither has one that cannot be read; one that hung keeps what it answered before. */
export const healthMetrics: MetricGroup = {
  name: 'health',
  metrics: [
    perModule(
      'nvdimm_health_readable',
      'Whether the last reading of the health data succeeded (1); 0 also where the platform offers none.',
      [],
      function* ({ health }) {
        yield [{}, health.kind === 'ok' ? 1 : 0];
      },
    ),
    perModule(
      'nvdimm_health_last_read_timestamp_seconds',
      'When the module last answered.',
      [],
      function* ({ lastOkAt }) {
        if (lastOkAt !== undefined) yield [{}, secondsOf(lastOkAt)];
      },
    ),
    perModule(
      'nvdimm_health_state',
      'Health as the module gives it: 1 for the state that it is in, 0 for the others; unknown where it says nothing.',
      ['state'],
      function* (reading) {
        const now = stateOf(reading);
        for (const state of healthStates) yield [{ state }, state === now ? 1 : 0];
      },
    ),
    perModule('nvdimm_temperature_celsius', 'Temperature of a part of the module.', ['sensor'], function* ({ fields }) {
      for (const sensor of sensors) {
        const value = temperatureOf(fields, sensor);
        if (value !== undefined) yield [{ sensor }, value];
      }
    }),
    perModule(
      'nvdimm_temperature_threshold_celsius',
      'Temperature above which the module raises its alarm; no sample while that alarm is switched off.',
      ['sensor'],
      function* ({ fields }) {
        for (const sensor of sensors) {
          const value = temperatureLimitOf(fields, sensor);
          if (value !== undefined) yield [{ sensor }, value];
        }
      },
    ),
    single('nvdimm_spare_ratio', 'Spare capacity that is left.', (f) => ratio(f.sparePercent)),
    single(
      'nvdimm_spare_threshold_ratio',
      'Spare capacity at which the module raises its alarm; no sample while that alarm is switched off.',
      (f) => ratio(f.spareThresholdPercent),
    ),
    single('nvdimm_life_used_ratio', 'Rated life that is used: 0 new, 1 at its rated end.', (f) =>
      ratio(f.lifeUsedPercent),
    ),
    single(
      'nvdimm_energy_source_life_used_ratio',
      'Life of the energy source (capacitor, battery) that is used: 0 new, 1 worn out.',
      (f) => ratio(f.energySourceLifeUsedPercent),
    ),
    perModule(
      'nvdimm_alarm_active',
      'Alarms as the module shows them (1 on); value and threshold may say otherwise.',
      ['alarm'],
      function* ({ fields }) {
        for (const alarm of alarmNames) {
          const value = flag(fields.alarms?.[alarm]);
          if (value !== undefined) yield [{ alarm }, value];
        }
      },
    ),
    single('nvdimm_last_shutdown_clean', 'Whether the last shutdown of the module was clean (1).', (f) =>
      flag(f.lastShutdownClean),
    ),
    single(
      'nvdimm_dirty_shutdowns_total',
      'Dirty shutdowns in the life of the module, as it counts them.',
      (f) => f.dirtyShutdownCount,
      'counter',
    ),
    single(
      'nvdimm_unlatched_dirty_shutdowns_total',
      'Dirty shutdowns that the module counts also where the host never switches the latch of the shutdown state on.',
      (f) => f.unlatchedDirtyShutdownCount,
      'counter',
    ),
    {
      name: 'nvdimm_replacement_advice',
      help: 'Whether to replace the module: 1 for the advice that holds, 0 for the others; no sample while too little is known.',
      type: 'gauge',
      labels: ['dimm', 'advice'],
      *samples({ state }) {
        for (const [dimm, { advice: now }] of state.advice) {
          if (now === null) continue;
          for (const advice of advices) yield { labels: { dimm, advice }, value: advice === now ? 1 : 0 };
        }
      },
    },
  ],
};

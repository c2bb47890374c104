/** What values say of a limit, with a margin in which nothing changes. Pure. */
import type { AlarmName, HealthFields, HealthReading } from './health.ts';
import { problemsOf } from './module-problems.ts';

/** `between`: back inside the limit, but not by the margin yet: what was said before stays said. */
export type Standing = 'crossed' | 'between' | 'fine' | 'unknown';

export interface Margins {
  readonly celsius: number;
  readonly percent: number;
}
export const defaultMargins: Margins = { celsius: 2, percent: 2 };

export type Sensor = 'media' | 'controller' | 'energy_source';
export const sensors: readonly Sensor[] = ['media', 'controller', 'energy_source'];

export function temperatureOf(fields: HealthFields, sensor: Sensor): number | undefined {
  switch (sensor) {
    case 'media':
      return fields.mediaTemperatureCelsius;
    case 'controller':
      return fields.controllerTemperatureCelsius;
    case 'energy_source':
      return fields.energySourceTemperatureCelsius;
    default:
      return sensor satisfies never;
  }
}
export function temperatureLimitOf(fields: HealthFields, sensor: Sensor): number | undefined {
  switch (sensor) {
    case 'media':
      return fields.mediaTemperatureThresholdCelsius;
    case 'controller':
      return fields.controllerTemperatureThresholdCelsius;
    case 'energy_source':
      return fields.energySourceTemperatureThresholdCelsius;
    default:
      return sensor satisfies never;
  }
}
const temperatureAlarms: Readonly<Record<Sensor, readonly AlarmName[]>> = {
  media: ['media_temperature'],
  controller: ['controller_temperature'],
  energy_source: ['energy_source_temperature_warning', 'energy_source_temperature_error'],
};

/** Value and limit decide where both are known; the module's own alarm is believed only where one of them is missing. */
export function temperatureStanding(fields: HealthFields, sensor: Sensor, margins: Margins = defaultMargins): Standing {
  const value = temperatureOf(fields, sensor);
  const limit = temperatureLimitOf(fields, sensor);
  if (value !== undefined && limit !== undefined) return rising(value, limit, margins.celsius);
  return alarmStanding(fields, temperatureAlarms[sensor]);
}
/** Spare capacity at or below the module's own threshold. */
export function spareStanding(fields: HealthFields, margins: Margins = defaultMargins): Standing {
  const { sparePercent: value, spareThresholdPercent: limit } = fields;
  if (value !== undefined && limit !== undefined) return rising(-value, -limit, margins.percent);
  return alarmStanding(fields, ['spare']);
}
/**
 * The life of the energy source by its own threshold. Where the module tells none (HPE: their direction is not documented), its
 * alarm is believed, and `limitPercent` used is the limit beside it: ours cannot contradict the module.
 */
export function energySourceStanding(
  fields: HealthFields,
  limitPercent: number,
  margins: Margins = defaultMargins,
): Standing {
  const { energySourceLifeUsedPercent: value, energySourceLifeUsedThresholdPercent: own } = fields;
  if (value !== undefined && own !== undefined) return rising(value, own, margins.percent);
  const alarm = alarmStanding(fields, energySourceLifeAlarms);
  return value === undefined || alarm === 'crossed' ? alarm : rising(value, limitPercent, margins.percent);
}
const energySourceLifeAlarms: readonly AlarmName[] = ['energy_source_life_warning', 'energy_source_life_error'];

/** The life of the media by the module's own threshold, else by its alarms. */
export function lifeStanding(fields: HealthFields, margins: Margins = defaultMargins): Standing {
  const { lifeUsedPercent: value, lifeUsedThresholdPercent: own } = fields;
  if (value !== undefined && own !== undefined) return rising(value, own, margins.percent);
  return alarmStanding(fields, lifeAlarms);
}
const lifeAlarms: readonly AlarmName[] = ['life_warning', 'life_error'];
/** Whether the module calls its life over, not only nearly so; value and limit decide where both are known. */
export function isLifeOver(fields: HealthFields): boolean {
  const { lifeUsedPercent: value, lifeUsedErrorThresholdPercent: own } = fields;
  if (problemsOf(fields, 'life', 'critical').length > 0) return true;
  return value !== undefined && own !== undefined ? value >= own : fields.alarms?.life_error === true;
}

/** By the kernel, by the status of the module or by what it tells of its last backup. */
export function lastSaveFailed({ flags, problems, lastBackupComplete }: HealthFields): boolean {
  return (
    lastBackupComplete === false || flags?.includes('save_fail') === true || problems?.includes('save_failed') === true
  );
}

function rising(value: number, limit: number, margin: number): Standing {
  if (value >= limit) return 'crossed';
  return value <= limit - margin ? 'fine' : 'between';
}
function alarmStanding({ alarms }: HealthFields, names: readonly AlarmName[]): Standing {
  const told = names.flatMap((name) => alarms?.[name] ?? []);
  if (told.length === 0) return 'unknown';
  return told.includes(true) ? 'crossed' : 'fine';
}

/** Alarms that are on while value and limit say otherwise: shown, not believed alone. */
export function doubtedAlarms(fields: HealthFields): AlarmName[] {
  const doubted: AlarmName[] = [];
  if (fields.alarms?.spare === true && spareStanding(fields) !== 'crossed') doubted.push('spare');
  for (const sensor of sensors) {
    if (temperatureStanding(fields, sensor) === 'crossed') continue;
    doubted.push(...temperatureAlarms[sensor].filter((name) => fields.alarms?.[name] === true));
  }
  if (lifeStanding(fields) !== 'crossed') doubted.push(...lifeAlarms.filter((name) => fields.alarms?.[name] === true));
  else if (fields.alarms?.life_error === true && !isLifeOver(fields)) doubted.push('life_error');
  // no limit but the module's own contradicts it
  if (energySourceStanding(fields, 100) !== 'crossed') {
    doubted.push(...energySourceLifeAlarms.filter((name) => fields.alarms?.[name] === true));
  }
  return doubted;
}

/** Whether a module is to be looked at more often: something is wrong with it, or it cannot be read. */
export function needsWatching(reading: HealthReading): boolean {
  if (reading.health.kind === 'failed') return true;
  const { fields } = reading;
  return (
    (fields.state !== undefined && fields.state !== 'ok') ||
    Object.values(fields.alarms ?? {}).includes(true) ||
    (fields.problems ?? []).length > 0 ||
    [spareStanding(fields), lifeStanding(fields), ...sensors.map((sensor) => temperatureStanding(fields, sensor))].some(
      (standing) => standing === 'crossed' || standing === 'between',
    )
  );
}

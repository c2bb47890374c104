/** Readings of DIMMs built in code. */
import type { HealthFields, HealthReading } from '../../src/model/health.ts';
import { failed, ok, unsupported } from '../../src/model/observation.ts';
import { at } from './built-state.ts';

export const dimmKey = '8089-a2-1837-00000bb8';

/** What the module answers, beside what the kernel says of it. */
export function healthOf(fields: HealthFields, more: Partial<HealthReading> = {}): HealthReading {
  const kernel: HealthFields = { flags: ['smart_notify'], armed: true };
  return {
    name: 'nmem0',
    dimm: dimmKey,
    at,
    durationMs: 3,
    health: ok(fields),
    fields: { ...kernel, ...fields },
    sources: [
      { source: 'intel 1 SMART', at: at - 1_000, fields },
      { source: 'sysfs nfit/flags', at: at - 2_000, fields: kernel },
    ],
    failures: [],
    failedInARow: 0,
    lastOkAt: at,
    ...more,
  };
}
export const goodFields: HealthFields = {
  state: 'ok',
  sparePercent: 75,
  spareThresholdPercent: 5,
  lifeUsedPercent: 5,
  alarms: { spare: false, media_temperature: true },
  mediaTemperatureCelsius: 23,
  mediaTemperatureThresholdCelsius: 40,
  lastShutdownClean: true,
  dirtyShutdownCount: 42,
};
export function unreadableHealth(reason = 'permission denied'): HealthReading {
  return healthOf({}, { health: failed('IOCTL', reason, 'EACCES'), lastOkAt: at - 600_000 });
}
export function unsupportedHealth(): HealthReading {
  const { lastOkAt: _, ...reading } = healthOf({}, { health: unsupported('the platform offers no health data') });
  return reading;
}

/** The health of a DIMM, in one vocabulary for all command families. Every field is absent unless it is known. */
import type { Observation } from './observation.ts';

/** What a module says of itself; `unknown` is said where it says nothing, and is never among what a decoder answers. */
export type KnownState = 'ok' | 'noncritical' | 'critical' | 'fatal';
export type HealthState = KnownState | 'unknown';
export const healthStates: readonly HealthState[] = ['ok', 'noncritical', 'critical', 'fatal', 'unknown'];

/** Alarms that a module raises by itself, as all families together name them. */
export const alarmNames = [
  'spare',
  'media_temperature',
  'controller_temperature',
  'life_warning',
  'life_error',
  'energy_source_life_warning',
  'energy_source_life_error',
  'energy_source_temperature_warning',
  'energy_source_temperature_error',
] as const;
export type AlarmName = (typeof alarmNames)[number];
export type Alarms = Readonly<Partial<Record<AlarmName, boolean>>>;

/** What is wrong inside a module, in words that all families share. */
export type ModuleProblem =
  | 'save_failed'
  | 'restore_failed'
  | 'arm_failed'
  | 'erase_failed'
  | 'energy_source_failed'
  | 'energy_source_missing'
  | 'energy_source_charging'
  | 'energy_source_assessment_failed'
  | 'energy_source_policy_not_set'
  | 'not_enough_energy'
  | 'persistency_lost'
  | 'permanent_hardware_failure'
  | 'controller_failed'
  | 'nvm_controller_failed'
  | 'nvm_lifetime_error'
  | 'dram_not_in_self_refresh'
  | 'voltage_regulator_failed'
  | 'supply_lost_vdd'
  | 'supply_lost_vpp'
  | 'supply_lost_vtt'
  | 'uncorrectable_ecc'
  | 'correctable_ecc_threshold'
  | 'configuration_error'
  | 'firmware_error'
  | 'vendor_error'
  | 'life_nearly_over'
  | 'life_over'
  | 'spare_chip_in_use'
  | 'chip_failed'
  | 'address_memory_disabled'
  | 'performance_degraded'
  | 'energy_source_assessment_warning'
  | 'energy_source_assessment_unreachable';

/** What one or several replies of a module say. Names carry the unit; percentages are 0 to 100. */
export interface HealthFields {
  readonly state?: KnownState;
  /** empty: the module says that nothing is wrong */
  readonly problems?: readonly ModuleProblem[];
  readonly alarms?: Alarms;
  /** which alarms are switched on; pmemwatch never switches them */
  readonly alarmsEnabled?: Alarms;

  readonly mediaTemperatureCelsius?: number;
  readonly controllerTemperatureCelsius?: number;
  readonly energySourceTemperatureCelsius?: number;
  readonly powerManagementTemperatureCelsius?: number;
  readonly mediaTemperatureThresholdCelsius?: number;
  readonly controllerTemperatureThresholdCelsius?: number;
  readonly energySourceTemperatureThresholdCelsius?: number;
  readonly energySourceTemperatureErrorThresholdCelsius?: number;

  /** spare capacity left */
  readonly sparePercent?: number;
  readonly spareThresholdPercent?: number;
  /** 0 new, 100 at the rated end */
  readonly lifeUsedPercent?: number;
  readonly lifeUsedThresholdPercent?: number;
  readonly lifeUsedErrorThresholdPercent?: number;
  readonly energySourceLifeUsedPercent?: number;
  readonly energySourceLifeUsedThresholdPercent?: number;
  readonly energySourceLifeUsedErrorThresholdPercent?: number;

  readonly lastShutdownClean?: boolean;
  readonly dirtyShutdownCount?: number;
  /** what the module was told and did at its last shutdown, behind `lastShutdownClean` */
  readonly lastShutdownNotes?: readonly string[];
  /** counts on where the host never switches the latch of the shutdown state on (Intel Optane) */
  readonly unlatchedDirtyShutdownCount?: number;
  readonly unlatchedShutdownNotes?: readonly string[];
  readonly armed?: boolean;

  readonly lastSaveSeconds?: number;
  readonly lastRestoreSeconds?: number;
  readonly lastEraseSeconds?: number;
  readonly savesSincePowerOn?: number;
  readonly restoresSincePowerOn?: number;
  readonly erasesSincePowerOn?: number;
  readonly lifetimeSaves?: number;
  readonly lifetimeRestores?: number;
  readonly lifetimeErases?: number;
  readonly failedSaves?: number;
  readonly failedRestores?: number;
  readonly failedArms?: number;
  readonly failedFlushes?: number;
  readonly powerCycles?: number;
  readonly lastBackupImageValid?: boolean;
  readonly lastBackupComplete?: boolean;
  /** what started the last save, and what went wrong in it */
  readonly lastBackupNotes?: readonly string[];

  readonly energySourceRuntimeSeconds?: number;
  readonly energySourceCheckPeriodSeconds?: number;
  readonly energySourcePolicy?: 'device' | 'host';
  readonly energySourceTechnology?: string;

  readonly uncorrectableEccEvents?: number;
  readonly correctableEccEvents?: number;
  /** software must flush processor caches for durability */
  readonly cacheFlushNeeded?: boolean;

  readonly flags?: readonly string[];
  /** `disabled`, `unlocked`, `locked`, `overwrite` (Linux drivers/nvdimm/security.c) */
  readonly security?: string;
  readonly securityFrozen?: boolean;
  readonly scrubbed?: boolean;
  readonly encrypted?: boolean;
  readonly firmwareVersion?: string;
  readonly specificationVersion?: string;
  readonly vendorData?: string;
  readonly performance?: Readonly<Record<string, string>>;
}
export type HealthFieldName = keyof HealthFields;

/** Units as the API names them; '' for what has none. */
export const healthUnits: Readonly<Record<HealthFieldName, string>> = {
  state: '',
  problems: '',
  alarms: '',
  alarmsEnabled: '',
  mediaTemperatureCelsius: 'celsius',
  controllerTemperatureCelsius: 'celsius',
  energySourceTemperatureCelsius: 'celsius',
  powerManagementTemperatureCelsius: 'celsius',
  mediaTemperatureThresholdCelsius: 'celsius',
  controllerTemperatureThresholdCelsius: 'celsius',
  energySourceTemperatureThresholdCelsius: 'celsius',
  energySourceTemperatureErrorThresholdCelsius: 'celsius',
  sparePercent: 'percent',
  spareThresholdPercent: 'percent',
  lifeUsedPercent: 'percent',
  lifeUsedThresholdPercent: 'percent',
  lifeUsedErrorThresholdPercent: 'percent',
  energySourceLifeUsedPercent: 'percent',
  energySourceLifeUsedThresholdPercent: 'percent',
  energySourceLifeUsedErrorThresholdPercent: 'percent',
  lastShutdownClean: '',
  dirtyShutdownCount: 'count',
  lastShutdownNotes: '',
  unlatchedDirtyShutdownCount: 'count',
  unlatchedShutdownNotes: '',
  armed: '',
  lastSaveSeconds: 'seconds',
  lastRestoreSeconds: 'seconds',
  lastEraseSeconds: 'seconds',
  savesSincePowerOn: 'count',
  restoresSincePowerOn: 'count',
  erasesSincePowerOn: 'count',
  lifetimeSaves: 'count',
  lifetimeRestores: 'count',
  lifetimeErases: 'count',
  failedSaves: 'count',
  failedRestores: 'count',
  failedArms: 'count',
  failedFlushes: 'count',
  powerCycles: 'count',
  lastBackupImageValid: '',
  lastBackupComplete: '',
  lastBackupNotes: '',
  energySourceRuntimeSeconds: 'seconds',
  energySourceCheckPeriodSeconds: 'seconds',
  energySourcePolicy: '',
  energySourceTechnology: '',
  uncorrectableEccEvents: 'count',
  correctableEccEvents: 'count',
  cacheFlushNeeded: '',
  flags: '',
  security: '',
  securityFrozen: '',
  scrubbed: '',
  encrypted: '',
  firmwareVersion: '',
  specificationVersion: '',
  vendorData: 'hexadecimal',
  performance: '',
};
export const healthFieldNames = Object.keys(healthUnits) as readonly HealthFieldName[];

/** Fields without those that are not known. */
export function knownFields(fields: { readonly [K in HealthFieldName]?: HealthFields[K] | undefined }): HealthFields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as HealthFields;
}

/** What one source said at one time: a command of the module (`intel 1 SMART`), or an attribute of the kernel. */
export interface HealthSource {
  readonly source: string;
  /** ms since the epoch */
  readonly at: number;
  readonly fields: HealthFields;
}
export interface HealthFailure {
  readonly source: string;
  readonly reason: string;
}

/** The last look at one DIMM. */
export interface HealthReading {
  /** kernel name: `nmem0` */
  readonly name: string;
  /** `Dimm.key` */
  readonly dimm: string;
  /** when the reading ended, ms since the epoch */
  readonly at: number;
  readonly durationMs: number;
  /**
   * What the module itself answered: all its sources put together; sysfs adds to `fields`, never to this. Of one that hung
   * on a later question, `fields` has what it answered before.
   */
  readonly health: Observation<HealthFields>;
  /** of all sources, the first one that knows wins; the module's own before the kernel's */
  readonly fields: HealthFields;
  readonly sources: readonly HealthSource[];
  /** what did not answer while others did */
  readonly failures: readonly HealthFailure[];
  /** ms since the epoch when the call was made that has not come back */
  readonly stuckSince?: number;
  /** last time the module answered, ms since the epoch */
  readonly lastOkAt?: number;
  /** readings that failed since the module last answered */
  readonly failedInARow: number;
}

export function stateOf(reading: HealthReading | undefined | null): HealthState {
  return reading?.health.kind === 'ok' ? (reading.health.value.state ?? 'unknown') : 'unknown';
}

/** Where a field comes from: one source, or for what is put together of several (problems, alarms) all of them. */
export interface FieldOrigin {
  readonly source: string;
  /** ms since the epoch; of several, the oldest */
  readonly at: number;
}
const togetherFields: readonly HealthFieldName[] = ['problems', 'alarms'];
export function originOf(reading: HealthReading, name: HealthFieldName): FieldOrigin | undefined {
  const knows = reading.sources.filter(({ fields }) => fields[name] !== undefined);
  if (togetherFields.includes(name) && knows.length > 1) {
    return { source: knows.map(({ source }) => source).join(', '), at: Math.min(...knows.map(({ at }) => at)) };
  }
  // of states, the worst counts: not always the first
  return knows.find(({ fields }) => fields[name] === reading.fields[name]) ?? knows[0];
}

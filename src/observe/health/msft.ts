import {
  type AlarmName,
  type Alarms,
  type HealthFields,
  type KnownState,
  knownFields,
  type ModuleProblem,
} from '../../model/health.ts';
import { doubtedAlarms } from '../../model/health-judgement.ts';
import { type DsmFamily, type HealthCommand, noInput } from './family.ts';
import { technologyOf } from './hpe.ts';
import { worstState } from './merge.ts';
import {
  ifKnown,
  namesOfBits,
  needSuccess,
  openReply,
  percentUsed,
  type Reply,
  u8Known,
  u16Known,
  wholeCelsius,
} from './reply.ts';

/**
 * The JEDEC NVDIMM-N interface of Microsoft (NVDIMM_FAMILY_MSFT; Microsoft "_DSM Interface for Byte Addressable Energy
 * Backed Function Class", function interface 1). Names of register bits: dsm-families.md section 5 (JESD245 as
 * open-power/hostboot reads it). No validity flags: a field is valid when the status is 0.
 */
const statuses: Readonly<Record<number, string>> = {
  1: 'not supported',
  2: 'invalid input',
  3: 'I2C communication error',
  4: 'function-specific error',
  5: 'vendor-specific error',
};
const FUNCTION_ERROR = 4;
const HOUR_SECONDS = 3600;

function statusOf(reply: Reply): number {
  return reply.u16(0, 'status');
}
function openChecked(bytes: Uint8Array, command: string): Reply {
  const reply = openReply(bytes, command);
  needSuccess(command, statusOf(reply), statuses);
  return reply;
}
/** Functions about the energy source may refuse where the host manages it: then there is nothing to know. */
function openOptional(bytes: Uint8Array, command: string): Reply | undefined {
  const reply = openReply(bytes, command);
  if (statusOf(reply) === FUNCTION_ERROR && reply.u8(2, 'function error') === 1) return undefined;
  needSuccess(command, statusOf(reply), statuses);
  return reply;
}

const criticalBits: readonly (ModuleProblem | undefined)[] = [
  'persistency_lost',
  undefined, // a warning threshold is exceeded: alarms say which
  undefined,
  undefined,
  'permanent_hardware_failure',
];
/** Function 10: MODULE_HEALTH u8 @4. Bits 1 to 3 (thresholds crossed, restored, below them again) and 5 never worsen the state. */
function decodeCritical(bytes: Uint8Array): HealthFields {
  const reply = openChecked(bytes, 'msft 10 critical health');
  const bits = u8Known(reply.u8(4, 'module health'));
  if (bits === undefined) return {};
  const state: KnownState | undefined = (bits & 0x11) !== 0 ? 'critical' : undefined;
  return knownFields({ state, problems: namesOfBits(bits, criticalBits) });
}

const status0: readonly ModuleProblem[] = [
  'voltage_regulator_failed',
  'supply_lost_vdd',
  'supply_lost_vpp',
  'supply_lost_vtt',
  'dram_not_in_self_refresh',
  'controller_failed',
  'nvm_controller_failed',
  'nvm_lifetime_error',
];
const status1: readonly ModuleProblem[] = [
  'not_enough_energy',
  'firmware_error',
  'configuration_error',
  'energy_source_missing',
  'energy_source_policy_not_set',
  'energy_source_failed',
  'energy_source_assessment_failed',
];
/**
 * Function 11, 13 bytes: module health u8 @4 and @5, temperature u16 @6 in whole degrees, thresholds crossed u8 @8 (error)
 * and @9 (warning), life left u8 @10, uncorrectable and correctable ECC events u8 @11 and @12.
 */
function decodeHealth(bytes: Uint8Array): HealthFields {
  const reply = openChecked(bytes, 'msft 11 module health');
  const health = [u8Known(reply.u8(4, 'module health')), u8Known(reply.u8(5, 'module health'))] as const;
  const errors = u8Known(reply.u8(8, 'error thresholds'));
  const warnings = u8Known(reply.u8(9, 'warning thresholds'));
  const used = percentUsed(reply.u8(10, 'NVM lifetime'));
  const uncorrectable = u8Known(reply.u8(11, 'uncorrectable ECC events'));
  const correctable = u8Known(reply.u8(12, 'correctable ECC events'));
  const problems = [...namesOfBits(health[0] ?? 0, status0), ...namesOfBits(health[1] ?? 0, status1)];
  return knownFields({
    state: stateFrom(used, health),
    problems: problems.length === 0 && health.includes(undefined) ? undefined : problems,
    alarms: alarmsOf(errors, warnings),
    mediaTemperatureCelsius: wholeCelsius(reply.u16(6, 'module temperature')),
    lifeUsedPercent: used,
    uncorrectableEccEvents: uncorrectable,
    correctableEccEvents: correctable,
  });
}
/** What a register that is not known might have said is never called ok. */
function stateFrom(lifeUsed: number | undefined, failures: readonly (number | undefined)[]): KnownState | undefined {
  if (lifeUsed === 100) return 'fatal';
  if (failures.some((bits) => bits !== undefined && bits !== 0)) return 'critical';
  return failures.includes(undefined) ? undefined : 'ok';
}
/**
 * The rest of ndctl's rule (ndctl/lib/msft.c): a module is critical beyond an error threshold, non-critical beyond a warning
 * threshold. The bits alone are not believed where value and threshold, of other functions, say otherwise.
 */
function withThresholds(fields: HealthFields): HealthFields {
  const doubted = doubtedAlarms(fields);
  const on = Object.entries(fields.alarms ?? {}).flatMap(([name, isOn]) =>
    isOn && !doubted.includes(name as AlarmName) ? [name] : [],
  );
  const byAlarms = on.some((name) => name.endsWith('_error')) ? 'critical' : on.length > 0 ? 'noncritical' : undefined;
  return { ...fields, ...knownFields({ state: worstState(fields.state, byAlarms) }) };
}
function alarmsOf(errors: number | undefined, warnings: number | undefined): Alarms | undefined {
  if (errors === undefined && warnings === undefined) return undefined;
  return {
    ...(errors !== undefined && {
      life_error: (errors & 1) !== 0,
      energy_source_life_error: (errors & 2) !== 0,
      energy_source_temperature_error: (errors & 4) !== 0,
    }),
    ...(warnings !== undefined && {
      life_warning: (warnings & 1) !== 0,
      energy_source_life_warning: (warnings & 2) !== 0,
      energy_source_temperature_warning: (warnings & 4) !== 0,
    }),
  };
}

/** Function 12, 11 bytes: life left u8 @4, temperature u16 @5, runtime u32 @7 in hours of which the low half counts. */
function decodeEnergySource(bytes: Uint8Array): HealthFields {
  const reply = openOptional(bytes, 'msft 12 energy source');
  if (reply === undefined) return {};
  const temperature = reply.u16(5, 'energy source temperature');
  const hours = u16Known(reply.u16(7, 'energy source runtime'));
  return knownFields({
    energySourceLifeUsedPercent: percentUsed(reply.u8(4, 'energy source lifetime')),
    energySourceTemperatureCelsius: energySourceCelsius(temperature),
    energySourceRuntimeSeconds: hours === undefined ? undefined : hours * HOUR_SECONDS,
  });
}
/** Whole degrees by the document; some modules hand out the register: 1/16 °C, bit 12 the sign. Below 8 °C it cannot be told. */
function energySourceCelsius(value: number): number | undefined {
  if (value === 0xffff) return undefined;
  const sixteenths = value & 0xfff;
  if ((value & 0x1000) !== 0) return wholeCelsius(-sixteenths / 16);
  return wholeCelsius(value >= 128 ? sixteenths / 16 : value);
}

/** Function 13, 32 bytes: durations u32 @4, @8, @12 (low half, bit 15: seconds, else milliseconds), counts u32 @16 to @28. */
function decodeStatistics(bytes: Uint8Array): HealthFields {
  const reply = openChecked(bytes, 'msft 13 statistics');
  return knownFields({
    lastSaveSeconds: durationSeconds(reply.u16(4, 'last save duration')),
    lastRestoreSeconds: durationSeconds(reply.u16(8, 'last restore duration')),
    lastEraseSeconds: durationSeconds(reply.u16(12, 'last erase duration')),
    lifetimeSaves: u16Known(reply.u16(16, 'lifetime saves')),
    lifetimeRestores: u16Known(reply.u16(20, 'lifetime restores')),
    lifetimeErases: u16Known(reply.u16(24, 'lifetime erases')),
    powerCycles: u16Known(reply.u16(28, 'power cycles')),
  });
}
function durationSeconds(value: number): number | undefined {
  const amount = value & 0x7fff;
  if (value === 0xffff || amount === 0) return undefined;
  return (value & 0x8000) !== 0 ? amount : amount / 1000;
}

const triggers = [undefined, 'start-save command', 'SAVE_n', 'RESET_n'] as const;
const saveFaults = [
  'voltage regulator failed',
  'VDD lost',
  'VPP lost',
  'VTT lost',
  'DRAM not in self-refresh',
  'controller hardware error',
  'NVM controller error',
  'NVM media error',
  'not enough energy',
  'only a part of the data saved',
  'save aborted',
  'no SAVE_n',
  'insufficient SAVE_n',
  'no RESET_n',
  'security error',
] as const;
/**
 * Function 4, 12 bytes: CSAVE_INFO u8 @4, fail information u16 @8. That no image is valid proves nothing: it may be erased since.
 * It is about the last save, which may lie many shutdowns back: nothing here is said of the last shutdown.
 */
function decodeLastBackup(bytes: Uint8Array): HealthFields {
  const reply = openChecked(bytes, 'msft 4 last backup');
  const info = u8Known(reply.u8(4, 'save information'));
  const faults = namesOfBits(u16Known(reply.u16(8, 'save failures')) ?? 0, saveFaults);
  const notes = [...namesOfBits(info ?? 0, triggers).map((trigger) => `started by ${trigger}`), ...faults];
  return knownFields({
    lastBackupImageValid: ifKnown(info, (bits) => (bits & 1) !== 0),
    lastBackupComplete: faults.length > 0 ? false : undefined,
    lastBackupNotes: notes.length === 0 ? undefined : notes,
  });
}

/** Function 5, 6 bytes: life left at which the module warns u8 @4, and calls it an error u8 @5. */
function decodeLifeThresholds(bytes: Uint8Array): HealthFields {
  const reply = openChecked(bytes, 'msft 5 thresholds');
  return knownFields({
    lifeUsedThresholdPercent: percentUsed(reply.u8(4, 'life warning threshold')),
    lifeUsedErrorThresholdPercent: percentUsed(reply.u8(5, 'life error threshold')),
  });
}
/** Function 7, 8 bytes: the same of the energy source u8 @4, @5, and its temperature u8 @6, @7 in whole degrees. */
function decodeEnergySourceThresholds(bytes: Uint8Array): HealthFields {
  const reply = openOptional(bytes, 'msft 7 energy source thresholds');
  if (reply === undefined) return {};
  // a limit of nothing left, or of 0 degrees, is one that was never set: every module would be beyond it
  const set = (value: number): number | undefined => (value === 0 ? undefined : value);
  const life = (at: number, name: string) => ifSet(set(reply.u8(at, name)), percentUsed);
  const temperature = (at: number, name: string) => ifSet(set(reply.u8(at, name)), wholeCelsius);
  return knownFields({
    energySourceLifeUsedThresholdPercent: life(4, 'life warning threshold'),
    energySourceLifeUsedErrorThresholdPercent: life(5, 'life error threshold'),
    energySourceTemperatureThresholdCelsius: temperature(6, 'temperature warning threshold'),
    energySourceTemperatureErrorThresholdCelsius: temperature(7, 'temperature error threshold'),
  });
}
function ifSet<T>(value: number | undefined, decode: (value: number) => T): T | undefined {
  return value === undefined ? undefined : decode(value);
}
/** Function 3, 19 bytes: the block of the policy that is not in force is 0: device-managed @5 to @15, host-managed @16 to @18. */
function decodeEnergySourceIdentification(bytes: Uint8Array): HealthFields {
  const reply = openOptional(bytes, 'msft 3 energy source identification');
  if (reply === undefined) return {};
  const device = reply.bytes(5, 11, 'device-managed energy source').some((byte) => byte !== 0);
  const host = reply.bytes(16, 3, 'host-managed energy source').some((byte) => byte !== 0);
  if (device === host) return {};
  return knownFields({
    energySourcePolicy: device ? 'device' : 'host',
    energySourceTechnology: technologyOf(reply.u8(device ? 15 : 18, 'technology')),
  });
}

/** Function 1, 50 bytes: specification revision u8 @4, major and minor digit; firmware revision u16 @12. */
function decodeIdentification(bytes: Uint8Array): HealthFields {
  const reply = openChecked(bytes, 'msft 1 identification');
  const revision = reply.u8(4, 'specification revision');
  const firmware = u16Known(reply.u16(12, 'firmware revision'));
  return knownFields({
    specificationVersion: revision === 0xff ? undefined : `${revision >>> 4}.${revision & 15}`,
    firmwareVersion: firmware === undefined ? undefined : `0x${firmware.toString(16).padStart(4, '0')}`,
  });
}

function command(
  name: string,
  number: number,
  replyBytes: number,
  decode: HealthCommand['decode'],
  essential = false,
): HealthCommand {
  return { name, command: number, inputs: noInput, replyBytes, essential, decode };
}
/** Functions 6, 8, 9, 17 and 19 to 31 set, erase, arm or update something and are never sent. */
export const msft: DsmFamily = {
  name: 'msft',
  id: 3,
  judge: withThresholds,
  commands: [
    command('module health', 11, 13, decodeHealth, true),
    command('critical health', 10, 5, decodeCritical),
    command('energy source', 12, 11, decodeEnergySource),
    command('statistics', 13, 32, decodeStatistics),
    command('last backup', 4, 12, decodeLastBackup),
    { ...command('thresholds', 5, 6, decodeLifeThresholds), limits: true },
    { ...command('energy source thresholds', 7, 8, decodeEnergySourceThresholds), limits: true },
    command('energy source identification', 3, 19, decodeEnergySourceIdentification),
    command('identification', 1, 50, decodeIdentification),
  ],
};

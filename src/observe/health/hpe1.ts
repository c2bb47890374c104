import { type HealthFields, knownFields } from '../../model/health.ts';
import { type DsmFamily, noInput } from './family.ts';
import { hpeAlarms, hpeBackupNotes, hpeProblems, hpeSeconds, hpeSucceeded, requestWord, technologyOf } from './hpe.ts';
import { stateOfSummary } from './intel-smart.ts';
import {
  hex,
  ifKnown,
  openReply,
  percent,
  percentUsed,
  type Reply,
  sixteenthCelsius,
  u8Known,
  u16Known,
  u32Known,
} from './reply.ts';

const HOUR_SECONDS = 3600;
/** Validity bit that only revision 0.85 sets: its failure counters lie where 0.84 has vendor data. */
const FAILURE_COUNTS = 10;

/**
 * Function 1, 128 bytes: validity bits u32 @4 (0 summary, 1 temperature, 2 spare, 3 alarms, 4 used, 5 shutdown,
 * 6 statistics, 7 detail, 8 energy source, 9 vendor, 10 failure counts). Fields outside a valid section are not read.
 */
function decodeHealth(bytes: Uint8Array): HealthFields {
  const reply = openReply(bytes, 'hpe1 1 health');
  hpeSucceeded(reply, 'hpe1 1 health');
  const flags = reply.u32(4, 'validity flags');
  const has = (bit: number) => ((flags >>> bit) & 1) === 1;
  return {
    ...knownFields({
      state: has(0) ? stateOfSummary(reply.u8(8, 'health summary')) : undefined,
      mediaTemperatureCelsius: has(1) ? sixteenthCelsius(reply.u16(9, 'module temperature')) : undefined,
      sparePercent: has(2) ? percent(reply.u8(11, 'spare blocks')) : undefined,
      alarms: has(3) ? ifKnown(u16Known(reply.u16(12, 'alarm trips')), hpeAlarms) : undefined,
      lifeUsedPercent: has(4) ? percent(reply.u8(14, 'device life used')) : undefined,
      lastShutdownClean: has(5)
        ? ifKnown(u8Known(reply.u8(15, 'last shutdown')), (bits) => (bits & 2) !== 0)
        : undefined,
      problems: has(7)
        ? ifKnown(u32Known(reply.u32(52, 'module health status')), (bits) => hpeProblems(bits, has(FAILURE_COUNTS)))
        : undefined,
      vendorData: has(9) ? vendorData(reply, has(FAILURE_COUNTS) ? 28 : 60) : undefined,
    }),
    ...(has(6) ? statistics(reply) : {}),
    ...(has(8) ? energySource(reply) : {}),
    ...(has(FAILURE_COUNTS) ? failureCounts(reply) : {}),
  };
}
function statistics(reply: Reply): HealthFields {
  return knownFields({
    lastSaveSeconds: hpeSeconds(reply.u16(16, 'last save duration')),
    lastRestoreSeconds: hpeSeconds(reply.u16(18, 'last restore duration')),
    lastEraseSeconds: hpeSeconds(reply.u16(20, 'last erase duration')),
    savesSincePowerOn: u32Known(reply.u32(24, 'saves since power-on')),
    restoresSincePowerOn: u32Known(reply.u32(28, 'restores since power-on')),
    erasesSincePowerOn: u32Known(reply.u32(32, 'erases since power-on')),
    lifetimeSaves: u32Known(reply.u32(36, 'lifetime saves')),
    lifetimeRestores: u32Known(reply.u32(40, 'lifetime restores')),
    lifetimeErases: u32Known(reply.u32(44, 'lifetime erases')),
    powerCycles: u32Known(reply.u32(48, 'power cycles')),
  });
}
/** The runtime sticks at 0xffff hours, which is also "not applicable": absent either way; 0 says a host-managed source. */
function energySource(reply: Reply): HealthFields {
  const period = u32Known(reply.u32(56, 'energy source check period'));
  const hours = u16Known(reply.u16(64, 'energy source runtime'));
  return knownFields({
    energySourceCheckPeriodSeconds: period === 0 ? undefined : period,
    energySourceLifeUsedPercent: percentUsed(reply.u8(60, 'energy source lifetime')),
    energySourceTemperatureCelsius: sixteenthCelsius(reply.u16(61, 'energy source temperature')),
    energySourceRuntimeSeconds: hours === undefined || hours === 0 ? undefined : hours * HOUR_SECONDS,
  });
}
function failureCounts(reply: Reply): HealthFields {
  return knownFields({
    failedSaves: reply.u64(96, 'failed saves'),
    failedRestores: reply.u64(104, 'failed restores'),
    failedArms: reply.u64(112, 'failed arms'),
    failedFlushes: reply.u64(120, 'failed flushes'),
  });
}
function vendorData(reply: Reply, most: number): string | undefined {
  const size = Math.min(reply.u16(66, 'vendor data size'), most);
  return size === 0 ? undefined : hex(reply.bytes(68, size, 'vendor data'));
}

/**
 * Function 2, 36 bytes: enabled alarms u16 @4, temperature u16 @6, spare u8 @8. The life thresholds @12 to @21 do not say
 * whether they count life used or left, nor those of the energy source's temperature @22 their unit: not read.
 */
function decodeThresholds(bytes: Uint8Array): HealthFields {
  const reply = openReply(bytes, 'hpe1 2 thresholds');
  hpeSucceeded(reply, 'hpe1 2 thresholds');
  const enabled = ifKnown(u16Known(reply.u16(4, 'alarm enables')), hpeAlarms);
  const temperature = sixteenthCelsius(reply.u16(6, 'temperature threshold'));
  const spare = percent(reply.u8(8, 'spare threshold'));
  return knownFields({
    alarmsEnabled: enabled,
    mediaTemperatureThresholdCelsius: enabled?.media_temperature ? temperature : undefined,
    spareThresholdPercent: enabled?.spare ? spare : undefined,
  });
}

/** Function 10: specification revision u8 @4, major and minor digit. */
function decodeIdentification(bytes: Uint8Array): HealthFields {
  const reply = openReply(bytes, 'hpe1 10 identification');
  hpeSucceeded(reply, 'hpe1 10 identification');
  const revision = reply.u8(4, 'specification revision');
  return knownFields({ specificationVersion: revision === 0xff ? undefined : `${revision >>> 4}.${revision & 15}` });
}
/** Function 11: policy u8 @4 (1 device-managed, 2 host-managed), technology u8 @6. */
function decodeEnergySource(bytes: Uint8Array): HealthFields {
  const reply = openReply(bytes, 'hpe1 11 energy source');
  hpeSucceeded(reply, 'hpe1 11 energy source');
  const policy = reply.u8(4, 'policy');
  return knownFields({
    energySourcePolicy: policy === 1 ? 'device' : policy === 2 ? 'host' : undefined,
    energySourceTechnology: technologyOf(reply.u8(6, 'technology')),
  });
}
/** Function 12: valid image u8 @4, backup not complete u8 @5, initiation bits @6, controller bits @7. */
function decodeLastBackup(bytes: Uint8Array): HealthFields {
  const reply = openReply(bytes, 'hpe1 12 last backup');
  hpeSucceeded(reply, 'hpe1 12 last backup');
  const notes = hpeBackupNotes(reply.u8(6, 'initiation'), reply.u8(7, 'controller status'));
  return knownFields({
    lastBackupImageValid: ifKnown(u8Known(reply.u8(4, 'valid image')), (valid) => valid !== 0),
    lastBackupComplete: ifKnown(u8Known(reply.u8(5, 'not complete')), (incomplete) => incomplete === 0),
    lastBackupNotes: notes.length === 0 ? undefined : notes,
  });
}

/** NVDIMM_FAMILY_HPE1. Functions 6, 13 and 19 set something and are never sent. */
export const hpe1: DsmFamily = {
  name: 'hpe1',
  id: 1,
  commands: [
    {
      name: 'health',
      command: 1,
      // bit 10 is reserved before revision 0.85
      inputs: [requestWord(0x7ff), requestWord(0x3ff)],
      replyBytes: 128,
      essential: true,
      decode: decodeHealth,
    },
    {
      name: 'thresholds',
      command: 2,
      inputs: noInput,
      replyBytes: 36,
      essential: false,
      limits: true,
      decode: decodeThresholds,
    },
    {
      name: 'identification',
      command: 10,
      inputs: noInput,
      replyBytes: 64,
      essential: false,
      decode: decodeIdentification,
    },
    {
      name: 'energy source',
      command: 11,
      inputs: noInput,
      replyBytes: 20,
      essential: false,
      decode: decodeEnergySource,
    },
    { name: 'last backup', command: 12, inputs: noInput, replyBytes: 8, essential: false, decode: decodeLastBackup },
  ],
};

import { type Alarms, type HealthFields, knownFields } from '../../model/health.ts';
import { type DsmFamily, noInput } from './family.ts';
import { hpeAlarms, hpeBackupNotes, hpeProblems, hpeSeconds, hpeSucceeded, requestWord } from './hpe.ts';
import { stateOfSummary } from './intel-smart.ts';
import {
  hex,
  ifKnown,
  openReply,
  percent,
  percentUsed,
  type Reply,
  replyError,
  sixteenthCelsius,
  u8Known,
  u16Known,
  u32Known,
} from './reply.ts';

const VENDOR_DATA = 72;

/**
 * Function 1, 72 bytes and vendor data (document v0.88s): size u16 @4, format u16 @6 (major in the high byte: only 1 is
 * known), validity bits u32 @8, numbered as in HPE1, then the sections, at odd offsets.
 */
function decodeHealth(bytes: Uint8Array): HealthFields {
  const reply = openReply(bytes, 'hpe2 1 health');
  hpeSucceeded(reply, 'hpe2 1 health');
  const format = reply.u16(6, 'format version');
  if (format >>> 8 !== 1) {
    throw replyError('hpe2 1 health', 'format version', `${format >>> 8}.${format & 0xff} is not 1.x`);
  }
  const flags = reply.u32(8, 'validity flags');
  const has = (bit: number) => ((flags >>> bit) & 1) === 1;
  return {
    ...knownFields({
      state: has(0) ? stateOfSummary(reply.u8(12, 'health summary')) : undefined,
      mediaTemperatureCelsius: has(1) ? sixteenthCelsius(reply.u16(13, 'module temperature')) : undefined,
      sparePercent: has(2) ? percent(reply.u8(15, 'spare blocks')) : undefined,
      alarms: has(3) ? ifKnown(u16Known(reply.u16(16, 'alarm trips')), hpeAlarms) : undefined,
      lifeUsedPercent: has(4) ? percent(reply.u8(18, 'device life used')) : undefined,
      lastShutdownClean: has(5)
        ? ifKnown(u8Known(reply.u8(19, 'last shutdown')), (bits) => (bits & 1) !== 0)
        : undefined,
      problems: has(7)
        ? ifKnown(u32Known(reply.u32(54, 'module health status')), (bits) => hpeProblems(bits, false))
        : undefined,
      vendorData: has(9) ? vendorData(reply) : undefined,
    }),
    ...(has(6) ? statistics(reply) : {}),
    ...(has(8) ? energySource(reply) : {}),
  };
}
function statistics(reply: Reply): HealthFields {
  return knownFields({
    lastSaveSeconds: hpeSeconds(reply.u16(20, 'last save duration')),
    lastRestoreSeconds: hpeSeconds(reply.u16(22, 'last restore duration')),
    lastEraseSeconds: hpeSeconds(reply.u16(24, 'last erase duration')),
    savesSincePowerOn: u32Known(reply.u32(26, 'saves since power-on')),
    restoresSincePowerOn: u32Known(reply.u32(30, 'restores since power-on')),
    erasesSincePowerOn: u32Known(reply.u32(34, 'erases since power-on')),
    lifetimeSaves: u32Known(reply.u32(38, 'lifetime saves')),
    lifetimeRestores: u32Known(reply.u32(42, 'lifetime restores')),
    lifetimeErases: u32Known(reply.u32(46, 'lifetime erases')),
    powerCycles: u32Known(reply.u32(50, 'power cycles')),
  });
}
/** The document does not say of which section the check period @58 is; it is read with the rest of the energy source. */
function energySource(reply: Reply): HealthFields {
  const period = u32Known(reply.u32(58, 'energy source check period'));
  return knownFields({
    energySourceCheckPeriodSeconds: period === 0 ? undefined : period,
    energySourceLifeUsedPercent: percentUsed(reply.u8(62, 'energy source lifetime')),
    energySourceTemperatureCelsius: sixteenthCelsius(reply.u16(63, 'energy source temperature')),
    energySourceRuntimeSeconds: u32Known(reply.u32(66, 'energy source runtime')),
  });
}
/** The declared size may be beyond what was asked for: what is there is shown. */
function vendorData(reply: Reply): string | undefined {
  const size = Math.min(reply.u16(70, 'vendor data size'), reply.length - VENDOR_DATA);
  return size <= 0 ? undefined : hex(reply.bytes(VENDOR_DATA, size, 'vendor data'));
}

/** Function 2, 32 bytes. The enables name bit 0 spare and bit 1 temperature, the other way round than the alarms do. */
function decodeThresholds(bytes: Uint8Array): HealthFields {
  const reply = openReply(bytes, 'hpe2 2 thresholds');
  hpeSucceeded(reply, 'hpe2 2 thresholds');
  const enabled = ifKnown(u16Known(reply.u16(4, 'alarm enables')), (bits) => swapped(hpeAlarms(bits)));
  const temperature = sixteenthCelsius(reply.u16(6, 'temperature threshold'));
  const spare = percent(reply.u8(8, 'spare threshold'));
  const warning = sixteenthCelsius(reply.u16(20, 'energy source temperature warning'));
  const error = sixteenthCelsius(reply.u16(22, 'energy source temperature error'));
  return knownFields({
    alarmsEnabled: enabled,
    mediaTemperatureThresholdCelsius: enabled?.media_temperature ? temperature : undefined,
    spareThresholdPercent: enabled?.spare ? spare : undefined,
    energySourceTemperatureThresholdCelsius: enabled?.energy_source_temperature_warning ? warning : undefined,
    energySourceTemperatureErrorThresholdCelsius: enabled?.energy_source_temperature_error ? error : undefined,
  });
}
function swapped(alarms: Alarms): Alarms {
  const { spare, media_temperature, ...rest } = alarms;
  return { ...rest, spare: media_temperature === true, media_temperature: spare === true };
}

/** Function 4: bit 0 of u32 @4, software must flush caches for durability. */
function decodeFlags(bytes: Uint8Array): HealthFields {
  const reply = openReply(bytes, 'hpe2 4 flags');
  hpeSucceeded(reply, 'hpe2 4 flags');
  return knownFields({
    cacheFlushNeeded: ifKnown(u32Known(reply.u32(4, 'flags')), (bits) => (bits & 1) !== 0),
  });
}
/** Function 5: bits @4 (0 valid image, 1 not complete), initiation @5, controller @7 (@6 in a reply of 7 bytes). */
function decodeLastBackup(bytes: Uint8Array): HealthFields {
  const reply = openReply(bytes, 'hpe2 5 last backup');
  hpeSucceeded(reply, 'hpe2 5 last backup');
  const bits = u8Known(reply.u8(4, 'backup status'));
  const controller = reply.u8(reply.length === 7 ? 6 : 7, 'controller status');
  const notes = hpeBackupNotes(reply.u8(5, 'initiation'), controller);
  return knownFields({
    lastBackupImageValid: ifKnown(bits, (known) => (known & 1) !== 0),
    lastBackupComplete: ifKnown(bits, (known) => (known & 2) === 0),
    lastBackupNotes: notes.length === 0 ? undefined : notes,
  });
}

/** NVDIMM_FAMILY_HPE2. Functions 3 and 8 set something and are never sent. */
export const hpe2: DsmFamily = {
  name: 'hpe2',
  id: 2,
  commands: [
    {
      name: 'health',
      command: 1,
      inputs: [requestWord(0x3ff)],
      replyBytes: 256,
      essential: true,
      decode: decodeHealth,
    },
    {
      name: 'thresholds',
      command: 2,
      inputs: noInput,
      replyBytes: 32,
      essential: false,
      limits: true,
      decode: decodeThresholds,
    },
    { name: 'flags', command: 4, inputs: noInput, replyBytes: 8, essential: false, decode: decodeFlags },
    { name: 'last backup', command: 5, inputs: noInput, replyBytes: 8, essential: false, decode: decodeLastBackup },
  ],
};

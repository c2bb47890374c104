import { type Alarms, type HealthFields, type KnownState, knownFields } from '../../model/health.ts';
import { type DsmFamily, noInput } from './family.ts';
import { hex, needSuccess, openReply, percent, type Reply, sixteenthCelsius, u32Known } from './reply.ts';

/** Low half of the status word (kernel-abi 6.1; Linux drivers/acpi/nfit/intel.h). */
const statuses: Readonly<Record<number, string>> = {
  1: 'not supported',
  2: 'no such device',
  3: 'invalid input',
  4: 'hardware error',
  5: 'try again',
  6: 'unknown reason',
  7: 'vendor-specific error',
  8: 'out of resources',
  9: 'hardware not ready',
};
const VENDOR_DATA = 40;
const VENDOR_MAX = 92;

/** Health byte, also of HPE: the highest bit set wins. */
export function stateOfSummary(summary: number): KnownState {
  if ((summary & 4) !== 0) return 'fatal';
  if ((summary & 2) !== 0) return 'critical';
  return (summary & 1) !== 0 ? 'noncritical' : 'ok';
}

function succeeded(reply: Reply, command: string): void {
  needSuccess(command, reply.u32(0, 'status') & 0xffff, statuses);
}

/**
 * Function 1, 132 bytes (ndctl `nd_intel_smart_payload`): validity bits u32 @4; health u8 @12 (bit 0), spares @13 (1),
 * life used @14 (2), alarms @15 (9), media temperature u16 @16 (3), controller temperature u16 @18 (4), unsafe shutdowns
 * u32 @20 (5), PMIC temperature u16 @25 (7), latched shutdown state u8 @35 (10), vendor size u32 @36 (11), data @40.
 */
function decodeSmart(bytes: Uint8Array): HealthFields {
  const reply = openReply(bytes, 'intel 1 SMART');
  succeeded(reply, 'intel 1 SMART');
  const flags = reply.u32(4, 'validity flags');
  reply.u32(36, 'vendor size');
  const when = <T>(bit: number, read: () => T): T | undefined => (((flags >>> bit) & 1) === 1 ? read() : undefined);
  return knownFields({
    state: when(0, () => stateOfSummary(reply.u8(12, 'health'))),
    sparePercent: when(1, () => percent(reply.u8(13, 'spares'))),
    lifeUsedPercent: when(2, () => percent(reply.u8(14, 'life used'))),
    alarms: when(9, () => alarmsOf(reply.u8(15, 'alarm flags'))),
    mediaTemperatureCelsius: when(3, () => sixteenthCelsius(reply.u16(16, 'media temperature'))),
    controllerTemperatureCelsius: when(4, () => sixteenthCelsius(reply.u16(18, 'controller temperature'))),
    dirtyShutdownCount: when(5, () => u32Known(reply.u32(20, 'shutdown count'))),
    powerManagementTemperatureCelsius: when(7, () => sixteenthCelsius(reply.u16(25, 'PMIC temperature'))),
    lastShutdownClean: when(10, () => reply.u8(35, 'shutdown state') === 0),
    vendorData: when(11, () => vendorData(reply)),
  });
}
function vendorData(reply: Reply): string | undefined {
  const size = Math.min(reply.u32(36, 'vendor size'), VENDOR_MAX);
  return size === 0 ? undefined : hex(reply.bytes(VENDOR_DATA, size, 'vendor data'));
}
function alarmsOf(bits: number): Alarms {
  return {
    spare: (bits & 1) !== 0,
    media_temperature: (bits & 2) !== 0,
    controller_temperature: (bits & 4) !== 0,
  };
}

/**
 * Function 2, 12 bytes: enabled alarms u16 @4, spares u8 @6, media temperature u16 @7, controller temperature u16 @9.
 * The threshold of an alarm that is switched off is in force nowhere: absent.
 */
function decodeThresholds(bytes: Uint8Array): HealthFields {
  const reply = openReply(bytes, 'intel 2 SMART_THRESHOLD');
  succeeded(reply, 'intel 2 SMART_THRESHOLD');
  const enabled = alarmsOf(reply.u16(4, 'alarm control'));
  const spare = percent(reply.u8(6, 'spares threshold'));
  const media = sixteenthCelsius(reply.u16(7, 'media temperature threshold'));
  const controller = sixteenthCelsius(reply.u16(9, 'controller temperature threshold'));
  return knownFields({
    alarmsEnabled: enabled,
    spareThresholdPercent: enabled.spare ? spare : undefined,
    mediaTemperatureThresholdCelsius: enabled.media_temperature ? media : undefined,
    controllerTemperatureThresholdCelsius: enabled.controller_temperature ? controller : undefined,
  });
}

/** Function 12, 44 bytes: running version u64 @28, which firmware writes as 8 bytes of digits. */
function decodeFirmware(bytes: Uint8Array): HealthFields {
  const reply = openReply(bytes, 'intel 12 FW_INFO');
  succeeded(reply, 'intel 12 FW_INFO');
  const low = reply.u32(28, 'running version');
  const high = reply.u32(32, 'running version');
  const version = (BigInt(high) << 32n) | BigInt(low);
  return knownFields({ firmwareVersion: version === 0n ? undefined : `0x${version.toString(16)}` });
}

/** NVDIMM_FAMILY_INTEL. Function 10 (latch the shutdown state) and all others that set something are never sent. */
export const intel: DsmFamily = {
  name: 'intel',
  id: 0,
  commands: [
    {
      name: 'SMART',
      command: 1,
      inputs: noInput,
      replyBytes: 132,
      essential: true,
      lengthOptional: true,
      decode: decodeSmart,
    },
    {
      name: 'SMART_THRESHOLD',
      command: 2,
      inputs: noInput,
      replyBytes: 12,
      essential: false,
      lengthOptional: true,
      decode: decodeThresholds,
    },
    {
      name: 'FW_INFO',
      command: 12,
      inputs: noInput,
      replyBytes: 44,
      essential: false,
      lengthOptional: true,
      decode: decodeFirmware,
    },
  ],
};

/**
 * Function 1 of the Intel dialect. Two documents share its numbers. Up to 1.7 (April 2018) "percentage used" is valid with
 * bit 2, and bit 7 says that bytes 25 and 26 are a temperature (1.6), or nothing (1.7). From 1.8 (October 2018, the one that
 * products were sold with) bit 2 is always clear, "spares" is the life that is left, and bytes 25 and 26 are the reason of the
 * health state. ndctl still names them as 1.6 does, and shows neither.
 */
import {
  type Alarms,
  type HealthFields,
  type KnownState,
  knownFields,
  type ModuleProblem,
} from '../../model/health.ts';
import {
  hex,
  namesOfBits,
  needSuccess,
  openReply,
  percent,
  percentUsed,
  type Reply,
  sixteenthCelsius,
  u32Known,
} from './reply.ts';

/** Low half of the status word (table 3-C of the documents, kernel-abi 6.1; Linux drivers/acpi/nfit/intel.h). */
const statuses: Readonly<Record<number, string>> = {
  1: 'not supported',
  2: 'no such device',
  3: 'invalid input',
  4: 'hardware error',
  5: 'try again: a long scrub (ARS), an overwrite or a firmware update may be running',
  6: 'unknown reason',
  7: 'vendor-specific error',
  8: 'out of resources',
  9: 'hardware not ready',
};
/** @throws AgentError CODEC_REPLY where firmware refused */
export function openIntel(bytes: Uint8Array, command: string): Reply {
  const reply = openReply(bytes, command);
  needSuccess(command, reply.u32(0, 'status') & 0xffff, statuses);
  return reply;
}

/** Health byte, also of HPE: the highest bit set wins; 0xff says "not applicable". */
export function stateOfSummary(summary: number): KnownState | undefined {
  if (summary === 0xff) return undefined;
  if ((summary & 4) !== 0) return 'fatal';
  if ((summary & 2) !== 0) return 'critical';
  return (summary & 1) !== 0 ? 'noncritical' : 'ok';
}

const PERCENT_USED_VALID = 2;
const REASON_VALID = 7;
const SHUTDOWN_VALID = 10;
const VENDOR_VALID = 11;

/**
 * 132 bytes (ndctl `nd_intel_smart_payload`): validity bits u32 @4; health u8 @12 (bit 0), spares or life left @13 (1), life
 * used @14 (2, up to 1.7), alarms @15 (9), media temperature u16 @16 (3), controller temperature u16 @18 (4), latched dirty
 * shutdowns u32 @20 (5), AIT DRAM u8 @24 (6: 0 is disabled), u16 @25 (7: PMIC temperature or health status reason), latched
 * shutdown state u8 @35 (10), vendor size u32 @36 (11), data @40.
 */
export function decodeSmart(bytes: Uint8Array): HealthFields {
  const reply = openIntel(bytes, 'intel 1 SMART');
  const flags = reply.u32(4, 'validity flags');
  reply.u32(36, 'vendor size');
  const isValid = (bit: number): boolean => ((flags >>> bit) & 1) === 1;
  const when = <T>(bit: number, read: () => T): T | undefined => (isValid(bit) ? read() : undefined);
  const tellsReason = isValid(REASON_VALID) && !isValid(PERCENT_USED_VALID);
  const addressMemory = when(6, () => reply.u8(24, 'AIT DRAM status'));
  const problems: ModuleProblem[] = [
    ...(tellsReason ? namesOfBits(reply.u16(25, 'health status reason'), reasons) : []),
    ...(addressMemory === 0 ? (['address_memory_disabled'] as const) : []),
  ];
  return knownFields({
    state: when(0, () => stateOfSummary(reply.u8(12, 'health'))),
    problems: tellsReason || addressMemory === 0 || addressMemory === 1 ? [...new Set(problems)] : undefined,
    sparePercent: when(1, () => percent(reply.u8(13, 'spares'))),
    lifeUsedPercent: tellsReason
      ? when(1, () => percentUsed(reply.u8(13, 'percentage remaining')))
      : when(PERCENT_USED_VALID, () => percent(reply.u8(14, 'life used'))),
    alarms: when(9, () => intelAlarms(reply.u8(15, 'alarm flags'))),
    mediaTemperatureCelsius: when(3, () => sixteenthCelsius(reply.u16(16, 'media temperature'))),
    controllerTemperatureCelsius: when(4, () => sixteenthCelsius(reply.u16(18, 'controller temperature'))),
    powerManagementTemperatureCelsius: tellsReason
      ? undefined
      : when(REASON_VALID, () => sixteenthCelsius(reply.u16(25, 'PMIC temperature'))),
    dirtyShutdownCount: when(5, () => u32Known(reply.u32(20, 'shutdown count'))),
    lastShutdownClean: when(SHUTDOWN_VALID, () => reply.u8(35, 'shutdown state') === 0),
    ...(tellsReason && isValid(VENDOR_VALID) ? optaneFields(reply, isValid(SHUTDOWN_VALID)) : {}),
    vendorData: when(VENDOR_VALID, () => vendorData(reply)),
  });
}

/** Alarm bits, of function 1 (tripped) and function 2 (switched on). */
export function intelAlarms(bits: number): Alarms {
  return {
    spare: (bits & 1) !== 0,
    media_temperature: (bits & 2) !== 0,
    controller_temperature: (bits & 4) !== 0,
  };
}

/** Health status reason (table 3-2 of 1.8; bits 8 and 9 from 2.0 on). CAP is the capacitor that the last flush lives on. */
const reasons: readonly ModuleProblem[] = [
  'life_nearly_over',
  'spare_chip_in_use',
  'energy_source_assessment_warning',
  'life_over',
  'chip_failed',
  'address_memory_disabled',
  'energy_source_assessment_failed',
  'controller_failed',
  'performance_degraded',
  'energy_source_assessment_unreachable',
];

const VENDOR_DATA = 40;
const VENDOR_MAX = 92;
function vendorSize(reply: Reply): number {
  return Math.min(reply.u32(36, 'vendor size'), VENDOR_MAX);
}
function vendorData(reply: Reply): string | undefined {
  const size = vendorSize(reply);
  return size === 0 ? undefined : hex(reply.bytes(VENDOR_DATA, size, 'vendor data'));
}

/** Bytes of the vendor data up to the end of what is read of it. */
const OPTANE_BYTES = 46;
/**
 * Vendor data of Optane modules (table 3-3 of 1.8; ipmctl `SMART_INTEL_SPECIFIC_DATA`): power cycles u64 @0, unlatched dirty
 * shutdowns u32 @24, what the latched shutdown state rests on u8 @28 and 3 bytes @37, and the unlatched one u8 @42 and 3 bytes
 * @43. Latched values move only on hosts that switch the latch on; the unlatched ones count every dirty shutdown. Document 2.0
 * dropped the unlatched ones from the text, the modules (and ipmctl, for all generations) kept them in place.
 */
function optaneFields(reply: Reply, latchedIsValid: boolean): HealthFields {
  if (vendorSize(reply) < OPTANE_BYTES) return {};
  const signals = (at: number, extended: number, field: string): readonly string[] => {
    const more = reply.u8(VENDOR_DATA + extended, field) | (reply.u8(VENDOR_DATA + extended + 1, field) << 8);
    return [...namesOfBits(reply.u8(VENDOR_DATA + at, field), shutdownSignals), ...namesOfBits(more, moreSignals)];
  };
  return knownFields({
    powerCycles: reply.u64(VENDOR_DATA, 'power cycles'),
    unlatchedDirtyShutdownCount: u32Known(reply.u32(VENDOR_DATA + 24, 'unlatched dirty shutdown count')),
    lastShutdownNotes: latchedIsValid ? signals(28, 37, 'latched shutdown details') : undefined,
    unlatchedShutdownNotes: signals(42, 43, 'unlatched shutdown details'),
  });
}
const shutdownSignals: readonly string[] = [
  'ADR command received',
  'S3 received',
  'S5 received',
  'DDRT power-fail command received',
  'power lost',
  'warm reset received',
  'thermal shutdown',
  'firmware state flushed',
];
/** Bits 6 to 13 tell of extended flushes, which most platforms do not have: 0 there says nothing. */
const moreSignals: readonly string[] = [
  'viral interrupt received',
  'surprise clock stop',
  'write data flushed',
  'S4 received',
  'idle received',
  'surprise reset',
];

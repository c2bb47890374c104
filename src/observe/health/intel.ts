import { type HealthFields, knownFields } from '../../model/health.ts';
import { type DsmFamily, noInput } from './family.ts';
import { decodeSmart, intelAlarms, openIntel } from './intel-smart.ts';
import { ifKnown, percent, sixteenthCelsius, u16Known } from './reply.ts';

/**
 * Function 2, 12 bytes: enabled alarms u16 @4, spares u8 @6, media temperature u16 @7, controller temperature u16 @9.
 * The threshold of an alarm that is switched off is in force nowhere: absent.
 */
function decodeThresholds(bytes: Uint8Array): HealthFields {
  const reply = openIntel(bytes, 'intel 2 SMART_THRESHOLD');
  const enabled = ifKnown(u16Known(reply.u16(4, 'alarm control')), intelAlarms);
  const spare = percent(reply.u8(6, 'spares threshold'));
  const media = sixteenthCelsius(reply.u16(7, 'media temperature threshold'));
  const controller = sixteenthCelsius(reply.u16(9, 'controller temperature threshold'));
  return knownFields({
    alarmsEnabled: enabled,
    spareThresholdPercent: enabled?.spare ? spare : undefined,
    mediaTemperatureThresholdCelsius: enabled?.media_temperature ? media : undefined,
    controllerTemperatureThresholdCelsius: enabled?.controller_temperature ? controller : undefined,
  });
}

/** Function 12, 44 bytes: running version u64 @28, in the product's own format; a larger one is newer. */
function decodeFirmware(bytes: Uint8Array): HealthFields {
  const reply = openIntel(bytes, 'intel 12 FW_INFO');
  const low = reply.u32(28, 'running version');
  const high = reply.u32(32, 'running version');
  const version = (BigInt(high) << 32n) | BigInt(low);
  return knownFields({ firmwareVersion: version === 0n ? undefined : `0x${version.toString(16)}` });
}

/**
 * NVDIMM_FAMILY_INTEL. Function 10 (latch the shutdown state) and all others that set something are never sent. No function of
 * a module tells of scrubs: what ARS can do is asked of the bus, by address range (ACPI "Query ARS Capabilities", ND_CMD_ARS_CAP),
 * and whether a long one can be started is what the attribute `nfit/scrub` stands for (drivers/acpi/nfit/core.c).
 */
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
      lasts: true,
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

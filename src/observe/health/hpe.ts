/** What both HPE NVDIMM-N dialects share (documents v0.84s, v0.85 and v0.88s; see dsm-families.md). */
import type { Alarms, ModuleProblem } from '../../model/health.ts';
import { namesOfBits, needSuccess, type Reply, u8Known } from './reply.ts';

const statuses: Readonly<Record<number, string>> = {
  1: 'not implemented',
  2: 'invalid input',
  3: 'operation failed',
  4: 'vendor-specific error',
  5: 'reserved',
};
/** u16 @0; the upper half is the vendor's error, which matters with code 4 alone. */
export function hpeSucceeded(reply: Reply, command: string): void {
  needSuccess(command, reply.u32(0, 'status') & 0xffff, statuses);
}

const moduleProblems: readonly (ModuleProblem | undefined)[] = [
  'energy_source_failed',
  'controller_failed',
  'uncorrectable_ecc',
  'correctable_ecc_threshold',
  'save_failed',
  'restore_failed',
  'arm_failed',
  'erase_failed',
  'configuration_error',
  'firmware_error',
  'vendor_error',
];
/** Bit 11 is told by revision 0.85 of HPE1 alone. */
export function hpeProblems(bits: number, charging: boolean): readonly ModuleProblem[] {
  return namesOfBits(bits, charging ? [...moduleProblems, 'energy_source_charging'] : moduleProblems);
}

/** 0 temperature, 1 spare, 2/3 life warning and error, 4/5 energy source life, 6/7 energy source temperature. */
export function hpeAlarms(bits: number): Alarms {
  const at = (bit: number) => ((bits >>> bit) & 1) === 1;
  return {
    media_temperature: at(0),
    spare: at(1),
    life_warning: at(2),
    life_error: at(3),
    energy_source_life_warning: at(4),
    energy_source_life_error: at(5),
    energy_source_temperature_warning: at(6),
    energy_source_temperature_error: at(7),
  };
}

/** 0 says unknown; all bits set says not applicable. */
export function hpeSeconds(value: number): number | undefined {
  return value === 0 || value === 0xffff ? undefined : value;
}

const triggers = ['SAVE_n', 'external signal', 'CKE', 'firmware', 'RESET_n'] as const;
const controllerFaults = ['started while not good to go', 'SDRAM initialisation fault', 'general fault'] as const;
export function hpeBackupNotes(initiation: number, controller: number): readonly string[] {
  return [
    ...namesOfBits(u8Known(initiation) ?? 0, triggers).map((trigger) => `started by ${trigger}`),
    ...namesOfBits(u8Known(controller) ?? 0, controllerFaults),
  ];
}

const technologies = ['undefined', 'supercapacitor', 'battery', 'hybrid capacitor'] as const;
export function technologyOf(code: number): string | undefined {
  return code === 0 ? undefined : technologies[code];
}

/** The request word asks for sections by the numbers of the reply's validity bits. */
export function requestWord(bits: number): Uint8Array {
  const word = new Uint8Array(4);
  new DataView(word.buffer).setUint32(0, bits, true);
  return word;
}

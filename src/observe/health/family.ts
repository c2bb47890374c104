import type { HealthFields } from '../../model/health.ts';

/** One read-only command of a dialect. Pure: bytes out, bytes in. */
export interface HealthCommand {
  /** as the family's document names it */
  readonly name: string;
  /** function number, a bit of `nfit/dsm_mask` */
  readonly command: number;
  /** tried in order: the next one when firmware calls the one before it an invalid input */
  readonly inputs: readonly Uint8Array[];
  /** capacity for the reply; firmware may fill less */
  readonly replyBytes: number;
  /** without its answer the module's health is not known; others add to it */
  readonly essential: boolean;
  /**
   * A platform that leaves the reply's length at 0 (Linux tools/testing/nvdimm) has filled the whole buffer, unless all of it
   * is still zeros.
   */
  readonly lengthOptional?: boolean;
  /** tells limits, which nobody changes by the hour: when it fails (a long scrub is one reason), the last answer stands, with its age */
  readonly limits?: boolean;
  /**
   * What of the reply is valid; sentinels and impossible values are absent.
   * @throws AgentError CODEC_REPLY naming the field, with `status` in its context when firmware refused
   */
  decode(reply: Uint8Array): HealthFields;
}

/** A dialect of device-specific methods (NVDIMM_FAMILY_* of include/uapi/linux/ndctl.h). */
export interface DsmFamily {
  readonly name: string;
  readonly id: number;
  readonly commands: readonly HealthCommand[];
  /** what only several replies together tell of the state; pure */
  judge?(together: HealthFields): HealthFields;
}

export const noInput = [new Uint8Array(0)] as const;

import { type HealthFields, type KnownState, knownFields } from '../../model/health.ts';
import { type DsmFamily, noInput } from './family.ts';
import { openReply, percentUsed, replyError } from './reply.ts';

const states: readonly KnownState[] = ['ok', 'noncritical', 'critical', 'fatal'];

/**
 * PDSM 1, 192 bytes (arch/powerpc/include/uapi/asm/papr_pdsm.h): command status s32 @0 (a negative errno), extension flags
 * u32 @8 (bit 0 fuel gauge, bit 1 dirty shutdowns), u8 unarmed @12, bad shutdown @13, bad restore @14, scrubbed @15,
 * locked @16, encrypted @17, health u16 @18 (0 ok, 1 unhealthy, 2 critical, 3 fatal), life left u16 @20, dirty shutdowns
 * u64 @24.
 */
function decodeHealth(bytes: Uint8Array): HealthFields {
  const reply = openReply(bytes, 'papr 1 health');
  const status = reply.u32(0, 'command status') | 0;
  if (status !== 0) throw replyError('papr 1 health', 'command status', `errno ${-status}`, { status });
  const flags = reply.u32(8, 'extension flags');
  const is = (at: number, field: string) => reply.u8(at, field) !== 0;
  const left = reply.u16(20, 'life left');
  const shutdowns = reply.u64(24, 'dirty shutdown count');
  const badRestore = is(14, 'bad restore');
  return knownFields({
    state: states[reply.u16(18, 'health')],
    armed: !is(12, 'unarmed'),
    lastShutdownClean: !is(13, 'bad shutdown'),
    problems: badRestore ? ['restore_failed'] : [],
    scrubbed: is(15, 'scrubbed'),
    security: is(16, 'locked') ? 'locked' : undefined,
    encrypted: is(17, 'encrypted'),
    lifeUsedPercent: (flags & 1) !== 0 ? percentUsed(left) : undefined,
    dirtyShutdownCount: (flags & 2) !== 0 ? shutdowns : undefined,
  });
}

/** NVDIMM_FAMILY_PAPR: modules of a PowerVM partition. PDSM 2 injects errors and is never sent. */
export const papr: DsmFamily = {
  name: 'papr',
  id: 5,
  commands: [{ name: 'health', command: 1, inputs: noInput, replyBytes: 192, essential: true, decode: decodeHealth }],
};

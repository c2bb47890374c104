import { type HealthFields, type KnownState, knownFields } from '../../model/health.ts';
import { type DsmFamily, noInput } from './family.ts';
import { ifKnown, needSuccess, openReply, u32Known } from './reply.ts';

const statuses: Readonly<Record<number, string>> = { 1: 'not supported', 2: 'invalid input', 3: 'failed' };

/** Function 1, 8 bytes: health u32 @4, bits 0 and 1 critical, 2 fatal, 3 to 5 non-critical (ndctl/lib/hyperv.c). */
function decodeHealth(bytes: Uint8Array): HealthFields {
  const reply = openReply(bytes, 'hyperv 1 health');
  needSuccess('hyperv 1 health', reply.u32(0, 'status'), statuses);
  return knownFields({ state: ifKnown(u32Known(reply.u32(4, 'health')), stateFrom) });
}
function stateFrom(bits: number): KnownState {
  if ((bits & 4) !== 0) return 'fatal';
  if ((bits & 3) !== 0) return 'critical';
  return (bits & 0x38) !== 0 ? 'noncritical' : 'ok';
}
/** Function 2, 8 bytes: unsafe shutdowns u32 @4. */
function decodeShutdowns(bytes: Uint8Array): HealthFields {
  const reply = openReply(bytes, 'hyperv 2 unsafe shutdowns');
  needSuccess('hyperv 2 unsafe shutdowns', reply.u32(0, 'status'), statuses);
  return knownFields({ dirtyShutdownCount: u32Known(reply.u32(4, 'unsafe shutdown count')) });
}

/** NVDIMM_FAMILY_HYPERV: virtual modules of Hyper-V. */
export const hyperv: DsmFamily = {
  name: 'hyperv',
  id: 4,
  commands: [
    { name: 'health', command: 1, inputs: noInput, replyBytes: 8, essential: true, decode: decodeHealth },
    { name: 'unsafe shutdowns', command: 2, inputs: noInput, replyBytes: 8, essential: false, decode: decodeShutdowns },
  ],
};

import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { DsmCall } from '../ports.ts';
import { ioctlOnWorker } from './native.ts';

/** _IOWR('N', ND_CMD_CALL, struct nd_cmd_pkg) */
const ND_IOCTL_CALL = 0xc0404e0a;
/** struct nd_cmd_pkg: u64 family @0, u64 command @8, u32 input size @16, u32 capacity @20, 36 reserved bytes, u32 firmware size @60 */
const HEADER = 64;

/**
 * Sends one method to a DIMM. Read and write access is what the kernel asks of ND_CMD_CALL, whatever the method does
 * (drivers/nvdimm/bus.c __nd_ioctl). Success of the call says nothing of the firmware's own status, which is in the reply.
 * @throws Node's system errors; ENODEV when the node is not the device `devNumber`
 */
export async function callDsm(
  devRoot: string,
  { dimm, devNumber, family, command, input, replyBytes }: DsmCall,
): Promise<{ readonly reply: Uint8Array; readonly firmwareBytes: number }> {
  const node = join(devRoot, dimm);
  const handle = await open(node, constants.O_RDWR | constants.O_NONBLOCK);
  try {
    const { rdev, mode } = await handle.stat({ bigint: true });
    if (Number(mode) >>> 12 !== constants.S_IFCHR >>> 12 || deviceNumber(rdev) !== devNumber) {
      throw Object.assign(new Error(`ENODEV: ${node} is not the device ${devNumber}`), { code: 'ENODEV' });
    }
    const pkg = Buffer.alloc(HEADER + input.length + replyBytes);
    pkg.writeBigUInt64LE(BigInt(family), 0);
    pkg.writeBigUInt64LE(BigInt(command), 8);
    pkg.writeUInt32LE(input.length, 16);
    pkg.writeUInt32LE(replyBytes, 20);
    pkg.set(input, HEADER);
    await ioctlOnWorker(handle.fd, ND_IOCTL_CALL, pkg);
    return { reply: pkg.subarray(HEADER + input.length), firmwareBytes: pkg.readUInt32LE(60) };
  } finally {
    await handle.close();
  }
}

/** `major:minor` of a dev_t as stat(2) hands it out (glibc sys/sysmacros.h). */
export function deviceNumber(rdev: bigint): string {
  const major = ((rdev >> 8n) & 0xfffn) | ((rdev >> 32n) & ~0xfffn);
  const minor = (rdev & 0xffn) | ((rdev >> 12n) & ~0xffn & 0xffffffffn);
  return `${major}:${minor}`;
}

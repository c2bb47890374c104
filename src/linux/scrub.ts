/** The probe's side of scrubs: the only files that pmemwatch ever writes to, and the one bus command it sends. */
import { constants } from 'node:fs';
import { access, open } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf } from '../model/errors.ts';
import { parseScrubState, type ScrubState } from '../model/scrub.ts';
import { deviceNumber } from './dsm.ts';
import { ioctlOnWorker } from './native.ts';
import { readKernelFile } from './probe/kernel-files.ts';
import type { ScrubLine } from './probe/protocol.ts';

interface Places {
  readonly sysfs: string;
  readonly dev: string;
}

/** _IOWR('N', ND_CMD_ARS_CAP, struct nd_cmd_ars_cap) */
const ND_IOCTL_ARS_CAP = 0xc0204e01;
/** struct nd_cmd_ars_cap: u64 address @0, u64 length @8, u32 status @16, u32 most bytes of a status @20, u32 clear unit @24 */
const ARS_CAP_BYTES = 32;
/** of the upper half of the status: bit 1, a search for persistent errors is supported (drivers/acpi/nfit/nfit.h ND_ARS_PERSISTENT) */
const PERSISTENT_SEARCH = 2;

/** @throws Node's system errors, such as EACCES, EROFS, ENOTTY (no range of the bus supports a scrub) */
export async function performScrub(places: Places, call: ScrubLine): Promise<unknown> {
  const nfit = join(places.sysfs, 'bus/nd/devices', call.bus, 'nfit');
  if ('region' in call) return canSearch(places, call.bus, call.region);
  switch (call.action) {
    case 'access':
      await access(join(nfit, 'scrub'), constants.W_OK);
      return null;
    case 'start':
      return start(join(nfit, 'scrub'));
    case 'errorScrubOn':
    case 'errorScrubOff':
      await writeAttribute(join(nfit, 'hw_error_scrub'), call.action === 'errorScrubOn' ? '1' : '0');
      return null;
    default:
      return call.action satisfies never;
  }
}

interface Started {
  /** false: one ran already */
  readonly written: boolean;
  readonly before: ScrubState;
  readonly after?: ScrubState;
}

/**
 * Writes `1` (drivers/acpi/nfit/core.c scrub_store) unless a scrub runs: a request made during one is joined with it, and
 * nobody can tell then what was searched. The kernel marks the bus busy before the write returns.
 */
async function start(file: string): Promise<Started> {
  const before = await readState(file);
  if (before.running) return { written: false, before };
  try {
    await writeAttribute(file, '1');
  } catch (error) {
    // as many requests as it keeps are waiting already
    if (errnoOf(error) === 'EBUSY') return { written: false, before };
    throw error;
  }
  return { written: true, before, after: await readState(file) };
}

async function readState(file: string): Promise<ScrubState> {
  const state = parseScrubState((await readKernelFile(file)).toString('latin1'));
  if (state === undefined) throw Object.assign(new Error('not a count of scrubs'), { code: 'EBADMSG' });
  return state;
}

/** Without O_TRUNC, which makes inotify tell of a change that is none. */
async function writeAttribute(file: string, text: string): Promise<void> {
  const handle = await open(file, constants.O_WRONLY | constants.O_NOCTTY);
  try {
    await handle.write(text);
  } finally {
    await handle.close();
  }
}

/** Reading is enough for ARS_CAP (drivers/nvdimm/bus.c __nd_ioctl). The region is one range of the firmware's table. */
async function canSearch({ sysfs, dev }: Places, bus: string, region: string): Promise<boolean> {
  const at = join(sysfs, 'bus/nd/devices', region);
  const [address, length] = await Promise.all([readNumber(join(at, 'resource')), readNumber(join(at, 'size'))]);
  const control = `ndctl${bus.slice('ndbus'.length)}`;
  const devNumber = (await readKernelFile(join(sysfs, 'class/nd', control, 'dev'))).toString('latin1').trim();
  const handle = await open(join(dev, control), constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const { rdev } = await handle.stat({ bigint: true });
    if (deviceNumber(rdev) !== devNumber) {
      throw Object.assign(new Error(`${control} is not the device ${devNumber}`), { code: 'ENODEV' });
    }
    const asked = Buffer.alloc(ARS_CAP_BYTES);
    asked.writeBigUInt64LE(address, 0);
    asked.writeBigUInt64LE(length, 8);
    await ioctlOnWorker(handle.fd, ND_IOCTL_ARS_CAP, asked);
    return asked.readUInt16LE(16) === 0 && (asked.readUInt16LE(18) & PERSISTENT_SEARCH) !== 0;
  } finally {
    await handle.close();
  }
}
async function readNumber(file: string): Promise<bigint> {
  return BigInt((await readKernelFile(file)).toString('latin1').trim());
}

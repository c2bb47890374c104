import { closeSync, constants, openSync } from 'node:fs';
import { join } from 'node:path';
import type { DeviceMapper, DmRow } from '../ports.ts';
import { ioctl } from './native.ts';

/**
 * include/uapi/linux/dm-ioctl.h, struct dm_ioctl (312 bytes): 0 u32[3] version, 12 u32 data_size, 16 u32 data_start, 20 u32
 * target_count, 28 u32 flags, 40 u64 dev. Then struct dm_target_spec (40 bytes): 0 u64 start, 8 u64 length, 20 u32 next
 * (from data_start), 24 type[16], with the parameters as text behind it.
 */
const DM_TABLE_STATUS = 0xc138fd0c;
const HEADER = 312;
const SPEC = 40;
const FLAGS = { statusTable: 0x10, bufferFull: 0x100, noFlush: 0x800, secureData: 0x8000 } as const;
const FIRST_BUFFER = 16 * 1024;
const LARGEST_BUFFER = 16 * 1024 * 1024;

/** Over `<dev root>/mapper/control`, opened for each question: the node appears with the driver. */
export function createDeviceMapper(dev: string): DeviceMapper {
  return {
    table(devNumber) {
      const fd = openSync(join(dev, 'mapper/control'), constants.O_RDWR | 0o2000000);
      try {
        const rows = ask(fd, devNumber, FLAGS.statusTable, parseRows);
        const states = ask(fd, devNumber, 0, parseRows);
        return rows.map((row, i) => ({ ...row, status: states[i]?.parameters ?? [] }));
      } finally {
        closeSync(fd);
      }
    },
  };
}

/** The buffer is cleared before it is let go: a table can hold a key. */
function ask<T>(fd: number, devNumber: string, kind: number, parse: (reply: Buffer) => T): T {
  for (let size = FIRST_BUFFER; ; size *= 4) {
    const buffer = Buffer.alloc(size);
    try {
      buffer.writeUInt32LE(4, 0);
      buffer.writeUInt32LE(size, 12);
      buffer.writeUInt32LE(HEADER, 16);
      buffer.writeUInt32LE(kind | FLAGS.noFlush | FLAGS.secureData, 28);
      buffer.writeBigUInt64LE(encodeDevice(devNumber), 40);
      ioctl(fd, DM_TABLE_STATUS, buffer);
      if ((buffer.readUInt32LE(28) & FLAGS.bufferFull) === 0) return parse(buffer);
      if (size >= LARGEST_BUFFER) throw Object.assign(new Error('EFBIG: device-mapper table'), { code: 'EFBIG' });
    } finally {
      buffer.fill(0);
    }
  }
}

/** huge_encode_dev (include/linux/kdev_t.h) */
function encodeDevice(devNumber: string): bigint {
  const [major = 0, minor = 0] = devNumber.split(':').map(Number);
  return BigInt(minor & 0xff) | (BigInt(major) << 8n) | (BigInt(minor & ~0xff) << 12n);
}

/** The rows of a reply. @throws Error EPROTO when it is no table */
export function parseRows(reply: Buffer): DmRow[] {
  const start = reply.readUInt32LE(16);
  const count = reply.readUInt32LE(20);
  const rows: DmRow[] = [];
  for (let i = 0, at = start; i < count; i++) {
    if (at < start || at + SPEC > reply.length) throw Object.assign(new Error('EPROTO: no table'), { code: 'EPROTO' });
    const type = textAt(reply, at + 24, 16);
    const parameters = withoutKeys(type, reply, at + SPEC);
    rows.push({
      start: Number(reply.readBigUInt64LE(at)),
      count: Number(reply.readBigUInt64LE(at + 8)),
      type,
      parameters,
      status: [],
    });
    at = start + reply.readUInt32LE(at + 20);
  }
  return rows;
}

/** Words of the parameters that no key is among: a key's bytes are overwritten in the reply before it becomes text. */
function withoutKeys(type: string, reply: Buffer, at: number): string[] {
  const end = endOfText(reply, at, reply.length - at);
  if (!keyless.includes(type)) blankSecrets(type, reply, at, end);
  return reply
    .toString('latin1', at, end)
    .split(' ')
    .filter((word) => word !== '');
}

/** Targets whose parameters name devices, numbers and options only. */
const keyless = [
  'linear',
  'striped',
  'mirror',
  'raid',
  'delay',
  'flakey',
  'error',
  'zero',
  'snapshot',
  'snapshot-origin',
];
const SPACE = 0x20;
const COLON = 0x3a;

/**
 * dm-crypt's key is the second word; others (integrity, targets that are not known) carry keys within words such as
 * `internal_hash:hmac(sha256):KEY`: of those every word but device numbers and plain numbers is blanked.
 */
function blankSecrets(type: string, reply: Buffer, at: number, end: number): void {
  let index = 0;
  for (let from = at; from < end; ) {
    let to = from;
    while (to < end && reply[to] !== SPACE) to++;
    const secret = type === 'crypt' ? index === 1 : !isNumbers(reply, from, to);
    if (secret) reply.fill(0x2d, from, to);
    if (to > from) index++;
    from = to + 1;
  }
}
/** `253:0` or a number of at most twelve digits: no key */
function isNumbers(reply: Buffer, from: number, to: number): boolean {
  if (to - from > 12) return false;
  for (let i = from; i < to; i++) {
    const c = reply[i] as number;
    if (c !== COLON && (c < 0x30 || c > 0x39)) return false;
  }
  return true;
}

function textAt(raw: Buffer, at: number, most: number): string {
  return raw.toString('latin1', at, endOfText(raw, at, most));
}
function endOfText(raw: Buffer, at: number, most: number): number {
  const zero = raw.indexOf(0, at);
  return zero === -1 || zero > at + most ? at + most : zero;
}

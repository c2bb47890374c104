/** Reading of DSM replies: little-endian, packed, field by field, each named for the error that a short reply makes. */
import { AgentError } from '../../model/errors.ts';

export interface Reply {
  readonly length: number;
  u8(at: number, field: string): number;
  u16(at: number, field: string): number;
  u32(at: number, field: string): number;
  /** undefined beyond 2^53 - 1: no counter is that large */
  u64(at: number, field: string): number | undefined;
  bytes(at: number, count: number, field: string): Uint8Array;
}

export function openReply(reply: Uint8Array, command: string): Reply {
  const view = new DataView(reply.buffer, reply.byteOffset, reply.byteLength);
  function need(at: number, count: number, field: string): void {
    if (at + count <= view.byteLength) return;
    throw replyError(command, field, `the reply ends at byte ${view.byteLength}, before byte ${at + count}`);
  }
  return {
    length: view.byteLength,
    u8(at, field) {
      need(at, 1, field);
      return view.getUint8(at);
    },
    u16(at, field) {
      need(at, 2, field);
      return view.getUint16(at, true);
    },
    u32(at, field) {
      need(at, 4, field);
      return view.getUint32(at, true);
    },
    u64(at, field) {
      need(at, 8, field);
      const value = view.getBigUint64(at, true);
      return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : undefined;
    },
    bytes(at, count, field) {
      need(at, count, field);
      return reply.subarray(at, at + count);
    },
  };
}

export function replyError(command: string, field: string, what: string, context: object = {}): AgentError {
  return new AgentError('CODEC_REPLY', `${command}: ${field}: ${what}`, { context: { command, field, ...context } });
}

/** @throws AgentError CODEC_REPLY with the firmware's status and what it means */
export function needSuccess(command: string, status: number, meanings: Readonly<Record<number, string>>): void {
  if (status === 0) return;
  const meaning = meanings[status] ?? 'a status that the document does not name';
  throw replyError(command, 'status', `${status} (${meaning})`, { status });
}

/** Percentages above 100 are reserved, 255 says "not applicable". */
export function percent(value: number): number | undefined {
  return value <= 100 ? value : undefined;
}
export function percentUsed(left: number): number | undefined {
  return left <= 100 ? 100 - left : undefined;
}

/**
 * 1/16 °C in bits 0 to 14, bit 15 the sign: sign and magnitude, not two's complement. 0xffff and 0x7fff say "unknown",
 * and so does what no memory module survives: firmware fills fields with 0xff.
 */
export function sixteenthCelsius(value: number): number | undefined {
  if (value === 0xffff || value === 0x7fff) return undefined;
  return plausible(((value & 0x7fff) / 16) * ((value & 0x8000) === 0 ? 1 : -1));
}
/** Whole degrees; 255 and 0xffff say "unknown". */
export function wholeCelsius(value: number): number | undefined {
  return value === 0xff || value === 0xffff ? undefined : plausible(value);
}
const COLDEST = -60;
const HOTTEST = 200;
function plausible(celsius: number): number | undefined {
  return celsius < COLDEST || celsius > HOTTEST ? undefined : celsius + 0; // not -0
}

/** A counter, duration or register of bits; all bits set says "not applicable", never that everything is the matter. */
export function u8Known(value: number): number | undefined {
  return value === 0xff ? undefined : value;
}
export function u16Known(value: number): number | undefined {
  return value === 0xffff ? undefined : value;
}
export function u32Known(value: number): number | undefined {
  return value === 0xffffffff ? undefined : value;
}

export function ifKnown<T>(value: number | undefined, read: (value: number) => T): T | undefined {
  return value === undefined ? undefined : read(value);
}

/** What the set bits mean; bits without a meaning are reserved. */
export function namesOfBits<T extends string>(value: number, meanings: readonly (T | undefined)[]): T[] {
  return meanings.filter((name, bit) => name !== undefined && ((value >>> bit) & 1) === 1) as T[];
}
export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
}

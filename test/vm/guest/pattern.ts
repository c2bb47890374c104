import { closeSync, fsyncSync, openSync, readSync, writeSync } from 'node:fs';

const sectorBytes = 512;
const magic = 0x7a3c_19e5;
const piece = 2048;

/** Makes every sector of a device say its own number. */
export function writePattern(device: string, sectors: number, tag: number): void {
  const file = openSync(`/dev/${device}`, 'r+');
  for (let from = 0; from < sectors; from += piece) {
    const count = Math.min(piece, sectors - from);
    const buffer = Buffer.alloc(count * sectorBytes);
    for (let i = 0; i < count; i += 1) {
      buffer.writeUInt32LE(magic, i * sectorBytes);
      buffer.writeUInt32LE(tag, i * sectorBytes + 4);
      buffer.writeUInt32LE(from + i, i * sectorBytes + 8);
      buffer.writeUInt32LE(check(tag, from + i), i * sectorBytes + 12);
    }
    writeSync(file, buffer, 0, buffer.length, from * sectorBytes);
  }
  fsyncSync(file);
  closeSync(file);
}

/** The numbers that the sectors of a device say; -1 where they say none. */
export function readPattern(device: string, sectors: number, tag: number): Int32Array {
  const found = new Int32Array(sectors).fill(-1);
  const buffer = Buffer.alloc(sectors * sectorBytes);
  const file = openSync(`/dev/${device}`, 'r');
  let filled = 0;
  while (filled < buffer.length) {
    const read = readSync(file, buffer, filled, buffer.length - filled, filled);
    if (read === 0) throw new Error(`${device} ends after ${filled} bytes`);
    filled += read;
  }
  closeSync(file);
  for (let i = 0; i < sectors; i += 1) {
    const at = i * sectorBytes;
    const number = buffer.readUInt32LE(at + 8);
    const whole =
      buffer.readUInt32LE(at) === magic &&
      buffer.readUInt32LE(at + 4) === tag &&
      buffer.readUInt32LE(at + 12) === check(tag, number);
    if (whole) found[i] = number;
  }
  return found;
}

/** Parity is the exclusive or of several sectors, and must not look like one: so this is not linear. */
function check(tag: number, number: number): number {
  return Math.imul((number ^ tag) + 0x9e37, 0x85eb_ca6b) >>> 0;
}

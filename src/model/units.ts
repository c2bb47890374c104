/**
 * Units of the address spaces. A sector is 512 bytes, always, whatever the logical block size of a device
 * (Linux include/linux/types.h `sector_t`, block/badblocks.c). This is the only file that multiplies by 512.
 */
declare const unit: unique symbol;
type Unit<T, Name extends string> = T & { readonly [unit]: Name };

/** A position on a named device, in sectors of 512 bytes. */
export type Sector = Unit<number, 'sector'>;
/** A length, in sectors of 512 bytes. */
export type SectorCount = Unit<number, 'sector-count'>;
/** A position or length in bytes. Exact to 2^53 - 1, beyond the 52-bit physical address space. */
export type Bytes = Unit<number, 'bytes'>;

const SECTOR_BYTES = 512;

function checked(value: number, what: string): number {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`${what} must be a whole number >= 0: ${value}`);
  return value;
}

/** @throws RangeError when not a safe integer >= 0 */
export function sector(value: number): Sector {
  return checked(value, 'sector') as Sector;
}
/** @throws RangeError when not a safe integer >= 0 */
export function sectorCount(value: number): SectorCount {
  return checked(value, 'sector count') as SectorCount;
}
/** @throws RangeError when not a safe integer >= 0 */
export function bytes(value: number): Bytes {
  return checked(value, 'bytes') as Bytes;
}
export function bytesFromSectors(count: Sector | SectorCount): Bytes {
  return bytes(count * SECTOR_BYTES);
}
/** The sector that holds this byte (rounded down). */
export function sectorAt(byte: number): Sector {
  return sector(Math.floor(checked(byte, 'byte position') / SECTOR_BYTES));
}
/** How many whole or partial sectors a byte range touches. */
export function sectorsCovering(start: number, length: number): SectorCount {
  if (length === 0) return sectorCount(0);
  return sectorCount(sectorAt(start + length - 1) - sectorAt(start) + 1);
}
/** Whole sectors in a byte length (rounded down). */
export function wholeSectors(length: number): SectorCount {
  return sectorCount(sectorAt(length));
}
export function advance(start: Sector, count: SectorCount): Sector {
  return sector(start + count);
}
/** How far `to` lies behind `from`. @throws RangeError when it lies before it */
export function distance(from: Sector, to: Sector): SectorCount {
  return sectorCount(to - from);
}

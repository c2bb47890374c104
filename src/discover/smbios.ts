/** A memory device of the firmware's table (SMBIOS 3 section 7.18, structure type 17). */
export interface MemoryDevice {
  /** what `nmemN/nfit/phys_id` refers to */
  readonly handle: number;
  /** where the module sits, such as `P1-DIMMC1` */
  readonly locator?: string;
  readonly bankLocator?: string;
  readonly partNumber?: string;
  readonly serial?: string;
}

const MEMORY_DEVICE = 17;
/** What firmware writes where it knows nothing. */
const unfilled = /^(|not specified|unknown|n\/a|none|no dimm|undefined)$/i;

/**
 * `firmware/dmi/entries/17-N/raw` (drivers/firmware/dmi-sysfs.c): one structure with its strings. Header: type u8 at 0,
 * length of the formatted part u8 at 1, handle u16 at 2; string numbers u8 (1-based, 0 = none) of device locator at 0x10,
 * bank locator 0x11, serial 0x18, part number 0x1a; the strings follow the formatted part, each ended by a NUL.
 * Undefined for anything else.
 */
export function parseMemoryDevice(raw: Uint8Array): MemoryDevice | undefined {
  const bytes = Buffer.from(raw);
  if (bytes.length < 4 || bytes[0] !== MEMORY_DEVICE) return undefined;
  const formatted = bytes[1] as number;
  if (formatted < 0x12 || bytes.length < formatted) return undefined;
  const strings = bytes.subarray(formatted).toString('latin1').split('\0');
  const stringAt = (at: number): string | undefined => {
    const index = at < formatted ? (bytes[at] as number) : 0;
    const value = index === 0 ? '' : (strings[index - 1] ?? '').trim();
    return unfilled.test(value) ? undefined : value;
  };
  const locator = stringAt(0x10);
  const bankLocator = stringAt(0x11);
  const serial = stringAt(0x18);
  const partNumber = stringAt(0x1a);
  return {
    handle: bytes.readUInt16LE(2),
    ...(locator !== undefined && { locator }),
    ...(bankLocator !== undefined && { bankLocator }),
    ...(serial !== undefined && { serial }),
    ...(partNumber !== undefined && { partNumber }),
  };
}

const binaryUnits = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

/** `4 KiB`, `1.5 GiB`: three digits at most, whole where it is */
export function byteText(count: number): string {
  let value = count;
  let unit = 0;
  while (value >= 1024 && unit < binaryUnits.length - 1) {
    value /= 1024;
    unit++;
  }
  const digits = Number.isInteger(value) || value >= 100 ? 0 : 1;
  return `${value.toFixed(digits)} ${binaryUnits[unit]}`;
}

/** `bytes 8192–12287`: first and last byte. */
export function byteRange(range: { readonly offset: number; readonly length: number }): string {
  return range.length <= 1 ? `byte ${range.offset}` : `bytes ${range.offset}–${range.offset + range.length - 1}`;
}

import { readFileSync } from 'node:fs';

/** AT_PAGESZ of include/uapi/linux/auxvec.h */
const AT_PAGESZ = 6n;

/** The kernel's page size in bytes, from the auxiliary vector (proc(5): pairs of native words). A sysfs attribute shows one page. */
export function readPageSize(): number {
  const vector = readFileSync('/proc/self/auxv');
  for (let at = 0; at + 16 <= vector.length; at += 16) {
    if (vector.readBigUInt64LE(at) === AT_PAGESZ) return Number(vector.readBigUInt64LE(at + 8));
  }
  throw new Error('/proc/self/auxv does not tell the page size');
}

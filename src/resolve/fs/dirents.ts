import { join32, viewOf } from './little-endian.ts';

/** struct linux_dirent64 (getdents64(2)): 0 u64 inode, 8 s64 offset, 16 u16 record length, 18 u8 type, 19 name, NUL. */
export const DIRENT_TYPE = { unknown: 0, directory: 4, file: 8, link: 10 } as const;
const NAME = 19;

const DOT = 0x2e;

/**
 * Calls back for each name but `.` and `..`; `inode` is exact below 2^53. The name is what `nameIn` says of `from` and `end`:
 * most are not worth being looked at.
 */
export function visitDirents(
  raw: Buffer,
  length: number,
  visit: (inode: number, type: number, from: number, end: number) => void,
  view = viewOf(raw),
): void {
  for (let at = 0; at + NAME < length; ) {
    const size = view.getUint16(at + 16, true);
    const end = at + size;
    if (size <= NAME || end > length) return;
    const from = at + NAME;
    if (!isNothingOrDots(raw, from, end)) {
      visit(join32(view.getUint32(at, true), view.getUint32(at + 4, true)), raw[at + 18] as number, from, end);
    }
    at = end;
  }
}
function isNothingOrDots(raw: Buffer, from: number, end: number): boolean {
  const first = raw[from];
  if (first === 0) return true;
  if (first !== DOT) return false;
  const last = from + 1 < end && raw[from + 1] === DOT ? from + 2 : from + 1;
  return last >= end || raw[last] === 0;
}

/** Where a name ends: at its NUL, or with its record. */
export function nameEnd(raw: Buffer, from: number, end: number): number {
  let to = from;
  while (to < end && raw[to] !== 0) to++;
  return to;
}
/** The bytes of a name. */
export function nameIn(raw: Buffer, from: number, end: number): string {
  return raw.toString('latin1', from, nameEnd(raw, from, end));
}

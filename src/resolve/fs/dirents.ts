import { join32, viewOf } from './little-endian.ts';

/** struct linux_dirent64 (getdents64(2)): 0 u64 inode, 8 s64 offset, 16 u16 record length, 18 u8 type, 19 name, NUL. */
export const DIRENT_TYPE = { unknown: 0, directory: 4, file: 8, link: 10 } as const;
const NAME = 19;

/** Calls back for each name but `.` and `..`; `inode` is exact below 2^53. */
export function visitDirents(
  raw: Buffer,
  length: number,
  visit: (inode: number, type: number, from: number, to: number, at: number) => void,
): void {
  const view = viewOf(raw);
  for (let at = 0; at + NAME < length; ) {
    const size = view.getUint16(at + 16, true);
    if (size <= NAME || at + size > length) return;
    let end = at + NAME;
    while (end < at + size && raw[end] !== 0) end++;
    const from = at + NAME;
    const dots = raw[from] === 0x2e && (end - from === 1 || (end - from === 2 && raw[from + 1] === 0x2e));
    if (!dots && end > from) {
      visit(join32(view.getUint32(at, true), view.getUint32(at + 4, true)), view.getUint8(at + 18), from, end, at);
    }
    at += size;
  }
}

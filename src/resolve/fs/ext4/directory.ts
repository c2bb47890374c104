import { viewOf } from '../little-endian.ts';

/**
 * struct ext4_dir_entry_2: 0 u32 inode, 4 u16 rec_len, 6 u8 name_len, 7 u8 type, 8 name. Hash-tree index blocks hide
 * behind entries of inode 0, and so does the checksum at the end of a block, so a linear read of any directory block
 * finds exactly its names.
 */
const HEADER = 8;

/** Calls back for each name but `.` and `..`; `from` and `to` are its bytes in `block`. Ends at the first contradiction. */
export function visitEntries(
  block: Uint8Array,
  start: number,
  end: number,
  visit: (inode: number, from: number, to: number) => void,
): void {
  const view = viewOf(block);
  for (let at = start; at + HEADER <= end; ) {
    const recorded = view.getUint16(at + 4, true);
    // 0 and 65535 both mean a whole 64 KiB block
    const length = recorded === 0xffff || (recorded === 0 && end - start === 0x10000) ? 0x10000 : recorded;
    if (length < HEADER || at + length > end) return;
    const inode = view.getUint32(at, true);
    const nameLength = view.getUint8(at + 6);
    if (inode !== 0 && nameLength > 0 && HEADER + nameLength <= length && !isDots(block, at + HEADER, nameLength)) {
      visit(inode, at + HEADER, at + HEADER + nameLength);
    }
    at += length;
  }
}

function isDots(block: Uint8Array, at: number, length: number): boolean {
  return length <= 2 && block[at] === 0x2e && (length === 1 || block[at + 1] === 0x2e);
}

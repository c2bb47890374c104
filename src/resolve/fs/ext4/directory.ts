/**
 * struct ext4_dir_entry_2: 0 u32 inode, 4 u16 rec_len, 6 u8 name_len, 7 u8 type, 8 name; always at multiples of 4.
 * Hash-tree index blocks hide behind entries of inode 0, and so does the checksum at the end of a block, so a linear
 * read of any directory block finds exactly its names.
 */
const HEADER = 8;
const DOT = 0x2e;

/**
 * Calls back for each name but `.` and `..` in `[start, end)`; `from` and `to` are its bytes. `words` shows the same
 * memory as `raw`. Ends at the first contradiction: false then.
 */
export function visitEntries(
  raw: Uint8Array,
  words: Uint32Array,
  start: number,
  end: number,
  visit: (inode: number, from: number, to: number) => void,
): boolean {
  for (let at = start; at + HEADER <= end; ) {
    const sizes = words[(at >>> 2) + 1] as number;
    const recorded = sizes & 0xffff;
    // 0 and 65535 both mean a whole 64 KiB block
    const length = recorded === 0xffff || (recorded === 0 && end - start === 0x10000) ? 0x10000 : recorded;
    if (length < HEADER || (length & 3) !== 0 || at + length > end) return false;
    const inode = words[at >>> 2] as number;
    if (inode !== 0) {
      const nameLength = (sizes >>> 16) & 0xff;
      if (nameLength === 0 || HEADER + nameLength > length) return false;
      const from = at + HEADER;
      const dots = nameLength <= 2 && raw[from] === DOT && (nameLength === 1 || raw[from + 1] === DOT);
      if (!dots) visit(inode, from, from + nameLength);
    }
    at += length;
  }
  return true;
}

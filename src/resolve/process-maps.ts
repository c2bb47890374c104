/** Bytes from..to (exclusive) of a file or device. */
export interface ByteRange {
  readonly from: number;
  readonly to: number;
}
export interface Mapping {
  /** of the file system: `major:minor` */
  readonly device: string;
  readonly inode: string;
  readonly range: ByteRange;
  /** as its name in map_files: `7f00-7f10`, in hex without leading zeros */
  readonly addresses: string;
  /** latin1, as maps tells it: newlines as \012, a deleted file marked */
  readonly name: string;
}

/** `start-end perms offset major:minor inode path`, all but the inode in hex (proc_pid_maps(5), fs/proc/task_mmu.c). */
const LINE = /^([0-9a-f]+)-([0-9a-f]+) \S+ ([0-9a-f]+) ([0-9a-f]+):([0-9a-f]+) ([1-9]\d*)/gm;

/** So many are quicker looked for one by one than line by line. */
const FEW_INODES = 16;

/** Tells the mappings of wanted inodes, and those of anything below /dev if asked for, out of a whole maps file. */
export function findMappings(
  text: string,
  inodes: ReadonlySet<string>,
  devices: boolean,
  tell: (mapping: Mapping) => void,
): void {
  if (!devices && inodes.size <= FEW_INODES && !mentions(text, inodes)) return;
  LINE.lastIndex = 0;
  for (let match = LINE.exec(text); match !== null; match = LINE.exec(text)) {
    const inode = match[6] as string;
    const wanted = inodes.has(inode);
    if (!wanted && !devices) continue;
    const end = text.indexOf('\n', LINE.lastIndex);
    const name = text.slice(LINE.lastIndex, end === -1 ? undefined : end).trimStart();
    if (!wanted && !name.startsWith('/dev/')) continue;
    const [first, last] = [BigInt(`0x${match[1]}`), BigInt(`0x${match[2]}`)];
    const from = Number.parseInt(match[3] as string, 16);
    tell({
      device: `${Number.parseInt(match[4] as string, 16)}:${Number.parseInt(match[5] as string, 16)}`,
      inode,
      range: { from, to: from + Number(last - first) },
      addresses: `${first.toString(16)}-${last.toString(16)}`,
      name,
    });
  }
}

function mentions(text: string, inodes: ReadonlySet<string>): boolean {
  for (const inode of inodes) if (text.includes(` ${inode}`)) return true;
  return false;
}

export function touchesBytes(ranges: readonly ByteRange[], offset: number, length: number): boolean {
  return ranges.some((r) => offset < r.to && r.from < offset + length);
}

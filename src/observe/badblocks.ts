import type { BadBlockList } from '../model/badblocks.ts';
import { coalesce, type Run, run } from '../model/extent.ts';
import { failed, type Observation, ok } from '../model/observation.ts';

/** One table entry takes 8 bytes of the table's one page (include/linux/badblocks.h MAX_BADBLOCKS). */
const ENTRY_BYTES = 8;

/**
 * `badblocks` of a disk or a region (block/badblocks.c badblocks_show): lines of `<start> <count>` in sectors, in any order,
 * long ranges in slices. sysfs hands out at most one page less one byte (fs/sysfs/file.c sysfs_kf_seq_show), wherever that
 * cuts: such a list, and one with a full table behind it, can lack entries, and nothing may be called cleared by it.
 */
export function parseBadBlocks(data: Uint8Array, pageSize: number): Observation<BadBlockList> {
  // without a table behind it, kernels 6.1 to 6.12 print a lone newline
  if (data.length === 0 || (data.length === 1 && data[0] === 0x0a)) return ok({ runs: [], complete: true, entries: 0 });
  const lines = Buffer.from(data).toString('latin1').split('\n');
  const tail = lines.pop() ?? '';
  const runs: Run[] = [];
  for (const [i, line] of lines.entries()) {
    const entry = parseLine(line);
    if (typeof entry === 'string') return garbage(i + 1, line, entry);
    runs.push(entry);
  }
  if (!/^\d{0,20}( \d{0,20})?$/.test(tail)) return garbage(lines.length + 1, tail, 'not a pair of numbers');
  const reason = whyIncomplete(data.length, tail, runs.length, pageSize);
  const list = { runs: coalesce(runs), entries: runs.length };
  return ok(reason === undefined ? { ...list, complete: true } : { ...list, complete: false, reason });
}

function whyIncomplete(length: number, tail: string, entries: number, pageSize: number): string | undefined {
  const tableSize = Math.floor(pageSize / ENTRY_BYTES);
  if (length >= pageSize - 1) {
    return `the list is cut at one page (${pageSize - 1} bytes): the kernel knows of more bad ranges than it can show`;
  }
  if (entries >= tableSize)
    return `the kernel's table is full (${tableSize} entries): further bad ranges are not listed`;
  // the number may be the first digits of a longer one
  return tail === '' ? undefined : `the last line is cut ("${tail}") and left out`;
}

/** The run, or what is wrong with the line. */
function parseLine(line: string): Run | string {
  const match = /^(\d+) (\d+)$/.exec(line);
  if (match === null) return 'not a pair of numbers';
  const start = Number(match[1]);
  const count = Number(match[2]);
  if (count === 0) return 'a range of no sectors';
  if (!Number.isSafeInteger(start) || !Number.isSafeInteger(count) || !Number.isSafeInteger(start + count)) {
    return 'beyond any device';
  }
  return run(start, count);
}

function garbage(lineNumber: number, line: string, why: string): Observation<never> {
  const shown = `"${escaped(line.slice(0, 40))}"${line.length > 40 ? '...' : ''}`;
  return failed('SYSFS_PARSE', `line ${lineNumber} of the bad-block list is ${why}: ${shown}`);
}

/** Printable whatever the bytes were: it goes into logs and messages. */
function escaped(text: string): string {
  return text.replace(/[^\x20-\x7e]|["\\]/g, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

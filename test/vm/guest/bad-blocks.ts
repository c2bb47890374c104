import { readFileSync } from 'node:fs';

/** One line of a kernel list: sectors of 512 bytes. */
export interface BadRange {
  readonly start: number;
  readonly count: number;
}

export function diskList(disk: string): string {
  return `/sys/block/${disk}/badblocks`;
}

export function regionList(region: string): string {
  return `/sys/bus/nd/devices/${region}/badblocks`;
}

export function readBadRanges(list: string): BadRange[] {
  const lines = readFileSync(list, 'utf8').split('\n').slice(0, -1);
  return lines.map((line) => {
    const [start, count] = line.split(' ').map(Number);
    if (start === undefined || count === undefined) throw new Error(`${list} has a line "${line}"`);
    return { start, count };
  });
}

/** Whether the kernel lists this sector; ranges are merged by it, so a range is never looked for as such. */
export function listsSector(list: string, sector: number): boolean {
  return readBadRanges(list).some(({ start, count }) => start <= sector && sector < start + count);
}

import { coalesce, type Run, run } from '../../model/extent.ts';
import { type SectorCount, wholeSectors } from '../../model/units.ts';

/**
 * The asked sectors as ranges of file-system blocks in sorted arrays, with an index over them: a test costs next to
 * nothing, whatever their number, and millions of extents are tested.
 */
export interface Wanted {
  /** first block of each range, ascending */
  readonly from: Float64Array;
  /** the block after each range */
  readonly to: Float64Array;
  readonly sectorsPerBlock: SectorCount;
  /** the sectors themselves, sorted and coalesced */
  readonly runs: readonly Run[];
  /** by block >> `bucketShift`: the first range that ends behind the start of that bucket */
  readonly buckets: Uint32Array;
  readonly bucketShift: number;
}

const FEWEST_BUCKETS = 16;
const MOST_BUCKETS = 65_536;

/** What a search for ranges needs; plain data. */
export type RangeIndex = Pick<Wanted, 'to' | 'buckets' | 'bucketShift'>;

/** Rounded outwards to blocks; ranges that meet in one block are merged. */
export function wantedBlocks(runs: readonly Run[], blockBytes: number): Wanted {
  const sectorsPerBlock = wholeSectors(blockBytes);
  const sorted = coalesce(runs);
  const blocks = coalesce(
    sorted.map((r) => {
      const first = Math.floor(r.start / sectorsPerBlock);
      return run(first, Math.ceil((r.start + r.count) / sectorsPerBlock) - first);
    }),
  );
  const to = Float64Array.from(blocks, (b) => b.start + b.count);
  return { from: Float64Array.from(blocks, (b) => b.start), to, sectorsPerBlock, runs: sorted, ...indexOf(to) };
}

function indexOf(to: Float64Array): Pick<Wanted, 'buckets' | 'bucketShift'> {
  const last = to.at(-1) ?? 0;
  let most = FEWEST_BUCKETS;
  while (most < MOST_BUCKETS && most < to.length * 4) most *= 2;
  let bucketShift = 0;
  while (2 ** bucketShift * most < last) bucketShift++;
  const blocksPerBucket = 2 ** bucketShift;
  // one more than there are, so that each has an end
  const buckets = new Uint32Array(Math.ceil(last / blocksPerBucket) + 1);
  for (let bucket = 0, i = 0; bucket < buckets.length; bucket++) {
    while (i < to.length && (to[i] as number) <= bucket * blocksPerBucket) i++;
    buckets[bucket] = i;
  }
  return { buckets, bucketShift };
}

const LARGEST_WORD = 0xffff_ffff;

/** Index of the first range that ends behind `block`; the number of ranges when there is none. */
export function rangeFrom(wanted: RangeIndex, block: number): number {
  const { to, buckets, bucketShift } = wanted;
  // whole numbers as long as they fit: this is asked of millions of blocks
  const bucket = block <= LARGEST_WORD ? block >>> bucketShift : Math.floor(block / 2 ** bucketShift);
  if (bucket >= buckets.length - 1) return to.length;
  let low = buckets[bucket] as number;
  let high = buckets[bucket + 1] as number;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((to[middle] as number) <= block) low = middle + 1;
    else high = middle;
  }
  return low;
}

export function touches(wanted: Wanted, start: number, count: number): boolean {
  const i = rangeFrom(wanted, start);
  return i < wanted.to.length && (wanted.from[i] as number) < start + count;
}

/** Calls back with each part of `[start, start + count)` that is wanted, in order. */
export function eachOverlap(
  wanted: Wanted,
  start: number,
  count: number,
  visit: (from: number, count: number) => void,
): void {
  const end = start + count;
  for (let i = rangeFrom(wanted, start); i < wanted.to.length; i++) {
    const from = Math.max(start, wanted.from[i] as number);
    if (from >= end) return;
    visit(from, Math.min(end, wanted.to[i] as number) - from);
  }
}

/** Blocks back to the sectors that were asked for, in them. */
export function sectorsIn(wanted: Wanted, block: number, count: number): Run[] {
  const { sectorsPerBlock, runs } = wanted;
  const start = block * sectorsPerBlock;
  const end = (block + count) * sectorsPerBlock;
  let low = 0;
  let high = runs.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const r = runs[middle] as Run;
    if (r.start + r.count <= start) low = middle + 1;
    else high = middle;
  }
  const found: Run[] = [];
  for (let i = low; i < runs.length; i++) {
    const r = runs[i] as Run;
    if (r.start >= end) break;
    const from = Math.max(start, r.start);
    found.push(run(from, Math.min(end, r.start + r.count) - from));
  }
  return found;
}

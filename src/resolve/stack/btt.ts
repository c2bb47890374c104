import { clip, type Run, run } from '../../model/extent.ts';
import { bytesFromSectors, wholeSectors } from '../../model/units.ts';

/** One arena of a BTT: where its parts start, in bytes of the namespace, and what its blocks are (drivers/nvdimm/btt.h). */
export interface BttArena {
  readonly index: number;
  readonly info: number;
  readonly data: number;
  readonly map: number;
  readonly log: number;
  readonly copy: number;
  /** bytes of a block on the media, and of what of it the device shows */
  readonly stored: number;
  readonly shown: number;
  /** blocks that are kept, the free ones included; blocks that the device shows, and the number of the first */
  readonly kept: number;
  readonly blocks: number;
  readonly firstBlock: number;
}
/** What a run of a BTT namespace's sectors is part of. */
export interface BttPart extends Run {
  readonly part: 'info block' | 'data' | 'map' | 'log' | 'info block copy' | 'padding';
  /** absent in padding */
  readonly arena?: BttArena;
}

export const BTT_SIGNATURE = 'BTT_ARENA_INFO\0\0';
export const BTT_PAGE = 4096;
export const MAP_ENTRY = 4;
/** drivers/nvdimm/btt.h: ARENA_MIN_SIZE, ARENA_MAX_SIZE; 256 log groups of 64 bytes */
const ARENA_MIN = 2 ** 24;
const ARENA_MAX = 2 ** 39;
const FREE_BLOCKS = 256;
const LOG_BYTES = FREE_BLOCKS * 64;
/** where the first arena starts: format 2.0 (namespaces with labels of version 1.2), and 1.1 */
export const FIRST_ARENA: readonly number[] = [0, BTT_PAGE];
/** sizes of a block on the media, rounded up to 64 bytes, for 512, 520, 528, 4096, 4104, 4160 and 4224, with what of it is shown */
const BLOCKS = [
  [512, 512],
  [576, 512],
  [4096, 4096],
  [4160, 4096],
  [4224, 4096],
] as const;

/**
 * How a BTT namespace is laid out (drivers/nvdimm/btt.c alloc_arena, create_arenas). The info blocks that say it can
 * not be read while the BTT is in use: the layout is computed from the sizes of the namespace and of the device that
 * shows it, and told only where every format that gives this size agrees. Undefined when none does.
 * @param size sectors of the namespace
 * @param shown sectors of its block device
 */
export function bttParts(size: number, shown: number, asked: Run): BttPart[] | undefined {
  const visible = bytesFromSectors(run(0, shown).count);
  const fitting = layouts(bytesFromSectors(run(0, size).count)).filter((arenas) => shownBy(arenas) === visible);
  const [first, ...others] = fitting.map((arenas) => cutTo(partsOf(arenas, size), asked));
  if (first === undefined) return undefined;
  return others.reduce((agreed, other) => agreed.flatMap((p) => agreeing(p, other)), first);
}

/** Every sector of a namespace of `size` sectors with these arenas. */
export function partsOf(arenas: readonly BttArena[], size: number): BttPart[] {
  const parts: BttPart[] = [];
  const add = (part: BttPart['part'], from: number, to: number, arena?: BttArena): void => {
    const start = wholeSectors(from);
    if (to <= from) return;
    parts.push({ part, ...run(start, wholeSectors(to) - start), ...(arena === undefined ? {} : { arena }) });
  };
  let end = 0;
  for (const a of arenas) {
    add('padding', end, a.info);
    add('info block', a.info, a.data, a);
    add('data', a.data, a.map, a);
    add('map', a.map, a.log, a);
    add('log', a.log, a.copy, a);
    end = a.copy + BTT_PAGE;
    add('info block copy', a.copy, end, a);
  }
  add('padding', end, bytesFromSectors(run(0, size).count));
  return parts;
}

export function cutTo(parts: readonly BttPart[], asked: Run): BttPart[] {
  return parts.flatMap((p): BttPart[] => {
    const inside = clip(p, asked);
    return inside === undefined ? [] : [{ ...p, ...inside }];
  });
}
/** Where the part is the same the blocks may still be of different sizes, and then the arena is not told. */
function agreeing(p: BttPart, others: readonly BttPart[]): BttPart[] {
  const same = others.filter((o) => o.part === p.part);
  return cutTo(same, p).map((o) => {
    const { arena, ...place } = o;
    const agreed = arena !== undefined && JSON.stringify(arena) === JSON.stringify(p.arena);
    return agreed ? { ...place, arena } : place;
  });
}

/** Blocks of the media that a run of sectors of the data area holds bytes of: the first and the last; none in its slack. */
export function mediaBlocks({ data, stored, kept }: BttArena, r: Run): readonly [number, number] | undefined {
  return within(bytesFromSectors(r.start) - data, bytesFromSectors(r.count), stored, kept);
}
/** Sectors of the device that the entries in a run of sectors of the map are for; none in its slack. */
export function shownByEntries({ map, blocks, shown, firstBlock }: BttArena, r: Run): Run | undefined {
  const entries = within(bytesFromSectors(r.start) - map, bytesFromSectors(r.count), MAP_ENTRY, blocks);
  if (entries === undefined) return undefined;
  const [first, last] = entries;
  const perBlock = wholeSectors(shown);
  return run((firstBlock + first) * perBlock, (last - first + 1) * perBlock);
}
function within(from: number, length: number, each: number, count: number): readonly [number, number] | undefined {
  const first = Math.floor(from / each);
  const last = Math.min(count, Math.ceil((from + length) / each)) - 1;
  return first > last ? undefined : [first, last];
}

function shownBy(arenas: readonly BttArena[]): number {
  return arenas.reduce((sum, { blocks, shown }) => sum + blocks * shown, 0);
}
function layouts(size: number): BttArena[][] {
  return FIRST_ARENA.flatMap((offset) => BLOCKS.map(([stored, shown]) => layout(size, offset, stored, shown)));
}
function layout(size: number, offset: number, stored: number, shown: number): BttArena[] {
  const arenas: BttArena[] = [];
  let firstBlock = 0;
  for (let at = offset; size - at >= ARENA_MIN; ) {
    const arena = Math.min(ARENA_MAX, size - at);
    const available = arena - (arena % BTT_PAGE) - 2 * BTT_PAGE - LOG_BYTES;
    const kept = Math.floor((available - BTT_PAGE) / (stored + MAP_ENTRY));
    const blocks = kept - FREE_BLOCKS;
    const mapBytes = Math.ceil((blocks * MAP_ENTRY) / BTT_PAGE) * BTT_PAGE;
    const [data, map] = [at + BTT_PAGE, at + BTT_PAGE + available - mapBytes];
    const log = map + mapBytes;
    const place = { index: arenas.length, info: at, data, map, log, copy: log + LOG_BYTES };
    arenas.push({ ...place, stored, shown, kept, blocks, firstBlock });
    firstBlock += blocks;
    at += arena;
  }
  return arenas;
}

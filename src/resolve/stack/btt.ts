import { clip, type Run, run } from '../../model/extent.ts';
import { bytesFromSectors, wholeSectors } from '../../model/units.ts';

/** What a run of a BTT namespace's sectors is part of. */
export interface BttPart extends Run {
  readonly part: 'info block' | 'data' | 'map' | 'log' | 'info block copy' | 'padding';
}

/** drivers/nvdimm/btt.h: BTT_PG_SIZE, ARENA_MIN_SIZE, ARENA_MAX_SIZE; 256 log groups of 64 bytes */
const PAGE = 4096;
const ARENA_MIN = 2 ** 24;
const ARENA_MAX = 2 ** 39;
const FREE_BLOCKS = 256;
const LOG_BYTES = FREE_BLOCKS * 64;
const MAP_ENTRY = 4;
/** where the first arena starts: format 2.0 (namespaces with labels of version 1.2), and 1.1 */
const FIRST_ARENA = [0, PAGE];
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
  const fitting = layouts(bytesFromSectors(run(0, size).count)).filter((layout) => layout.shown === visible);
  const [first, ...others] = fitting.map(({ parts }) => cutTo(parts, asked));
  if (first === undefined) return undefined;
  return others.reduce((agreed, other) => agreed.flatMap((p) => agreeing(p, other)), first);
}

function cutTo(parts: readonly BttPart[], asked: Run): BttPart[] {
  return parts.flatMap((p): BttPart[] => {
    const inside = clip(p, asked);
    return inside === undefined ? [] : [{ ...inside, part: p.part }];
  });
}
function agreeing(p: BttPart, others: readonly BttPart[]): BttPart[] {
  return cutTo(
    others.filter((o) => o.part === p.part),
    p,
  );
}

function layouts(size: number): { readonly shown: number; readonly parts: readonly BttPart[] }[] {
  return FIRST_ARENA.flatMap((offset) => BLOCKS.map(([stored, visible]) => layout(size, offset, stored, visible)));
}

function layout(size: number, offset: number, stored: number, visible: number) {
  const parts: BttPart[] = [];
  const add = (part: BttPart['part'], from: number, to: number): void => {
    const start = wholeSectors(from);
    if (to > from) parts.push({ part, ...run(start, wholeSectors(to) - start) });
  };
  add('padding', 0, offset);
  let at = offset;
  let blocks = 0;
  for (let left = size - offset; left >= ARENA_MIN; ) {
    const arena = Math.min(ARENA_MAX, left);
    const available = arena - (arena % PAGE) - 2 * PAGE - LOG_BYTES;
    const own = Math.floor((available - PAGE) / (stored + MAP_ENTRY)) - FREE_BLOCKS;
    const map = Math.ceil((own * MAP_ENTRY) / PAGE) * PAGE;
    const mapAt = at + PAGE + available - map;
    add('info block', at, at + PAGE);
    add('data', at + PAGE, mapAt);
    add('map', mapAt, mapAt + map);
    add('log', mapAt + map, mapAt + map + LOG_BYTES);
    add('info block copy', mapAt + map + LOG_BYTES, mapAt + map + LOG_BYTES + PAGE);
    blocks += own;
    at += arena;
    left -= arena;
  }
  add('padding', at, size);
  return { shown: blocks * visible, parts };
}

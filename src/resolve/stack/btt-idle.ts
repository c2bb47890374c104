import { errnoOf, messageOf } from '../../model/errors.ts';
import { clip, type Run, run } from '../../model/extent.ts';
import type { BlockDevice } from '../../model/topology.ts';
import { bytesFromSectors, sectorAt, sectorsCovering, wholeSectors } from '../../model/units.ts';
import type { FilesystemIo } from '../../ports.ts';
import { viewOf } from '../fs/little-endian.ts';
import { breathe } from '../fs/resolver.ts';
import { type BttArena, cutTo, MAP_ENTRY, mediaBlocks, partsOf, shownByEntries } from './btt.ts';
import { type BttLog, decodeEntry, type ReadMedia, readArenas, readLog } from './btt-media.ts';

/** Sectors of a namespace that holds a BTT which nothing uses. */
export interface BttPiece extends Run {
  /** what of the BTT it is */
  readonly what: string;
  readonly reason?: string;
  /** the same bytes on the block device that the BTT shows when it is in use */
  readonly above?: Run;
}
export interface BttPieces {
  readonly pieces: readonly BttPiece[];
  /** why that is not the whole truth; undefined when it is */
  readonly missed: string | undefined;
}

/** Entries of the map that are read at once. */
const CHUNK_ENTRIES = 256 * 1024;
/** A page of the map is what one bad sector makes unreadable. */
const PAGE_ENTRIES = 1024;
/** More blocks than this in one question are told without their numbers. */
const MOST_BLOCKS = 1 << 16;

/**
 * Looks sectors up in the map of a BTT. That is sound only while nothing uses the BTT: the namespace is then raw, and its
 * map does not move (docs/decisions/0005-btt-map.md). What a write that was cut off had left to be done is taken as
 * done, as the driver does when it starts (btt_freelist_init).
 */
export async function resolveIdleBtt(
  device: BlockDevice,
  wanted: readonly Run[],
  io: FilesystemIo,
  signal: AbortSignal,
): Promise<BttPieces> {
  const fd = io.openDevice(device.name, device.devNumber);
  try {
    const read: ReadMedia = (into, at) => io.pread(fd, into, at);
    const reading = readArenas(read, bytesFromSectors(device.size));
    if (reading.kind === 'failed') {
      return {
        pieces: wanted.map((r) => ({ ...r, what: 'BTT arena', reason: reading.reason })),
        missed: reading.reason,
      };
    }
    const parts = partsOf(reading.arenas, device.size);
    const pieces: BttPiece[] = [];
    const data = new Map<BttArena, Run[]>();
    for (const part of wanted.flatMap((r) => cutTo(parts, r))) {
      const { arena, part: what, ...place } = part;
      if (arena === undefined || what !== 'data') pieces.push({ ...place, what: `BTT ${what}`, ...entriesOf(part) });
      else data.set(arena, [...(data.get(arena) ?? []), place]);
    }
    let missed: string | undefined;
    for (const [arena, runs] of data) {
      const found = await lookUp(arena, runs, read, signal);
      pieces.push(...found.pieces);
      missed ??= found.missed;
    }
    return { pieces, missed };
  } finally {
    io.close(fd);
  }
}

function entriesOf({ part, arena, ...place }: ReturnType<typeof cutTo>[number]): { reason?: string } {
  const above = part === 'map' && arena !== undefined ? shownByEntries(arena, place) : undefined;
  return above === undefined
    ? {}
    : { reason: `says where sectors ${above.start}+${above.count} of the BTT device lie` };
}

interface Holder {
  /** in the arena */
  readonly own: number;
  readonly state: 'data' | 'zeros' | 'lost';
}

async function lookUp(arena: BttArena, runs: readonly Run[], read: ReadMedia, signal: AbortSignal): Promise<BttPieces> {
  const asked = new Set<number>();
  for (const r of runs) {
    const [first, last] = mediaBlocks(arena, r) ?? [0, -1];
    for (let block = first; block <= last && asked.size <= MOST_BLOCKS; block++) asked.add(block);
  }
  if (asked.size > MOST_BLOCKS) {
    const reason = `more than ${MOST_BLOCKS} blocks at once: ask for fewer to have them looked up`;
    return { pieces: runs.map((r) => ({ ...r, what: 'BTT data', reason })), missed: reason };
  }
  let log: BttLog;
  try {
    log = readLog(read, arena);
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    const reason = `the log of arena ${arena.index} cannot be read (${messageOf(error)})`;
    return { pieces: runs.map((r) => ({ ...r, what: 'BTT data', reason })), missed: reason };
  }
  const { holders, unread } = await readMap(arena, asked, log, read, signal);
  const missed = unread === 0 ? undefined : `${unread} entries of the map of arena ${arena.index} cannot be read`;
  return { pieces: runs.flatMap((r) => piecesOf(arena, r, holders, log, missed)), missed };
}

/** Which block of the device each of the asked blocks of the media holds. */
async function readMap(
  arena: BttArena,
  asked: ReadonlySet<number>,
  log: BttLog,
  read: ReadMedia,
  signal: AbortSignal,
): Promise<{ readonly holders: ReadonlyMap<number, Holder>; readonly unread: number }> {
  const holders = new Map<number, Holder>();
  let unread = 0;
  const take = (first: number, count: number): void => {
    const raw = Buffer.alloc(count * MAP_ENTRY);
    try {
      read(raw, arena.map + first * MAP_ENTRY);
    } catch (error) {
      if (errnoOf(error) === undefined) throw error;
      if (count <= PAGE_ENTRIES) unread += count;
      else for (let i = 0; i < count; i += PAGE_ENTRIES) take(first + i, Math.min(PAGE_ENTRIES, count - i));
      return;
    }
    const view = viewOf(raw);
    for (let i = 0; i < count; i++) {
      const own = first + i;
      const { block, state } = decodeEntry(view.getUint32(i * MAP_ENTRY, true), own);
      const now = (log.last.get(own) ?? []).reduce((place, move) => (move.from === place ? move.to : place), block);
      if (asked.has(now)) holders.set(now, { own, state: now === block ? state : 'data' });
    }
  };
  for (let first = 0; first < arena.blocks; first += CHUNK_ENTRIES) {
    await breathe(signal);
    take(first, Math.min(CHUNK_ENTRIES, arena.blocks - first));
  }
  return { holders, unread };
}

/** A sector may hold bytes of two blocks where these are no multiple of it. */
function piecesOf(
  arena: BttArena,
  r: Run,
  holders: ReadonlyMap<number, Holder>,
  log: BttLog,
  missed: string | undefined,
): BttPiece[] {
  const blocks = mediaBlocks(arena, r);
  const pieces: BttPiece[] = [];
  const [first, last] = blocks ?? [0, -1];
  for (let block = first; block <= last; block++) {
    const from = arena.data + block * arena.stored;
    const start = sectorAt(from);
    const where = clip(run(start, sectorsCovering(from, arena.stored)), r);
    if (where === undefined) continue;
    const holder = holders.get(block);
    if (holder !== undefined) pieces.push({ ...where, what: 'BTT data', ...told(arena, holder, where, start) });
    else if (log.free.has(block)) pieces.push({ ...where, what: 'BTT free block' });
    else pieces.push({ ...where, what: 'BTT data', reason: missed ?? 'no entry of the map leads to it' });
  }
  const end = blocks === undefined ? r.start : sectorsCovering(0, arena.data + (last + 1) * arena.stored);
  const slack = clip(run(end, Number.MAX_SAFE_INTEGER - end), r);
  if (slack !== undefined) pieces.push({ ...slack, what: 'BTT padding' });
  return pieces;
}

const doubts = {
  data: '',
  zeros: '; it was discarded and reads as zeros',
  lost: '; the BTT itself has already told it as lost',
} as const;
function told(arena: BttArena, { own, state }: Holder, where: Run, start: number): { above: Run; reason: string } {
  const perBlock = wholeSectors(arena.shown);
  const first = (arena.firstBlock + own) * perBlock;
  // with room for checksums between them the sectors of media and device do not go together
  const into = arena.stored === arena.shown ? where.start - start : 0;
  const above = run(first + into, arena.stored === arena.shown ? where.count : perBlock);
  const reason = `block ${arena.firstBlock + own} of the BTT device, which is not in use${doubts[state]}`;
  return { above, reason };
}

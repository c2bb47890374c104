import { quietly } from '../../model/errors.ts';
import { read64, viewOf } from '../fs/little-endian.ts';
import { BTT_PAGE, BTT_SIGNATURE, type BttArena, FIRST_ARENA } from './btt.ts';

/** Reads bytes of a namespace; how many there were. @throws Error with `code`, EIO where the media is bad */
export type ReadMedia = (into: Uint8Array, at: number) => number;

const SUM_AT = BTT_PAGE - 8;
/** far more than the largest namespace has */
const MOST_ARENAS = 1024;

export type BttReading =
  | { readonly kind: 'ok'; readonly arenas: readonly BttArena[] }
  | { readonly kind: 'failed'; readonly reason: string };

/** The arenas of a namespace as their own info blocks say (drivers/nvdimm/btt.c discover_arenas). */
export function readArenas(read: ReadMedia, size: number): BttReading {
  const start = FIRST_ARENA.find((at) => readInfo(read, at, 0, 0, size) !== undefined);
  if (start === undefined) return { kind: 'failed', reason: 'its first info block is not valid' };
  const arenas: BttArena[] = [];
  let firstBlock = 0;
  for (let at = start; arenas.length < MOST_ARENAS; ) {
    const info = readInfo(read, at, arenas.length, firstBlock, size);
    if (info === undefined) return { kind: 'failed', reason: `the info block of arena ${arenas.length} is not valid` };
    arenas.push(info.arena);
    if (info.next === 0) return { kind: 'ok', arenas };
    firstBlock += info.arena.blocks;
    at += info.next;
  }
  return { kind: 'failed', reason: 'its arenas have no end' };
}

/**
 * struct btt_sb (drivers/nvdimm/btt.h), offsets from the start of the arena: 0 signature, 56 u32 external
 * block size, 60 u32 external blocks, 64 u32 internal block size, 68 u32 internal blocks, 72 u32 free ones, 80 u64 next
 * arena, 88 u64 data, 96 u64 map, 104 u64 log, 112 u64 copy, 4088 u64 sum. Undefined where it is not one, or not whole.
 */
function readInfo(read: ReadMedia, at: number, index: number, firstBlock: number, size: number) {
  const raw = Buffer.alloc(BTT_PAGE);
  if (at + BTT_PAGE > size || quietly(() => read(raw, at)) !== BTT_PAGE) return undefined;
  const view = viewOf(raw);
  if (raw.toString('latin1', 0, BTT_SIGNATURE.length) !== BTT_SIGNATURE) return undefined;
  if (view.getBigUint64(SUM_AT, true) !== fletcher64(view)) return undefined;
  const [external, blocks, stored, kept] = [56, 60, 64, 68].map((o) => view.getUint32(o, true)) as FourNumbers;
  const [data, map, log, copy] = [88, 96, 104, 112].map((o) => at + read64(view, o)) as FourNumbers;
  const shown = external >= BTT_PAGE ? BTT_PAGE : 512;
  const inOrder = at + BTT_PAGE <= data && data < map && map < log && log < copy && copy + BTT_PAGE <= size;
  const fits =
    stored >= shown && blocks > 0 && blocks <= kept && data + kept * stored <= map && map + blocks * 4 <= log;
  if (!inOrder || !fits) return undefined;
  const arena: BttArena = { index, info: at, data, map, log, copy, stored, shown, kept, blocks, firstBlock };
  return { arena, next: read64(view, 80) };
}
type FourNumbers = [number, number, number, number];

/** nd_fletcher64 (drivers/nvdimm/core.c) of an info block, with its own place as zeros. */
function fletcher64(view: DataView): bigint {
  let [low, high] = [0, 0n];
  for (let at = 0; at < BTT_PAGE; at += 4) {
    low = (low + (at < SUM_AT ? view.getUint32(at, true) : 0)) >>> 0;
    high += BigInt(low);
  }
  return (BigInt.asUintN(32, high) << 32n) | BigInt(low);
}

/** One entry of the map: the block of the media that it names (ent_lba), and what it says of it. */
export function decodeEntry(entry: number, own: number) {
  const [zeros, bad] = [(entry & 0x8000_0000) !== 0, (entry & 0x4000_0000) !== 0];
  // never written: every block lies at its own number
  if (!zeros && !bad) return { block: own, state: 'data' } as const;
  const state = zeros && bad ? 'data' : zeros ? 'zeros' : 'lost';
  return { block: blockOf(entry), state } as const;
}
function blockOf(entry: number): number {
  return entry & 0x3fff_ffff;
}

/** What the log says: the free block of each lane, and the last write of each whose entry in the map may be missing. */
export interface BttLog {
  readonly free: ReadonlySet<number>;
  /** by the number that the block has in the arena, in the order of the lanes */
  readonly last: ReadonlyMap<number, readonly BttMove[]>;
}
export interface BttMove {
  readonly from: number;
  readonly to: number;
}
const GROUP = 64;
const SLOT = 16;

/**
 * Of four slots a lane uses the first and either the second or the third (log_set_indices); their sequence numbers go
 * 1, 2, 3, 1 (btt_log_get_old). A slot: u32 block, u32 old place, u32 new place, u32 sequence.
 */
export function readLog(read: ReadMedia, { log, copy }: BttArena): BttLog {
  const raw = Buffer.alloc(copy - log);
  read(raw, log);
  const view = viewOf(raw);
  const free = new Set<number>();
  const last = new Map<number, BttMove[]>();
  for (let at = 0; at + GROUP <= raw.length; at += GROUP) {
    const slots = [0, 1, 2].map((slot) => at + slot * SLOT).filter((s) => view.getUint32(s + 12, true) !== 0);
    const newest = slots.reduce<number | undefined>((best, s) => {
      if (best === undefined) return s;
      const [a, b] = [view.getUint32(best + 12, true), view.getUint32(s + 12, true)];
      return (a % 3) + 1 === b ? s : best;
    }, undefined);
    if (newest === undefined) continue;
    const [own, from, to] = [0, 4, 8].map((o) => view.getUint32(newest + o, true)) as [number, number, number];
    free.add(blockOf(from));
    if (blockOf(from) === blockOf(to)) continue;
    last.set(own, [...(last.get(own) ?? []), { from: blockOf(from), to: blockOf(to) }]);
  }
  return { free, last };
}

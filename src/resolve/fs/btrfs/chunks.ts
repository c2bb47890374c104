import { read64 } from '../little-endian.ts';
import { garbled, plausible, readBytes64, type TreeItem, type TreeSearch } from './tree-search.ts';

/**
 * Chunks map logical addresses to stripes on devices (fs/btrfs/volumes.c). Chunk item (tree 3, key 256, 228, logical):
 * 0 u64 length, 16 u64 stripe bytes, 24 u64 type, 44 u16 stripes, 46 u16 sub-stripes, 48 + 32 i: u64 device, u64 byte on
 * it, uuid. Device extent (tree 4, key device, 204, byte on it): 16 u64 chunk, 24 u64 length.
 */
export const CHUNK_TREE = 3;
const DEVICE_TREE = 4;
const CHUNK_OBJECT = 256;
const CHUNK_ITEM = 228;
const DEVICE_EXTENT = 204;
const STRIPES = 48;
const STRIPE = 32;

export const CHUNK_TYPE = { data: 1, system: 2, metadata: 4 } as const;
const TYPE_MASK = 0x7;

export interface Profile {
  readonly name: string;
  /** how many of the stripes hold different bytes */
  columns(stripes: number, subStripes: number): number;
  /** devices that may be lost: as in "can be rebuilt from the others" */
  readonly parity: 0 | 1 | 2;
  readonly striped: boolean;
}
const mirrored = { columns: () => 1, parity: 0, striped: false } as const;
/** BTRFS_BLOCK_GROUP_* bits above data, system, metadata */
const PROFILES: ReadonlyMap<number, Profile> = new Map<number, Profile>([
  [0, { ...mirrored, name: 'single' }],
  [0x8, { name: 'RAID0', columns: (n) => n, parity: 0, striped: true }],
  [0x10, { ...mirrored, name: 'RAID1' }],
  [0x20, { ...mirrored, name: 'DUP' }],
  [0x40, { name: 'RAID10', columns: (n, sub) => n / sub, parity: 0, striped: true }],
  [0x80, { name: 'RAID5', columns: (n) => n - 1, parity: 1, striped: true }],
  [0x100, { name: 'RAID6', columns: (n) => n - 2, parity: 2, striped: true }],
  [0x200, { ...mirrored, name: 'RAID1C3' }],
  [0x400, { ...mirrored, name: 'RAID1C4' }],
]);

/** A byte position on a member device. */
export interface DevicePlace {
  readonly device: number;
  readonly byte: number;
}
export interface Chunk {
  readonly logical: number;
  readonly length: number;
  readonly type: number;
  readonly profile: Profile;
  readonly stripeBytes: number;
  readonly subStripes: number;
  readonly columns: number;
  readonly stripes: readonly DevicePlace[];
  /** bytes that each stripe takes on its device */
  readonly perDevice: number;
}

/** What a device extent was found to be. */
export interface DeviceExtent {
  readonly byte: number;
  readonly length: number;
  /** undefined: the trees do not agree, or its chunk is of a kind that is not known */
  readonly on: { readonly chunk: Chunk; readonly stripe: number } | undefined;
}

/** A part of a device extent and what lies there. */
export type ChunkPiece =
  | { readonly kind: 'data'; readonly byte: number; readonly length: number; readonly logical: number }
  | { readonly kind: 'parity'; readonly byte: number; readonly length: number; readonly which: 'P' | 'Q' };

/** Undefined for a kind of chunk that is not known. @throws AgentError CODEC_REPLY when its numbers cannot be */
export function decodeChunk({ view, at, length: bytes, offset: logical }: TreeItem): Chunk | undefined {
  if (bytes < STRIPES + STRIPE) throw garbled('a chunk that is too short');
  const length = readBytes64(view, at);
  const stripeBytes = readBytes64(view, at + 16);
  const type = read64(view, at + 24);
  const count = view.getUint16(at + 44, true);
  const subStripes = view.getUint16(at + 46, true);
  const profile = PROFILES.get(type - (type % (TYPE_MASK + 1)));
  if (profile === undefined) return undefined;
  const columns = profile.columns(count, subStripes);
  const perDevice = length / columns;
  const sane =
    count > 0 &&
    bytes >= STRIPES + count * STRIPE &&
    Number.isInteger(columns) &&
    columns > 0 &&
    length > 0 &&
    plausible(logical) >= 0 &&
    Number.isInteger(perDevice) &&
    (!profile.striped || (stripeBytes > 0 && perDevice % stripeBytes === 0));
  if (!sane) throw garbled(`a ${profile.name} chunk whose numbers cannot be`);
  const stripes: DevicePlace[] = [];
  for (let i = 0, s = at + STRIPES; i < count; i++, s += STRIPE) {
    stripes.push({ device: read64(view, s), byte: readBytes64(view, s + 8) });
  }
  return {
    logical,
    length,
    type: type % (TYPE_MASK + 1),
    profile,
    stripeBytes,
    subStripes,
    columns,
    stripes,
    perDevice,
  };
}

/** Every chunk in the order of their logical addresses. */
export function readChunks(search: TreeSearch): Chunk[] {
  const chunks: Chunk[] = [];
  const from = { object: CHUNK_OBJECT, type: CHUNK_ITEM, offset: 0 };
  search.each({ tree: CHUNK_TREE, from, to: { ...from, offset: -1 } }, (item) => {
    const chunk = item.type === CHUNK_ITEM ? decodeChunk(item) : undefined;
    if (chunk !== undefined) chunks.push(chunk);
  });
  return chunks;
}
/** The chunk that holds a logical address. */
export function chunkAt(chunks: readonly Chunk[], logical: number): Chunk | undefined {
  let low = 0;
  let high = chunks.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const { logical: start, length } = chunks[middle] as Chunk;
    if (start + length <= logical) low = middle + 1;
    else high = middle;
  }
  const found = chunks[low];
  return found !== undefined && found.logical <= logical ? found : undefined;
}

/** What of a member device is allocated, in order; the device tree and the chunk tree must say the same. */
export function readDeviceExtents(search: TreeSearch, device: number, chunks: readonly Chunk[]): DeviceExtent[] {
  const extents: DeviceExtent[] = [];
  const from = { object: device, type: DEVICE_EXTENT, offset: 0 };
  search.each({ tree: DEVICE_TREE, from, to: { ...from, offset: -1 } }, ({ type, offset, at, length, view }) => {
    if (type !== DEVICE_EXTENT) return;
    if (length < 32) throw garbled('a device extent that is too short');
    const chunk = chunkAt(chunks, readBytes64(view, at + 16));
    const bytes = readBytes64(view, at + 24);
    const stripe = chunk?.stripes.findIndex((s) => s.device === device && s.byte === offset) ?? -1;
    const known = chunk !== undefined && stripe !== -1 && chunk.perDevice === bytes;
    extents.push({ byte: plausible(offset), length: bytes, on: known ? { chunk, stripe } : undefined });
  });
  return extents;
}

/** What lies in the bytes `[from, to)` of stripe `stripe`, counted from its start on the device. */
export function* piecesOf(chunk: Chunk, stripe: number, from: number, to: number): Generator<ChunkPiece> {
  const { profile, stripeBytes, columns, logical } = chunk;
  const start = chunk.stripes[stripe]?.byte ?? 0;
  if (!profile.striped) {
    yield { kind: 'data', byte: start + from, length: to - from, logical: logical + from };
    return;
  }
  for (let at = from; at < to; ) {
    const row = Math.floor(at / stripeBytes);
    const end = Math.min(to, (row + 1) * stripeBytes);
    const column = columnOf(chunk, stripe, row);
    const where = { byte: start + at, length: end - at };
    if (column < columns) {
      yield { kind: 'data', ...where, logical: logical + (row * columns + column) * stripeBytes + (at % stripeBytes) };
    } else yield { kind: 'parity', ...where, which: column === columns ? 'P' : 'Q' };
    at = end;
  }
}
/** Which column of a row a stripe holds; with parity, columns go round by one device with each row. */
function columnOf({ profile, subStripes, stripes }: Chunk, stripe: number, row: number): number {
  if (profile.parity > 0) return (stripe + stripes.length - (row % stripes.length)) % stripes.length;
  return profile.name === 'RAID10' ? Math.floor(stripe / subStripes) : stripe;
}

/** A logical range that lies in one piece, and where all its copies are. */
export interface CopiedRange {
  readonly logical: number;
  readonly length: number;
  readonly copies: readonly DevicePlace[];
  /** with parity: the other stripes of the row, from which it can be rebuilt */
  readonly rebuiltFrom: readonly DevicePlace[];
}
/** Every place of the bytes `[from, to)` of logical space, which must lie in the chunk. */
export function* copiesOf(chunk: Chunk, from: number, to: number): Generator<CopiedRange> {
  const { profile, stripeBytes, columns, stripes, subStripes, logical } = chunk;
  if (!profile.striped) {
    const copies = stripes.map(({ device, byte }) => ({ device, byte: byte + from - logical }));
    yield { logical: from, length: to - from, copies, rebuiltFrom: [] };
    return;
  }
  for (let at = from; at < to; ) {
    const number = Math.floor((at - logical) / stripeBytes);
    const end = Math.min(to, logical + (number + 1) * stripeBytes);
    const row = Math.floor(number / columns);
    const column = number % columns;
    const into = row * stripeBytes + ((at - logical) % stripeBytes);
    const place = ({ device, byte }: DevicePlace): DevicePlace => ({ device, byte: byte + into });
    const range = { logical: at, length: end - at };
    if (profile.parity > 0) {
      const holder = (column + row) % stripes.length;
      const others = stripes.filter((_, i) => i !== holder).map(place);
      yield { ...range, copies: [place(stripes[holder] as DevicePlace)], rebuiltFrom: others };
    } else {
      const first = profile.name === 'RAID10' ? column * subStripes : column;
      const width = profile.name === 'RAID10' ? subStripes : 1;
      yield { ...range, copies: stripes.slice(first, first + width).map(place), rebuiltFrom: [] };
    }
    at = end;
  }
}

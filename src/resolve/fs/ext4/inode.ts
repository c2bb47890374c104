import { viewOf } from '../little-endian.ts';

/**
 * struct ext4_inode: 0x0 mode, 0x4 size_lo, 0x1A links, 0x1C blocks_lo, 0x20 flags, 0x28 i_block[60], 0x64 generation, 0x68
 * file_acl_lo, 0x6C size_high, 0x76 file_acl_high, 0x80 extra_isize.
 */
export const MODE = { type: 0xf000, directory: 0x4000, file: 0x8000, symlink: 0xa000 } as const;
export const INODE_FLAG = {
  extents: 0x80000,
  inlineData: 0x10000000,
  eaInode: 0x200000,
  encrypted: 0x800,
} as const;
/** `i_block` */
export const MAP_OFFSET = 0x28;
export const MAP_BYTES = 60;
/** The fields that a scan reads of every inode, as 32-bit words; `links` and `attributesHigh` are the upper halves of theirs. */
export const INODE_WORD = {
  mode: 0x0 / 4,
  size: 0x4 / 4,
  links: 0x18 / 4,
  flags: 0x20 / 4,
  attributes: 0x68 / 4,
  attributesHigh: 0x74 / 4,
} as const;

export interface Inode {
  readonly mode: number;
  readonly links: number;
  readonly flags: number;
  readonly generation: number;
}

export function decodeInode(raw: Buffer, at: number): Inode {
  return {
    mode: raw.readUInt16LE(at),
    links: raw.readUInt16LE(at + 0x1a),
    flags: raw.readUInt32LE(at + 0x20),
    generation: raw.readUInt32LE(at + 0x64),
  };
}
/** The bytes that change when a block comes, goes or moves: mode, blocks, map, generation, attributes. */
export function stampOf(raw: Buffer, at: number): string {
  return (
    raw.toString('latin1', at, at + 2) +
    raw.toString('latin1', at + 0x1c, at + 0x20) +
    raw.toString('latin1', at + MAP_OFFSET, at + 0x6c)
  );
}

/**
 * The entries of an inline directory: bytes 4..60 of the map, then the value of the attribute `system.data` in the
 * inode body (fs/ext4/inline.c). Entry header (fs/ext4/xattr.h): 0 u8 name_len, 1 u8 index, 2 u16 value_offs, 4 u32
 * value_inum, 8 u32 value_size, 12 u32 hash, 16 name; offsets count from the first entry.
 */
export function inlineDirectoryParts(raw: Uint8Array): { readonly parent: number; readonly parts: Uint8Array[] } {
  const view = viewOf(raw);
  const parent = view.getUint32(MAP_OFFSET, true);
  const parts = [raw.subarray(MAP_OFFSET + 4, MAP_OFFSET + MAP_BYTES)];
  const more = inlineAttribute(raw, view);
  if (more !== undefined && more.length > 0) parts.push(more);
  return { parent, parts };
}
const XATTR_MAGIC = 0xea020000;
const SYSTEM_INDEX = 7;

function inlineAttribute(raw: Uint8Array, view: DataView): Uint8Array | undefined {
  if (raw.length <= 0x84) return undefined;
  const start = 0x80 + view.getUint16(0x80, true);
  if (start + 8 > raw.length || view.getUint32(start, true) !== XATTR_MAGIC) return undefined;
  const first = start + 4;
  for (let at = first; at + 16 <= raw.length && view.getUint32(at, true) !== 0; ) {
    const nameLength = view.getUint8(at);
    const name = Buffer.from(raw.subarray(at + 16, at + 16 + nameLength)).toString('latin1');
    if (view.getUint8(at + 1) === SYSTEM_INDEX && name === 'data') {
      const from = first + view.getUint16(at + 2, true);
      return raw.subarray(from, Math.min(raw.length, from + view.getUint32(at + 8, true)));
    }
    at += 16 + ((nameLength + 3) & ~3);
  }
  return undefined;
}

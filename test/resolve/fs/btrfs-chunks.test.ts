import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Chunk, chunkAt, copiesOf, decodeChunk, piecesOf } from '../../../src/resolve/fs/btrfs/chunks.ts';
import { goodCopies } from '../../../src/resolve/fs/btrfs/copies.ts';
import type { TreeItem } from '../../../src/resolve/fs/btrfs/tree-search.ts';

const STRIPE = 65536;
const MIB = 1024 * 1024;
/** profile bits, stripes, sub-stripes, how many times its devices' bytes the chunk holds */
const profiles = [
  { name: 'single', bits: 0, stripes: 1, sub: 1, columns: 1, copies: 1 },
  { name: 'DUP', bits: 0x20, stripes: 2, sub: 1, columns: 1, copies: 2 },
  { name: 'RAID0', bits: 0x8, stripes: 3, sub: 1, columns: 3, copies: 1 },
  { name: 'RAID1', bits: 0x10, stripes: 2, sub: 1, columns: 1, copies: 2 },
  { name: 'RAID1C3', bits: 0x200, stripes: 3, sub: 1, columns: 1, copies: 3 },
  { name: 'RAID1C4', bits: 0x400, stripes: 4, sub: 1, columns: 1, copies: 4 },
  { name: 'RAID10', bits: 0x40, stripes: 6, sub: 2, columns: 3, copies: 2 },
  { name: 'RAID5', bits: 0x80, stripes: 4, sub: 1, columns: 3, copies: 1 },
  { name: 'RAID6', bits: 0x100, stripes: 5, sub: 1, columns: 3, copies: 1 },
] as const;
type Shape = (typeof profiles)[number];

function chunkOf({ bits, stripes, sub, columns }: Shape, logical = 512 * MIB): Chunk | undefined {
  const raw = Buffer.alloc(48 + 32 * stripes);
  raw.writeBigUInt64LE(BigInt(columns * MIB), 0);
  raw.writeBigUInt64LE(BigInt(STRIPE), 16);
  raw.writeBigUInt64LE(BigInt(bits + 1), 24);
  raw.writeUInt16LE(stripes, 44);
  raw.writeUInt16LE(sub, 46);
  for (let i = 0; i < stripes; i++) {
    // DUP has both on one device
    raw.writeBigUInt64LE(BigInt(bits === 0x20 ? 1 : i + 1), 48 + 32 * i);
    raw.writeBigUInt64LE(BigInt((100 + 7 * i) * MIB), 56 + 32 * i);
  }
  return decodeChunk(itemOf(raw, logical));
}
function itemOf(raw: Buffer, logical: number): TreeItem {
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  return { object: 256, type: 228, offset: logical, generation: 7, at: 0, length: raw.length, view, raw };
}

for (const shape of profiles) {
  test(`${shape.name}: what lies at a place of a device has one of its copies at that place`, () => {
    const chunk = chunkOf(shape);
    assert.ok(chunk);
    assert.equal(chunk.profile.name, shape.name);
    assert.equal(chunk.perDevice, MIB);
    const seen = new Map<number, number>();
    for (const [i, stripe] of chunk.stripes.entries()) {
      let at = 0;
      for (const piece of piecesOf(chunk, i, 0, MIB)) {
        assert.equal(piece.byte, stripe.byte + at, 'pieces leave nothing out');
        at += piece.length;
        if (piece.kind === 'parity') continue;
        for (const { logical, length, copies } of copiesOf(chunk, piece.logical, piece.logical + piece.length)) {
          const byte = piece.byte + logical - piece.logical;
          assert.equal(copies.length, shape.copies);
          assert.ok(copies.some((c) => c.device === stripe.device && c.byte === byte));
          for (let b = logical; b < logical + length; b += STRIPE) seen.set(b, (seen.get(b) ?? 0) + 1);
        }
      }
      assert.equal(at, MIB);
    }
    assert.equal(seen.size, (shape.columns * MIB) / STRIPE, 'every logical address is found');
    assert.deepEqual([...new Set(seen.values())], [shape.copies]);
  });

  test(`${shape.name}: any part of a stripe maps as the whole does`, () => {
    const chunk = chunkOf(shape);
    assert.ok(chunk);
    const places = fc.tuple(fc.nat(shape.stripes - 1), fc.nat(2047), fc.integer({ min: 1, max: 300 }));
    fc.assert(
      fc.property(places, ([stripe, sector, count]) => {
        const from = sector * 512;
        const to = Math.min(MIB, from + count * 512);
        const whole = [...piecesOf(chunk, stripe, 0, MIB)];
        for (const piece of piecesOf(chunk, stripe, from, to)) {
          const around = whole.find((w) => w.byte <= piece.byte && piece.byte + piece.length <= w.byte + w.length);
          assert.equal(around?.kind, piece.kind);
          if (piece.kind === 'data' && around?.kind === 'data') {
            assert.equal(piece.logical - around.logical, piece.byte - around.byte);
          }
        }
      }),
    );
  });
}

test('parity goes round: each device of a RAID5 row holds it in turn, as the kernel lays it out', () => {
  const chunk = chunkOf(profiles[7]);
  assert.ok(chunk);
  const parityOf = (row: number): number[] =>
    chunk.stripes.flatMap((_, i) =>
      [...piecesOf(chunk, i, row * STRIPE, (row + 1) * STRIPE)].some((p) => p.kind === 'parity') ? [i] : [],
    );
  assert.deepEqual([0, 1, 2, 3, 4].map(parityOf), [[3], [0], [1], [2], [3]]);
});

const members = new Map([1, 2, 3, 4, 5, 6].map((id) => [id, { id, uuid: '', totalBytes: 0, path: `/dev/pmem${id}` }]));
function copyAt(
  shape: Shape,
  stripe: number,
  options: { readonly missing?: number; readonly bad?: string; readonly unsure?: string } = {},
) {
  const chunk = chunkOf(shape);
  const place = chunk?.stripes[stripe];
  assert.ok(chunk && place);
  const [piece] = piecesOf(chunk, stripe, 0, 4096);
  assert.ok(piece?.kind === 'data');
  const known = new Map([...members].filter(([id]) => id !== options.missing));
  const state = {
    members: known,
    device: place.device,
    worthOf: (path: string): 'good' | 'bad' | 'unknown' =>
      path === options.bad ? 'bad' : path === options.unsure ? 'unknown' : 'good',
  };
  const [copy] = goodCopies(chunk, piece.logical, piece.logical + 4096, piece.byte, state);
  return copy?.goodCopy;
}
const copyCases: readonly (readonly [string, ReturnType<typeof copyAt>, ReturnType<typeof copyAt>])[] = [
  ['single keeps none', copyAt(profiles[0], 0), { exists: 'no', where: null }],
  [
    'DUP keeps one on the same device',
    copyAt(profiles[1], 0),
    { exists: 'yes', where: 'elsewhere on /dev/pmem1 (btrfs DUP)' },
  ],
  ['RAID1 keeps one on the other device', copyAt(profiles[3], 0), { exists: 'yes', where: '/dev/pmem2 (btrfs RAID1)' }],
  ['a copy on a missing device is none', copyAt(profiles[3], 0, { missing: 2 }), { exists: 'no', where: null }],
  [
    'a copy on sectors that are bad too is none',
    copyAt(profiles[3], 0, { bad: '/dev/pmem2' }),
    { exists: 'no', where: null },
  ],
  [
    'a copy on a device whose list is not known may be good',
    copyAt(profiles[3], 0, { unsure: '/dev/pmem2' }),
    { exists: 'unknown', where: '/dev/pmem2 (btrfs RAID1)' },
  ],
  [
    'RAID1C3 has another when one is bad',
    copyAt(profiles[4], 0, { bad: '/dev/pmem2' }),
    { exists: 'yes', where: '/dev/pmem3 (btrfs RAID1C3)' },
  ],
  ['RAID10 keeps one on the neighbour', copyAt(profiles[6], 3), { exists: 'yes', where: '/dev/pmem3 (btrfs RAID10)' }],
  [
    'RAID5 may be rebuilt, which nobody has tried',
    copyAt(profiles[7], 0),
    { exists: 'unknown', where: 'to be rebuilt from /dev/pmem2, /dev/pmem3, /dev/pmem4 (btrfs RAID5)' },
  ],
  [
    'RAID5 without one of its devices cannot be rebuilt',
    copyAt(profiles[7], 0, { missing: 3 }),
    { exists: 'no', where: null },
  ],
  [
    'RAID6 without one of its devices still can',
    copyAt(profiles[8], 0, { missing: 3 }),
    { exists: 'unknown', where: 'to be rebuilt from /dev/pmem2, /dev/pmem4, /dev/pmem5 (btrfs RAID6)' },
  ],
];
for (const [what, told, expected] of copyCases) test(`another copy: ${what}`, () => assert.deepEqual(told, expected));

test('a chunk is found by any address in it, and by none beside it', () => {
  const chunks = [chunkOf(profiles[0], 0), chunkOf(profiles[2], 8 * MIB)].filter((c) => c !== undefined);
  assert.deepEqual(
    [0, MIB - 1, MIB, 8 * MIB, 11 * MIB - 1, 11 * MIB].map((at) => chunkAt(chunks, at)?.profile.name),
    ['single', 'single', undefined, 'RAID0', 'RAID0', undefined],
  );
});

test('chunks whose numbers cannot be are refused, and those of a kind of the future are not guessed at', () => {
  const raw = Buffer.alloc(80);
  assert.throws(() => decodeChunk(itemOf(raw, 0)), { code: 'CODEC_REPLY' });
  assert.throws(() => decodeChunk(itemOf(raw.subarray(0, 40), 0)), { code: 'CODEC_REPLY' });
  raw.writeBigUInt64LE(BigInt(0x800 + 1), 24);
  assert.equal(decodeChunk(itemOf(raw, 0)), undefined);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { run } from '../../src/model/extent.ts';
import { visitExtentNode, visitIndirectBlock, visitIndirectRoot } from '../../src/resolve/fs/ext4/block-map.ts';
import { createDeviceReader } from '../../src/resolve/fs/ext4/device-reader.ts';
import { visitEntries } from '../../src/resolve/fs/ext4/directory.ts';
import { decodeGroups } from '../../src/resolve/fs/ext4/group-descriptors.ts';
import { decodeInode, inlineDirectoryParts } from '../../src/resolve/fs/ext4/inode.ts';
import { createScanner } from '../../src/resolve/fs/ext4/scan.ts';
import { decodeSuperblock, hasSuperblock, type Superblock } from '../../src/resolve/fs/ext4/superblock.ts';
import { wantedBlocks } from '../../src/resolve/fs/wanted.ts';
import { memoryIo } from './memory-io.ts';

/** A superblock of 64 blocks of 1 KiB, one group, 16 inodes of 128 bytes. */
function superblockBytes(change: (view: DataView) => void = () => undefined): Buffer {
  const raw = Buffer.alloc(1024);
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  const fields: [number, number][] = [
    [0x0, 16],
    [0x4, 64],
    [0x14, 1],
    [0x18, 0],
    [0x1c, 0],
    [0x20, 8192],
    [0x28, 16],
    [0x4c, 1],
    [0x54, 11],
  ];
  for (const [at, value] of fields) view.setUint32(at, value, true);
  view.setUint16(0x38, 0xef53, true);
  view.setUint16(0x58, 128, true);
  change(view);
  return raw;
}
function superblock(change?: (view: DataView) => void): Superblock {
  const reading = decodeSuperblock(superblockBytes(change));
  assert.equal(reading.kind, 'ok');
  return (reading as { superblock: Superblock }).superblock;
}

const refusals: readonly { why: string; change: (view: DataView) => void; reason: RegExp }[] = [
  { why: 'no magic number', change: (v) => v.setUint16(0x38, 0, true), reason: /no ext2, ext3 or ext4 superblock/ },
  { why: 'a journal device', change: (v) => v.setUint32(0x60, 0x8, true), reason: /incompat 0x8\)/ },
  { why: 'an incompat bit of the future', change: (v) => v.setUint32(0x60, 0x8000_0000, true), reason: /0x80000000/ },
  { why: 'inodes larger than blocks', change: (v) => v.setUint16(0x58, 2048, true), reason: /contradicts itself/ },
  { why: 'no blocks per group', change: (v) => v.setUint32(0x20, 0, true), reason: /contradicts itself/ },
  {
    why: 'a count of inodes that the groups do not hold',
    change: (v) => v.setUint32(0, 17, true),
    reason: /contradicts/,
  },
  { why: 'blocks of impossible size', change: (v) => v.setUint32(0x18, 40, true), reason: /block or cluster size/ },
];
for (const { why, change, reason } of refusals) {
  test(`a superblock with ${why} is refused with a reason`, () => {
    const reading = decodeSuperblock(superblockBytes(change));
    assert.equal(reading.kind, 'refused');
    assert.match((reading as { reason: string }).reason, reason);
  });
}

test('superblock copies lie in groups 0, 1 and powers of 3, 5 and 7 with sparse_super, and in all without', () => {
  const sparse = superblock((v) => v.setUint32(0x64, 0x1, true));
  const groups = Array.from({ length: 130 }, (_, i) => i).filter((i) => hasSuperblock(sparse, i));
  assert.deepEqual(groups, [0, 1, 3, 5, 7, 9, 25, 27, 49, 81, 125]);
  assert.ok(hasSuperblock(superblock(), 11));
});

test('unused inode counts are believed only with group checksums', () => {
  const raw = Buffer.alloc(32);
  raw.writeUInt32LE(5, 8);
  raw.writeUInt16LE(12, 0x1c);
  assert.equal(decodeGroups(superblock(), raw, 0)[0]?.usedInodes, 16);
  assert.equal(
    decodeGroups(
      superblock((v) => v.setUint32(0x64, 0x10, true)),
      raw,
      0,
    )[0]?.usedInodes,
    4,
  );
});

function collect() {
  const data: unknown[] = [];
  const children: unknown[] = [];
  let damaged = 0;
  const visitor = {
    data: (...args: readonly unknown[]): void => void data.push(args),
    child: (...args: readonly unknown[]): void => void children.push(args),
    damaged: (): void => void damaged++,
  };
  return { visitor, data, children, damage: () => damaged };
}

test('a leaf of an extent tree tells written and unwritten pieces, an index its children one level down', () => {
  const raw = Buffer.alloc(60);
  raw.writeUInt16LE(0xf30a, 0);
  raw.writeUInt16LE(2, 2);
  raw.writeUInt32LE(7, 12);
  raw.writeUInt16LE(3, 16);
  raw.writeUInt16LE(1, 18);
  raw.writeUInt32LE(9, 20);
  raw.writeUInt32LE(20, 24);
  raw.writeUInt16LE(32768 + 5, 28);
  raw.writeUInt32LE(40, 32);
  const leaf = collect();
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  visitExtentNode(new Uint32Array(view.buffer), 0, 60, undefined, leaf.visitor);
  assert.deepEqual(leaf.data, [
    [7, 0x1_0000_0009, 3, false],
    [20, 40, 5, true],
  ]);
  raw.writeUInt16LE(1, 2);
  raw.writeUInt16LE(2, 6);
  raw.writeUInt32LE(77, 16);
  raw.writeUInt16LE(0, 20);
  const index = collect();
  visitExtentNode(new Uint32Array(view.buffer), 0, 60, undefined, index.visitor);
  assert.deepEqual(index.children, [[77, 7, 1]]);
  const wrongLevel = collect();
  visitExtentNode(new Uint32Array(view.buffer), 0, 60, 1, wrongLevel.visitor);
  assert.equal(wrongLevel.damage(), 1);
});

test('indirect pointers that follow each other are one piece, and holes are none', () => {
  const raw = Buffer.alloc(60);
  [100, 101, 102, 0, 300, 301, 0, 0, 0, 0, 0, 0, 500, 600, 0].forEach((b, i) => void raw.writeUInt32LE(b, i * 4));
  const root = collect();
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  visitIndirectRoot(view, 0, 1024, root.visitor);
  assert.deepEqual(root.data, [
    [0, 100, 3, false],
    [4, 300, 2, false],
  ]);
  assert.deepEqual(root.children, [
    [500, 12, 0],
    [600, 12 + 256, 1],
  ]);
  const block = Buffer.alloc(1024);
  block.writeUInt32LE(900, 8);
  const double = collect();
  visitIndirectBlock(
    new DataView(block.buffer, block.byteOffset, 1024),
    0,
    1024,
    { logical: 268, level: 1 },
    double.visitor,
  );
  assert.deepEqual(double.children, [[900, 268 + 2 * 256, 0]]);
});

/** As the device reader gives it: bytes and words of the same memory. */
function aligned(block: Uint8Array): { readonly raw: Uint8Array; readonly words: Uint32Array } {
  const raw = Uint8Array.from(block);
  return { raw, words: new Uint32Array(raw.buffer) };
}

test('directory blocks give their names; deleted entries, dots and hash-tree blocks give none', () => {
  const block = Buffer.alloc(1024);
  const entry = (at: number, inode: number, length: number, name: string): void => {
    block.writeUInt32LE(inode, at);
    block.writeUInt16LE(length, at + 4);
    block.writeUInt8(name.length, at + 6);
    block.write(name, at + 8, 'latin1');
  };
  entry(0, 2, 12, '.');
  entry(12, 2, 12, '..');
  entry(24, 15, 16, 'na\xffme');
  entry(40, 0, 16, 'gone');
  entry(56, 16, 1024 - 56, 'last');
  const found: [number, string][] = [];
  const { raw, words } = aligned(block);
  visitEntries(raw, words, 0, 1024, (inode, from, to) => found.push([inode, block.toString('latin1', from, to)]));
  assert.deepEqual(found, [
    [15, 'na\xffme'],
    [16, 'last'],
  ]);
});

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
test('no bytes make the decoders fail in any other way than by saying so', () => {
  fc.assert(
    fc.property(bytes(1024), bytes(256), fc.nat(5), (block, inode, level) => {
      decodeSuperblock(block);
      decodeSuperblock(superblockBytes((v) => block.slice(0, 64).forEach((b, i) => void v.setUint8(0x60 + i, b))));
      const view = new DataView(block.buffer, block.byteOffset, block.byteLength);
      const { visitor } = collect();
      visitExtentNode(aligned(block).words, 0, 1024, level, visitor);
      visitIndirectBlock(view, 0, 1024, { logical: 0, level: level % 3 }, visitor);
      const { raw, words } = aligned(block);
      visitEntries(raw, words, 0, 1024, () => undefined);
      inlineDirectoryParts(inode);
      decodeInode(Buffer.from(inode), 0);
    }),
    { numRuns: 300 },
  );
});

test('a device full of random maps is scanned to its end', async () => {
  const sb = superblock();
  const [group] = decodeGroups(
    sb,
    Uint8Array.from({ length: 32 }, (_, i) => (i === 8 ? 5 : 0)),
    0,
  );
  assert.ok(group);
  await fc.assert(
    fc.asyncProperty(bytes(64 * 1024), fc.boolean(), async (noise, extents) => {
      const device = Buffer.from(noise);
      for (let i = 0; i < 16; i++) {
        const at = 5 * 1024 + i * 128;
        device.writeUInt16LE(i % 3 === 0 ? 0x41ed : 0x81a4, at);
        device.writeUInt16LE(1, at + 0x1a);
        device.writeUInt32LE(extents ? 0x80000 : 0, at + 0x20);
        // pointers into the device, so that the maps lead on
        for (let p = 0; p < 15; p++) device.writeUInt32LE((device[at + 0x28 + p * 4] ?? 0) % 64, at + 0x28 + p * 4);
        if (extents) device.set([0x0a, 0xf3, 4, 0, 4, 0, i % 6, 0], at + 0x28);
      }
      for (let i = 7 * 1024; i < device.length; i += 4) device.writeUInt32LE((device[i] ?? 0) % 64, i);
      const reader = createDeviceReader(memoryIo(device), 1, 1024, 64);
      const volume = { superblock: sb, groups: [group], reader, problems: [] };
      const { scan, read } = createScanner(volume, wantedBlocks([run(0, 128)], 1024));
      await read([0], async () => undefined);
      for (let i = 0; i < scan.hits.length; i++) {
        assert.ok((scan.hits.physical[i] as number) + (scan.hits.count[i] as number) <= 64);
      }
    }),
    { numRuns: 25 },
  );
});

test('blocks that cannot be read come as zeros and are named, the others as they are', () => {
  const device = Buffer.alloc(8 * 1024, 7);
  const io = memoryIo(device, { badBytes: [3 * 1024 + 5] });
  const { raw, unreadable } = createDeviceReader(io, 1, 1024, 8).read(1, 4);
  assert.deepEqual(unreadable, [3]);
  assert.deepEqual([raw[0], raw[2 * 1024], raw[3 * 1024]], [7, 0, 7]);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { AgentError } from '../../src/model/errors.ts';
import { run } from '../../src/model/extent.ts';
import { createRunIndex } from '../../src/model/run-index.ts';
import { decodeFiemap, encodeFiemap, FIEMAP, fiemapBuffer, isPlaced } from '../../src/resolve/fs/fiemap.ts';
import { continueFsmap, decodeFsmap, encodeDevice, encodeFsmap, fsmapBuffer } from '../../src/resolve/fs/getfsmap.ts';
import { eachOverlap, sectorsIn, touches, wantedBlocks } from '../../src/resolve/fs/wanted.ts';
import { decodeBulk, statAgain, type XfsInode } from '../../src/resolve/fs/xfs/bulkstat.ts';
import { decodeGeometry, inodesIn } from '../../src/resolve/fs/xfs/geometry.ts';
import { decodeParents } from '../../src/resolve/fs/xfs/parents.ts';
import { specialOwner } from '../../src/resolve/fs/xfs/special-owners.ts';
import { memoryIo } from './memory-io.ts';

test('a FIEMAP request names the bytes, the capacity and no flags', () => {
  const raw = fiemapBuffer(2);
  encodeFiemap(raw, 0x1_0000_0000, 4096);
  assert.deepEqual(
    [raw.readBigUInt64LE(0), raw.readBigUInt64LE(8), raw.readUInt32LE(16), raw.readUInt32LE(24)],
    [0x1_0000_0000n, 4096n, 0, 2],
  );
  raw.writeUInt32LE(99, 20);
  assert.equal(decodeFiemap(raw).length, 2, 'more extents than fit are not read');
});

test('space that is only promised has no place: f2fs tells it as unwritten at the start of the device', () => {
  const extent = (physical: number, flags: number) => isPlaced({ logical: 0, physical, length: 4096, flags });
  assert.deepEqual([extent(0, FIEMAP.UNWRITTEN), extent(0, 0)], [false, true]);
  assert.deepEqual([extent(4096, FIEMAP.UNWRITTEN), extent(4096, FIEMAP.DELALLOC)], [true, false]);
});

test('a GETFSMAP request carries the device in both keys, and a high key that takes in every owner', () => {
  assert.equal(encodeDevice('259:0'), 0x10300);
  assert.equal(encodeDevice('7:300'), 0x10072c);
  const raw = fsmapBuffer();
  encodeFsmap(raw, 0x10300, 4096, 8192);
  assert.deepEqual([raw.readUInt32LE(64), raw.readBigUInt64LE(72), raw.readUInt32LE(128)], [0x10300, 4096n, 0x10300]);
  assert.deepEqual([raw.readUInt32LE(132), raw.readBigUInt64LE(136)], [0xffffffff, 8191n]);
  assert.deepEqual([raw.readBigUInt64LE(144), raw.readBigUInt64LE(152)], [2n ** 64n - 1n, 2n ** 64n - 1n]);
});

test('a GETFSMAP answer goes on after its last record until that is marked as the last', () => {
  const raw = fsmapBuffer();
  encodeFsmap(raw, 7, 0, 8192);
  raw.writeUInt32LE(1, 12);
  raw.writeUInt32LE(0x8, 192 + 4);
  raw.writeBigUInt64LE(4096n, 192 + 8);
  raw.writeBigUInt64LE(131n, 192 + 16);
  raw.writeBigUInt64LE(512n, 192 + 24);
  raw.writeBigUInt64LE(1024n, 192 + 32);
  assert.deepEqual(decodeFsmap(raw), [{ flags: 8, physical: 4096, owner: 131, offset: 512, length: 1024 }]);
  assert.equal(continueFsmap(raw), true);
  assert.deepEqual([raw.readBigUInt64LE(72), raw.readBigUInt64LE(96)], [4096n, 1024n]);
  raw.writeUInt32LE(1, 12);
  raw.writeUInt32LE(0x20, 192 + 4);
  assert.equal(continueFsmap(raw), false);
});

const geometry = (() => {
  const raw = Buffer.alloc(256);
  const fields: [number, number][] = [
    [0, 4096],
    [8, 1000],
    [12, 4],
    [16, 100],
    [20, 512],
    [24, 512],
    [32, 4000],
    [56, 2 * 1024 + 6],
    [92, 0x80000],
  ];
  for (const [at, value] of fields) raw.writeUInt32LE(value, at);
  return decodeGeometry(raw);
})();

test('XFS numbers its log and inodes by group, with room rounded up to a power of two', () => {
  assert.deepEqual(geometry.log, { block: 2006, count: 100 });
  assert.deepEqual([geometry.reverseMap, geometry.parentPointers], [true, false]);
  assert.deepEqual(inodesIn(geometry, 1001 * 4096, 1002 * 4096), { first: (1024 + 1) * 8, last: (1024 + 1) * 8 + 7 });
  assert.deepEqual(inodesIn(geometry, 512, 1024), { first: 1, last: 1 });
});

const xfs = 0x58 * 2 ** 32;
const owners: readonly { why: string; owner: number; kind: string | undefined }[] = [
  { why: 'free space', owner: 1, kind: 'free' },
  { why: 'what the file system does not tell', owner: 2, kind: undefined },
  { why: 'the log', owner: xfs + 2, kind: 'journal' },
  { why: 'inode chunks', owner: xfs + 5, kind: 'inode' },
  { why: 'an owner of the future', owner: xfs + 99, kind: undefined },
];
for (const { why, owner, kind } of owners) {
  test(`GETFSMAP owner of ${why}`, () => {
    const what = specialOwner(geometry, owner, 0, 4096);
    assert.equal(what?.metadata ?? what?.kind, kind);
  });
}

test('kernel answers of random bytes are decoded without running past their end', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 4096, maxLength: 4096 }), (noise) => {
      const raw = Buffer.from(noise);
      decodeParents(raw);
      decodeBulk(raw);
      const map = fsmapBuffer();
      raw.copy(map);
      try {
        decodeFsmap(map);
        continueFsmap(map);
      } catch (error) {
        assert.equal(error instanceof AgentError && error.code, 'CODEC_REPLY');
      }
    }),
  );
});

test('wanted blocks are found and cut like a plain comparison of every sector does', () => {
  const runs = fc.array(fc.tuple(fc.nat(400), fc.integer({ min: 1, max: 20 })), { maxLength: 12 });
  fc.assert(
    fc.property(
      runs,
      fc.constantFrom(1024, 4096),
      fc.nat(60),
      fc.integer({ min: 1, max: 20 }),
      (pairs, blockBytes, start, count) => {
        const asked = new Set(pairs.flatMap(([s, n]) => Array.from({ length: n }, (_, i) => s + i)));
        const perBlock = blockBytes / 512;
        const wanted = wantedBlocks(
          pairs.map(([s, n]) => run(s, n)),
          blockBytes,
        );
        const expected = [...asked]
          .filter((s) => s >= start * perBlock && s < (start + count) * perBlock)
          .sort((a, b) => a - b);
        const found: number[] = [];
        eachOverlap(wanted, start, count, (block, n) => {
          for (const r of sectorsIn(wanted, block, n)) for (let i = 0; i < r.count; i++) found.push(r.start + i);
        });
        assert.deepEqual(found, expected);
        assert.equal(touches(wanted, start, count), expected.length > 0);
      },
    ),
  );
});

test('overlapping runs are found whatever their order and lengths', () => {
  const runs = fc.array(fc.tuple(fc.nat(100), fc.integer({ min: 1, max: 60 })), { maxLength: 20 });
  fc.assert(
    fc.property(runs, fc.nat(120), fc.integer({ min: 1, max: 10 }), (pairs, start, count) => {
      const all = pairs.map(([s, n]) => run(s, n));
      const expected = all.filter((r) => r.start < start + count && start < r.start + r.count).length;
      assert.equal(createRunIndex(all).overlapping(run(start, count)).length, expected);
    }),
  );
});

test('an XFS inode is the same only with all that it had, and what the kernel writes to lies in the request itself', async () => {
  const SINGLE = 0xc0205866;
  const before: XfsInode = {
    inode: 133,
    generation: 7,
    links: 65_537,
    mode: 0o100644,
    realtime: false,
    changed: 5_000.25,
  };
  const address = 0x7000_0000n;
  let asked: number[] = [];
  const kernel = (links: number, generation: number) => ({
    ...memoryIo(Buffer.alloc(0)),
    addressOf: () => address,
    ioctl(_fd: number, request: number, buffer: Uint8Array) {
      asked.push(request);
      if (request !== SINGLE) return 0;
      const raw = Buffer.from(buffer.buffer, buffer.byteOffset, buffer.length);
      const [inode, answer] = [raw.readBigUInt64LE(0), raw.readBigUInt64LE(16)].map((at) => Number(at - address));
      assert.ok(inode !== undefined && inode >= 32 && inode + 8 <= raw.length);
      assert.ok(answer !== undefined && answer >= 32 && answer + 136 <= raw.length);
      assert.equal(raw.readBigUInt64LE(24), 0n);
      raw.copy(raw, answer, inode, inode + 8);
      raw.writeUInt16LE(before.mode, answer + 8);
      raw.writeUInt16LE(links, answer + 10);
      raw.writeBigInt64LE(5n, answer + 72);
      raw.writeUInt32LE(250_000, answer + 80);
      raw.writeUInt32LE(generation, answer + 108);
      return 0;
    },
  });
  const again = async (links: number, generation: number) => {
    asked = [];
    const stated = { inodes: new Map([[133, before]]), unreadable: new Map() };
    return (await statAgain(kernel(links, generation), 3, [133], stated, async () => undefined)).inodes.get(133);
  };
  assert.equal(await again(1, 7), before);
  assert.deepEqual(asked, [SINGLE]);
  // asked in full
  for (const [links, generation] of [
    [2, 7],
    [1, 8],
  ] as const) {
    assert.equal(await again(links, generation), undefined);
    assert.equal(asked.length, 2);
  }
});

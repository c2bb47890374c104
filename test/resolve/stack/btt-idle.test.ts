import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { run } from '../../../src/model/extent.ts';
import type { BlockDevice } from '../../../src/model/topology.ts';
import { bytes, sectorCount } from '../../../src/model/units.ts';
import { type BttPiece, resolveIdleBtt } from '../../../src/resolve/stack/btt-idle.ts';
import { recognize } from '../../../src/resolve/stack/recognize.ts';
import { memoryIo } from '../memory-io.ts';

const page = 4096;
const [blocks, lanes] = [24, 4];
const kept = blocks + lanes;
/** from the start of an arena */
const at = { data: page, map: page * (1 + kept + 2), log: page * (2 + kept + 2), copy: page * (3 + kept + 2) };
const arenaBytes = at.copy + page;

/** What the driver keeps of one arena, and how it writes (drivers/nvdimm/btt.c btt_write_pg). */
class Arena {
  readonly map: (number | undefined)[] = Array(blocks).fill(undefined);
  readonly flags = new Map<number, number>();
  readonly log: { block: number; from: number; to: number; sequence: number }[][];
  constructor() {
    this.log = Array.from({ length: lanes }, (_, lane) => [
      { block: lane, from: blocks + lane, to: blocks + lane, sequence: 1 },
    ]);
  }
  placeOf(block: number): number {
    return this.map[block] ?? block;
  }
  free(lane: number): number {
    return this.log[lane]?.at(-1)?.from ?? Number.NaN;
  }
  write(block: number, lane: number, cutOff = false): void {
    const slots = this.log[lane] ?? [];
    const to = this.free(lane);
    const sequence = ((slots.at(-1)?.sequence ?? 0) % 3) + 1;
    slots.push({ block, from: this.placeOf(block), to, sequence });
    this.flags.delete(block);
    if (!cutOff) this.map[block] = to;
  }
  image(into: Buffer, start: number, next: number, secondSlot: number): void {
    into.write('BTT_ARENA_INFO\0\0', start, 'latin1');
    into.writeUInt16LE(1, start + 52);
    for (const [offset, value] of [
      [56, page],
      [60, blocks],
      [64, page],
      [68, kept],
      [72, lanes],
      [76, page],
    ] as const) {
      into.writeUInt32LE(value, start + offset);
    }
    into.writeBigUInt64LE(BigInt(next), start + 80);
    for (const [offset, value] of [
      [88, at.data],
      [96, at.map],
      [104, at.log],
      [112, at.copy],
    ] as const) {
      into.writeBigUInt64LE(BigInt(value), start + offset);
    }
    into.writeBigUInt64LE(fletcher(into.subarray(start, start + page - 8)), start + page - 8);
    this.map.forEach((place, block) => {
      const flag = this.flags.get(block) ?? (place === undefined ? 0 : 0xc000_0000);
      into.writeUInt32LE((flag + (flag === 0 ? 0 : this.placeOf(block))) >>> 0, start + at.map + block * 4);
    });
    this.log.forEach((slots, lane) => {
      slots.slice(-2).forEach((slot, i) => {
        // each write takes the older of the two
        const older = (slots.length - Math.min(2, slots.length) + i) % 2;
        const to = start + at.log + lane * 64 + older * secondSlot * 16;
        [slot.block, slot.from, slot.to, slot.sequence].forEach((v, n) => void into.writeUInt32LE(v >>> 0, to + n * 4));
      });
    });
  }
}
function fletcher(raw: Buffer): bigint {
  let [low, high] = [0n, 0n];
  for (let i = 0; i < page; i += 4) {
    low = (low + BigInt(i < raw.length ? raw.readUInt32LE(i) : 0)) & 0xffff_ffffn;
    high = (high + low) & 0xffff_ffffn;
  }
  return (high << 32n) | low;
}
function imageOf(arenas: readonly Arena[], start: number, secondSlot = 1): Buffer {
  const image = Buffer.alloc(start + arenas.length * arenaBytes + 2 * page);
  arenas.forEach((arena, i) => {
    arena.image(image, start + i * arenaBytes, i + 1 < arenas.length ? arenaBytes : 0, secondSlot);
  });
  return image;
}

function look(image: Buffer, start: number, count: number, badBytes: readonly number[] = []) {
  const device: BlockDevice = {
    name: 'pmem7',
    devNumber: '259:7',
    size: sectorCount(image.length / 512),
    logicalBlockBytes: bytes(512),
    kind: 'disk',
    holders: [],
    slaves: [],
    hasBadblocks: true,
    dax: false,
  };
  const io = memoryIo(image, { badBytes });
  return resolveIdleBtt(device, [run(start, count)], io, new AbortController().signal);
}
/** The pieces of one block of the media. */
async function blockAt(image: Buffer, start: number, arena: number, block: number): Promise<readonly BttPiece[]> {
  const first = (start + arena * arenaBytes + at.data) / 512 + block * 8;
  return (await look(image, first, 8)).pieces;
}

test('after any writes each block of the media is told by the block of the device that it holds', async () => {
  const writes = fc.array(fc.tuple(fc.nat(1), fc.nat(blocks - 1), fc.nat(lanes - 1), fc.nat(15)), { maxLength: 80 });
  await fc.assert(
    fc.asyncProperty(writes, fc.constantFrom(0, page), fc.constantFrom(1, 2), async (all, start, secondSlot) => {
      const arenas = [new Arena(), new Arena()];
      const broken = new Set<string>();
      for (const [which, block, lane, chance] of all) {
        const arena = arenas[which] as Arena;
        // the power went before the last write of a lane got into the map: nothing follows it there
        if (broken.has(`${which}`)) continue;
        if (chance === 0) broken.add(`${which}`);
        arena.write(block, lane, chance === 0);
        if (chance === 0) arena.map[block] ??= undefined;
      }
      const image = imageOf(arenas, start, secondSlot);
      for (const [which, arena] of arenas.entries()) {
        if (broken.has(`${which}`)) finish(arena);
        const used = new Map(arena.map.map((_, block) => [arena.placeOf(block), block]));
        for (let place = 0; place < kept; place++) {
          const [piece, ...more] = await blockAt(image, start, which, place);
          assert.deepEqual(more, []);
          const block = used.get(place);
          assert.equal(piece?.what, block === undefined ? 'BTT free block' : 'BTT data');
          assert.equal(piece?.above?.start, block === undefined ? undefined : (which * blocks + block) * 8);
        }
      }
    }),
    { numRuns: 150 },
  );
});
/** What the driver does when it starts again. */
function finish(arena: Arena): void {
  for (const slots of arena.log) {
    const last = slots.at(-1);
    if (last !== undefined && last.from !== last.to && arena.placeOf(last.block) === last.from) {
      arena.map[last.block] = last.to;
    }
  }
}

test('sectors within a block are those within the block of the device', async () => {
  const arena = new Arena();
  arena.write(5, 0);
  const image = imageOf([arena], page);
  const { pieces, missed } = await look(image, (page + at.data) / 512 + blocks * 8 + 3, 2);
  assert.equal(missed, undefined);
  assert.deepEqual(
    pieces.map((p) => [p.what, p.above, p.reason]),
    [['BTT data', run(5 * 8 + 3, 2), 'block 5 of the BTT device, which is not in use']],
  );
});
test('a block that was discarded, or told as lost by the BTT itself, says so', async () => {
  const arena = new Arena();
  for (const block of [2, 3]) arena.map[block] = block;
  arena.flags.set(2, 0x8000_0000).set(3, 0x4000_0000);
  const image = imageOf([arena], 0);
  assert.match((await blockAt(image, 0, 0, 2))[0]?.reason ?? '', /reads as zeros/);
  assert.match((await blockAt(image, 0, 0, 3))[0]?.reason ?? '', /already told it as lost/);
});
test('sectors of the map are told with the sectors of the device that need them', async () => {
  const image = imageOf([new Arena()], page);
  const { pieces } = await look(image, (page + at.map) / 512, 1);
  assert.deepEqual(
    pieces.map((p) => [p.what, p.reason]),
    [['BTT map', `says where sectors 0+${blocks * 8} of the BTT device lie`]],
  );
});
test('what lies behind the last block and the last arena is padding', async () => {
  const image = imageOf([new Arena()], page);
  const { pieces } = await look(image, 0, image.length / 512);
  const padding = pieces.filter((p) => p.what === 'BTT padding').map((p) => [p.start, p.count]);
  assert.deepEqual(
    padding.sort((a, b) => (a[0] ?? 0) - (b[0] ?? 0)),
    [
      [0, 8],
      [(page + at.data) / 512 + kept * 8, 16],
      [(page + arenaBytes) / 512, 16],
    ],
  );
  assert.equal(
    pieces.reduce((sum, p) => sum + p.count, 0),
    image.length / 512,
  );
});
test('where the map cannot be read the block is not guessed', async () => {
  const image = imageOf([new Arena()], page);
  const { pieces, missed } = await look(image, (page + at.data) / 512, 8, [page + at.map + 40]);
  assert.equal(missed, `${blocks} entries of the map of arena 0 cannot be read`);
  assert.deepEqual(
    pieces.map((p) => [p.what, p.above, p.reason]),
    [['BTT data', undefined, missed]],
  );
});
test('an info block that is not whole is not believed', async () => {
  const image = imageOf([new Arena(), new Arena()], page);
  image.writeUInt8(1, page + arenaBytes + 60);
  const { pieces, missed } = await look(image, 100, 8);
  assert.equal(missed, 'the info block of arena 1 is not valid');
  assert.deepEqual(
    pieces.map((p) => [p.what, p.reason]),
    [['BTT arena', missed]],
  );
});
test('a raw namespace with a BTT is recognised, in both formats', () => {
  for (const start of [0, page]) {
    const head = Buffer.alloc(256 * 1024);
    imageOf([new Arena()], start).copy(head);
    assert.equal(recognize(head), 'block translation table (BTT)');
  }
});

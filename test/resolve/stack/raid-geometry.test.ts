import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { RaidGeometry, Spot } from '../../../src/resolve/stack/raid/geometry.ts';
import { linearGeometry } from '../../../src/resolve/stack/raid/linear.ts';
import { ALGORITHM, parityGeometry } from '../../../src/resolve/stack/raid/parity.ts';
import { raid0Geometry } from '../../../src/resolve/stack/raid/raid0.ts';
import { raid1Geometry } from '../../../src/resolve/stack/raid/raid1.ts';
import { raid10Geometry } from '../../../src/resolve/stack/raid/raid10.ts';

const CHUNK = 8;

interface Case {
  readonly name: string;
  readonly geometry: RaidGeometry;
  readonly memberSizes: readonly number[];
  readonly copies: number;
}
function known(name: string, geometry: RaidGeometry | undefined, memberSizes: readonly number[], copies: number): Case {
  assert.ok(geometry, name);
  return { name, geometry, memberSizes, copies };
}
const same = (disks: number, size: number): number[] => Array(disks).fill(size);
const far2 = (2 << 8) | 1;
const farSets = 1 << 17;
const offset = 1 << 16;
const fixedSets = 2 << 17;

const cases: readonly Case[] = [
  known('linear', linearGeometry([40, 16, 24]), [40, 16, 24], 1),
  known('raid0', raid0Geometry([80, 80, 80], CHUNK, 0), [80, 80, 80], 1),
  known('raid0 of unequal members, original layout', raid0Geometry([80, 48, 24, 80], CHUNK, 1), [80, 48, 24, 80], 1),
  known('raid0 of unequal members, alternate layout', raid0Geometry([80, 48, 24, 80], CHUNK, 2), [80, 48, 24, 80], 1),
  known('raid1', raid1Geometry(3, 77), same(3, 80), 3),
  ...[2, 3].flatMap((near) =>
    [4, 5].map((disks) =>
      known(
        `raid10 near ${near} on ${disks}`,
        raid10Geometry(disks, CHUNK, (1 << 8) | near, 120),
        same(disks, 120),
        near,
      ),
    ),
  ),
  ...[3, 4, 5].flatMap((disks) => [
    known(`raid10 far on ${disks}`, raid10Geometry(disks, CHUNK, far2, 160), same(disks, 160), 2),
    known(`raid10 offset on ${disks}`, raid10Geometry(disks, CHUNK, far2 | offset, 160), same(disks, 160), 2),
    known(`raid10 far in sets on ${disks}`, raid10Geometry(disks, CHUNK, far2 | fixedSets, 160), same(disks, 160), 2),
    known(
      `raid10 offset in sets on ${disks}`,
      raid10Geometry(disks, CHUNK, far2 | offset | fixedSets, 160),
      same(disks, 160),
      2,
    ),
  ]),
  known('raid10 far in the old sets', raid10Geometry(4, CHUNK, far2 | farSets, 160), same(4, 160), 2),
  known('raid4', parityGeometry('raid4', 4, CHUNK, 0, 120), same(4, 120), 1),
  ...[0, 1, 2, 3, 4, 5].map((layout) =>
    known(`raid5 layout ${layout}`, parityGeometry('raid5', 4, CHUNK, layout, 120), same(4, 120), 1),
  ),
  ...Object.values(ALGORITHM).map((layout) =>
    known(`raid6 layout ${layout}`, parityGeometry('raid6', 5, CHUNK, layout, 120), same(5, 120), 1),
  ),
];

for (const { name, geometry, memberSizes, copies } of cases) {
  test(`${name}: every array sector is on as many members as there are copies, and each of them maps back to it`, () => {
    const seen = new Map<string, number>();
    for (let sector = 0; sector < geometry.size; sector++) {
      const spots = geometry.down(sector, 1).map((part) => part.spot);
      assert.equal(spots.length, copies, `sector ${sector}`);
      for (const { slot, at } of spots) {
        assert.ok(at < (memberSizes[slot] ?? 0), `sector ${sector} beyond member ${slot}`);
        assert.ok(!seen.has(`${slot} ${at}`), `member ${slot} sector ${at} is used twice`);
        seen.set(`${slot} ${at}`, sector);
        assert.deepEqual(geometry.up(slot, at, 1)[0]?.holds, { kind: 'data', array: sector });
      }
    }
    for (const [slot, size] of memberSizes.entries()) {
      for (const part of geometry.up(slot, 0, size)) {
        if (part.holds.kind === 'data') continue;
        for (let i = 0; i < part.count; i++) assert.ok(!seen.has(`${slot} ${part.at + i}`));
      }
    }
  });

  test(`${name}: any run of a member comes back whole, and going down again covers it`, () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), fc.integer({ min: 1, max: 60 }), (a, b, length) => {
        const slot = a % memberSizes.length;
        const size = memberSizes[slot] as number;
        const start = b % size;
        const count = Math.min(length, size - start);
        let at = start;
        for (const part of geometry.up(slot, start, count)) {
          assert.equal(part.at, at);
          at += part.count;
          if (part.holds.kind !== 'data') continue;
          const back = geometry.down(part.holds.array, part.count);
          const covered = back.filter(
            (p) => p.spot.slot === slot && p.spot.at >= part.at && p.spot.at < part.at + part.count,
          );
          assert.equal(
            covered.reduce((sum, p) => sum + p.count, 0),
            part.count,
          );
        }
        assert.equal(at, start + count);
      }),
      { numRuns: 200 },
    );
  });
}

/** Which array chunks a member holds, from its first chunk on; parity as P, unused as -. */
function column(geometry: RaidGeometry | undefined, slot: number, chunks: number): string {
  assert.ok(geometry);
  return geometry
    .up(slot, 0, chunks * CHUNK)
    .map(({ holds }) => (holds.kind === 'data' ? String(holds.array / CHUNK) : holds.kind === 'parity' ? 'P' : '-'))
    .join(' ');
}
const columns = (geometry: RaidGeometry | undefined, disks: number, chunks: number): string[] =>
  [...Array(disks).keys()].map((slot) => column(geometry, slot, chunks));

// worked out by hand from drivers/md/raid5.c raid5_compute_sector
test('raid5 left-symmetric turns the parity to the left and begins the data behind it', () => {
  assert.deepEqual(columns(parityGeometry('raid5', 4, CHUNK, ALGORITHM.leftSymmetric, 40), 4, 5), [
    '0 4 8 P 12',
    '1 5 P 9 13',
    '2 P 6 10 14',
    'P 3 7 11 P',
  ]);
});
test('raid5 left-asymmetric keeps the data in the order of the members', () => {
  assert.deepEqual(columns(parityGeometry('raid5', 4, CHUNK, ALGORITHM.leftAsymmetric, 32), 4, 4), [
    '0 3 6 P',
    '1 4 P 9',
    '2 P 7 10',
    'P 5 8 11',
  ]);
});
test('raid6 left-symmetric has P and Q side by side', () => {
  assert.deepEqual(columns(parityGeometry('raid6', 5, CHUNK, ALGORITHM.leftSymmetric, 40), 5, 5), [
    'P 3 7 11 P',
    '0 4 8 P P',
    '1 5 P P 12',
    '2 P P 9 13',
    'P P 6 10 14',
  ]);
});
// md(4): RAID10 layouts
test('raid10 near 2 on three members runs on over the end of a stripe', () => {
  assert.deepEqual(columns(raid10Geometry(3, CHUNK, 0x102, 32), 3, 4), ['0 1 3 4', '0 2 3 5', '1 2 4 5']);
});
test('raid10 far 2 has the second half one member further', () => {
  assert.deepEqual(columns(raid10Geometry(3, CHUNK, far2, 32), 3, 4), ['0 3 2 5', '1 4 0 3', '2 5 1 4']);
});
test('raid10 offset 2 has every stripe again in the next chunk, one member further', () => {
  assert.deepEqual(columns(raid10Geometry(3, CHUNK, far2 | offset, 32), 3, 4), ['0 2 3 5', '1 0 4 3', '2 1 5 4']);
});
// drivers/md/raid0.c map_sector
test('raid0 of unequal members chooses the member in later zones by the layout', () => {
  assert.deepEqual(columns(raid0Geometry([16, 32, 48], CHUNK, 2), 3, 6), [
    '0 3 - - - -',
    '1 4 6 8 - -',
    '2 5 7 9 10 11',
  ]);
  // chunk 9 opens the second zone: by its number in the array, an odd one, it is on the second of the two that are left
  assert.deepEqual(columns(raid0Geometry([24, 48, 48], CHUNK, 1), 3, 6), [
    '0 3 6 - - -',
    '1 4 7 10 12 14',
    '2 5 8 9 11 13',
  ]);
});
test('raid0 with zones of several members is not guessed when its layout is not told', () => {
  assert.equal(raid0Geometry([16, 32, 32], CHUNK, 0), undefined);
  assert.ok(raid0Geometry([16, 16, 32], CHUNK, 0), 'one member alone in the last zone leaves no choice');
});
test('a layout that the kernel does not have gives no geometry', () => {
  assert.equal(parityGeometry('raid5', 4, CHUNK, 7, 32), undefined);
  assert.equal(parityGeometry('raid6', 4, CHUNK, 11, 32), undefined);
  assert.equal(raid10Geometry(4, CHUNK, 0, 32), undefined);
  assert.equal(raid10Geometry(4, CHUNK, 1 << 20, 32), undefined);
});

test('what else is needed for the data: one other copy, or all but the parity of a stripe', () => {
  const needs = (geometry: RaidGeometry | undefined, spot: Spot) => {
    const recovery = geometry?.up(spot.slot, spot.at, 1)[0]?.recovery;
    return [recovery?.need, recovery?.others.map((o) => `${o.slot}:${o.at}`).join(' ')];
  };
  assert.deepEqual(needs(raid1Geometry(3, 100), { slot: 1, at: 7 }), [1, '0:7 2:7']);
  assert.deepEqual(needs(raid10Geometry(3, CHUNK, far2, 32), { slot: 0, at: 9 }), [1, '1:25']);
  assert.deepEqual(needs(parityGeometry('raid5', 4, CHUNK, 2, 32), { slot: 0, at: 9 }), [3, '1:9 2:9 3:9']);
  assert.deepEqual(needs(parityGeometry('raid6', 5, CHUNK, 2, 40), { slot: 0, at: 9 }), [3, '1:9 2:9 3:9 4:9']);
  assert.deepEqual(needs(raid0Geometry([16, 16], CHUNK, 0), { slot: 0, at: 0 }), [undefined, undefined]);
});

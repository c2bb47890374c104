import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  clip,
  coalesce,
  endOf,
  intersect,
  overlaps,
  type Run,
  run,
  shift,
  subtract,
  totalBytes,
  totalSectors,
} from '../../src/model/extent.ts';

/** The naive model: one flag per sector of a small device. */
const SIZE = 64;
type Bitmap = readonly boolean[];
function bitmap(runs: readonly Run[]): Bitmap {
  return Array.from({ length: SIZE }, (_, i) => runs.some((r) => i >= r.start && i < endOf(r)));
}
function runsOf(bits: Bitmap): Run[] {
  const runs: Run[] = [];
  for (let i = 0; i < bits.length; i++) {
    if (!bits[i]) continue;
    const from = i;
    while (bits[i + 1]) i++;
    runs.push(run(from, i + 1 - from));
  }
  return runs;
}
const anyRun = fc
  .tuple(fc.nat(SIZE - 1), fc.nat(12))
  .map(([start, count]) => run(start, Math.min(count, SIZE - start)));
const anyRuns = fc.array(anyRun, { maxLength: 10 });

function holds(name: string, property: (a: Run[], b: Run[]) => void): void {
  test(name, () => {
    fc.assert(fc.property(anyRuns, anyRuns, property), { numRuns: 400 });
  });
}

holds('coalesced runs are sorted, apart from each other, and cover the same sectors', (a) => {
  assert.deepEqual(coalesce(a), runsOf(bitmap(a)));
});

holds('intersect is what both bitmaps have', (a, b) => {
  const other = bitmap(b);
  assert.deepEqual(
    bitmap(intersect(a, b)),
    bitmap(a).map((bit, i) => bit && (other[i] as boolean)),
  );
});

holds('subtract is what only the first bitmap has, in the fewest runs', (a, b) => {
  const other = bitmap(b);
  assert.deepEqual(subtract(a, b), runsOf(bitmap(a).map((bit, i) => bit && !(other[i] as boolean))));
});

holds('what is in both and what is in one alone make up the whole', (a, b) => {
  assert.deepEqual(coalesce([...intersect(a, b), ...subtract(a, b)]), coalesce(a));
  assert.deepEqual(intersect(subtract(a, b), b), []);
});

holds('totals count the sectors of coalesced runs once', (a) => {
  const count = bitmap(a).filter(Boolean).length;
  assert.equal(totalSectors(coalesce(a)), count);
  assert.equal(totalBytes(coalesce(a)), count * 512);
});

holds('no operation changes what it was given', (a, b) => {
  const before = JSON.stringify([a, b]);
  coalesce(a);
  intersect(a, b);
  subtract(a, b);
  assert.equal(JSON.stringify([a, b]), before);
});

test('clip and overlaps agree with the bitmap', () => {
  fc.assert(
    fc.property(anyRun, anyRun, (a, b) => {
      const common = runsOf(bitmap([a]).map((bit, i) => bit && (bitmap([b])[i] as boolean)));
      const clipped = clip(a, b);
      assert.deepEqual(clipped === undefined ? [] : [clipped], common);
      if (a.count > 0 && b.count > 0) assert.equal(overlaps(a, b), common.length > 0);
    }),
  );
});

test('a shift there and back is the same run, and none goes before sector 0', () => {
  fc.assert(
    fc.property(anyRun, fc.integer({ min: -100, max: 100 }), (a, by) => {
      const moved = shift(a, by);
      if (moved === undefined) assert.ok(a.start + by < 0);
      else assert.deepEqual(shift(moved, -by), a);
    }),
  );
});

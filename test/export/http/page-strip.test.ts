/** Where bad ranges are drawn, and how one gets closer. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { COLUMNS, harmOf, stripOf } from '../../../src/export/http/page/strip.ts';
import {
  around,
  parseZoom,
  SMALLEST_WINDOW,
  windowIn,
  ZONES,
  zoomLink,
  zoomSteps,
} from '../../../src/export/http/page/zoom.ts';
import { endOf, run } from '../../../src/model/extent.ts';
import { fileOwner, ownerOf, rangeOf, uidA } from '../built-state.ts';

test('one bad sector of a terabyte is drawn, wide enough to be seen, and that is said', () => {
  const strip = stripOf([rangeOf(2 ** 30, 1)], run(0, 2 ** 31));
  assert.deepEqual(strip.marks, [{ from: COLUMNS / 2, to: COLUMNS / 2 + 1, harm: 'open' }]);
  assert.deepEqual([strip.widened, strip.merged], [true, false]);
});

test('ranges that fall into one column are one mark, which takes the worst of them, and that is said', () => {
  const lost = rangeOf(8, 1, [fileOwner(8, 1, '1', '/a')]);
  const strip = stripOf(
    [rangeOf(0, 1, [ownerOf('free', 0, 1)]), lost, rangeOf(20, 1, [ownerOf('free', 20, 1)])],
    run(0, 2 ** 20),
  );
  assert.deepEqual(strip.marks, [{ from: 0, to: 1, harm: 'lost' }]);
  assert.ok(strip.merged);
  assert.equal(strip.ranges.length, 3);
});

test('closest, each sector has its place and nothing is said to be merged or widened', () => {
  const strip = stripOf([rangeOf(3, 1), rangeOf(5, 2)], run(0, SMALLEST_WINDOW));
  const perSector = COLUMNS / SMALLEST_WINDOW;
  assert.deepEqual(
    strip.marks.map(({ from, to }) => [from, to]),
    [
      [3 * perSector, 4 * perSector],
      [5 * perSector, 7 * perSector],
    ],
  );
  assert.deepEqual([strip.merged, strip.widened, strip.zones], [false, false, []]);
});

test('every bad sector of a window is in exactly one zone, and every range in some column', () => {
  const place = fc.tuple(fc.integer({ min: 0, max: 5000 }), fc.integer({ min: 17, max: 5000 }));
  const gaps = fc.array(fc.tuple(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 40 })), { maxLength: 60 });
  fc.assert(
    fc.property(place, gaps, ([start, count], runs) => {
      let next = 0;
      const ranges = runs.map(([gap, length]) => {
        const range = rangeOf(next + gap, length);
        next += gap + length;
        return range;
      });
      const window = run(start, count);
      const strip = stripOf(ranges, window);
      const bad = ranges.reduce(
        (sum, r) => sum + Math.max(0, Math.min(endOf(r), endOf(window)) - Math.max(r.start, start)),
        0,
      );
      assert.equal(
        strip.zones.reduce((sum, zone) => sum + zone.sectors, 0),
        bad,
      );
      assert.equal(strip.zones.length, ZONES);
      assert.equal(strip.marks.length > 0, bad > 0);
      assert.equal(strip.ranges.length, ranges.filter((r) => r.start < endOf(window) && endOf(r) > start).length);
    }),
  );
});

test('from all of a terabyte it takes no more than eleven steps to a sector', () => {
  const size = 2 ** 31;
  let window = windowIn(size, undefined);
  const target = rangeOf(1_234_567_891, 1);
  let steps = 0;
  while (window.count > SMALLEST_WINDOW) {
    const zone = stripOf([target], window).zones.find(({ ranges }) => ranges > 0);
    assert.ok(zone !== undefined);
    window = windowIn(size, zone.window);
    steps++;
  }
  assert.ok(steps <= 11, String(steps));
  assert.ok(window.start <= target.start && endOf(target) <= endOf(window));
});

test('a link to a part of a strip is read as it was written; anything else shows all of it', () => {
  const link = new URL(zoomLink(uidA, run(4096, 64)), 'http://x');
  assert.deepEqual(parseZoom(link.searchParams.get('zoom') ?? ''), { uid: uidA.slice(0, 12), window: run(4096, 64) });
  for (const text of [undefined, '', 'a:1', 'a:-1+2', 'a:1+1e9', 'a:9999999999999999+1', 'a b:1+1'])
    assert.equal(parseZoom(text), undefined, String(text));
});

test('no link leads out of the place, whatever was asked for', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 2 ** 40 }),
      fc.integer({ min: 0, max: 2 ** 45 }),
      fc.integer({ min: 1, max: 2 ** 45 }),
      (size, start, count) => {
        const window = windowIn(size, run(start, count));
        for (const each of [window, ...Object.values(zoomSteps(window, size)), around(window, size)]) {
          assert.ok(each.start >= 0 && endOf(each) <= size && each.count >= 1, JSON.stringify(each));
        }
      },
    ),
  );
});

test('harm is the worst of what the owners lost', () => {
  assert.equal(harmOf([]), 'open');
  assert.equal(harmOf([ownerOf('free', 0, 1), ownerOf('unknown', 0, 1)]), 'open');
  assert.equal(harmOf([ownerOf('unknown', 0, 1), fileOwner(0, 1, '1', '/a')]), 'lost');
  assert.equal(harmOf([fileOwner(0, 1, '1', '/a', { goodCopy: { exists: 'yes', where: 'md0' } })]), 'idle');
  assert.equal(harmOf([fileOwner(0, 1, '1', '/a', { state: 'unwritten' })]), 'idle');
});

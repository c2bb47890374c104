import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  bytes,
  bytesFromSectors,
  sector,
  sectorAt,
  sectorCount,
  sectorsCovering,
  wholeSectors,
} from '../../src/model/units.ts';

test('a unit is a whole number from 0 to 2^53 - 1, and nothing else', () => {
  for (const make of [sector, sectorCount, bytes]) {
    assert.equal(make(Number.MAX_SAFE_INTEGER), Number.MAX_SAFE_INTEGER);
    for (const wrong of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, Number.MAX_SAFE_INTEGER + 1]) {
      assert.throws(() => make(wrong), RangeError, String(wrong));
    }
  }
});

test('a sector is 512 bytes, and what does not fit is refused instead of rounded', () => {
  assert.equal(bytesFromSectors(sector(8)), 4096);
  assert.throws(() => bytesFromSectors(sector(Number.MAX_SAFE_INTEGER)), RangeError);
});

test('the sectors that a byte range covers are those that hold one of its bytes', () => {
  const range = fc.record({ start: fc.nat(5000), length: fc.nat(5000) });
  fc.assert(
    fc.property(range, ({ start, length }) => {
      const touched = new Set(Array.from({ length }, (_, i) => Math.floor((start + i) / 512)));
      assert.equal(sectorsCovering(start, length), touched.size);
    }),
    { numRuns: 50 },
  );
});

test('positions round down to their sector, lengths to whole sectors', () => {
  for (const [byte, expected] of [
    [0, 0],
    [511, 0],
    [512, 1],
    [1023, 1],
  ] as const) {
    assert.equal(sectorAt(byte), expected);
    assert.equal(wholeSectors(byte), expected);
  }
});

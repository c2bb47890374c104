import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseMemoryDevice } from '../../src/discover/smbios.ts';

/** A type 17 structure with `length` formatted bytes and the given string numbers. */
function structure(strings: readonly string[], numbers: Readonly<Record<number, number>>, length = 0x28): Buffer {
  const formatted = Buffer.alloc(length);
  formatted.set([17, length, 0x26, 0x01]);
  for (const [at, number] of Object.entries(numbers)) formatted[Number(at)] = number;
  return Buffer.concat([formatted, Buffer.from(`${strings.join('\0')}\0\0`, 'latin1')]);
}

test('handle, locators, serial and part number come from their places', () => {
  const raw = structure(['P1-DIMMA1', 'NODE 1', 'Intel', '0000A1', ' NMA1XBD128GQS '], {
    16: 1,
    17: 2,
    23: 3,
    24: 4,
    26: 5,
  });
  assert.deepEqual(parseMemoryDevice(raw), {
    handle: 0x126,
    locator: 'P1-DIMMA1',
    bankLocator: 'NODE 1',
    serial: '0000A1',
    partNumber: 'NMA1XBD128GQS',
  });
});

test('what firmware left unfilled is absent', () => {
  const raw = structure(['DIMM 0', 'Not Specified', 'Unknown'], { 16: 1, 17: 2, 24: 3, 26: 0 });
  assert.deepEqual(parseMemoryDevice(raw), { handle: 0x126, locator: 'DIMM 0' });
});

test('an old, short structure has no serial; a string number beyond the strings names nothing', () => {
  assert.deepEqual(parseMemoryDevice(structure(['A'], { 16: 1, 17: 9 }, 0x15)), { handle: 0x126, locator: 'A' });
});

test('other types, empty and cut structures are none', () => {
  const raw = structure(['A'], { 16: 1 });
  const other = Buffer.from(raw);
  other[0] = 16;
  for (const bytes of [other, Buffer.alloc(0), raw.subarray(0, 3), raw.subarray(0, 0x20)]) {
    assert.equal(parseMemoryDevice(bytes), undefined);
  }
});

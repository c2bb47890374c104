import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { counted, jsonText, painter, printable } from '../../src/cli/print.ts';
import { aligned } from '../../src/cli/table.ts';
import { byteText } from '../../src/model/byte-text.ts';

test('no text from outside can drive a terminal', () => {
  assert.equal(printable('a\nb\tc\rd'), 'a\\nb\\tc\\rd');
  assert.equal(printable('\u001b]0;title\u0007'), '\\x1b]0;title\\x07');
  assert.equal(printable('\u009b31m'), '\\x9b31m');
  assert.equal(printable('evil\u202egnp.exe'), 'evil\\u202egnp.exe');
  assert.equal(printable('Grüße/数据'), 'Grüße/数据');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
  const obeyed = /[\u0000-\u001f\u007f-\u009f\u202a-\u202e]/;
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => !obeyed.test(printable(text))));
});

test('JSON for a terminal is still the same JSON', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const written = jsonText({ text }).trimEnd();
      assert.deepEqual(JSON.parse(written), { text });
      assert.doesNotMatch(written, /[\u007f-\u009f]/);
    }),
  );
});

test('sizes are short and exact where they can be', () => {
  const table: [number, string][] = [
    [0, '0 B'],
    [512, '512 B'],
    [4096, '4 KiB'],
    [1536, '1.5 KiB'],
    [1073741824, '1 GiB'],
    [127_000_000_000, '118 GiB'],
  ];
  for (const [count, text] of table) assert.equal(byteText(count), text);
});

test('one is not many', () => {
  assert.equal(counted(1, 'file'), '1 file');
  assert.equal(counted(0, 'file'), '0 files');
});

test('columns stand under each other', () => {
  assert.equal(
    aligned([
      ['a', 'b'],
      ['long', 'c'],
    ]),
    'a     b\nlong  c',
  );
});

test('there is no colour where none is wanted', () => {
  assert.equal(painter(false)('red', 'x'), 'x');
  assert.equal(painter(true)('red', 'x'), '\u001b[31mx\u001b[39m');
});

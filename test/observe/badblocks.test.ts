import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { BadBlockList } from '../../src/model/badblocks.ts';
import { coalesce, run } from '../../src/model/extent.ts';
import { parseBadBlocks } from '../../src/observe/badblocks.ts';

const PAGE = 4096;
function parse(text: string, pageSize = PAGE) {
  return parseBadBlocks(Buffer.from(text, 'latin1'), pageSize);
}
function listOf(text: string, pageSize = PAGE): BadBlockList {
  const parsed = parse(text, pageSize);
  assert.equal(parsed.kind, 'ok', JSON.stringify(parsed));
  return (parsed as { value: BadBlockList }).value;
}
/** `count` lines of one sector each, of `width` characters with the newline. */
function lines(count: number, width: number): string {
  const first = 10 ** (width - 4);
  return Array.from({ length: count }, (_, i) => `${first + 2 * i} 1\n`).join('');
}

test('no bytes, or a lone newline, is a clean list', () => {
  for (const text of ['', '\n']) assert.deepEqual(listOf(text), { runs: [], complete: true, entries: 0 });
});

test('slices of one range in any order are one run', () => {
  // what kernel 6.1 shows after adding 1000+2000 (kernel-abi 1.2)
  const list = listOf('2536 464\n2024 512\n1512 512\n1000 512\n');
  assert.deepEqual(list, { runs: [run(1000, 2000)], complete: true, entries: 4 });
});

test('any lines give what coalescing their ranges gives', () => {
  const entry = fc.tuple(fc.nat(2 ** 40), fc.integer({ min: 1, max: 512 }));
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 100, size: 'max' }), (entries) => {
      const list = listOf(entries.map(([start, count]) => `${start} ${count}\n`).join(''));
      assert.deepEqual(list.runs, coalesce(entries.map(([start, count]) => run(start, count))));
      assert.equal(list.entries, entries.length);
    }),
    { numRuns: 50 },
  );
});

test('a page cut in the middle of a number is incomplete, and the cut number is not a sector', () => {
  const text = lines(512, 10).slice(0, 4095);
  assert.ok(!text.endsWith('\n'));
  const list = listOf(text);
  assert.equal(list.complete, false);
  assert.match(list.reason ?? '', /cut at one page \(4095 bytes\)/);
  assert.equal(list.entries, 409);
  assert.ok(
    list.runs.every(({ start }) => start >= 1_000_000),
    'the first digits of a longer number are none',
  );
});

test('a page of exactly 4095 bytes that ends in a newline is incomplete all the same', () => {
  const text = lines(455, 9);
  assert.equal(text.length, 4095);
  assert.ok(text.endsWith('\n'));
  const list = listOf(text);
  assert.equal(list.complete, false);
  assert.equal(list.entries, 455);
});

test('one byte less is complete', () => {
  const text = `${lines(454, 9)}12345 1\n`;
  assert.equal(text.length, 4094);
  assert.equal(listOf(text).complete, true);
});

test('the limit is that of the page size', () => {
  const text = lines(455, 9);
  assert.equal(listOf(text, 65536).complete, true);
  assert.equal(listOf(lines(7282, 9).slice(0, 65535), 65536).complete, false);
});

test('a full table is incomplete though the page is not full', () => {
  const list = listOf(Array.from({ length: 512 }, (_, i) => `${i * 2} 1\n`).join(''));
  assert.equal(list.complete, false);
  assert.match(list.reason ?? '', /table is full \(512 entries\)/);
});

test('a last line without its newline is left out and the list called incomplete', () => {
  for (const tail of ['200', '200 ', '200 8']) {
    const list = listOf(`100 1\n${tail}`);
    assert.deepEqual(list.runs, [run(100, 1)], tail);
    assert.equal(list.complete, false, tail);
  }
});

test('what is no list fails with the line and a short, escaped piece of it', () => {
  for (const [text, line, why] of [
    ['1 1\nhello\n', 2, 'words'],
    ['-8 1\n', 1, 'negative'],
    ['8 -1\n', 1, 'negative count'],
    ['8 0\n', 1, 'no sectors'],
    ['0x8 1\n', 1, 'hexadecimal'],
    ['8 1 1\n', 1, 'three numbers'],
    ['8\t1\n', 1, 'tab'],
    ['8 1\r\n', 1, 'carriage return'],
    ['8 1\n\n9 1\n', 2, 'empty line between'],
    ['9007199254740992 1\n', 1, 'beyond 2^53 - 1'],
    ['9007199254740991 1\n', 1, 'the end is beyond 2^53 - 1'],
    ['1 99999999999999999999999\n', 1, 'huge count'],
    ['\x7fELF\x02\x01\0\0', 1, 'binary without a newline'],
    ['1.5 1\n', 1, 'fraction'],
  ] as const) {
    const parsed = parse(text);
    assert.equal(parsed.kind, 'failed', why);
    assert.ok(parsed.kind === 'failed' && parsed.code === 'SYSFS_PARSE', why);
    assert.match(parsed.reason, new RegExp(`line ${line} `), why);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that there are none is what is tested
    assert.doesNotMatch(parsed.reason, /[\x00-\x1f\x7f-\x9f]/, why);
  }
});

test('a megabyte of garbage makes a short reason', () => {
  const parsed = parse('x'.repeat(1 << 20));
  assert.ok(parsed.kind === 'failed' && parsed.reason.length < 200);
});

test('any bytes are read as something, without throwing', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200, size: 'max' }), (raw) => {
      assert.ok(['ok', 'failed'].includes(parseBadBlocks(raw, PAGE).kind));
    }),
  );
});

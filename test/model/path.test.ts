import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { bytesOfPath, pathFromBytes, pathFromText, textOfBytes } from '../../src/model/path.ts';

test('any bytes come back exactly', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40, size: 'max' }), (raw) => {
      assert.deepEqual(new Uint8Array(bytesOfPath(pathFromBytes(raw))), raw);
    }),
  );
});

test('valid UTF-8 is shown as it is', () => {
  for (const text of ['/pg/base/16402/24711', '/données', '/文件/😀', '/with\nnewline and "quotes"', '']) {
    assert.equal(textOfBytes(Buffer.from(text, 'utf8')), text);
    assert.deepEqual(pathFromText(text), pathFromBytes(Buffer.from(text, 'utf8')));
  }
});

test('each byte that is no part of a valid sequence is escaped, and its neighbours are not', () => {
  for (const [raw, text, why] of [
    ['2fff61', '/\\xffa', 'never valid'],
    ['2fc3', '/\\xc3', 'cut sequence'],
    ['c3a9ffc3a9', 'é\\xffé', 'between valid ones'],
    ['c080', '\\xc0\\x80', 'overlong'],
    ['eda080', '\\xed\\xa0\\x80', 'surrogate'],
    ['0aff', '\n\\xff', 'control characters stay'],
  ] as const) {
    assert.equal(textOfBytes(Buffer.from(raw, 'hex')), text, why);
  }
});

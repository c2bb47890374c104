import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseRows } from '../../src/linux/device-mapper.ts';

/** A reply of DM_TABLE_STATUS: the header, then rows whose `next` counts from the start of the data. */
function reply(rows: readonly (readonly [number, number, string, string])[]): Buffer {
  const raw = Buffer.alloc(4096);
  raw.writeUInt32LE(312, 16);
  raw.writeUInt32LE(rows.length, 20);
  let at = 312;
  for (const [start, count, type, parameters] of rows) {
    raw.writeBigUInt64LE(BigInt(start), at);
    raw.writeBigUInt64LE(BigInt(count), at + 8);
    raw.write(type, at + 24, 'latin1');
    raw.write(parameters, at + 40, 'latin1');
    const next = Math.ceil((at + 40 + parameters.length + 1 - 312) / 8) * 8;
    raw.writeUInt32LE(next, at + 20);
    at = 312 + next;
  }
  return raw;
}

test('every row of a table comes with its place, its target and its words', () => {
  const rows = parseRows(
    reply([
      [0, 1000, 'linear', '259:0 2048'],
      [1000, 512, 'striped', '2 256 259:0 0 259:1 64'],
    ]),
  );
  assert.deepEqual(rows, [
    { start: 0, count: 1000, type: 'linear', parameters: ['259:0', '2048'], status: [] },
    { start: 1000, count: 512, type: 'striped', parameters: ['2', '256', '259:0', '0', '259:1', '64'], status: [] },
  ]);
});

const key = '00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff';
const secrets: readonly (readonly [string, string])[] = [
  ['crypt', `aes-xts-plain64 ${key} 0 259:0 2048`],
  ['crypt', 'aes-xts-plain64 1234567890 0 259:0 2048 1 allow_discards'],
  ['crypt', 'aes-xts-plain64 :64:logon:cryptsetup:1234567890 0 259:0 2048'],
  ['integrity', `259:0 0 16 J 6 internal_hash:hmac(sha256):${key} journal_sectors:8`],
  ['novelty', `259:0 ${key} 1234567890123`],
];
for (const [type, parameters] of secrets) {
  test(`no key leaves a ${type} row: ${parameters.slice(0, 40)}`, () => {
    const raw = reply([[0, 100, type, parameters]]);
    const text = JSON.stringify(parseRows(raw));
    assert.doesNotMatch(text, /00112233|1234567890/);
    assert.match(text, /259:0/);
    assert.doesNotMatch(raw.toString('latin1'), /00112233|1234567890/, 'nor does it stay in the buffer');
  });
}

test('a reply whose rows lie outside of it is no table', () => {
  const raw = reply([
    [0, 100, 'linear', '259:0 0'],
    [100, 100, 'linear', '259:0 0'],
  ]);
  raw.writeUInt32LE(100_000, 312 + 20);
  assert.throws(() => parseRows(raw), { code: 'EPROTO' });
});

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { it } from 'node:test';
import { shellQuote } from '../../src/notify/shell.ts';

const paths: readonly (readonly [string, Uint8Array])[] = [
  ['a plain path', Buffer.from('/pg/base/16402/24711')],
  ['spaces and globs', Buffer.from('/pg/a b/*?[x]')],
  ['quotes and dollars', Buffer.from('/pg/it\'s "$HOME" `id` \\n')],
  ['newlines and tabs', Buffer.from("/pg/new\nline\t'x'")],
  ['UTF-8', Buffer.from('/pg/größe')],
  ['bytes that are no UTF-8, before hex digits', Buffer.from([0x2f, 0xff, 0x61, 0x62, 0x80, 0x31])],
  ['every byte but NUL and slash', Buffer.from(Array.from({ length: 255 }, (_, i) => i + 1))],
];
for (const [why, raw] of paths) {
  it(`a shell reads back exactly: ${why}`, () => {
    const read = execFileSync('bash', ['--norc', '-c', `printf %s ${shellQuote(raw)}`], { env: { LC_ALL: 'C' } });
    assert.deepEqual([...read], [...raw]);
  });
}

it('is no longer than needed', () => {
  assert.equal(shellQuote(Buffer.from('/pg/base/1')), '/pg/base/1');
  assert.equal(shellQuote(Buffer.from('/pg/a b')), "'/pg/a b'");
  assert.equal(shellQuote(Buffer.from([0x2f, 0xff, 0x0a])), "$'/\\xff\\n'");
});

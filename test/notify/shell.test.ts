import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { it } from 'node:test';
import { shellSet } from '../../src/notify/shell.ts';

const paths: readonly (readonly [string, Uint8Array])[] = [
  ['a plain path', Buffer.from('/pg/base/16402/24711')],
  ['spaces and globs', Buffer.from('/pg/a b/*?[x]')],
  ['quotes, dollars and backticks', Buffer.from('/pg/it\'s "$HOME" `id` \\n 100%s')],
  ['newlines and tabs', Buffer.from("/pg/new\nline\t'x'")],
  ['newlines at the end', Buffer.from('/pg/x\n\n')],
  ['UTF-8', Buffer.from('/pg/größe')],
  ['bytes that are no UTF-8, before digits', Buffer.from([0x2f, 0xff, 0x61, 0x62, 0x80, 0x31])],
  ['every byte but NUL', Buffer.from(Array.from({ length: 255 }, (_, i) => i + 1))],
];
const shells = ['bash', 'dash', 'busybox'].filter((shell) => spawnSync(shell, ['--help']).error === undefined);
const locales = ['C', 'C.UTF-8'];

it('there is a shell to ask', () => assert.ok(shells.length > 0));
for (const [why, raw] of paths) {
  it(`every shell reads back exactly: ${why}`, () => {
    for (const shell of shells) {
      for (const locale of locales) {
        const script = `${shellSet('f', raw)}; printf %s "$f"`;
        const args = shell === 'busybox' ? ['sh', '-c', script] : ['-c', script];
        const read = execFileSync(shell, args, { env: { ...process.env, LC_ALL: locale } });
        assert.deepEqual([...read], [...raw], `${shell} in ${locale}`);
      }
    }
  });
  it(`one line that a message can hold between backticks: ${why}`, () => {
    assert.match(shellSet('f', raw), /^[ -_a-~]+$/);
  });
}

it('is no longer than needed', () => {
  assert.equal(shellSet('f', Buffer.from('/pg/base/1')), 'f=/pg/base/1');
  assert.equal(shellSet('f', Buffer.from('/pg/a b')), "f='/pg/a b'");
  assert.equal(shellSet('f', Buffer.from([0x2f, 0xff, 0x0a, 0x25])), "f=$(printf '/\\377\\012%%')");
});

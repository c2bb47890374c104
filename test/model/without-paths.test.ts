import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withoutPaths } from '../../src/model/without-paths.ts';

test('absolute paths in a sentence are left out, in quotes with whatever is in them', () => {
  for (const [text, shown] of [
    ['limited to /srv/pg; see it', 'limited to <path>; see it'],
    ["ENOENT: open '/srv/my files/a'", "ENOENT: open '<path>'"],
    ['(/pg/base/1: EIO)', '(<path>: EIO)'],
    ['/pg', '<path>'],
  ]) {
    assert.equal(withoutPaths(text as string), shown);
  }
});

test('kernel trees and device nodes stay, and what only looks like a path', () => {
  for (const text of [
    'open /dev/pmem0: EACCES',
    "'/sys/bus/nd' cannot be read",
    'read/write at 5 MiB/s',
    'needs CAP_SYS_ADMIN / root',
    'https://db07.example/docs',
  ]) {
    assert.equal(withoutPaths(text), text);
  }
  assert.equal(withoutPaths('/dev/../pg/secret'), '<path>');
});

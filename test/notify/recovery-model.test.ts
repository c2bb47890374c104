/** docs/recovery-model.md and what rests on it: steps cite its rows, its rows cite tests. */
import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { recoveryRows } from '../../src/notify/recovery-row.ts';

const root = join(import.meta.dirname, '../..');
const text = readFileSync(join(root, 'docs/recovery-model.md'), 'utf8');
/** The cells of each row that begins with an id, by that id. */
const rows = text.split('\n').flatMap((line) => {
  const [, id, rest] = /^\| `([a-z-]+)` \|(.*)\|$/.exec(line) ?? [];
  return id === undefined || rest === undefined ? [] : [{ id, cells: rest.split(' | ').map((cell) => cell.trim()) }];
});
const guestTests = 'test/vm/tests';

test('every row has an id of its own, and evidence', () => {
  assert.ok(rows.length >= 30, `${rows.length} rows`);
  assert.equal(new Set(rows.map(({ id }) => id)).size, rows.length);
  for (const { id, cells } of rows) {
    for (const evidence of (cells.at(-1) ?? '').split('<br>')) {
      const [, file, name] = /^`([\w.-]+\.ts)` › (.+)$/.exec(evidence) ?? [];
      if (file === undefined || name === undefined) {
        assert.match(
          evidence,
          /from source: `[\w/-]+\.c` `\w+`(, `[\w/-]+\.c` `\w+`)*$/,
          `${id}: "${evidence}" is no evidence`,
        );
        continue;
      }
      const path = join(root, guestTests, file);
      assert.ok(existsSync(path), `${id}: there is no ${guestTests}/${file}`);
      const found = readFileSync(path, 'utf8').replaceAll("\\'", "'").includes(name);
      assert.ok(found, `${id}: ${file} has no test "${name}"`);
    }
  }
});

test('every row that a step cites is there, and every row in the list of rows is cited by a step', () => {
  const documented = new Set(rows.map(({ id }) => id));
  const steps = globSync('src/notify/*-step*.ts', { cwd: root }).map((file) => readFileSync(join(root, file), 'utf8'));
  for (const id of recoveryRows) {
    assert.ok(documented.has(id), `docs/recovery-model.md has no row ${id}`);
    assert.ok(
      steps.some((step) => step.includes(`'${id}'`)),
      `no step cites ${id}`,
    );
  }
});

test('every exact command that a step tells is run as told by a test in a guest', () => {
  const withCommands = [
    'dax-write',
    'block-write',
    'dax-shared',
    'shared-write',
    'btrfs-write',
    'btrfs-scrub',
    'md-check',
  ];
  withCommands.push('device-write', 'devdax-clear', 'free-zero', 'cannot-clear', 'page-cache');
  for (const id of withCommands) {
    const row = rows.find((each) => each.id === id);
    assert.match(row?.cells.at(-1) ?? '', new RegExp(`› rows?.*\\b${id}\\b`), `no test is named after the row ${id}`);
  }
});

import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import { renderConfigReference } from '../../src/config/reference.ts';

const file = new URL('../../docs/config.md', import.meta.url);

test('docs/config.md says what the schema says (npm run golden writes it)', async () => {
  const rendered = renderConfigReference();
  if (process.env['UPDATE_GOLDEN'] === '1') await writeFile(file, rendered);
  assert.equal(await readFile(file, 'utf8'), rendered);
});

test('every key of the file has a description in the reference', () => {
  const rows = renderConfigReference()
    .split('\n')
    .filter((line) => line.startsWith('| `'));
  for (const row of rows) assert.doesNotMatch(row, /\|\s*\|$/, row);
});

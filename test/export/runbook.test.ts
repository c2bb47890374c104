/** docs/runbook.md is made from src/export/runbook.ts (`npm run golden`), and every link to a runbook leads somewhere. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createHttpApp } from '../../src/export/http/server.ts';
import { runbookMarkdown } from '../../src/export/runbook.ts';
import { conditions } from '../../src/model/incident.ts';
import { httpDeps } from './http/served.ts';

const root = join(import.meta.dirname, '../..');
const file = join(root, 'docs/runbook.md');
const marks = ['<!-- runbook: made by npm run golden -->\n', '<!-- /runbook -->\n'] as const;

test('docs/runbook.md tells what the agent serves', () => {
  const text = readFileSync(file, 'utf8');
  const from = text.indexOf(marks[0]) + marks[0].length;
  const to = text.indexOf(marks[1]);
  assert.ok(from >= marks[0].length && to >= from, 'docs/runbook.md has lost the marks around its text');
  if (process.env['UPDATE_GOLDEN'] === '1') {
    writeFileSync(file, `${text.slice(0, from)}\n${runbookMarkdown()}\n${text.slice(to)}`);
  }
  assert.ok(
    readFileSync(file, 'utf8').includes(runbookMarkdown()),
    'docs/runbook.md is not current: run npm run golden',
  );
});

test('the page has a heading for every condition, and shows commands as code', async () => {
  const { app } = await createHttpApp(httpDeps());
  const answer = await app.inject({ url: '/runbook', headers: { host: 'localhost' } });
  await app.close();
  assert.equal(answer.statusCode, 200);
  for (const condition of conditions) assert.ok(answer.body.includes(`<h2 id="${condition}">`), condition);
  assert.match(answer.body, /<code>pmemwatch check PATH<\/code>/);
  assert.ok(!answer.body.includes('`'), 'a command without its end');
});

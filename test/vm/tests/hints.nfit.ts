import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { recordHints } from '../guest/hints.ts';
import { until } from '../guest/wait.ts';

const scrubFile = '/sys/bus/nd/devices/ndbus0/nfit/scrub';

test("the end of a scrub that we started is lost to chokidar's change, its raw event tells it", async (t) => {
  const log = await recordHints([scrubFile]);
  const done = Number.parseInt(readFileSync(scrubFile, 'utf8'), 10) + 1;
  // Opening it truncates: kernfs sets atime after mtime, and chokidar drops every later change of such a file.
  writeFileSync(scrubFile, '1\n');
  await sleep(500);
  const whileRunning = readFileSync(scrubFile, 'utf8').trim();
  assert.match(whileRunning, /\+$/);
  log.clear();
  await until('the scrub is done', () => readFileSync(scrubFile, 'utf8').trim() === String(done));
  await sleep(500);
  t.diagnostic(`at the end: ${log.count('raw', scrubFile)} raw, ${log.count('change', scrubFile)} change`);
  assert.ok(log.count('raw', scrubFile) > 0);
  assert.equal(log.count('change', scrubFile), 0);
  await log.close();
});

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { playScrub } from '../../src/demo/simulated-scrub.ts';

test('a simulated bus is searched once for each 1 that is written, and says so as a kernel does', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'pmemwatch-scrub-'));
  const file = join(folder, 'scrub');
  writeFileSync(file, '');
  const stop = playScrub(file);
  t.after(() => {
    stop();
    rmSync(folder, { recursive: true });
  });
  const until = async (text: string): Promise<void> => {
    const deadline = performance.now() + 10_000;
    while (readFileSync(file, 'latin1') !== text) {
      assert.ok(performance.now() < deadline, `${JSON.stringify(text)} never came: ${readFileSync(file, 'latin1')}`);
      await new Promise((done) => setTimeout(done, 5));
    }
  };
  await until('1\n');
  writeFileSync(file, '1\n');
  await until('1+\n');
  await until('2\n');
  writeFileSync(file, '1\n');
  await until('2+\n');
  await until('3\n');
});

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createSocketFiles } from '../../src/linux/socket-files.ts';
import { AgentError } from '../../src/model/errors.ts';

test('a socket path that cannot be looked at is told with what to do, not thrown as a bug', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'pmemwatch-socket-'));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'file'), '');
  // ENOTDIR stands for every errno here: it comes to root as well
  await assert.rejects(createSocketFiles().claim(join(folder, 'file', 'api.sock')), (error) => {
    assert.ok(error instanceof AgentError);
    assert.equal(error.code, 'LISTEN');
    assert.match(error.message, /ENOTDIR.*api\.socket/);
    return true;
  });
});

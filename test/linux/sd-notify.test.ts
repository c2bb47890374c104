import assert from 'node:assert/strict';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createServiceManager } from '../../src/linux/sd-notify.ts';

test('the watchdog is not fed while a pass has been running for as long as it waits, and is again after it', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'pmemwatch-notify-'));
  const fd = openSync(join(folder, 'told'), 'w');
  t.after(() => {
    closeSync(fd);
    rmSync(folder, { recursive: true });
  });
  const told = (): string => readFileSync(join(folder, 'told'), 'utf8');
  let passMs = 80;
  const manager = createServiceManager(fd, 80);
  manager.ready(() => passMs);
  await sleep(200);
  assert.equal(told(), 'READY=1');
  passMs = 79;
  await sleep(200);
  assert.match(told(), /^READY=1(WATCHDOG=1)+$/);
  manager.stopping();
  const last = told();
  await sleep(100);
  assert.equal(told(), last);
  assert.match(last, /STOPPING=1$/);
});

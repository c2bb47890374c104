import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createHostInfo } from '../../src/linux/host-info.ts';

test('this host says its name and kernel', async () => {
  const facts = await createHostInfo({ rootfs: '/', procfs: '/proc' }).read();
  assert.deepEqual([facts.name, facts.kernel], [hostname(), release()]);
  assert.match(facts.bootId, /^[0-9a-f-]{36}$/);
});

test('from a container the host is described by its own files', async (t) => {
  const root = mkdtempSync(join(tmpdir(), 'pmemwatch-host-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  mkdirSync(join(root, 'etc'));
  writeFileSync(join(root, 'etc/machine-id'), '0123456789abcdef0123456789abcdef\n');
  writeFileSync(join(root, 'etc/hostname'), 'db07\n');
  writeFileSync(join(root, 'etc/os-release'), 'NAME=x\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n');
  const facts = await createHostInfo({ rootfs: root, procfs: join(root, 'none') }).read();
  assert.deepEqual(
    [facts.name, facts.machineId, facts.bootId, facts.os],
    ['db07', '0123456789abcdef0123456789abcdef', 'unknown', 'Debian GNU/Linux 12 (bookworm)'],
  );
});

test('a machine id that is not made yet is unknown', async (t) => {
  const root = mkdtempSync(join(tmpdir(), 'pmemwatch-host-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  mkdirSync(join(root, 'etc'));
  writeFileSync(join(root, 'etc/machine-id'), 'uninitialized\n');
  const facts = await createHostInfo({ rootfs: root, procfs: '/proc' }).read();
  assert.equal(facts.machineId, 'unknown');
});

import assert from 'node:assert/strict';
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { discover } from '../../src/discover/discover.ts';
import { createClock } from '../../src/linux/clock.ts';
import { createProbe } from '../../src/linux/probe/client.ts';
import { childConnector } from '../../src/linux/probe/connect.ts';
import { createLocalTree } from '../../src/linux/probe/kernel-files.ts';
import { materialiseHost } from '../fakes/host-tree.ts';
import { silent } from './rig.ts';

const hosts = globSync(join(import.meta.dirname, '../fixtures/hosts/*.host')).filter(
  (file) => !readFileSync(file, 'utf8').includes('! STUCK'),
);
test('there are hosts to discover', () => assert.ok(hosts.length > 0));
for (const file of hosts) {
  test(`everything that discovering the host ${basename(file, '.host')} reads is served by the probe`, async (t) => {
    const root = mkdtempSync(join(tmpdir(), 'pmemwatch-discover-'));
    const { sysfs, procfs } = materialiseHost(file, root);
    const connect = childConnector({ sysfs, procfs, rootfs: root, dev: root });
    const probe = createProbe({ connect, deadlineMs: 5_000, clock: createClock(), log: silent });
    t.after(async () => {
      await probe.close();
      rmSync(root, { recursive: true, force: true });
    });
    const direct = await discover({ sysfs: createLocalTree(sysfs), procfs: createLocalTree(procfs) });
    assert.deepEqual(await discover(probe), direct);
  });
}

import assert from 'node:assert/strict';
import { mkdtemp, readFile, readlink, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Listing } from '../../src/cli/listing.ts';
import { laySimulatedHost, type SimulatedHost } from '../../src/demo/simulated-host.ts';
import { discover } from '../../src/discover/discover.ts';
import { refusal } from '../../src/linux/probe/access.ts';
import { createLocalTree } from '../../src/linux/probe/kernel-files.ts';
import { run } from '../../src/model/extent.ts';
import { platformOf, runCommand } from '../cli/run-command.ts';

let folder = '';
let host: SimulatedHost;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pmemwatch-simulated-'));
  host = await laySimulatedHost(folder, { devNumber: '254:7', node: '/dev/vdz', size: 1_000_003 });
});
after(() => rm(folder, { recursive: true }));
const trees = () => ({ sysfs: createLocalTree(host.sysfs), procfs: createLocalTree(host.procfs) });

test('the simulated host is discovered whole: one NFIT bus, two DIMMs in their slots, pmem0 under a real number', async () => {
  const topology = await discover(trees());
  assert.deepEqual(topology.problems, []);
  assert.deepEqual(
    topology.buses.map(({ name, provider, errorSource }) => [name, provider, errorSource]),
    [['ndbus0', 'ACPI.NFIT', 'ars']],
  );
  assert.deepEqual(
    topology.dimms.map(({ name, locator, serial }) => [name, locator, serial]),
    [
      ['nmem0', 'CPU0_C1_D2', '0x00002a50'],
      ['nmem1', 'CPU0_C2_D2', '0x00002a6f'],
    ],
  );
  const [namespace] = topology.namespaces;
  assert.deepEqual(
    [namespace?.mode, namespace?.device, namespace?.dataStart, namespace?.dataSize, namespace?.regionOffset],
    ['fsdax', 'pmem0', 4096, 1_000_003, 0],
  );
  const disk = topology.blockDevices.find(({ name }) => name === 'pmem0');
  assert.deepEqual([disk?.devNumber, disk?.size, disk?.hasBadblocks], ['254:7', 1_000_003, true]);
  assert.equal(await readlink(join(host.dev, 'pmem0')), '/dev/vdz');
});

test('its mounts are the real ones of this process', async () => {
  const real = await readFile('/proc/self/mountinfo', 'utf8');
  assert.equal(await readFile(join(host.procfs, '1/mountinfo'), 'utf8'), real);
});

test('bad sectors show in the disk’s list and, behind the info block, in the region’s: one damage, not two', async () => {
  const listed = async () => {
    const { stdout, code } = await runCommand(['list', '--json'], {
      platform: platformOf(trees()),
    });
    assert.equal(code, 0);
    return (JSON.parse(stdout) as Listing).buses[0]?.regions[0]?.namespaces[0]?.badRanges;
  };
  await host.setBadSectors([run(2048, 8)]);
  const region = join(host.sysfs, 'bus/nd/devices/region0/badblocks');
  assert.equal(await readFile(region, 'utf8'), '6144 8\n');
  assert.deepEqual((await listed())?.ranges, [{ on: 'device', start: 2048, count: 8 }]);
  await host.setBadSectors([]);
  assert.deepEqual(await listed(), { readable: true, complete: true, reasons: [], ranges: [] });
});

test('every simulated file is one that the probe process serves', () => {
  for (const path of ['block/pmem0/badblocks', 'bus/nd/devices/region0/badblocks', 'firmware/dmi/entries/17-0/raw']) {
    assert.equal(refusal('sysfs', path), undefined, path);
  }
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readBlockDevices } from '../../src/discover/block.ts';
import { createProblems } from '../../src/discover/look.ts';
import { parseMountinfo } from '../../src/discover/mountinfo.ts';
import { mountsOf } from '../../src/resolve/climb.ts';
import { createKernelTree } from '../fakes/kernel-tree.ts';

const UUID = '0b5c4e3e-9d38-4f0f-8b6a-110102030405';
const mountinfo = (source: string): string =>
  `48 27 0:39 / /pool rw,relatime - btrfs ${source} rw,subvolid=5,subvol=/\n`;

function hostWithPool(): ReturnType<typeof createKernelTree> {
  const sysfs = createKernelTree();
  const disk = (name: string, minor: number): void => {
    const path = `devices/virtual/block/${name}`;
    sysfs.put(`${path}/dev`, `259:${minor}\n`);
    sysfs.put(`${path}/size`, '2048\n');
    sysfs.put(`${path}/queue/logical_block_size`, '512\n');
    sysfs.put(`block/${name}`, { kind: 'link', target: `../${path}` });
    sysfs.put(`dev/block/259:${minor}`, { kind: 'link', target: `../../${path}` });
  };
  disk('pmem0', 0);
  disk('pmem1', 1);
  disk('dm-0', 2);
  disk('sdz', 3);
  sysfs.put('devices/virtual/block/dm-0/dm/name', 'vg-data\n');
  sysfs.put('devices/virtual/block/pmem1/pmem1p1/dev', '259:4\n');
  sysfs.put('devices/virtual/block/pmem1/pmem1p1/size', '1024\n');
  sysfs.put('devices/virtual/block/pmem1/pmem1p1/start', '8\n');
  const members = { pmem0: 'pmem0', pmem1p1: 'pmem1/pmem1p1', 'dm-0': 'dm-0' };
  for (const [name, path] of Object.entries(members)) {
    sysfs.put(`fs/btrfs/${UUID}/devices/${name}`, {
      kind: 'link',
      target: `../../../../devices/virtual/block/${path}`,
    });
  }
  sysfs.put('fs/btrfs/features/raid56', '0\n');
  return sysfs;
}

for (const source of ['/dev/pmem0', '/dev/pmem1p1', '/dev/mapper/vg-data']) {
  test(`every device of a btrfs leads to its mount, which names only ${source}`, async () => {
    const { mounts } = parseMountinfo(Buffer.from(mountinfo(source)));
    const problems = createProblems();
    const devices = await readBlockDevices(hostWithPool(), mounts, new Map(), problems, []);
    assert.deepEqual(problems.found, []);
    assert.deepEqual(
      devices.filter((d) => mountsOf(d, mounts).length > 0).map((d) => d.name),
      ['dm-0', 'pmem0', 'pmem1p1'],
    );
    assert.ok(!devices.some((d) => d.name === 'sdz'), 'a disk of no interest is looked at');
  });
}

test('without a btrfs nothing of it is looked at', async () => {
  const sysfs = hostWithPool();
  const devices = await readBlockDevices(sysfs, [], new Map(), createProblems(), []);
  assert.deepEqual(devices, []);
});

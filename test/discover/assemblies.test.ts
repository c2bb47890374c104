import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createProblems } from '../../src/discover/look.ts';
import { readLoopBacking } from '../../src/discover/loop.ts';
import { readMdArray } from '../../src/discover/md.ts';
import { readStack } from '../../src/discover/stack.ts';
import type { Assembly } from '../../src/model/stack.ts';
import { sectorCount } from '../../src/model/units.ts';
import { createKernelTree } from '../fakes/kernel-tree.ts';

type Attributes = Readonly<Record<string, string>>;
const ordinary: Attributes = {
  level: 'raid1',
  raid_disks: '2',
  chunk_size: '0',
  layout: '0',
  component_size: '1024',
  metadata_version: '1.2',
  sync_action: 'idle',
  reshape_position: 'none',
};
const inSync: Attributes = { offset: '2048', size: '1024', state: 'in_sync', recovery_start: 'none', bad_blocks: '' };

async function md(array: Attributes, members: Readonly<Record<string, Attributes>>, size = 2048): Promise<Assembly> {
  const tree = createKernelTree();
  for (const [name, value] of Object.entries({ ...ordinary, ...array })) tree.put(`block/md0/md/${name}`, `${value}\n`);
  for (const [device, attributes] of Object.entries(members)) {
    for (const [name, value] of Object.entries(attributes))
      tree.put(`block/md0/md/dev-${device}/${name}`, `${value}\n`);
  }
  return readMdArray(tree, 'md0', sectorCount(size), createProblems());
}

test('an array is read in the units of its attributes: KiB, bytes and sectors', async () => {
  const found = await md(
    { level: 'raid5', raid_disks: '3', chunk_size: '65536', layout: '2' },
    {
      pmem0: { ...inSync, slot: '0' },
      pmem1p1: { ...inSync, slot: '1' },
      pmem2: { ...inSync, slot: '2', bad_blocks: '3000 8\n4000 1' },
    },
  );
  assert.ok(found.kind === 'md');
  const { members, ...shape } = found.raid;
  assert.deepEqual(shape, { level: 'raid5', disks: 3, chunk: 128, layout: 2, memberSize: 2048 });
  assert.deepEqual(
    members.map((m) => [m.device, m.slot, m.dataStart, m.dataSize, m.state, m.bad]),
    [
      ['pmem0', 0, 2048, 2048, 'in sync', []],
      ['pmem1p1', 1, 2048, 2048, 'in sync', []],
      [
        'pmem2',
        2,
        2048,
        2048,
        'in sync',
        [
          { start: 3000, count: 8 },
          { start: 4000, count: 1 },
        ],
      ],
    ],
  );
});
test('members that are failed, rebuilding, spare or a journal are told as such', async () => {
  const found = await md(
    {},
    {
      a: { ...inSync, slot: '0', state: 'faulty' },
      b: { ...inSync, slot: '1', state: 'spare', recovery_start: '512' },
      c: { ...inSync, slot: 'none', state: 'spare' },
      d: { ...inSync, slot: 'journal', state: 'journal' },
      e: { ...inSync, slot: 'none', state: 'faulty' },
    },
  );
  assert.ok(found.kind === 'md');
  assert.deepEqual(
    found.raid.members.map((m) => [m.device, m.state, m.rebuilt]),
    [
      ['a', 'failed', undefined],
      ['b', 'out of sync', 512],
    ],
  );
  assert.deepEqual(found.idle, [
    { device: 'c', role: 'md spare' },
    { device: 'd', role: 'md write journal' },
    { device: 'e', role: 'failed md member' },
  ]);
});
test('the size of a mirror may be odd, which KiB do not tell', async () => {
  const found = await md({}, { a: { ...inSync, slot: '0' } }, 2049);
  assert.equal(found.kind === 'md' ? found.raid.memberSize : 0, 2049);
});
test('a raid0 whose members are alike has no layout, which the kernel shows as -1', async () => {
  const found = await md({ level: 'raid0', layout: '-1', chunk_size: '65536' }, { a: { ...inSync, slot: '0' } });
  assert.equal(found.kind === 'md' ? found.raid.layout : undefined, 0);
});
test('copies of an array that is resyncing are doubtful', async () => {
  const found = await md({ sync_action: 'resync' }, { a: { ...inSync, slot: '0' } });
  assert.equal(found.kind === 'md' ? found.raid.doubt : '', 'resync is under way');
});
const unfit: readonly (readonly [Attributes, RegExp])[] = [
  [{ reshape_position: '4096' }, /being reshaped/],
  [{ sync_action: 'reshape' }, /being reshaped/],
  [{ chunk_size: '131072 (65536)' }, /chunk_size is 131072 \(65536\)/],
  [{ level: 'container' }, /level is container/],
  [{ raid_disks: '3 (2)' }, /raid_disks/],
];
for (const [attributes, reason] of unfit) {
  test(`an array with ${JSON.stringify(attributes)} is not looked through, with the reason`, async () => {
    const found = await md(attributes, { a: { ...inSync, slot: '0' } });
    assert.match(found.kind === 'unread' ? found.reason : '', reason);
  });
}

test('a loop device tells its file, with any bytes in its name, and where in it it starts', async () => {
  const tree = createKernelTree([
    ['block/loop3/loop/backing_file', { kind: 'file', data: Buffer.from('/srv/a\xff b.img\n', 'latin1') }],
  ]);
  tree.put('block/loop3/loop/offset', '1048576\n');
  tree.put('block/loop3/loop/sizelimit', '0\n');
  const found = await readLoopBacking(tree, 'loop3');
  assert.ok(found?.kind === 'loop');
  assert.deepEqual(
    [Buffer.from(found.file.base64, 'base64').toString('latin1'), found.offset],
    ['/srv/a\xff b.img', 1_048_576],
  );
  assert.equal(await readLoopBacking(createKernelTree(), 'loop4'), undefined, 'without a file it is nothing');
});

function hostWithVolumes() {
  const sysfs = createKernelTree();
  const put = (name: string, minor: number, more: Attributes) => {
    for (const [key, value] of Object.entries({ dev: `253:${minor}`, size: '1000', ...more }))
      sysfs.put(`block/${name}/${key}`, `${value}\n`);
  };
  put('pmem0', 0, { 'holders/dm-1': '' });
  put('dm-1', 1, { 'slaves/pmem0': '', 'dm/name': 'my--vg-lv--1', 'dm/uuid': 'LVM-abc' });
  put('dm-2', 2, { 'slaves/pmem0': '', 'dm/name': 'my-thing', 'dm/uuid': 'CRYPT-LUKS2-1' });
  const procfs = createKernelTree();
  procfs.put('1/mountinfo', '');
  return { sysfs, procfs };
}
test('volumes are called as LVM calls them, and their tables are joined by device number', async () => {
  const asked: string[] = [];
  const deviceMapper = {
    table: (devNumber: string) => {
      asked.push(devNumber);
      return [{ start: 0, count: 1000, type: 'linear', parameters: ['253:0', '64'], status: [] }];
    },
  };
  const { blockDevices } = await readStack({ ...hostWithVolumes(), deviceMapper }, 'dm-2');
  const volume = blockDevices.find((d) => d.name === 'dm-1');
  assert.deepEqual([volume?.label, volume?.dmName], ['my-vg/lv-1', 'my--vg-lv--1']);
  assert.ok(volume?.assembly?.kind === 'dm');
  assert.deepEqual(volume.assembly.targets[0]?.map, { kind: 'linear', leg: { device: 'pmem0', start: 64 } });
  assert.equal(blockDevices.find((d) => d.name === 'dm-2')?.label, 'my-thing');
  assert.deepEqual(asked.sort(), ['253:1', '253:2']);
});
test('a table that may not be read leaves the device unread, with the reason', async () => {
  const deviceMapper = {
    table: () => {
      throw Object.assign(new Error('EACCES: /dev/mapper/control'), { code: 'EACCES' });
    },
  };
  const { blockDevices } = await readStack({ ...hostWithVolumes(), deviceMapper });
  const found = blockDevices.find((d) => d.name === 'dm-1')?.assembly;
  assert.match(found?.kind === 'unread' ? found.reason : '', /table cannot be read \(EACCES/);
});

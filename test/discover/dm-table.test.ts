import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDmTable } from '../../src/discover/dm-table.ts';
import type { DmMap } from '../../src/model/stack.ts';

const names: Readonly<Record<string, string>> = {
  '259:0': 'pmem0',
  '259:1': 'pmem1',
  '253:4': 'dm-4',
  '253:5': 'dm-5',
};

function table(type: string, count: number, parameters: string, status = '') {
  const words = (text: string) => text.split(' ').filter((word) => word !== '');
  return parseDmTable(
    [{ start: 0, count, type, parameters: words(parameters), status: words(status) }],
    (number) => names[number] ?? number,
  );
}
function map(type: string, count: number, parameters: string, status = ''): DmMap {
  const parsed = table(type, count, parameters, status);
  assert.ok(parsed.kind === 'dm');
  return parsed.targets[0]?.map as DmMap;
}

const onPmem0 = { kind: 'linear', leg: { device: 'pmem0', start: 2048 } };
test('what only passes sectors on is told as such, crypt without its key', () => {
  assert.deepEqual(map('linear', 100, '259:0 2048'), onPmem0);
  assert.deepEqual(map('crypt', 100, 'aes-xts-plain64 ------ 0 259:0 2048 1 sector_size:4096'), onPmem0);
  assert.deepEqual(map('delay', 100, '259:0 2048 500'), onPmem0);
  assert.deepEqual(map('flakey', 100, '259:0 2048 1 10'), onPmem0);
  assert.deepEqual(map('snapshot-origin', 100, '259:0'), { kind: 'linear', leg: { device: 'pmem0', start: 0 } });
  assert.deepEqual(map('error', 100, ''), { kind: 'none' });
});
test('a stripe needs its legs and chunks to come out even', () => {
  assert.deepEqual(map('striped', 1024, '2 256 259:0 0 259:1 64'), {
    kind: 'striped',
    chunk: 256,
    legs: [
      { device: 'pmem0', start: 0 },
      { device: 'pmem1', start: 64 },
    ],
  });
  assert.equal(table('striped', 1000, '2 256 259:0 0 259:1 64').kind, 'unread');
  assert.equal(table('striped', 1024, '3 256 259:0 0 259:1 64').kind, 'unread');
});
test('legs of a mirror have the state that the kernel tells: in sync, failed, still copied to', () => {
  const parameters = 'disk 2 253:4 1024 2 259:0 0 259:1 8 1 handle_errors';
  const states = (status: string) => {
    const found = map('mirror', 4096, parameters, status);
    return found.kind === 'mirror' ? [found.logs, ...found.legs.map((l) => l.state)] : [];
  };
  assert.deepEqual(states('2 259:0 259:1 4/4 1 AA 3 disk 253:4 A'), [['dm-4'], 'in sync', 'in sync']);
  assert.deepEqual(states('2 259:0 259:1 2/4 1 AA 3 disk 253:4 A'), [['dm-4'], 'in sync', 'out of sync']);
  assert.deepEqual(states('2 259:0 259:1 4/4 1 AD 3 disk 253:4 A'), [['dm-4'], 'in sync', 'failed']);
  assert.deepEqual(states(''), [['dm-4'], 'unknown', 'unknown']);
});

test('a raid row gives the geometry of md: level, layout, sizes, members and their state', () => {
  const found = map(
    'raid',
    4096,
    'raid5_ls 3 128 region_size 1024 3 253:4 259:0 253:5 259:1 - -',
    'raid5_ls 3 Aa- 100/2048 recover 0 0 -',
  );
  assert.ok(found.kind === 'raid');
  const { members, ...shape } = found.raid;
  assert.deepEqual(shape, { level: 'raid5', disks: 3, chunk: 128, layout: 2, memberSize: 2048 });
  assert.deepEqual(
    members.map((m) => [m.device, m.slot, m.dataStart, m.dataSize, m.state]),
    [
      ['pmem0', 0, 0, 2048, 'in sync'],
      ['pmem1', 1, 0, 2048, 'out of sync'],
    ],
  );
  assert.deepEqual(found.logs, ['dm-4', 'dm-5']);
});
test('a raid10 row has its layout from format and copies', () => {
  const layoutOf = (type: string, options: string) => {
    const count = 1 + options.split(' ').filter((w) => w !== '').length;
    const found = map('raid', 4096, `${type} ${count} 128 ${options} 2 - 259:0 - 259:1`, 'raid10 2 AA 1/1 idle 0 0 -');
    return found.kind === 'raid' ? [found.raid.layout, found.raid.memberSize] : [];
  };
  assert.deepEqual(layoutOf('raid10', ''), [0x102, 4096]);
  assert.deepEqual(layoutOf('raid10', 'raid10_copies 2 raid10_format far'), [0x40201, 4096]);
  assert.deepEqual(layoutOf('raid10', 'raid10_copies 2 raid10_format offset'), [0x50201, 4096]);
});
test('a raid row that is being reshaped is not mapped', () => {
  const parameters = 'raid5_ls 1 128 2 - 259:0 - 259:1';
  assert.equal(table('raid', 4096, parameters, 'raid5_ls 2 AA 1/2 reshape 0 0 -').kind, 'unread');
  assert.equal(table('raid', 4096, 'raid5_ls 3 128 delta_disks 1 2 - 259:0 - 259:1').kind, 'unread');
});

test('of pools, caches and targets that are not known only the devices and their roles are kept', () => {
  assert.deepEqual(map('thin-pool', 100, '253:4 253:5 128 0'), {
    kind: 'opaque',
    uses: [
      { device: 'dm-4', role: 'thin pool metadata' },
      { device: 'dm-5', role: 'thin pool data' },
    ],
    reason: 'which volume a block of the pool belongs to is in its metadata',
  });
  const unknown = map('novelty', 100, '253:4 secret 259:1 7');
  assert.deepEqual(unknown, {
    kind: 'opaque',
    uses: [
      { device: 'dm-4', role: 'novelty device' },
      { device: 'pmem1', role: 'novelty device' },
    ],
    reason: 'what a novelty target does with its devices is not known',
  });
});
test('a row whose parameters make no sense leaves the whole device unread', () => {
  for (const parameters of ['', '259:0', 'x 5', '259:0 -3'])
    assert.equal(table('linear', 100, parameters).kind, 'unread');
});

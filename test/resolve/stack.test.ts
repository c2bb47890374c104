import assert from 'node:assert/strict';
import { test } from 'node:test';
import { extent, run } from '../../src/model/extent.ts';
import { pathFromText } from '../../src/model/path.ts';
import type { BlockDevice, Mount } from '../../src/model/topology.ts';
import { bytes, bytesFromSectors, sector, sectorCount } from '../../src/model/units.ts';
import { mountsOf } from '../../src/resolve/climb.ts';
import { createPathSpace } from '../../src/resolve/fs/visible-path.ts';
import { roleOf } from '../../src/resolve/fs/xfs/side-devices.ts';
import { resolveRuns } from '../../src/resolve/resolve.ts';
import { partition } from '../../src/resolve/stack/partition.ts';
import { partitionTableRuns } from '../../src/resolve/stack/partition-table.ts';
import { RECOGNIZE_BYTES, RECOGNIZE_TAIL_BYTES, recognize } from '../../src/resolve/stack/recognize.ts';
import { memoryIo } from './memory-io.ts';

function device(name: string, size: number, more: Partial<BlockDevice> = {}): BlockDevice {
  const base = {
    devNumber: '259:0',
    logicalBlockBytes: bytes(512),
    kind: 'disk',
    hasBadblocks: false,
    dax: true,
  } as const;
  return { ...base, name, size: sectorCount(size), holders: [], slaves: [], ...more };
}
const disk = device('pmem0', 100_000);
const part = device('pmem0p1', 1000, {
  kind: 'partition',
  devNumber: '259:1',
  partitionOf: { disk: 'pmem0', start: sector(2048) },
});
const ask = (
  runs: readonly (readonly [number, number])[],
  blockDevices: readonly BlockDevice[],
  raw = Buffer.alloc(0),
) =>
  resolveRuns(
    { device: 'pmem0', runs: runs.map(([s, n]) => run(s, n)), deadlineMs: 1000, walkRoots: [] },
    { blockDevices, mounts: [] },
    memoryIo(raw),
    () => undefined,
    new AbortController().signal,
  );

test('a partition maps the sectors inside its window, both ways, and cuts what hangs over', () => {
  assert.deepEqual(partition.mapUp(part, extent('pmem0', 2040, 16)), [
    { part: 'shown', below: extent('pmem0', 2048, 8), above: extent('pmem0p1', 0, 8) },
  ]);
  assert.deepEqual(partition.mapUp(part, extent('pmem0', 4000, 16)), []);
  assert.deepEqual(partition.mapDown(part, extent('pmem0p1', 990, 20)), [
    { below: extent('pmem0', 3038, 10), above: extent('pmem0p1', 990, 10) },
  ]);
});

test('sectors of another device are refused by a layer', () => {
  assert.throws(() => partition.mapUp(part, extent('pmem1', 2048, 8)), RangeError);
  assert.throws(() => partition.mapDown(part, extent('pmem0', 0, 8)), RangeError);
});

test('every sector across a partition border comes back exactly once, on the device asked about', async () => {
  const { results } = await ask([[2040, 16]], [disk, part]);
  const owners = results[0]?.owners.map((o) => [o.kind, o.metadata?.slice(0, 13), o.device, o.start, o.count]);
  assert.deepEqual(owners, [
    ['raw', 'unpartitioned', 'pmem0', 2040, 8],
    ['raw', 'nothing that ', 'pmem0', 2048, 8],
  ]);
  assert.deepEqual(results[0]?.owners[1]?.layers, [{ device: 'pmem0p1', kind: 'partition', start: 0, count: 8 }]);
});

test('a device below a layer that cannot be looked through is unknown with the reason, never free', async () => {
  const answer = await ask([[8, 8]], [device('pmem0', 1000, { holders: ['dm-0'] })]);
  assert.equal(answer.complete, false);
  assert.deepEqual(
    [answer.results[0]?.owners[0]?.kind, answer.results[0]?.owners[0]?.reason],
    ['unknown', 'below dm-0, which could not be looked at'],
  );
});

test('a device or sector that does not exist is a wrong question, not an empty answer', async () => {
  await assert.rejects(ask([[0, 1]], []), { code: 'RESOLVE', message: /no block device pmem0/ });
  await assert.rejects(ask([[99_999, 2]], [disk]), { code: 'RESOLVE', message: /100000 sectors/ });
});

test('a mounted file system that cannot be asked at all gives unknown with both reasons', async () => {
  const path = pathFromText('/pg');
  const mount: Mount = {
    id: 1,
    parentId: 0,
    devNumber: '259:0',
    root: pathFromText('/'),
    mountpoint: path,
    fsType: 'ext4',
    source: pathFromText('/dev/pmem0'),
    options: [],
    superOptions: [],
  };
  const job = { device: 'pmem0', runs: [run(8, 8), run(8, 8)], deadlineMs: 1000, walkRoots: [] };
  const facts = { blockDevices: [disk], mounts: [mount] };
  const { results } = await resolveRuns(
    job,
    facts,
    memoryIo(Buffer.alloc(0)),
    () => undefined,
    new AbortController().signal,
  );
  assert.equal(results.length, 2);
  for (const { complete, owners } of results) {
    assert.equal(complete, false);
    assert.deepEqual(
      owners.map((o) => [o.kind, o.start, o.count]),
      [['unknown', 8, 8]],
    );
    assert.match(owners[0]?.reason ?? '', /ext4 metadata: .*FIEMAP walk: /);
  }
});

test('btrfs is not walked: its FIEMAP tells addresses of another space', async () => {
  const mount = {
    id: 1,
    parentId: 0,
    devNumber: '0:44',
    root: pathFromText('/'),
    mountpoint: pathFromText('/b'),
    fsType: 'btrfs',
    source: pathFromText('/dev/pmem0'),
    options: [],
    superOptions: [],
  };
  const job = { device: 'pmem0', runs: [run(8, 8)], deadlineMs: 1000, walkRoots: [] };
  const facts = { blockDevices: [disk], mounts: [mount] };
  const answer = await resolveRuns(
    job,
    facts,
    memoryIo(Buffer.alloc(0)),
    () => undefined,
    new AbortController().signal,
  );
  assert.match(answer.results[0]?.owners[0]?.reason ?? '', /^btrfs trees: ENOSYS/);
});

test('a GPT covers both ends of the disk, an MBR its first block, and an unreadable start is taken for a GPT', () => {
  const gpt = Buffer.alloc(1024);
  gpt.write('EFI PART', 512, 'latin1');
  gpt.writeUInt32LE(2, 512 + 72);
  gpt.writeUInt32LE(128, 512 + 80);
  gpt.writeUInt32LE(128, 512 + 84);
  assert.deepEqual(partitionTableRuns(disk, gpt), [run(0, 2), run(2, 32), run(100_000 - 33, 33)]);
  assert.deepEqual(partitionTableRuns(disk, Buffer.alloc(1024)), [run(0, 1)]);
  assert.deepEqual(partitionTableRuns(disk, undefined), [run(0, 2), run(2, 32), run(100_000 - 33, 33)]);
});

const magics: readonly { what: string; at: number; magic: string }[] = [
  { what: 'XFS file system', at: 0, magic: 'XFSB' },
  { what: 'ext2, ext3 or ext4 file system', at: 1080, magic: '\x53\xef' },
  { what: 'btrfs file system', at: 65600, magic: '_BHRfS_M' },
  { what: 'swap space', at: 4086, magic: 'SWAPSPACE2' },
  { what: 'LUKS volume', at: 0, magic: 'LUKS\xba\xbe' },
  { what: 'LVM physical volume', at: 512, magic: 'LABELONE' },
  { what: 'md RAID member', at: 4096, magic: '\xfc\x4e\x2b\xa9' },
  { what: 'Oracle ASM disk', at: 32, magic: 'ORCLDISK' },
  { what: 'ZFS pool member', at: 128 * 1024 + 7 * 1024, magic: '\x0c\xb1\xba\0\0\0\0\0' },
  { what: 'FAT file system', at: 82, magic: 'FAT32   ' },
  { what: 'ISO 9660 file system', at: 32769, magic: 'CD001' },
  { what: 'XFS journal', at: 0, magic: '\xfe\xed\xba\xbe' },
];
for (const { what, at, magic } of magics) {
  test(`${what} is recognised by its magic number`, () => {
    const head = Buffer.alloc(RECOGNIZE_BYTES);
    head.write(magic, at, 'latin1');
    assert.equal(recognize(head), what);
  });
}

test('md members of the older formats are recognised by the end of the device', () => {
  const deviceSectors = sectorCount(100_003);
  for (const sector of [Math.floor((100_003 - 16) / 8) * 8, Math.floor(100_003 / 128) * 128 - 128]) {
    const raw = Buffer.alloc(RECOGNIZE_TAIL_BYTES);
    raw.write(
      '\xfc\x4e\x2b\xa9',
      bytesFromSectors(sectorCount(sector)) - (bytesFromSectors(deviceSectors) - raw.length),
      'latin1',
    );
    assert.equal(recognize(Buffer.alloc(RECOGNIZE_BYTES), { raw, deviceSectors }), 'md RAID member');
  }
  const blank = { raw: Buffer.alloc(RECOGNIZE_TAIL_BYTES), deviceSectors };
  assert.match(recognize(Buffer.alloc(RECOGNIZE_BYTES), blank), /starts with zeros/);
});

test('the devices of an XFS journal and realtime part lead to its mount, by kernel, device-mapper and LVM name', () => {
  const mount = (superOptions: readonly string[]): Mount => ({
    id: 1,
    parentId: 0,
    devNumber: '259:0',
    root: pathFromText('/'),
    mountpoint: pathFromText('/pg'),
    fsType: 'xfs',
    source: pathFromText('/dev/pmem0'),
    options: [],
    superOptions,
  });
  const log = device('pmem1', 1000, { devNumber: '259:9' });
  const lv = device('dm-3', 1000, { devNumber: '253:3', kind: 'dm', dmName: 'vg--a-fast--log' });
  const roles = (superOptions: readonly string[]) =>
    [disk, log, lv].map((d) => [mountsOf(d, [mount(superOptions)]).length, roleOf(d, mount(superOptions))]);
  assert.deepEqual(roles(['rw', 'logdev=/dev/pmem1']), [
    [1, 'data'],
    [1, 'log'],
    [0, undefined],
  ]);
  assert.deepEqual(roles(['rtdev=/dev/mapper/vg--a-fast--log']), [
    [1, 'data'],
    [0, undefined],
    [1, 'realtime'],
  ]);
  assert.deepEqual(roles(['logdev=/dev/vg-a/fast-log']), [
    [1, 'data'],
    [0, undefined],
    [1, 'log'],
  ]);
  assert.deepEqual(roles(['logdev=/dev/pmem10']), [
    [1, 'data'],
    [0, undefined],
    [0, undefined],
  ]);
});

test('a path is shown through the mount that reaches it, and not through one that another covers', () => {
  const base = { fsType: 'xfs', source: pathFromText('/dev/pmem0'), options: [], superOptions: [] };
  const mount = (id: number, parentId: number, root: string, mountpoint: string, devNumber = '259:0'): Mount => {
    return { id, parentId, devNumber, root: pathFromText(root), mountpoint: pathFromText(mountpoint), ...base };
  };
  const main = mount(2, 1, '/', '/pg');
  const mounts = [
    mount(1, 0, '/', '/', '8:1'),
    main,
    mount(3, 2, '/', '/pg/tmp', '0:9'),
    mount(4, 1, '/tmp/keep', '/keep'),
  ];
  const space = createPathSpace(main, mounts);
  const show = (internal: string): string => {
    const seen = space.visible(internal);
    return seen.kind === 'visible' ? seen.path.text : seen.reason;
  };
  assert.equal(show('/base/1'), '/pg/base/1');
  assert.equal(show('/tmpfile'), '/pg/tmpfile');
  assert.equal(show('/tmp/keep/a'), '/keep/a');
  assert.equal(show('/tmp/other'), 'a name lies beneath the mount on /pg/tmp');
  assert.equal(createPathSpace(mount(4, 1, '/tmp/keep', '/keep'), []).visible('/base').kind, 'hidden');
});

test('where the mounts cannot be read, a device without any is unknown, not free to be overwritten', async () => {
  const raw = Buffer.alloc(RECOGNIZE_BYTES);
  raw.write('XFSB', 0);
  const resolve = (problems: readonly { subject: string; reason: string }[], memory = memoryIo(raw)) =>
    resolveRuns(
      { device: 'pmem0', runs: [run(8, 8)], deadlineMs: 1000, walkRoots: [] },
      { blockDevices: [disk], mounts: [], problems },
      memory,
      () => undefined,
      new AbortController().signal,
    );
  const [known] = (await resolve([])).results;
  assert.deepEqual([known?.complete, known?.owners[0]?.kind], [true, 'raw']);
  for (const subject of ['self/mountinfo', '1/mountinfo', 'pmem0']) {
    const [answer] = (await resolve([{ subject, reason: 'cannot be read (EACCES)' }])).results;
    assert.deepEqual([answer?.complete, answer?.owners[0]?.kind], [false, 'unknown'], subject);
    assert.match(answer?.owners[0]?.reason ?? '', /XFS file system; .* cannot be read \(EACCES\)/);
  }
  const [other] = (await resolve([{ subject: 'pmem1', reason: 'cannot be read' }])).results;
  assert.equal(other?.complete, true, 'what is wrong with another device does not matter');
  const [unreadable] = (await resolve([], memoryIo(raw, { badBytes: [0] }))).results;
  assert.deepEqual([unreadable?.complete, unreadable?.owners[0]?.kind], [false, 'unknown']);
  assert.match(unreadable?.owners[0]?.reason ?? '', /its start cannot be read/);
});

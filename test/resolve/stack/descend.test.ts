import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Run, run } from '../../../src/model/extent.ts';
import { pathFromText } from '../../../src/model/path.ts';
import type { BlockDevice, Mount } from '../../../src/model/topology.ts';
import type { FilesystemIo } from '../../../src/ports.ts';
import { checkFile } from '../../../src/resolve/check.ts';
import { memoryIo } from '../memory-io.ts';
import { array, device, leg, mapped, member, raid, stacked } from './stacks.ts';

const upperNumber = '253:200';

/** One file of `sectors` sectors, in one piece from sector `start` of the device `253:200` on. */
function fileOf(start: number, sectors: number): FilesystemIo {
  return {
    ...memoryIo(Buffer.alloc(0)),
    openPath: () => 3,
    status: () => ({
      devNumber: upperNumber,
      deviceNumber: '0:0',
      inode: '5',
      mode: 0x81a4,
      linkCount: 1,
      size: sectors * 512,
    }),
    ioctl(_fd, _request, raw) {
      const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
      view.setUint32(20, 1, true);
      view.setBigUint64(40, BigInt(start * 512), true);
      view.setBigUint64(48, BigInt(sectors * 512), true);
      view.setUint32(72, 1, true);
      return 0;
    },
  };
}
const mount: Mount = {
  id: 1,
  parentId: 0,
  devNumber: upperNumber,
  root: pathFromText('/'),
  mountpoint: pathFromText('/pg'),
  fsType: 'ext4',
  source: pathFromText('/dev/upper'),
  options: [],
  superOptions: [],
};
function check(
  upper: BlockDevice,
  others: readonly BlockDevice[],
  bad: Readonly<Record<string, readonly Run[]>>,
  sectors = 64,
) {
  const lists = new Map(Object.entries(bad));
  const blockDevices = [...others, { ...upper, devNumber: upperNumber }];
  const facts = { blockDevices, mounts: [mount], badRuns: lists };
  return checkFile(pathFromText('/pg/file'), lists, facts, fileOf(100, sectors));
}
const pmem = (name: string) => device(name, 4096, { hasBadblocks: true });
const mirror = (second: Parameters<typeof member>[2] = {}) =>
  array('md0', 1024, raid('raid1', [member('pmem0', 0), member('pmem1', 1, second)]));

test('bad sectors of both members of a mirror are found, with what the other one is worth', () => {
  const { complete, ranges } = check(mirror(), [pmem('pmem0'), pmem('pmem1')], {
    pmem0: [run(2048 + 110, 2), run(2048 + 120, 1)],
    pmem1: [run(2048 + 120, 1)],
  });
  assert.equal(complete, true);
  assert.deepEqual(
    ranges.map((r) => [r.offset, r.length, r.device, r.start, r.goodCopy?.exists]),
    [
      [10 * 512, 1024, 'pmem0', 2158, 'yes'],
      [20 * 512, 512, 'pmem0', 2168, 'no'],
      [20 * 512, 512, 'pmem1', 2168, 'no'],
    ],
  );
});

test('what md itself knows as bad of a member is damage too, told once where the disk lists it as well', () => {
  const known = { bad: [run(2048 + 105, 1), run(2048 + 120, 1)] };
  const { ranges } = check(mirror(known), [pmem('pmem0'), pmem('pmem1')], { pmem0: [], pmem1: [run(2048 + 120, 1)] });
  assert.deepEqual(
    ranges.map((r) => [r.offset, r.device, r.start, r.goodCopy?.exists]),
    [
      [5 * 512, 'pmem1', 2153, 'yes'],
      [20 * 512, 'pmem1', 2168, 'yes'],
    ],
  );
});

test('a file over several rows of a table is followed into each', () => {
  const upper = mapped('dm-0', [
    ['linear', 120, { kind: 'linear', leg: leg('pmem0', 1000) }],
    ['linear', 500, { kind: 'linear', leg: leg('pmem1', 0) }],
  ]);
  const { ranges, complete } = check(upper, [pmem('pmem0'), pmem('pmem1')], {
    pmem0: [run(1119, 1)],
    pmem1: [run(0, 1)],
  });
  assert.equal(complete, true);
  assert.deepEqual(
    ranges.map((r) => [r.offset, r.device, r.start, r.goodCopy]),
    [
      [19 * 512, 'pmem0', 1119, undefined],
      [20 * 512, 'pmem1', 0, undefined],
    ],
  );
});

test('what lies on a thin pool or on a row with nothing beneath has no place that is known: never clean', () => {
  const thin = mapped('dm-0', [
    ['thin', 1000, { kind: 'opaque', uses: [{ device: 'dm-1', role: 'thin pool' }], reason: 'why' }],
  ]);
  const found = check(thin, [pmem('pmem0')], { pmem0: [] });
  assert.deepEqual([found.complete, found.reason], [false, 'where all of it lies below dm-0 is not known']);
  const half = mapped('dm-0', [
    ['linear', 120, { kind: 'linear', leg: leg('pmem0', 0) }],
    ['error', 500, { kind: 'none' }],
  ]);
  assert.equal(check(half, [pmem('pmem0')], { pmem0: [] }).complete, false);
});

test('a member that is missing makes a striped array incomplete and a mirror not', () => {
  const striped = array('md0', 2048, raid('raid0', [member('pmem0', 0)], { disks: 2 }));
  assert.equal(check(striped, [pmem('pmem0')], { pmem0: [] }).complete, false);
  const single = array('md0', 1024, raid('raid1', [member('pmem0', 0)], { disks: 2 }));
  const { complete, ranges } = check(single, [pmem('pmem0')], { pmem0: [run(2048 + 100, 1)] });
  assert.deepEqual([complete, ranges[0]?.goodCopy?.exists], [true, 'no']);
});

test('devices that stand on each other in a circle end', () => {
  const a = mapped('dm-0', [['linear', 1000, { kind: 'linear', leg: leg('dm-1', 0) }]]);
  const b = mapped('dm-1', [['linear', 1000, { kind: 'linear', leg: leg('dm-0', 0) }]]);
  const found = check(a, stacked([b], [['dm-0', 'dm-1']]), {});
  assert.deepEqual([found.complete, found.reason], [false, 'more than 24 layers stand on each other']);
});

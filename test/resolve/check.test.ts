import assert from 'node:assert/strict';
import { test } from 'node:test';
import { run } from '../../src/model/extent.ts';
import { pathFromText } from '../../src/model/path.ts';
import type { BlockDevice, Mount } from '../../src/model/topology.ts';
import { bytes, sector, sectorCount } from '../../src/model/units.ts';
import type { FilesystemIo } from '../../src/ports.ts';
import { checkFile } from '../../src/resolve/check.ts';
import { FS_IOC_FIEMAP } from '../../src/resolve/fs/fiemap.ts';
import { memoryIo } from './memory-io.ts';

interface Piece {
  readonly logical: number;
  readonly physical: number;
  readonly length: number;
  readonly flags?: number;
}
/** One file on `259:1`, with this map. */
function fileIo(pieces: readonly Piece[], size = 1 << 20): FilesystemIo {
  return {
    ...memoryIo(Buffer.alloc(0)),
    openPath: () => 3,
    status: () => ({ devNumber: '259:1', deviceNumber: '0:0', inode: '5', mode: 0x81a4, linkCount: 1, size }),
    ioctl(_fd, request, raw) {
      assert.equal(request, FS_IOC_FIEMAP);
      const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
      assert.equal(view.getUint32(16, true), 0, 'FIEMAP must not write anything back first');
      view.setUint32(20, pieces.length, true);
      pieces.forEach((p, i) => {
        const at = 32 + i * 56;
        view.setBigUint64(at, BigInt(p.logical), true);
        view.setBigUint64(at + 8, BigInt(p.physical), true);
        view.setBigUint64(at + 16, BigInt(p.length), true);
        view.setUint32(at + 40, (p.flags ?? 0) | (i === pieces.length - 1 ? 1 : 0), true);
      });
      return 0;
    },
  };
}
function device(name: string, devNumber: string, more: Partial<BlockDevice> = {}): BlockDevice {
  const base = {
    logicalBlockBytes: bytes(512),
    kind: 'disk',
    hasBadblocks: true,
    dax: true,
    holders: [],
    slaves: [],
  } as const;
  return { ...base, name, devNumber, size: sectorCount(1_000_000), ...more };
}
const mount: Mount = {
  id: 1,
  parentId: 0,
  devNumber: '259:1',
  root: pathFromText('/'),
  mountpoint: pathFromText('/pg'),
  fsType: 'ext4',
  source: pathFromText('/dev/pmem0p1'),
  options: [],
  superOptions: [],
};
const facts = {
  blockDevices: [
    device('pmem0', '259:0'),
    device('pmem0p1', '259:1', { kind: 'partition', partitionOf: { disk: 'pmem0', start: sector(2048) } }),
  ],
  mounts: [mount],
};
const path = pathFromText('/pg/file');

test('damaged bytes are found through the partition, on the disk whose list names them', () => {
  const io = fileIo([{ logical: 8192, physical: 512 * 100, length: 512 * 16 }]);
  const checked = checkFile(path, new Map([['pmem0', [run(2048 + 104, 2), run(9, 1)]]]), facts, io);
  assert.equal(checked.complete, true);
  assert.deepEqual(checked.ranges, [{ offset: 8192 + 2048, length: 1024, device: 'pmem0', start: 2152, count: 2 }]);
});

test('a clean file is complete and without ranges', () => {
  const io = fileIo([{ logical: 0, physical: 512 * 100, length: 4096 }]);
  assert.deepEqual(checkFile(path, new Map([['pmem0', []]]), facts, io), {
    path: '/pg/file',
    pathBase64: path.base64,
    complete: true,
    ranges: [],
  });
});

test('a disk whose list is not known makes no file clean', () => {
  const checked = checkFile(path, new Map(), facts, fileIo([{ logical: 0, physical: 51_200, length: 4096 }]));
  assert.deepEqual([checked.complete, checked.reason], [false, 'no bad-block list is known for pmem0']);
});

const unplaced: readonly { why: string; flags: number; reason: RegExp }[] = [
  { why: 'data that is not written yet', flags: 0x2 | 0x4, reason: /not written yet/ },
  { why: 'data inside an inode', flags: 0x200 | 0x100, reason: /inside metadata/ },
  { why: 'compressed data', flags: 0x8, reason: /compressed/ },
  { why: 'data whose place is not told', flags: 0x2, reason: /not told/ },
];
for (const { why, flags, reason } of unplaced) {
  test(`${why} makes the answer incomplete, with the reason, and what is placed is still told`, () => {
    const io = fileIo([
      { logical: 0, physical: 51_200, length: 4096 },
      { logical: 4096, physical: 0, length: 4096, flags },
    ]);
    const checked = checkFile(path, new Map([['pmem0', [run(0, 5000)]]]), facts, io);
    assert.equal(checked.complete, false);
    assert.match(checked.reason ?? '', reason);
    assert.equal(checked.ranges.length, 1);
  });
}

test('a file below a layer that cannot be looked through is incomplete', () => {
  const dm = device('dm-0', '259:1', { kind: 'dm', slaves: ['pmem0'] });
  const io = fileIo([{ logical: 0, physical: 51_200, length: 4096 }]);
  const checked = checkFile(path, new Map([['pmem0', []]]), { ...facts, blockDevices: [dm] }, io);
  assert.match(checked.reason ?? '', /lies on dm-0: its device-mapper table was not read/);
});

test('a file that cannot be opened is incomplete and names the errno', () => {
  const io = { ...fileIo([]), openPath: memoryIo(Buffer.alloc(0)).openPath };
  assert.deepEqual(checkFile(path, new Map(), facts, io).reason, 'cannot be opened (ENOSYS)');
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BlockDevice } from '../../src/model/topology.ts';
import { bytes, sectorCount } from '../../src/model/units.ts';
import type { FilesystemIo } from '../../src/ports.ts';
import type { HostFacts } from '../../src/resolve/climb.ts';
import { findKernelUsers } from '../../src/resolve/kernel-users.ts';
import type { UseTarget } from '../../src/resolve/open-by.ts';
import { failure } from './fake-processes.ts';
import { memoryIo } from './memory-io.ts';

function device(name: string, devNumber: string, more: Partial<BlockDevice> = {}): BlockDevice {
  const base = { logicalBlockBytes: bytes(512), kind: 'disk', hasBadblocks: false, dax: true } as const;
  return { ...base, name, devNumber, size: sectorCount(1 << 20), holders: [], slaves: [], ...more };
}
const partitions =
  'major minor  #blocks  name\n\n 259        0  16777216 pmem0\n   7        3    102400 loop3\n   7        4    102400 loop4\n   7        5         1 loop3p1\n';
const facts: HostFacts = {
  mounts: [],
  blockDevices: [device('pmem0', '259:0'), device('dm-0', '253:0', { kind: 'dm', dmName: 'vg-swap' })],
};
const swaps =
  'Filename\t\t\t\tType\t\tSize\tUsed\tPriority\n/pg/swap\\040file\\011a   file\t4092\t0\t-2\n/dev/pmem0   partition\t4092\t0\t-3\n/dev/mapper/vg-swap partition\t1\t0\t-4\n/dev/sdz1 partition\t1\t0\t-5\n';

function host(files: Record<string, string>): FilesystemIo {
  return {
    ...memoryIo(Buffer.alloc(0)),
    readProc(path) {
      const text = files[path];
      if (text === undefined) throw failure('ENOENT');
      return Buffer.from(text, 'latin1');
    },
    openPath(path) {
      if (Buffer.from(path).toString() !== '/pg/swap file\ta') throw failure('ENOENT');
      return 5;
    },
    status: () => ({ devNumber: '259:1', deviceNumber: '0:0', inode: '42', mode: 0o100600, linkCount: 1, size: 1 }),
    openDevice(name, number) {
      if (name === 'loop4') throw failure('EACCES');
      assert.deepEqual([name, number], ['loop3', '7:3']);
      return 6;
    },
    ioctl(fd, request, buffer) {
      assert.deepEqual([fd, request, buffer.length], [6, 0x4c05, 232]);
      const info = Buffer.from(buffer.buffer, buffer.byteOffset, buffer.length);
      // huge_encode_dev(259:0x12345)
      info.writeBigUInt64LE(BigInt(0x45 | (259 << 8)) | (0x123n << 20n), 0);
      info.writeBigUInt64LE(77n, 8);
      return 0;
    },
  };
}
const fileOf = (superDevice: string, inode: string): UseTarget => ({
  kind: 'file',
  superDevice,
  inode,
  ambiguous: false,
});

test('swap files, swap devices and disks of loop devices are told as used by the kernel', () => {
  const swapFile = fileOf('259:1', '42');
  const disk = fileOf(`259:${0x12345}`, '77');
  const disk0: UseTarget = { kind: 'device', number: '259:0', name: 'pmem0' };
  const volume: UseTarget = { kind: 'device', number: '253:0', name: 'dm-0' };
  const idle = fileOf('259:1', '43');
  const usersOf = findKernelUsers([swapFile, disk, disk0, volume, idle], facts, host({ swaps, partitions }));
  assert.deepEqual(usersOf(swapFile), [{ kind: 'swap', name: '/pg/swap file\ta' }]);
  assert.deepEqual(usersOf(disk0), [{ kind: 'swap', name: '/dev/pmem0' }]);
  assert.deepEqual(usersOf(volume), [{ kind: 'swap', name: '/dev/mapper/vg-swap' }]);
  assert.deepEqual(usersOf(disk), [{ kind: 'loop', name: '/dev/loop3' }]);
  assert.deepEqual(usersOf(idle), []);
});

test('a kernel without swap and loop devices uses nothing', () => {
  const file = fileOf('259:1', '42');
  assert.deepEqual(findKernelUsers([file], { blockDevices: [], mounts: [] }, host({}))(file), []);
});

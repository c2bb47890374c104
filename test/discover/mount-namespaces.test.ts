import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readForeignMounts } from '../../src/discover/mount-namespaces.ts';
import { parseMountinfo } from '../../src/discover/mountinfo.ts';
import type { Mount } from '../../src/model/topology.ts';
import { type FakeProcess, fakeProcesses } from '../resolve/fake-processes.ts';

function table(...lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('');
}
const hostTable = table(
  '20 1 8:1 / / rw - ext4 /dev/sda1 rw',
  '30 20 259:0 / /pg rw - xfs /dev/pmem0 rw',
  '31 20 0:40 / /run rw - tmpfs tmpfs rw',
);
const host = parseMountinfo(Buffer.from(hostTable)).mounts;
const isOurs = (mount: Mount): boolean => mount.devNumber === '259:0';
function inside(pid: number, namespace: string, mountinfo: string): FakeProcess {
  return { pid, links: { 'ns/mnt': namespace }, files: { mountinfo } };
}
function foreign(...processes: readonly FakeProcess[]): string[] {
  return readForeignMounts(fakeProcesses(processes), host, isOurs).map(
    (m) => `${m.id} ${m.mountpoint.text} ${m.namespace?.pid} ${m.namespace?.mountpoint.text}`,
  );
}

test('a container that has a part of the file system is told by its first process, with the paths through its root', () => {
  const container = table(
    '100 90 0:60 / / rw - overlay overlay rw',
    '101 100 259:0 /data /var/lib/my\\040data rw - xfs /dev/pmem0 rw',
    '102 101 0:61 / /var/lib/my\\040data/tmp rw - tmpfs tmpfs rw',
    '103 100 0:62 / /proc rw - proc proc rw',
  );
  assert.deepEqual(
    foreign(inside(1, 'mnt:[1]', hostTable), inside(800, 'mnt:[2]', container), inside(70, 'mnt:[2]', container)),
    [
      '100 /proc/70/root 70 /',
      '101 /proc/70/root/var/lib/my data 70 /var/lib/my data',
      '102 /proc/70/root/var/lib/my data/tmp 70 /var/lib/my data/tmp',
    ],
  );
});

test('a namespace that only copies the mounts of the host adds nothing, nor does one without them', () => {
  const copy = table('200 1 8:1 / / rw - ext4 /dev/sda1 rw', '201 200 259:0 / /pg rw - xfs /dev/pmem0 rw');
  const other = table('300 1 0:70 / / rw - overlay overlay rw');
  assert.deepEqual(foreign(inside(2, 'mnt:[2]', copy), inside(3, 'mnt:[3]', other)), []);
});

test("the host's own namespace is known by its mounts, whatever process shows it", () => {
  assert.deepEqual(foreign(inside(4, 'mnt:[9]', hostTable)), []);
});

test('processes that may not be looked at, or end meanwhile, hide no other', () => {
  const container = table('101 100 259:0 /data /data rw - xfs /dev/pmem0 rw');
  assert.deepEqual(foreign({ pid: 5 }, { pid: 6, links: { 'ns/mnt': 'mnt:[2]' } }, inside(7, 'mnt:[2]', container)), [
    '101 /proc/7/root/data 7 /data',
  ]);
});

test('the root of a namespace can be the file system itself', () => {
  const container = table('101 100 259:0 /rootfs / rw - xfs /dev/pmem0 rw');
  assert.deepEqual(foreign(inside(7, 'mnt:[2]', container)), ['101 /proc/7/root 7 /']);
});

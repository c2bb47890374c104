import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pathFromText } from '../../src/model/path.ts';
import type { Mount } from '../../src/model/topology.ts';
import { ownerPaths } from '../../src/resolve/fs/owner-paths.ts';
import { createPathSpace } from '../../src/resolve/fs/visible-path.ts';

function mount(id: number, parentId: number, root: string, mountpoint: string, more: Partial<Mount> = {}): Mount {
  const [fsType, source] = ['xfs', pathFromText('/dev/pmem0')];
  const paths = { root: pathFromText(root), mountpoint: pathFromText(mountpoint) };
  return { id, parentId, devNumber: '259:0', ...paths, fsType, source, options: [], superOptions: [], ...more };
}
function inside(pid: number, mountpoint: string): Partial<Mount> {
  return {
    namespace: { pid, mountpoint: pathFromText(mountpoint) },
    mountpoint: pathFromText(mountpoint === '/' ? `/proc/${pid}/root` : `/proc/${pid}/root${mountpoint}`),
  };
}
const main = mount(30, 20, '/', '/pg');
const other = { devNumber: '0:40', fsType: 'tmpfs' };

test('a mount over a folder on the way to the mountpoint hides all of it, however far up', () => {
  const root = mount(20, 1, '/', '/', { devNumber: '8:1' });
  const srv = mount(21, 20, '/', '/srv', { devNumber: '8:2' });
  const deep = mount(30, 21, '/', '/srv/a/pg');
  const seen = (...mounts: readonly Mount[]) => createPathSpace(deep, [root, srv, deep, ...mounts]).visible('/x');
  assert.equal(seen().kind, 'visible');
  assert.equal(seen(mount(40, 21, '/', '/srv/a', other)).kind, 'hidden');
  assert.equal(seen(mount(40, 21, '/', '/srv/b', other)).kind, 'visible');
  const over = mount(40, 20, '/', '/srv', other);
  // mounted on the same folder as /srv itself: stacked mounts have each other as parent, never the same
  assert.equal(seen({ ...over, parentId: 21 }).kind, 'hidden');
});

test('mounts that name each other as parents are no endless chain', () => {
  const a = mount(30, 31, '/', '/pg');
  const b = mount(31, 30, '/', '/other', other);
  assert.equal(createPathSpace(a, [a, b]).visible('/x').kind, 'visible');
});

test('the first name is the host’s own; bind mounts and what containers call it are told beside', () => {
  const mounts = [
    mount(50, 49, '/data', '', inside(70, '/var/lib')),
    main,
    mount(31, 20, '/data', '/mnt/bind'),
    mount(60, 59, '/elsewhere', '', inside(80, '/x')),
    mount(51, 50, '/', '', { ...other, ...inside(70, '/var/lib/hidden') }),
  ];
  const space = createPathSpace(main, mounts);
  const told = ownerPaths(['/data/a', '/data/hidden/b'], 2, space);
  assert.deepEqual([told.paths, told.pathsComplete], [['/pg/data/a', '/pg/data/hidden/b'], true]);
  assert.deepEqual(
    told.otherPaths?.map((o) => [o.path, o.mountNamespace]),
    [
      ['/mnt/bind/a', null],
      ['/var/lib/a', { pid: 70 }],
      ['/mnt/bind/hidden/b', null],
    ],
  );
});

test('what no mount of the host shows is named through the namespace that sees it', () => {
  const cover = mount(40, 30, '/', '/pg/data', other);
  const container = mount(50, 49, '/', '', inside(70, '/'));
  const told = ownerPaths(['/data/a'], 1, createPathSpace(main, [main, cover, container]));
  assert.deepEqual([told.paths, told.pathsComplete, told.otherPaths], [['/proc/70/root/data/a'], true, undefined]);
});

test('of very many mounts only the first names are told', () => {
  const mounts = Array.from({ length: 500 }, (_, i) => mount(100 + i, 20, '/', `/mnt/${i}`));
  const told = ownerPaths(['/a', '/b'], 2, createPathSpace(main, [main, ...mounts]));
  assert.equal(told.otherPaths?.length, 16);
});

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readForeignMounts } from '../../src/discover/mount-namespaces.ts';
import { readStack } from '../../src/discover/stack.ts';
import { createDeviceMapper } from '../../src/linux/device-mapper.ts';
import { createLocalTree } from '../../src/linux/probe/kernel-files.ts';
import { errnoOf } from '../../src/model/errors.ts';
import type { OpenBy, Owner } from '../../src/model/owner.ts';
import { createExtentReader } from '../../src/resolve/fs/file-extents.ts';
import { mountsAbove } from '../../src/resolve/mounts-above.ts';
import { io, type Lab, obstacle, resolveSectors, tool, withLab } from './lab.ts';

const skip = obstacle('mkfs.ext4', 'mkfs.xfs', 'losetup', 'unshare') ?? false;
const filesystems = [
  ['ext4', { megabytes: 64, mkfs: ['mkfs.ext4', '-q', '-F', '-b', '4096'] }],
  ['XFS', { megabytes: 512, mkfs: ['mkfs.xfs', '-q', '-m', 'rmapbt=1'] }],
] as const;

type Defer = (undo: () => void | Promise<void>) => void;

/** The device sector of a byte of a file. */
function sectorOf(path: string, offset = 0): number {
  const fd = openSync(path, 'r');
  try {
    const extent = createExtentReader(io)
      .read(fd)
      .find((e) => e.logical <= offset && offset < e.logical + e.length);
    assert.ok(extent !== undefined, `${path} has no place at ${offset}`);
    return (extent.physical + offset - extent.logical) / 512;
  } finally {
    closeSync(fd);
  }
}
function write(lab: Lab, name: string, bytes = 65_536): string {
  const path = join(lab.mountpoint, name);
  writeFileSync(path, Buffer.alloc(bytes, 9));
  tool('sync', '-f', lab.mountpoint);
  return path;
}
async function ownerOf(lab: Lab, sector: number): Promise<Owner> {
  // as the probe process sees the host
  const from = { sysfs: createLocalTree('/sys'), procfs: createLocalTree('/proc', 'PROCFS_READ') };
  const own = await readStack({ ...from, deviceMapper: createDeviceMapper('/dev') }, lab.device);
  const foreign = readForeignMounts(io, own.mounts, mountsAbove(lab.device, own.blockDevices));
  const facts = { ...own, mounts: [...own.mounts, ...foreign] };
  const answer = await resolveSectors(lab.device, [[sector, 1]], { facts });
  const [owner] = answer.results[0]?.owners ?? [];
  assert.ok(owner !== undefined);
  return owner;
}

/** Starts a process that uses a file (hold.ts); `through` are words before it, such as `unshare -m`. */
async function hold(defer: Defer, words: readonly string[], through: readonly string[] = []): Promise<number> {
  const node = [process.execPath, join(import.meta.dirname, 'hold.ts'), ...words];
  const [command, ...rest] = [...through, ...node] as [string, ...string[]];
  const child: ChildProcess = spawn(command, rest, { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = new Promise<void>((done) => child.once('exit', () => done()));
  defer(async () => {
    child.stdin?.end();
    await ended;
  });
  await new Promise<void>((ready, failed) => {
    child.stdout?.once('data', () => ready());
    child.once('exit', (code) => failed(new Error(`${words.join(' ')} ended with ${code}`)));
  });
  return child.pid as number;
}
function seen(owner: Owner): Map<number, OpenBy> {
  return new Map(owner.openBy?.map((user) => [user.pid, user]));
}

function refusedProcesses(): number {
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      readFileSync(`/proc/${pid}/maps`);
      return false;
    } catch (error) {
      return errnoOf(error) === 'EACCES';
    }
  }).length;
}

for (const [name, options] of filesystems) {
  test(`${name}: who maps the damaged page, maps another, or has the file open is told apart, wherever its root is`, {
    skip,
  }, async (t) => {
    await withLab(t, options, async (lab, defer) => {
      mkdirSync(join(lab.mountpoint, 'sub'));
      const path = write(lab, 'sub/file');
      const opens = await hold(defer, ['open', path]);
      const hits = await hold(defer, ['map', path, '8192', '4096']);
      const misses = await hold(defer, ['map', path, '12288', '4096']);
      const jailed = await hold(defer, ['chroot', lab.mountpoint, 'open', '/sub/file']);
      const apart = await hold(defer, ['open', path], ['unshare', '-m']);
      const other = await hold(defer, ['open', write(lab, 'sub/other')]);
      const owner = await ownerOf(lab, sectorOf(path, 8704));
      assert.deepEqual([owner.kind, owner.offset, owner.paths], ['file', 8704, [path]]);
      const users = seen(owner);
      const state = (pid: number) => {
        const user = users.get(pid);
        return user === undefined ? 'not there' : `${user.mapped} ${user.mapsDamaged}`;
      };
      assert.deepEqual([opens, hits, misses, jailed, apart, other].map(state), [
        'false false',
        'true true',
        'true false',
        'false false',
        'false false',
        'not there',
      ]);
      assert.equal(owner.openBy?.[0]?.pid, hits, 'who is in danger comes first');
      // the first process of a container can have privileges that even root there does not
      const refused = refusedProcesses();
      assert.equal(owner.openByComplete, refused === 0, owner.openByReason);
      if (refused > 0)
        assert.match(owner.openByReason ?? '', new RegExp(`^${refused} process(es)? may not be looked at$`));
      assert.match(users.get(opens)?.command ?? '', /node|MainThread/);
    });
  });

  test(`${name}: a deleted file is told with its former name and who still holds it`, { skip }, async (t) => {
    await withLab(t, options, async (lab, defer) => {
      const [open, mapped] = [write(lab, 'open'), write(lab, 'mapped')];
      const sectors = [sectorOf(open), sectorOf(mapped)];
      const pids = [await hold(defer, ['open', open]), await hold(defer, ['map', mapped, '0', '4096'])];
      rmSync(open);
      rmSync(mapped);
      tool('sync', '-f', lab.mountpoint);
      for (const [i, sector] of sectors.entries()) {
        const owner = await ownerOf(lab, sector);
        assert.deepEqual([owner.kind, owner.paths, owner.formerPath], ['deleted', undefined, [open, mapped][i]]);
        assert.deepEqual([...seen(owner).keys()], [pids[i]]);
      }
    });
  });

  test(`${name}: a file system that only another mount namespace has is found there and named through it`, {
    skip,
  }, async (t) => {
    await withLab(t, options, async (lab, defer) => {
      const sector = sectorOf(write(lab, 'file'));
      lab.unmount();
      const inside = join(lab.folder, 'mnt');
      const mount = `mount /dev/${lab.device} ${inside} && exec "$@"`;
      const pid = await hold(defer, ['open', join(inside, 'file')], ['unshare', '-m', 'sh', '-c', mount, 'sh']);
      const owner = await ownerOf(lab, sector);
      assert.deepEqual([owner.kind, owner.mountpoint, owner.pathsComplete], ['file', inside, true]);
      assert.deepEqual(owner.paths, [`/proc/${pid}/root${inside}/file`]);
      assert.equal(owner.mountNamespace?.pid, pid);
      assert.match(owner.mountNamespace?.command ?? '', /node|MainThread/);
      assert.deepEqual([...seen(owner).keys()], [pid]);
    });
  });

  test(`${name}: what a mount hides here is named through the namespace that sees it; other mounts are told beside`, {
    skip,
  }, async (t) => {
    await withLab(t, options, async (lab, defer) => {
      mkdirSync(join(lab.mountpoint, 'sub/deep'), { recursive: true });
      const elsewhere = join(lab.folder, 'elsewhere');
      mkdirSync(elsewhere);
      const path = write(lab, 'sub/deep/file');
      const bind = `mount --bind ${join(lab.mountpoint, 'sub')} ${elsewhere} && exec "$@"`;
      const through = ['unshare', '-m', 'sh', '-c', bind, 'sh'];
      const pid = await hold(defer, ['map', join(elsewhere, 'deep/file'), '0', '4096'], through);
      const open = await ownerOf(lab, sectorOf(path));
      assert.deepEqual([open.paths, open.mountNamespace], [[path], undefined]);
      assert.deepEqual(
        open.otherPaths?.map((o) => [o.path, o.mountNamespace?.pid]),
        [[join(elsewhere, 'deep/file'), pid]],
      );
      assert.equal(seen(open).get(pid)?.mapsDamaged, true);
      const sector = sectorOf(path);
      tool('mount', '-t', 'tmpfs', 'none', join(lab.mountpoint, 'sub'));
      defer(() => tool('umount', join(lab.mountpoint, 'sub')));
      const hidden = await ownerOf(lab, sector);
      assert.deepEqual([hidden.kind, hidden.pathsComplete], ['file', true]);
      const [told] = hidden.paths ?? [];
      assert.ok(told?.startsWith(`/proc/${pid}/root/`), told);
      assert.ok(told?.endsWith('/deep/file'), told);
    });
  });

  test(`${name}: the page cache serves a copy for as long as it holds the page, and no longer`, { skip }, async (t) => {
    await withLab(t, options, async (lab) => {
      const path = write(lab, 'file');
      readFileSync(path);
      const sector = sectorOf(path, 4096);
      const cached = await ownerOf(lab, sector);
      assert.deepEqual([cached.dax, cached.readersGet?.read, cached.readersGet?.from], [false, 'data', 'page cache']);
      // drops the file from the page cache (posix_fadvise)
      tool('dd', `if=${path}`, 'iflag=nocache', 'count=0', 'status=none');
      const dropped = await ownerOf(lab, sector);
      assert.deepEqual(dropped.readersGet, { read: 'EIO', mapped: 'SIGBUS', from: null, why: null });
    });
  });

  test(`${name}: a file that is the disk of a loop device is told with that device`, { skip }, async (t) => {
    await withLab(t, options, async (lab, defer) => {
      const path = write(lab, 'disk', 1 << 20);
      const loop = tool('losetup', '--show', '-f', path).toString().trim();
      defer(() => void tool('losetup', '-d', loop));
      const owner = await ownerOf(lab, sectorOf(path));
      assert.deepEqual(owner.kernelUsers, [{ kind: 'loop', name: loop }]);
    });
  });
}

test('a walk, too, finds a deleted file through the process that holds it, and only its sectors', {
  skip,
}, async (t) => {
  await withLab(t, filesystems[0][1], async (lab, defer) => {
    const path = write(lab, 'file');
    const sector = sectorOf(path, 8192);
    const pid = await hold(defer, ['open', path]);
    rmSync(path);
    tool('sync', '-f', lab.mountpoint);
    const refuse = (): never => {
      throw Object.assign(new Error('EPERM: refused by the test'), { code: 'EPERM' });
    };
    const walking = {
      ...io,
      openDevice: refuse,
      ioctl: (fd: number, request: number, buffer: Uint8Array) =>
        request === 0xc020660b ? io.ioctl(fd, request, buffer) : refuse(),
    };
    const free = lab.sectors - 64;
    const answer = await resolveSectors(
      lab.device,
      [
        [sector, 8],
        [free, 8],
      ],
      { io: walking },
    );
    const [owner, ...others] = answer.results[0]?.owners ?? [];
    assert.deepEqual([owner?.kind, owner?.offset, owner?.formerPath], ['deleted', 8192, path]);
    assert.deepEqual([others, [...seen(owner as Owner).keys()]], [[], [pid]]);
    assert.deepEqual(
      answer.results[1]?.owners.map((o) => o.kind),
      ['unknown'],
    );
  });
});

test('a file that the kernel swaps to is told so', {
  skip: skip || (obstacle('mkswap', 'swapon') ?? false),
}, async (t) => {
  await withLab(t, filesystems[0][1], async (lab, defer) => {
    const path = write(lab, 'swap file', 4 << 20);
    tool('chmod', '600', path);
    tool('mkswap', path);
    try {
      tool('swapon', path);
    } catch {
      t.skip('this kernel does not swap');
      return;
    }
    defer(() => void tool('swapoff', path));
    const owner = await ownerOf(lab, sectorOf(path, 8192));
    assert.deepEqual(owner.kernelUsers, [{ kind: 'swap', name: path }]);
  });
});

test('who has the device itself open or mapped is told where it carries no file system', { skip }, async (t) => {
  await withLab(t, filesystems[0][1], async (lab, defer) => {
    lab.unmount();
    tool('wipefs', '-q', '-a', `/dev/${lab.device}`);
    const opens = await hold(defer, ['open', `/dev/${lab.device}`]);
    const maps = await hold(defer, ['map', `/dev/${lab.device}`, '1048576', '8192']);
    const [hit, miss] = [await ownerOf(lab, 2050), await ownerOf(lab, 2064)];
    assert.equal(hit.kind, 'raw');
    assert.deepEqual(
      [opens, maps].map((pid) => [seen(hit).get(pid)?.mapped, seen(hit).get(pid)?.mapsDamaged]),
      [
        [false, false],
        [true, true],
      ],
    );
    assert.equal(seen(miss).get(maps)?.mapsDamaged, false);
  });
});

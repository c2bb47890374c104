import assert from 'node:assert/strict';
import { chmodSync, closeSync, existsSync, mkdirSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { run } from '../../src/model/extent.ts';
import type { Owner } from '../../src/model/owner.ts';
import { pathFromText } from '../../src/model/path.ts';
import { type CheckedFile, checkPaths } from '../../src/resolve/check.ts';
import { createExtentReader } from '../../src/resolve/fs/file-extents.ts';
import { facts, io, type Lab, obstacle, resolveSectors, tool, withLab } from './lab.ts';

const skip = obstacle('mkfs.ext4', 'mkfs.xfs', 'losetup') ?? false;
const ext4 = { megabytes: 64, mkfs: ['mkfs.ext4', '-q', '-F', '-b', '4096'] };
const xfs = { megabytes: 512, mkfs: ['mkfs.xfs', '-q', '-m', 'rmapbt=1'] };

/** The first device sector of a file. */
function sectorOf(path: string): number {
  const fd = openSync(path, 'r');
  try {
    const [first] = createExtentReader(io).read(fd);
    assert.ok(first);
    return first.physical / 512;
  } finally {
    closeSync(fd);
  }
}
function write(lab: Lab, name: string, bytes = 8192): string {
  const path = join(lab.mountpoint, name);
  writeFileSync(path, Buffer.alloc(bytes, 9));
  tool('sync', '-f', lab.mountpoint);
  return path;
}
async function ownersOf(device: string, sector: number, count = 1): Promise<readonly Owner[]> {
  const answer = await resolveSectors(device, [[sector, count]]);
  return answer.results[0]?.owners ?? [];
}

for (const [name, options] of [
  ['ext4', ext4],
  ['XFS', xfs],
] as const) {
  test(`${name}: a file beneath another mount is not told under a path that leads elsewhere`, { skip }, async (t) => {
    await withLab(t, options, async (lab, defer) => {
      mkdirSync(join(lab.mountpoint, 'covered'));
      const sector = sectorOf(write(lab, 'covered/file'));
      tool('mount', '-t', 'tmpfs', 'none', join(lab.mountpoint, 'covered'));
      defer(() => tool('umount', join(lab.mountpoint, 'covered')));
      const [owner] = await ownersOf(lab.device, sector);
      assert.equal(owner?.kind, 'file');
      assert.deepEqual(owner?.paths, []);
      assert.equal(owner?.pathsComplete, false);
      assert.ok(owner?.reason !== undefined);
    });
  });

  test(`${name}: a bind mount inside the tree adds no second path and no loop`, { skip }, async (t) => {
    await withLab(t, options, async (lab, defer) => {
      mkdirSync(join(lab.mountpoint, 'a/loop'), { recursive: true });
      const path = write(lab, 'a/file');
      tool('mount', '--bind', lab.mountpoint, join(lab.mountpoint, 'a/loop'));
      defer(() => tool('umount', join(lab.mountpoint, 'a/loop')));
      const [owner] = await ownersOf(lab.device, sectorOf(path));
      assert.deepEqual(owner?.paths, [path]);
      assert.equal(owner?.pathsComplete, true);
    });
  });

  test(`${name}: the walk finds what the file system's own way finds, or says what it was limited to`, {
    skip,
  }, async (t) => {
    await withLab(t, options, async (lab) => {
      mkdirSync(join(lab.mountpoint, 'inside'));
      const inside = write(lab, 'inside/file');
      const outside = write(lab, 'outside');
      const blind = {
        ...io,
        openDevice: refuse,
        ioctl: (fd: number, request: number, buffer: Uint8Array) =>
          request === 0xc020660b ? io.ioctl(fd, request, buffer) : refuse(),
      };
      const runs = [inside, outside].map((path): [number, number] => [sectorOf(path), 8]);
      const whole = await resolveSectors(lab.device, runs, { io: blind });
      assert.deepEqual(
        whole.results.map((r) => r.owners[0]?.paths),
        [[inside], [outside]],
      );
      const limited = await resolveSectors(lab.device, runs, {
        io: blind,
        walkRoots: [join(lab.mountpoint, 'inside')],
      });
      const [first, second] = limited.results;
      assert.deepEqual(first?.owners[0]?.paths, [inside]);
      assert.deepEqual([first?.complete, second?.complete, second?.owners[0]?.kind], [false, false, 'unknown']);
      assert.match(second?.owners[0]?.reason ?? '', /limited to .*inside/);
    });
  });

  test(`${name}: check finds the damaged bytes that resolve would name the file for`, { skip }, async (t) => {
    await withLab(t, options, async (lab) => {
      mkdirSync(join(lab.mountpoint, 'd'));
      const path = write(lab, 'd/file', 65_536);
      write(lab, 'd/clean');
      const bad = sectorOf(path) + 16;
      const found: CheckedFile[] = [];
      const runs = new Map([[lab.device, [run(bad, 3)]]]);
      const top = [pathFromText(lab.mountpoint)];
      for await (const file of checkPaths(top, runs, facts(), io, new AbortController().signal)) found.push(file);
      const damaged = found.filter((f) => f.ranges.length > 0);
      assert.deepEqual(
        damaged.map((f) => [f.path, f.complete, f.ranges]),
        [[path, true, [{ offset: 8192, length: 1536, device: lab.device, start: bad, count: 3 }]]],
      );
      assert.ok(found.some((f) => f.path.endsWith('d/clean') && f.complete));
    });
  });
}

test('an ordinary user is told of the files that user may open, and how much could not be looked at', {
  skip,
}, async (t) => {
  await withLab(t, xfs, async (lab) => {
    mkdirSync(join(lab.mountpoint, 'private'));
    mkdirSync(join(lab.mountpoint, 'public'));
    const [secret, open] = [write(lab, 'private/file'), write(lab, 'public/file')];
    chmodSync(join(lab.mountpoint, 'private'), 0o700);
    chmodSync(lab.folder, 0o755);
    const sectors = [secret, open].map((path): [number, number] => [sectorOf(path), 1]);
    process.seteuid?.(65_534);
    const answer = await resolveSectors(lab.device, sectors).finally(() => process.seteuid?.(0));
    const [first, second] = answer.results;
    assert.equal(answer.complete, false);
    assert.equal(first?.owners[0]?.kind, 'unknown');
    assert.match(first?.owners[0]?.reason ?? '', /1 entry could not be opened \(EACCES\)/);
    assert.deepEqual(second?.owners[0]?.paths, [open]);
  });
});

function refuse(): never {
  throw Object.assign(new Error('EPERM: refused by the test'), { code: 'EPERM' });
}

test('a file system in a partition is resolved from the disk, and what lies outside of partitions is told', {
  skip: skip || (obstacle('sfdisk') ?? false),
}, async (t) => {
  await withLab(t, ext4, async (lab) => {
    lab.unmount();
    const script = 'label: gpt\nstart=2048, size=65536\n';
    tool('sh', '-c', `printf '${script}' | sfdisk -q /dev/${lab.device}`);
    tool('losetup', '-d', `/dev/${lab.device}`);
    const device = tool('losetup', '--show', '-P', '-f', join(lab.folder, 'image')).toString().trim();
    // a kernel that reads no partition tables is told of the partition
    if (!existsSync(`${device}p1`)) tool('addpart', device, '1', '2048', '65536');
    const disk = device.replace('/dev/', '');
    Object.assign(lab, { device: disk });
    tool('mkfs.ext4', '-q', '-F', `${device}p1`);
    tool('mount', `${device}p1`, lab.mountpoint);
    const path = write(lab, 'file');
    const inPartition = sectorOf(path);
    const answer = await resolveSectors(disk, [
      [0, 1],
      [40, 4],
      [2048 + inPartition, 2],
      [lab.sectors - 1, 1],
    ]);
    const owners = answer.results.map((r) => r.owners[0]);
    assert.deepEqual(
      owners.map((o) => [o?.kind, o?.metadata]),
      [
        ['hidden', 'partition table'],
        ['raw', 'unpartitioned'],
        ['file', undefined],
        ['hidden', 'partition table'],
      ],
    );
    assert.deepEqual(owners[2]?.paths, [path]);
    assert.deepEqual([owners[2]?.device, owners[2]?.start], [disk, 2048 + inPartition]);
    assert.deepEqual(owners[2]?.layers, [{ device: `${disk}p1`, kind: 'partition', start: inPartition, count: 2 }]);
    const files: CheckedFile[] = [];
    const bad = new Map([[disk, [run(2048 + inPartition + 1, 1)]]]);
    for await (const f of checkPaths([pathFromText(path)], bad, facts(), io, new AbortController().signal))
      files.push(f);
    assert.deepEqual(files[0]?.ranges, [
      { offset: 512, length: 512, device: disk, start: 2048 + inPartition + 1, count: 1 },
    ]);
  });
});

test('an unmounted file system and swap space are raw, and what they are is said', { skip }, async (t) => {
  await withLab(t, ext4, async (lab) => {
    lab.unmount();
    assert.match(
      (await ownersOf(lab.device, 1000))[0]?.metadata ?? '',
      /^ext2, ext3 or ext4 file system, not mounted$/,
    );
    tool('mkswap', '-f', `/dev/${lab.device}`);
    assert.equal((await ownersOf(lab.device, 1000))[0]?.metadata, 'swap space, not in use');
    lab.mount = () => undefined;
  });
});

test('an unreadable inode table block is told with its inodes, and nothing in doubt is called unreferenced', {
  skip,
}, async (t) => {
  await withLab(t, ext4, async (lab) => {
    const path = write(lab, 'file');
    const sector = sectorOf(path);
    const table = /Inode table at (\d+)/.exec(tool('dumpe2fs', `/dev/${lab.device}`).toString())?.[1];
    const from = Number(table) * 4096;
    const failing: typeof io = {
      ...io,
      pread(fd, into, position) {
        if (position <= from && from < position + into.length) throw Object.assign(new Error('EIO'), { code: 'EIO' });
        return io.pread(fd, into, position);
      },
    };
    const answer = await resolveSectors(
      lab.device,
      [
        [sector, 1],
        [from / 512, 1],
      ],
      { io: failing },
    );
    const [file, inodes] = answer.results;
    assert.equal(answer.complete, false);
    assert.equal(file?.owners[0]?.kind, 'unknown');
    assert.match(file?.owners[0]?.reason ?? '', /inodes 1 to 16 are unreadable/);
    assert.deepEqual([inodes?.owners[0]?.kind, inodes?.owners[0]?.metadata], ['metadata', 'inode table']);
  });
});

import assert from 'node:assert/strict';
import { closeSync, openSync, readFileSync, readSync, truncateSync, unlinkSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { program } from '../guest/program.ts';
import {
  goodCopy,
  isGood,
  layGoodCopy,
  layShared,
  layVictim,
  listed,
  listSectors,
  makeAllWhole,
  makeWhole,
  marker,
  mount,
  page,
  repairAsTold,
} from '../guest/recovery-lab.ts';
import { dropCaches } from '../guest/stack.ts';
import { beginChapter, commandsOf, installProgram, sh } from '../guest/told-step.ts';
import { until } from '../guest/wait.ts';
import { startWatching, type Watching } from '../guest/watching.ts';

// Next steps, run as told where a write clears: the rows of docs/recovery-model.md that need no firmware.
for (const module of ['xfs', 'btrfs', 'raid1']) program('modprobe', module);
installProgram();
layGoodCopy();
writeFileSync(
  '/tmp/table',
  `label: gpt\n${['64MiB', '64MiB', '64MiB', '128MiB', '128MiB', '32MiB'].map((size) => `size=${size}\n`).join('')}`,
);
program('sh', '-c', 'sfdisk --quiet /dev/pmem1 </tmp/table');
const folder = '/mnt/xfs';
program('mkfs.xfs', '-q', '-f', '-m', 'rmapbt=1,reflink=1', '/dev/pmem0');
mount('pmem0', folder, 'dax=always');

function partitionStart(partition: string): number {
  return Number(readFileSync(`/sys/class/block/${partition}/start`, 'utf8'));
}

test('one agent; each step that it tells is run as told, by sh, and the incident ends', async (t) => {
  const watching = await startWatching(t);
  const rows: readonly (readonly [string, (watching: Watching) => Promise<void>])[] = [
    ['row dax-write: a file on XFS with DAX, with a name that no shell takes as it is', daxWrite],
    ['row dax-write: a file on ext4 with DAX, on a partition', daxWriteExt4],
    ['row dax-shared: two files that share the page, with DAX', daxShared],
    ['row free-zero: free space, zeroed while the file system is read-only', freeZero],
    ['row shared-write: two files that share the block, without DAX', sharedWrite],
    ['row md-check: one member of a mirror', mdCheck],
    ['row btrfs-write: a btrfs without a second copy: the file is whole again, the sectors stay listed', btrfsWrite],
    ['row btrfs-scrub: a btrfs with a second copy', btrfsScrub],
    ['row device-write: a partition that no file system is on', deviceWrite],
    ['row device-write: swap space in use', swapSpace],
  ];
  for (const [name, row] of rows) {
    await t.test(name, async (inner) => {
      inner.after(makeAllWhole);
      await row(watching);
    });
  }
});

async function daxWrite(watching: Watching): Promise<void> {
  const path = `${folder}/it's \`a\` $name\n"x"`;
  await repairAsTold(watching, 'dax-write', { disk: 'pmem0', sector: layVictim(path) });
  assert.ok(isGood(path));
}

async function daxWriteExt4(watching: Watching): Promise<void> {
  program('mkfs.ext4', '-q', '-F', '-b', '4096', '/dev/pmem1p1');
  mount('pmem1p1', '/mnt/ext4', 'dax=always');
  const path = '/mnt/ext4/victim';
  await repairAsTold(watching, 'dax-write', { disk: 'pmem1', sector: partitionStart('pmem1p1') + layVictim(path) });
  assert.ok(isGood(path));
}

async function daxShared(watching: Watching): Promise<void> {
  const { names, sector } = layShared(folder);
  await repairAsTold(watching, 'dax-shared', { disk: 'pmem0', sector, steps: 2 });
  for (const name of names) assert.ok(isGood(name));
  for (const name of names) unlinkSync(name);
}

async function freeZero(watching: Watching): Promise<void> {
  const path = `${folder}/gone`;
  const sector = layVictim(path);
  truncateSync(path); // at once, while what a deleted file had is given back later
  const chapter = beginChapter(watching);
  listSectors('pmem0', sector);
  const { message, steps } = await chapter.told('free-zero');
  const [look = '', zero = ''] = steps.flatMap(commandsOf);
  const looked = sh(look);
  assert.equal(looked.status, 0, looked.stderr);
  assert.match(looked.stdout, /free/);
  assert.match(sh(`touch ${folder}/new`).stderr, /Read-only file system/);
  assert.equal(sh(zero).status, 0);
  assert.equal(listed('pmem0'), '');
  assert.equal(sh(`touch ${folder}/new`).status, 0, 'it takes files again');
  await chapter.resolved(message.incident);
}

async function sharedWrite(watching: Watching): Promise<void> {
  program('umount', folder);
  mount('pmem0', folder);
  const { names, sector } = layShared(folder);
  await repairAsTold(watching, 'shared-write', { disk: 'pmem0', sector, steps: 2 });
  for (const name of names) assert.ok(isGood(name));
}

async function mdCheck(watching: Watching): Promise<void> {
  const members = ['/dev/pmem1p2', '/dev/pmem1p3'];
  program(
    'mdadm',
    '--create',
    '/dev/md1',
    '--run',
    '--force',
    '--assume-clean',
    '--level=raid1',
    '--raid-devices=2',
    ...members,
  );
  program('mkfs.ext4', '-q', '-F', '-b', '4096', '/dev/md1');
  mount('md1', '/mnt/md1');
  const path = '/mnt/md1/victim';
  const offset = Number(readFileSync('/sys/block/md1/md/dev-pmem1p2/offset', 'utf8'));
  const sector = partitionStart('pmem1p2') + offset + layVictim(path);
  const chapter = beginChapter(watching);
  listSectors('pmem1', sector);
  const { message, steps } = await chapter.told('md-check');
  assert.equal(sh(commandsOf(steps[0] ?? '')[0] ?? '').status, 0);
  await until('the check is through', () => readFileSync('/sys/block/md1/md/sync_action', 'utf8') === 'idle\n');
  assert.equal(listed('pmem1'), '');
  assert.ok(
    Number(readFileSync('/sys/block/md1/md/mismatch_cnt', 'utf8')) > 0,
    'what was written again counts as different',
  );
  await chapter.resolved(message.incident);
  assert.ok(isGood(path));
}

/** Where a device holds the page that is made bad: btrfs tells a position of its own. */
function sectorOnDevice(partition: string): number {
  const file = openSync(`/dev/${partition}`, 'r');
  const piece = Buffer.alloc(1024 * 1024);
  try {
    for (let from = 0; readSync(file, piece, 0, piece.length, from) > 0; from += piece.length) {
      const found = piece.indexOf(marker);
      if (found >= 0) return (from + found) / 512;
    }
  } finally {
    closeSync(file);
  }
  throw new Error(`${partition} does not hold the page`);
}
function layBtrfs(path: string, ...arguments_: string[]): void {
  program('mkfs.btrfs', '-q', '-f', '-K', ...arguments_);
  mount('pmem1p4', '/mnt/btrfs');
  layVictim(path);
  dropCaches();
}

async function btrfsWrite(watching: Watching): Promise<void> {
  const path = '/mnt/btrfs/victim';
  layBtrfs(path, '-d', 'single', '-m', 'dup', '/dev/pmem1p4');
  const sector = partitionStart('pmem1p4') + sectorOnDevice('pmem1p4');
  const chapter = beginChapter(watching);
  listSectors('pmem1', sector);
  const { message, steps } = await chapter.told('btrfs-write');
  const { status, stderr } = sh(commandsOf(steps[0] ?? '')[0] ?? '', { GOOD_COPY: goodCopy });
  assert.equal(status, 0, stderr);
  assert.ok(isGood(path));
  assert.equal(listed('pmem1'), `${sector} 8`);
  program('umount', '/mnt/btrfs');
  makeWhole('pmem1');
  await chapter.resolved(message.incident);
}

async function btrfsScrub(watching: Watching): Promise<void> {
  const path = '/mnt/btrfs/victim';
  program('dd', 'if=/dev/zero', 'of=/dev/pmem1p4', 'bs=1M', 'count=128', 'oflag=direct');
  layBtrfs(path, '-d', 'raid1', '-m', 'raid1', '/dev/pmem1p4', '/dev/pmem1p5');
  const sector = partitionStart('pmem1p4') + sectorOnDevice('pmem1p4');
  const chapter = beginChapter(watching);
  listSectors('pmem1', sector);
  const { message, steps } = await chapter.told('btrfs-scrub');
  const [command = ''] = commandsOf(steps[0] ?? '');
  // this kernel reads 64 KiB at once, and calls what no file uses of them uncorrectable
  assert.match(sh(command).stdout, /Corrected: +[1-9]/);
  assert.equal(listed('pmem1'), '');
  await chapter.resolved(message.incident);
  assert.equal(sh(command).status, 0, 'once more, and there is nothing to tell');
  assert.ok(isGood(path));
}

async function deviceWrite(watching: Watching): Promise<void> {
  const image = '/tmp/image';
  const chapter = beginChapter(watching);
  listSectors('pmem1', partitionStart('pmem1p6') + 800);
  const { message, steps } = await chapter.told('device-write');
  sh(`truncate -s 32M ${image}; dd if=${goodCopy} of=${image} bs=512 seek=800 conv=notrunc`);
  const { status, stderr } = sh(commandsOf(steps[0] ?? '')[0] ?? '', { GOOD_COPY: image });
  assert.equal(status, 0, stderr);
  assert.equal(listed('pmem1'), '');
  await chapter.resolved(message.incident);
  const [written] = [sh('dd if=/dev/pmem1p6 bs=512 skip=800 count=8 of=/tmp/read 2>/dev/null').status];
  assert.equal(written, 0);
  assert.ok(readFileSync('/tmp/read').equals(readFileSync(goodCopy).subarray(0, page)));
}

async function swapSpace(watching: Watching): Promise<void> {
  program('mkswap', '-q', '/dev/pmem1p6');
  program('swapon', '/dev/pmem1p6');
  await repairAsTold(watching, 'device-write', { disk: 'pmem1', sector: partitionStart('pmem1p6') + 800 });
  assert.match(readFileSync('/proc/swaps', 'utf8'), /pmem1p6/);
}

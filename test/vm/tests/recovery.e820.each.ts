import assert from 'node:assert/strict';
import { readFileSync, rmSync, statfsSync, truncateSync, unlinkSync } from 'node:fs';
import { constants, release } from 'node:os';
import { afterEach, test } from 'node:test';
import { sectorOf } from '../guest/filesystem.ts';
import { program } from '../guest/program.ts';
import {
  badPage,
  goodCopy,
  isGood,
  layGoodCopy,
  layShared,
  layVictim,
  listed,
  listSectors,
  makeAllWhole,
  makeWhole,
  mount,
  page,
} from '../guest/recovery-lab.ts';
import { sh } from '../guest/told-step.ts';

// Rows of docs/recovery-model.md on a bus without firmware: what the driver and the file systems do. A write clears what
// it covers, an entry of the list makes reads fail; the memory below is sound.
program('modprobe', 'xfs');
layGoodCopy();
const folder = '/mnt/xfs';
const at = badPage * page;

afterEach(makeAllWhole);

program('mkfs.xfs', '-q', '-f', '-m', 'rmapbt=1,reflink=1', '/dev/pmem0');
mount('pmem0', folder, 'dax=always');

test('on DAX nothing but a write of the whole page clears: no store, no part of a page, no hole, no zeroing', () => {
  const path = `${folder}/partial`;
  const sector = layVictim(path);
  const [bad, entry] = [`${sector} 8`, `of=${path} seek=${at / 512}`];
  listSectors('pmem0', sector);
  assert.match(sh(`dd if=/dev/zero ${entry} bs=512 count=1 conv=notrunc,fsync`).stderr, /Bad address/);
  assert.match(sh(`cat ${path}`).stderr, /Input\/output error/);
  assert.equal(
    sh(`xfs_io -c 'mmap 0 ${3 * page}' -c 'mwrite ${at} 512' ${path}`).status,
    128 + constants.signals.SIGBUS,
  );
  assert.match(sh(`fallocate -p -o ${at} -l 512 ${path}`).stderr, /Input\/output error/);
  assert.equal(listed('pmem0'), bad);
  assert.equal(sectorOf(path, at), sector, 'it still has its block');
  assert.equal(sh(`fallocate -z -o ${at} -l ${page} ${path}`).status, 0);
  assert.equal(listed('pmem0'), bad, 'zeroing gives the file another block');
  unlinkSync(path);
});

test('copying over a file, punching, truncating and deleting leave the bad sectors in free space', () => {
  const path = `${folder}/left`;
  for (const [what, away] of [
    ['cp', `cp ${goodCopy} ${path}`],
    ['cp --sparse over zeroes', `head -c ${3 * page} /dev/zero >/tmp/zeroes && cp --sparse=always /tmp/zeroes ${path}`],
    ['punch', `fallocate -p -o ${at} -l ${page} ${path}`],
    ['truncate', `truncate -s ${page} ${path}`],
    ['unlink', `rm ${path}`],
  ] as const) {
    const sector = layVictim(path);
    listSectors('pmem0', sector);
    assert.equal(sh(`${away} && sync`).status, 0, what);
    assert.equal(listed('pmem0'), `${sector} 8`, what);
    if (what === 'cp') assert.ok(isGood(path));
    assert.match(
      sh(`dd if=/dev/pmem0 bs=4096 iflag=direct skip=${sector / 8} count=1 of=/dev/null`).stderr,
      /Input\/output error/,
    );
    makeWhole('pmem0');
    rmSync(path, { force: true });
  }
});

test('the next file that gets the space writes it whole, and so clears it where writes clear', () => {
  const path = `${folder}/first`;
  listSectors('pmem0', layVictim(path));
  unlinkSync(path);
  sh('sync');
  let made = 0;
  while (listed('pmem0') !== '' && made < 50) program('cp', goodCopy, `${folder}/next-${made++}`);
  assert.equal(listed('pmem0'), '', `${made} files were made`);
  for (let i = 0; i < made; i += 1) assert.ok(isGood(`${folder}/next-${i}`));
});

test('a backup that meets EIO leaves a short copy, one that goes on leaves zeros in the place of what it could not read', () => {
  const path = `${folder}/backed-up`;
  listSectors('pmem0', layVictim(path));
  const cp = sh(`cp ${path} /tmp/backup`);
  assert.deepEqual([cp.status, /Input\/output error/.test(cp.stderr)], [1, true]);
  assert.ok(readFileSync('/tmp/backup').length < readFileSync(goodCopy).length);
  const noerror = sh(`dd if=${path} of=/tmp/backup bs=4096 conv=noerror,sync`);
  assert.equal(noerror.status, 0, 'nobody is told');
  const [copy, good] = [readFileSync('/tmp/backup'), readFileSync(goodCopy)];
  assert.ok(copy.subarray(0, at).equals(good.subarray(0, at)));
  assert.ok(copy.subarray(at).every((byte) => byte === 0));
});

test('a write of the whole shared page, with DAX, goes to a new block or fails with EIO, as the kernel is', () => {
  const { names, sector } = layShared(folder);
  const [one = '', two = ''] = names;
  listSectors('pmem0', sector);
  const write = (path: string) =>
    sh(`dd if=${goodCopy} of=${path} bs=${page} skip=2 seek=2 count=1 conv=notrunc,sync,fsync`);
  const length = readFileSync(goodCopy).length;
  const { status, stderr } = write(one);
  if (/^6\.1\./.test(release())) assert.equal(status, 0);
  else assert.match(stderr, /Input\/output error/, 'the old page is read first, even when all of it is written');
  assert.equal(listed('pmem0'), `${sector} 8`, 'the other file still has it');
  assert.equal(sh(`fallocate -p -o ${at} -l ${page} ${one}`).status, 0);
  for (const name of [one, two]) assert.equal(write(name).status, 0);
  assert.equal(listed('pmem0'), '', 'whoever is the last to have it clears it');
  for (const name of names) truncateSync(name, length);
  for (const name of names) assert.ok(isGood(name));
});

test('a file system is not filled to the last block: to write all its free space is no sure way to clear it', (t) => {
  listSectors('pmem0', layVictim(`${folder}/freed`));
  truncateSync(`${folder}/freed`);
  const { stderr } = sh(`dd if=/dev/zero of=${folder}/fill bs=1M; sync`);
  assert.match(stderr, /No space left on device/);
  const { bsize, bfree } = statfsSync(folder);
  t.diagnostic(`${(bsize * bfree) / 1024 / 1024} MiB of it stay free; the list then says "${listed('pmem0')}"`);
  assert.ok(bfree > 0);
  unlinkSync(`${folder}/fill`);
});

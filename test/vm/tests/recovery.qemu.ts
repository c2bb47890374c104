import assert from 'node:assert/strict';
import { existsSync, readFileSync, unlinkSync } from 'node:fs';
import { constants } from 'node:os';
import { test } from 'node:test';
import { diskList, listsSector } from '../guest/bad-blocks.ts';
import { makeFilesystem, mountAgain, unmount } from '../guest/filesystem.ts';
import { injectMachineCheck } from '../guest/machine-check.ts';
import { createFsdax, initialiseLabels, physicalAddress } from '../guest/namespace.ts';
import { badPage, goodCopy, isGood, layGoodCopy, layVictim, listed, page } from '../guest/recovery-lab.ts';
import { beginChapter, commandsOf, installProgram, sh } from '../guest/told-step.ts';
import { until } from '../guest/wait.ts';
import { quiet, startWatching } from '../guest/watching.ts';

// Rows of docs/recovery-model.md on a bus that cannot clear: machine checks list errors, and no command of it takes them back.
initialiseLabels('ndbus0');
const { disk } = createFsdax('region0');
installProgram();
layGoodCopy();
const folder = '/mnt/xfs';
makeFilesystem('xfs', disk, folder);
const at = badPage * page;
const wholePage = `bs=${page} seek=${badPage} skip=${badPage} count=1 conv=notrunc,sync,fsync`;

async function makeBad(sector: number): Promise<void> {
  injectMachineCheck(physicalAddress(disk, sector));
  await until('the kernel lists it', () => listsSector(diskList(disk), sector));
}

test('who meets a bad page: EIO, EFAULT and SIGBUS with DAX, EIO at fsync without; and nothing clears it', async () => {
  const path = `${folder}/met`;
  const sector = layVictim(path);
  await makeBad(sector);
  const list = listed(disk);
  assert.match(sh(`cat ${path}`).stderr, /Input\/output error/);
  assert.match(sh(`dd if=${goodCopy} of=${path} ${wholePage}`).stderr, /Bad address/);
  for (const touch of [`mread ${at} 512`, `mwrite ${at} 512`]) {
    assert.equal(
      sh(`xfs_io -c 'mmap 0 ${3 * page}' -c '${touch}' ${path}`).status,
      128 + constants.signals.SIGBUS,
      touch,
    );
  }
  const onDevice = `dd if=/dev/zero of=/dev/${disk} bs=512 seek=${sector} count=8 oflag=direct conv=notrunc`;
  assert.match(sh(onDevice).stderr, /Input\/output error/);
  unmount(folder);
  mountAgain('xfs', disk, folder, []);
  assert.equal(
    sh(`dd if=${goodCopy} of=${path} bs=${page} seek=${badPage} skip=${badPage} count=1 conv=notrunc,sync`).status,
    0,
  );
  assert.match(sh(`dd if=${goodCopy} of=${path} ${wholePage}`).stderr, /fsync failed .*Input\/output error/);
  assert.equal(listed(disk), list);
  unlinkSync(path);
});

test('deleted, it hits the next file that gets the space: without DAX cp says nothing, and the data is lost', () => {
  const lost: string[] = [];
  for (let made = 0; made < 100 && lost.length === 0; made += 1) {
    const next = `${folder}/next-${made}`;
    assert.equal(sh(`cp ${goodCopy} ${next}`).status, 0);
    if (/Input\/output error/.test(sh(`sync ${next}`).stderr)) lost.push(next);
  }
  const [next = ''] = lost;
  assert.notEqual(next, '', 'no file got the space');
  assert.throws(() => isGood(next), { code: 'EIO' });
  unlinkSync(next);
  unmount(folder);
  mountAgain('xfs', disk, folder);
  let said = '';
  for (let made = 0; made < 100 && said === ''; made += 1) said = sh(`cp ${goodCopy} ${folder}/dax-${made}`).stderr;
  assert.match(said, /Bad address|Input\/output error/, 'with DAX its write fails');
});

test('row cannot-clear: the file is whole again, the damaged one keeps its sectors, and the incident stays open', async (t) => {
  const watching = await startWatching(t);
  const path = `${folder}/victim's`;
  const sector = layVictim(path);
  const chapter = beginChapter(watching);
  await makeBad(sector);
  const { message, steps } = await chapter.told('cannot-clear');
  const [command = ''] = steps.flatMap(commandsOf).filter((each) => each.includes('victim'));
  const { status, stderr } = sh(command, { GOOD_COPY: goodCopy });
  assert.equal(status, 0, stderr);
  assert.ok(isGood(path));
  assert.ok(existsSync(`${path}.bad`));
  assert.throws(() => readFileSync(`${path}.bad`), { code: 'EIO' });
  assert.ok(listsSector(diskList(disk), sector));
  await quiet();
  assert.ok(
    watching.receiver.received.every(
      ({ message: each }) => each.incident !== message.incident || each.status === 'firing',
    ),
  );
});

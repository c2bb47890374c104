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

test('row cannot-clear: the file is whole again, the damaged one keeps its sectors, and the incident stays open', async (t) => {
  const watching = await startWatching(t);
  const path = `${folder}/victim's`;
  const sector = layVictim(path);
  const chapter = beginChapter(watching);
  await makeBad(sector);
  const { message, steps } = await chapter.told('cannot-clear');
  const [command = ''] = steps.flatMap(commandsOf);
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
  mountAgain('xfs', disk, folder, []); // stays so
  assert.equal(
    sh(`dd if=${goodCopy} of=${path} bs=${page} seek=${badPage} skip=${badPage} count=1 conv=notrunc,sync`).status,
    0,
  );
  assert.match(sh(`dd if=${goodCopy} of=${path} ${wholePage}`).stderr, /fsync failed .*Input\/output error/);
  assert.equal(listed(disk), list);
});

test('deleted, it hits the next file: without DAX cp says nothing and zeros are read, with DAX XFS shuts itself down', (t) => {
  unlinkSync(`${folder}/met`);
  sh('sync');
  const next = fileThatGetsIt((path) => {
    assert.equal(sh(`cp ${goodCopy} ${path}`).status, 0);
    return /Input\/output error/.test(sh(`sync ${path}`).stderr);
  });
  const got = isGood(next)
    ? 'the data'
    : readFileSync(next)
          .subarray(at)
          .every((byte) => byte === 0)
      ? 'zeros'
      : 'something else';
  assert.equal(got, 'zeros', 'what was written is gone, and nobody is told any more');
  unlinkSync(next);
  unmount(folder);
  mountAgain('xfs', disk, folder);
  fileThatGetsIt((path) => /Input\/output error|Bad address/.test(sh(`cp ${goodCopy} ${path}`).stderr));
  t.diagnostic(sh("dmesg | grep -E 'XFS|pmem' | tail -n 5").stdout);
  assert.match(sh(`ls ${folder}`).stderr, /Input\/output error/, 'all of it is gone until it is mounted again');
});

function fileThatGetsIt(tryIt: (path: string) => boolean): string {
  for (let made = 0; made < 100; made += 1) {
    const path = `${folder}/next-${made}`;
    if (tryIt(path)) return path;
  }
  throw new Error('no file got the space');
}

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { diskList, listsSector, readBadRanges, regionList } from '../guest/bad-blocks.ts';
import { makeFilesystem, mountAgain, unmount } from '../guest/filesystem.ts';
import { createFsdax, diskOffsetInRegion, initialiseLabels } from '../guest/namespace.ts';
import { makePlaceBad, placeOf } from '../guest/place.ts';
import { program } from '../guest/program.ts';
import { badPage, goodCopy, isGood, layGoodCopy, layVictim, listed, page } from '../guest/recovery-lab.ts';
import { plantLatentError, scrub } from '../guest/scrub.ts';
import { dropCaches } from '../guest/stack.ts';
import { beginChapter, commandsOf, installProgram, sh } from '../guest/told-step.ts';
import { until } from '../guest/wait.ts';
import { startWatching } from '../guest/watching.ts';

// Rows of docs/recovery-model.md on a bus whose firmware is asked to clear: two of its commands do it (ARS_CAP, CLEAR_ERROR).
initialiseLabels('nfit_test.0');
const namespace = createFsdax('region1');
const { disk } = namespace;
program('ndctl', 'create-namespace', '-r', 'region0', '-m', 'devdax', '--map=mem', '-a', '4K');
installProgram();
layGoodCopy();
// Without DAX: nfit_test brings its own DAX write path, which cannot clear an error.
const folder = '/mnt/ext4';
const path = `${folder}/victim`;
makeFilesystem('ext4', disk, folder, []);
const sector = layVictim(path);

async function plant(sector: number): Promise<void> {
  plantLatentError(namespace, sector, 8);
  scrub('nfit_test.0');
  await until('the kernel lists it', () => listsSector(diskList(disk), sector));
}

test('a block write clears exactly the sectors that it covers whole, in the lists of disk and region', async () => {
  await plant(sector);
  dropCaches();
  const write = `dd if=/dev/zero of=${path} bs=512 seek=${(badPage * page) / 512} count=1`;
  assert.match(
    sh(`${write} conv=notrunc,fsync`).stderr,
    /Input\/output error/,
    'the rest of its block must be read first',
  );
  assert.equal(listed(disk), `${sector} 8`);
  assert.equal(sh(`${write} conv=notrunc,fsync oflag=direct`).status, 0);
  assert.equal(listed(disk), `${sector + 1} 7`);
  assert.deepEqual(readBadRanges(regionList('region1')), [
    { start: diskOffsetInRegion(disk, 'region1') + sector + 1, count: 7 },
  ]);
});

test('firmware clears at a restart of the namespace, which a mounted file system keeps from happening', () => {
  assert.notEqual(sh(`ndctl clear-errors ${namespace.name}`).status, 0);
  assert.equal(listed(disk), `${sector + 1} 7`);
  unmount(folder);
  assert.equal(sh(`ndctl clear-errors ${namespace.name}`).status, 0);
  assert.equal(listed(disk), '');
  assert.deepEqual(readBadRanges(regionList('region1')), []);
  mountAgain('ext4', disk, folder, []);
});

test('one agent; each step that it tells is run as told, by sh, and the incident ends', async (t) => {
  const laid = layVictim(path); // in other blocks
  const watching = await startWatching(t);

  await t.test(
    'rows page-cache and block-write: what memory still has is saved, and is the copy that clears',
    async () => {
      readFileSync(path); // into memory, before the media goes bad
      const chapter = beginChapter(watching);
      await plant(laid);
      const { message, steps } = await chapter.told('block-write');
      const [save = '', rewrite = ''] = commandsOf(steps[0] ?? '');
      const SAVED = '/tmp/saved';
      const saved = sh(save, { SAVED });
      assert.equal(saved.status, 0, saved.stderr);
      assert.ok(
        readFileSync(SAVED)
          .subarray(badPage * page)
          .equals(readFileSync(goodCopy).subarray(badPage * page)),
      );
      const rewritten = sh(rewrite, { GOOD_COPY: SAVED });
      assert.equal(rewritten.status, 0, rewritten.stderr);
      assert.equal(listed(disk), '');
      assert.ok(isGood(path));
      assert.equal((await chapter.resolved(message.incident)).resolution, 'cleared');
    },
  );

  await t.test('row devdax-clear: a device-dax has no block writes, firmware clears it', async () => {
    const chapter = beginChapter(watching);
    const place = await placeOf('devdax');
    await makePlaceBad(place, (place.dataStart ?? 0) + 40);
    const { message, steps } = await chapter.told('devdax-clear');
    const cleared = sh(commandsOf(steps[0] ?? '')[0] ?? '');
    assert.equal(cleared.status, 0, cleared.stderr);
    assert.deepEqual(readBadRanges(regionList('region0')), []);
    assert.equal((await chapter.resolved(message.incident)).resolution, 'cleared');
  });
});

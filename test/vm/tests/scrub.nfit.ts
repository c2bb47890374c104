import assert from 'node:assert/strict';
import { test } from 'node:test';
import { diskList, listsSector, readBadRanges } from '../guest/bad-blocks.ts';
import { makeFilesystem, overwrite, sectorOf, writeWhole } from '../guest/filesystem.ts';
import { createFsdax, initialiseLabels } from '../guest/namespace.ts';
import { plantLatentError, startScrub, waitForScrub } from '../guest/scrub.ts';
import { until } from '../guest/wait.ts';
import { sample, startWatching } from '../guest/watching.ts';

test('a latent error found by a scrub opens an incident, overwriting the whole block resolves it', async (t) => {
  initialiseLabels('nfit_test.0');
  const namespace = createFsdax('region1');
  const path = '/mnt/ext4/victim.dat';
  // Without DAX: nfit_test brings its own DAX write path, which cannot clear an error.
  makeFilesystem('ext4', namespace.disk, '/mnt/ext4', []);
  writeWhole(path, 65536);
  const sector = sectorOf(path, 8192);
  const watching = await startWatching(t);

  plantLatentError(namespace, sector, 8);
  startScrub('nfit_test.0');
  await until('the kernel lists it', () => listsSector(diskList(namespace.disk), sector));
  const listed = Date.now();
  const opened = await watching.message('the file by name', ({ files }) => files.some((file) => file.path === path));
  t.diagnostic(`from the kernel's list to the webhook that names the file: ${opened.at - listed} ms`);
  assert.equal(opened.message.foundBy, 'scrub');
  assert.deepEqual(opened.message.files[0]?.ranges, [{ offset: 8192, length: 4096 }]);
  assert.equal(watching.mediaMessages()[0], 'opened');

  waitForScrub('nfit_test.0');
  overwrite(path, 8192, 4096);
  assert.deepEqual(readBadRanges(diskList(namespace.disk)), []);
  const cleared = Date.now();
  const resolved = await watching.message('the end', ({ status }) => status === 'resolved');
  t.diagnostic(`from the overwrite to the webhook that says resolved: ${resolved.at - cleared} ms`);
  assert.equal(resolved.message.resolution, 'cleared');
  assert.equal(resolved.message.incident, opened.message.incident);
  assert.equal(sample(await watching.metrics(), 'pmem_bad_bytes', `device="${namespace.disk}"`), 0);
});

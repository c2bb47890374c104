import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bootAgain, bootNumber, durableFolder, keep, kept } from '../guest/boots.ts';
import { makeFilesystem, mountAgain, sectorOf, writeWhole } from '../guest/filesystem.ts';
import { injectMachineCheck } from '../guest/machine-check.ts';
import { createFsdax, findFsdax, initialiseLabels, physicalAddress } from '../guest/namespace.ts';
import { until } from '../guest/wait.ts';
import { quiet, startWatching, type Watching } from '../guest/watching.ts';

const folder = `${durableFolder}/agent`;
const path = '/mnt/xfs/victim.dat';

if (bootNumber() === 1) {
  test('an error under a file opens an incident, then agent and machine go down at once', async (t) => {
    initialiseLabels('ndbus0');
    const { disk } = createFsdax('region0');
    makeFilesystem('xfs', disk, '/mnt/xfs');
    writeWhole(path, 65536);
    const sector = sectorOf(path, 8192);
    const watching = await startWatching(t, { folder });
    injectMachineCheck(physicalAddress(disk, sector));
    const { message } = await watching.message('the file by name', ({ files }) => files.some((f) => f.path === path));
    keep('before', { sector, incident: message.incident });
    watching.agent.killHard();
    bootAgain();
  });
} else {
  test('after the reboot the forgotten error is unconfirmed, not resolved, and not opened again when it returns', async (t) => {
    const { disk } = findFsdax('region0');
    mountAgain('xfs', disk, '/mnt/xfs');
    const before = kept('before') as { readonly sector: number; readonly incident: string };
    const watching = await startWatching(t, { folder });
    await quiet();
    assert.deepEqual(firstOrLast(watching), []);
    assert.match((await openRange(watching, before.sector)).unconfirmed ?? '', /./, 'it says why it is not sure');

    injectMachineCheck(physicalAddress(disk, before.sector));
    await until(
      'the range is listed again',
      async () => (await openRange(watching, before.sector)).unconfirmed === null,
    );
    await quiet();
    assert.deepEqual(firstOrLast(watching), []);
    const open = await watching.items<{ readonly id: string; readonly status: string }>('/api/v1/incidents');
    assert.deepEqual(
      open.filter(({ status }) => status === 'open').map(({ id }) => id),
      [before.incident],
    );
  });
}

/** Messages that would say that something began or ended. */
function firstOrLast(watching: Watching): string[] {
  return watching.mediaMessages().filter((type) => type === 'opened' || type === 'resolved');
}

interface RangeItem {
  readonly start: number;
  readonly unconfirmed: string | null;
}

async function openRange(watching: Watching, sector: number): Promise<RangeItem> {
  const ranges = await watching.items<RangeItem>('/api/v1/badblocks');
  const found = ranges.find(({ start }) => start === sector);
  if (found === undefined) throw new Error(`the agent no longer knows sector ${sector}: ${JSON.stringify(ranges)}`);
  return found;
}

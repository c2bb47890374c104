import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { makeFilesystem, writeWhole } from '../guest/filesystem.ts';
import { injectMachineCheck } from '../guest/machine-check.ts';
import { createFsdax, initialiseLabels, physicalAddress } from '../guest/namespace.ts';
import { program } from '../guest/program.ts';
import { startWatching, type Watching } from '../guest/watching.ts';

initialiseLabels('ndbus0');
const { disk } = createFsdax('region0');
makeFilesystem('ext4', disk, '/mnt/ext4');
writeWhole('/mnt/ext4/bystander.dat', 65536);

// One agent for both: an incident is one condition of one namespace, and the second error makes it grow.
test('an error in free space is told as free space, one in the inode table as that', async (t) => {
  const watching = await startWatching(t);
  const layout = program('dumpe2fs', `/dev/${disk}`);

  const free = (lastNumber(layout, /^ {2}Free blocks: .*?(\d+)$/m) - 100) * 8;
  const told = await errorAt(t, watching, free);
  assert.deepEqual(
    told.map((owner) => owner.kind),
    ['free'],
  );

  const table = lastNumber(layout, /Inode table at \d+-(\d+)/) * 8;
  const [owner] = await errorAt(t, watching, table);
  assert.equal(owner?.kind, 'metadata');
  assert.equal(owner?.metadata, 'inode table');

  assert.deepEqual(watching.mediaMessages().slice(0, 1), ['opened']);
  assert.ok(watching.receiver.received.every(({ message }) => message.files.length === 0));
});

async function errorAt(t: TestContext, watching: Watching, sector: number) {
  const injected = Date.now();
  injectMachineCheck(physicalAddress(disk, sector));
  const found = await watching.message(`the owners of sector ${sector}`, ({ ranges }) =>
    ranges.some((range) => range.start === sector && range.owners.every((owner) => owner.kind !== 'pending')),
  );
  t.diagnostic(`sector ${sector} told after ${found.at - injected} ms: ${found.message.summary}`);
  return found.message.ranges.find((range) => range.start === sector)?.owners ?? [];
}

function lastNumber(text: string, where: RegExp): number {
  const found = where.exec(text)?.[1];
  if (found === undefined) throw new Error(`no ${where} in what dumpe2fs printed`);
  return Number(found);
}

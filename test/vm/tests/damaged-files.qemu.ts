import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type FsType, makeFilesystem, sectorOf, writeWhole } from '../guest/filesystem.ts';
import { injectMachineCheck } from '../guest/machine-check.ts';
import { createFsdax, type FsdaxNamespace, initialiseLabels, physicalAddress } from '../guest/namespace.ts';
import { sample, startWatching, type Watching } from '../guest/watching.ts';

const page = 4096;
const offset = 2 * page;

interface FileItem {
  readonly path: string;
  readonly ranges: readonly { readonly offset: number; readonly length: number; readonly start: number }[];
}
interface RangeItem {
  readonly start: number;
  readonly count: number;
  readonly owners: readonly { readonly kind: string; readonly paths: readonly string[] }[];
}

test('one agent, one disk with XFS and one with ext4', async (t) => {
  initialiseLabels('ndbus0');
  const xfs = layVictim('xfs', createFsdax('region0'));
  const ext4 = layVictim('ext4', createFsdax('region1'));
  const watching = await startWatching(t);
  await t.test('a memory error under a file on XFS with DAX reaches the webhook as its path and bytes', (t) =>
    errorUnderFile(t, watching, xfs),
  );
  await t.test('a memory error under a file on ext4 with DAX reaches the webhook as its path and bytes', (t) =>
    errorUnderFile(t, watching, ext4),
  );
});

interface Victim {
  readonly type: FsType;
  readonly disk: string;
  readonly path: string;
  readonly sector: number;
}

function layVictim(type: FsType, { disk }: FsdaxNamespace): Victim {
  const path = `/mnt/${type}/victim.dat`;
  makeFilesystem(type, disk, `/mnt/${type}`);
  writeWhole(path, 16 * page);
  return { type, disk, path, sector: sectorOf(path, offset) };
}

async function errorUnderFile(t: TestContext, watching: Watching, victim: Victim): Promise<void> {
  const { type, disk, path, sector } = victim;
  const injected = Date.now();
  injectMachineCheck(physicalAddress(disk, sector));
  const { message, headers, at } = await watching.message('the file by name', ({ files }) =>
    files.some((f) => f.path === path),
  );
  t.diagnostic(`${type}: from the error to the webhook that names the file: ${at - injected} ms`);

  const named = message.files.find((file) => file.path === path);
  assert.deepEqual(named?.ranges, [{ offset, length: page }]);
  assert.equal(message.condition, 'media_error');
  assert.equal(message.status, 'firing');
  assert.equal(message.severity, 'critical');
  assert.equal(message.foundBy, 'mce');
  assert.equal(message.device.name, disk);
  assert.deepEqual([message.ranges[0]?.start, message.ranges[0]?.count], [sector, 8]);
  assert.match(message.summary, /victim\.dat/);
  assert.equal(headers['webhook-id'], message.id);

  const files = await watching.items<FileItem>(`/api/v1/files?device=${disk}`);
  assert.deepEqual(
    files.map((file) => [file.path, file.ranges.map((range) => [range.offset, range.length, range.start])]),
    [[path, [[offset, page, sector]]]],
  );
  const ranges = await watching.items<RangeItem>(`/api/v1/badblocks?device=${disk}`);
  assert.deepEqual(
    ranges.map((range) => [range.start, range.count, range.owners.map((owner) => [owner.kind, ...owner.paths])]),
    [[sector, 8, [['file', path]]]],
  );
  const metrics = await watching.metrics();
  const device = `device="${disk}"`;
  assert.equal(sample(metrics, 'pmem_bad_bytes', device), page);
  assert.equal(sample(metrics, 'pmem_bad_ranges', device), 1);
  assert.equal(sample(metrics, 'pmem_damaged_files', device), 1);
  const owners = metrics.split('\n').filter((line) => line.startsWith('pmem_bad_owner_bytes') && line.includes(device));
  assert.equal(sample(owners.join('\n'), 'pmem_bad_owner_bytes', 'owner_kind="file"'), page);
}

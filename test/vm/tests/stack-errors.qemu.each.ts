import assert from 'node:assert/strict';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  writeFileSync,
} from 'node:fs';
import { type TestContext, test } from 'node:test';
import { extent, run } from '../../../src/model/extent.ts';
import { splitPlace } from '../../../src/resolve/place.ts';
import { diskList, listsSector } from '../guest/bad-blocks.ts';
import { type BreakableStack, breakableStacks } from '../guest/breakable-stacks.ts';
import { blockAt, scatter, showBtt, showRaw } from '../guest/btt.ts';
import { failingPages } from '../guest/direct-read.ts';
import { sectorOf, writeWhole } from '../guest/filesystem.ts';
import { injectMachineCheck } from '../guest/machine-check.ts';
import { createFsdax, initialiseLabels, physicalAddress } from '../guest/namespace.ts';
import { inPhysicalMemory, makePlaceBad, placeOf, readMemory } from '../guest/place.ts';
import { program } from '../guest/program.ts';
import { checked, dropCaches, layerOf, ownersOf } from '../guest/stack.ts';
import { until } from '../guest/wait.ts';

const page = 4096;
const pages = 16;
const badPage = 2;

for (const module of ['xfs', 'dm-mod', 'dm-crypt', 'dm-raid', 'raid0', 'raid1', 'raid10', 'raid456', 'loop']) {
  program('modprobe', module);
}
initialiseLabels('ndbus0');
createFsdax('region0');
for (const [mode, size] of [
  ['fsdax', '832M'],
  ['sector', '64M'],
  ['devdax', '64M'],
] as const) {
  const map = mode === 'sector' ? [] : ['--map=mem'];
  program('ndctl', 'create-namespace', '-r', 'region1', '-m', mode, '-s', size, ...map);
}
for (const [disk, count] of [
  ['pmem0', 10],
  ['pmem1', 8],
] as const) {
  const table = `/tmp/${disk}.sfdisk`;
  writeFileSync(table, `label: gpt\n${Array(count).fill('size=96MiB').join('\n')}\n`);
  program('sh', '-c', `sfdisk --quiet /dev/${disk} <${table}`);
}

for (const stack of breakableStacks) {
  test(`an error below ${stack.what} is resolved to the file, and ${stack.served ? 'another copy serves the read' : 'reading fails exactly there'}`, async (t) => {
    const upper = stack.make();
    const folder = `/mnt/${upper}`;
    mount(stack.fsType ?? 'xfs', upper, folder);
    await errorBelow(t, stack, upper, `${folder}/victim.dat`);
  });
}

function mount(type: 'xfs' | 'ext4', device: string, folder: string): void {
  // smaller than what mkfs.xfs recommends; the owner of every block is known only with the reverse map
  if (type === 'xfs')
    program('mkfs.xfs', '-q', '-f', '--unsupported', '-m', 'rmapbt=1', '-l', 'size=12m', `/dev/${device}`);
  else program('mkfs.ext4', '-q', '-F', '-b', '4096', `/dev/${device}`);
  mkdirSync(folder, { recursive: true });
  program('mount', '-t', type, `/dev/${device}`, folder);
}

async function errorBelow(
  t: TestContext,
  { layer, served }: BreakableStack,
  upper: string,
  path: string,
): Promise<void> {
  writeWhole(path, pages * page);
  const offset = badPage * page;
  const above = sectorOf(path, offset);
  const { disk, sector } = await bottomOf(upper, above);
  t.diagnostic(`${upper} ${above} is ${disk} ${sector}`);
  await makeBad(disk, sector);
  dropCaches(); // what was just written would still be a good copy

  const owners = await ownersOf(disk, sector, 8);
  assert.deepEqual(
    owners.map((o) => [o.kind, o.paths, o.offset, o.length, o.start, o.count]),
    [['file', [path], offset, page, sector, 8]],
  );
  const [owner] = owners;
  const last = owner?.layers?.at(-1);
  assert.deepEqual([last?.kind, last?.name, last?.start], [layer.kind, layer.name, above]);
  assert.equal(owner?.goodCopy?.exists, served ? 'yes' : 'no', JSON.stringify(owner?.goodCopy));
  const seenFromAbove = await ownersOf(upper, above, 8);
  assert.deepEqual(
    seenFromAbove.map((o) => [o.device, o.paths, o.offset]),
    [[upper, [path], offset]],
  );
  const { complete, ranges, reason } = await checked(path);
  assert.deepEqual(
    ranges.map((r) => [r.offset, r.length, r.device, r.start, r.count, r.goodCopy?.exists]),
    [[offset, page, disk, sector, 8, served ? 'yes' : undefined]],
  );
  assert.equal(complete, true, reason);

  assert.deepEqual(pagesThatFail(path), served ? [] : [badPage]);
}

/** Down to a disk with a list: one of the places where the kernel keeps it, as our own code says. */
async function bottomOf(device: string, at: number): Promise<{ readonly disk: string; readonly sector: number }> {
  if (/^pmem\d+$/.test(device)) return { disk: device, sector: at };
  const { upper, layer } = await layerOf(device);
  const [part] = layer.mapDown(upper, extent(device, at, 8));
  assert.equal(part?.below.count, 8);
  return bottomOf(part?.below.device ?? '', part?.below.start ?? 0);
}

async function makeBad(disk: string, sector: number): Promise<void> {
  injectMachineCheck(physicalAddress(disk, sector));
  await until('the sector in the list', () => listsSector(diskList(disk), sector));
}

function pagesThatFail(path: string): number[] {
  return failingPages(path, pages);
}

test('what md has found bad itself is no good copy of the other member', async () => {
  const path = '/mnt/md1/victim.dat';
  const above = sectorOf(path, badPage * page);
  const { upper, layer } = await layerOf('md1');
  const [first, second] = layer.mapDown(upper, extent('md1', above, 8));
  assert.ok(first && second);
  // until a read met the error nothing was known of it; which member it met is for the kernel to choose
  for (let i = 0; i < 20 && !knownToMd('md1', first.below.device); i += 1) pagesThatFail(path);
  const list = readFileSync(`/sys/block/md1/md/dev-${first.below.device}/bad_blocks`, 'utf8');
  assert.match(list, new RegExp(`^${first.below.start} `, 'm'));
  const { disk, sector } = await bottomOf(second.below.device, second.below.start);
  const [owner] = await ownersOf(disk, sector, 8);
  assert.equal(owner?.paths?.[0], path);
  assert.equal(owner?.goodCopy?.exists, 'no');
  assert.match(owner?.goodCopy?.where ?? '', /pmem0p6: also bad there, as md knows/);
});
function knownToMd(array: string, member: string): boolean {
  return readFileSync(`/sys/block/${array}/md/dev-${member}/bad_blocks`, 'utf8') !== '';
}

test('an error below a file that a loop device shows is resolved to the file in its file system', async () => {
  mount('ext4', 'pmem0p10', '/mnt/images');
  const image = '/mnt/images/disk.img';
  program('fallocate', '-l', '33554432', image);
  program('losetup', '/dev/loop0', image);
  mount('ext4', 'loop0', '/mnt/inner');
  const path = '/mnt/inner/victim.dat';
  writeWhole(path, pages * page);
  program('sync');
  const inImage = sectorOf(path, badPage * page);
  const { disk, sector } = await bottomOf('pmem0p10', sectorOf(image, inImage * 512));
  await makeBad(disk, sector);
  const owners = await ownersOf(disk, sector, 8);
  assert.deepEqual(
    owners.map((o) => [o.kind, o.paths, o.offset, o.length, o.layers?.map((l) => [l.kind, l.name])]),
    [
      [
        'file',
        [path],
        badPage * page,
        page,
        [
          ['partition', undefined],
          ['loop', image],
        ],
      ],
    ],
  );
  const { ranges, complete, reason } = await checked(path);
  assert.deepEqual(
    ranges.map((r) => [r.offset, r.length, r.device, r.start]),
    [[badPage * page, page, disk, sector]],
  );
  assert.equal(complete, true, reason);
});

test('an error in a BTT namespace is told as the part of the arena that the kernel itself says it is', async () => {
  const place = await placeOf('sector');
  program('mount', '-t', 'debugfs', 'debugfs', '/sys/kernel/debug');
  const folder = readdirSync('/sys/kernel/debug/btt').map((btt) => `/sys/kernel/debug/btt/${btt}/arena0`)[0];
  const at = (name: string): number => Number(readFileSync(`${folder}/${name}`, 'utf8'));
  const parts = splitPlace(place, [run(0, place.size)]).known.map((o) => [o.metadata, o.start]);
  // the kernel's numbers leave out the page in front of the first arena that this format has
  const front = at('version_major') === 1 ? 8 : 0;
  assert.deepEqual(
    parts.filter(([what]) => what !== 'BTT padding'),
    [
      ['BTT info block', at('infooff') / 512 + front],
      ['BTT data', at('dataoff') / 512 + front],
      ['BTT map', at('mapoff') / 512 + front],
      ['BTT log', at('logoff') / 512 + front],
      ['BTT info block copy', at('info2off') / 512 + front],
    ],
  );
  // before anything was written every block lies at its own number
  const block = 100;
  await makePlaceBad(place, at('dataoff') / 512 + front + block * 8);
  const [owner] = splitPlace(place, [run(at('dataoff') / 512 + front + block * 8, 8)]).known;
  assert.deepEqual([owner?.kind, owner?.metadata, owner?.count], ['hidden', 'BTT data', 8]);
  const file = openSync(`/dev/${place.device}`, 'r');
  const read = (n: number): number => readSync(file, new Uint8Array(page), 0, page, n * page);
  assert.throws(() => read(block), { code: 'EIO' });
  assert.deepEqual([read(block - 1), read(block + 1)], [page, page]);
  closeSync(file);
});

test('a BTT that is not in use is looked up in its own map, and exactly the block that was told then fails', async () => {
  const place = await placeOf('sector');
  const namespace = place.ndNamespace ?? '';
  const blocks = Array.from({ length: 40 }, (_, i) => 200 + i * 3);
  scatter(place.device, blocks);
  const raw = showRaw(namespace);
  const all = await ownersOf(raw, 0, place.size);
  assert.equal(
    all.reduce((sum, o) => sum + o.count, 0),
    place.size,
  );
  const told = new Map(all.map((o) => [(o.layers?.[0]?.start ?? Number.NaN) / 8, o]));
  const moved = blocks.filter((block) => {
    const owner = told.get(block);
    assert.deepEqual([owner?.kind, owner?.metadata, owner?.count], ['hidden', 'BTT data', 8], `block ${block}`);
    assert.equal(blockAt(raw, owner?.start ?? 0), block, `what lies at sector ${owner?.start}`);
    return (owner?.start ?? 0) !== (told.get(0)?.start ?? 0) + block * 8;
  });
  assert.ok(moved.length > 30, 'most blocks still lie at their own number: there is no map to look up');

  const [victim = 0, behindMap = 0] = moved;
  const sector = told.get(victim)?.start ?? 0;
  await makePlaceBad(place, sector);
  const map = all.find((o) => o.metadata === 'BTT map')?.start ?? 0;
  showBtt(namespace);
  // nothing else shows the map now: the raw disk is gone, and read(2) ends where the kernel's own memory does
  assert.equal(existsSync(`/dev/${raw}`), false);
  assert.throws(() => readMemory(inPhysicalMemory(place, map)), { code: 'EFAULT' });
  const inUse = splitPlace(place, [run(sector, 8)]).known[0];
  assert.match(
    inUse?.reason ?? '',
    new RegExp(`^block ${(sector - (told.get(0)?.start ?? 0)) / 8} of the media in arena 0`),
  );
  const fails = (): number[] => blocks.filter((block) => !reads(place.device, block));
  assert.deepEqual(fails(), [victim]);

  // one sector of the map: 128 blocks
  const entries = map + Math.floor(behindMap / 128);
  await makePlaceBad(place, entries, 512);
  const [lost] = splitPlace(place, [run(entries, 1)]).known;
  const [, from, count] = /sectors (\d+)\+(\d+) of/.exec(lost?.reason ?? '') ?? [];
  const [first, last] = [Number(from) / 8, (Number(from) + Number(count)) / 8 - 1];
  assert.equal(last - first, 127);
  assert.deepEqual(
    fails(),
    blocks.filter((block) => block === victim || (first <= block && block <= last)),
  );
  assert.deepEqual([reads(place.device, first - 1), reads(place.device, last + 1)], [true, true]);
});
function reads(device: string, block: number): boolean {
  dropCaches();
  try {
    blockAt(device, block * 8);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EIO') throw error;
    return false;
  }
}

test('an error in a device-dax namespace is told by the sector of that device', async () => {
  const place = await placeOf('devdax');
  const sector = (place.dataStart ?? 0) + 40;
  await makePlaceBad(place, sector);
  const { onDevice, known } = splitPlace(place, [run(sector, 8)]);
  assert.deepEqual([onDevice, known], [[extent(place.device, 40, 8)], []]);
});

test('the program itself resolves through the stack, by the name that people use', () => {
  const path = '/mnt/md5/victim.dat';
  const sector = sectorOf(path, badPage * page);
  const out = program(
    'node',
    '--disable-sigusr1',
    '/checkout/src/main.js',
    'resolve',
    '/dev/md5',
    `${sector}+8`,
    '--json',
  );
  const answer = JSON.parse(out) as { results: { owners: { kind: string; paths: string[] }[] }[] };
  assert.deepEqual(
    answer.results[0]?.owners.map((o) => [o.kind, ...o.paths]),
    [['file', path]],
  );
});

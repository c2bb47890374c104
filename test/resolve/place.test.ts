import assert from 'node:assert/strict';
import { test } from 'node:test';
import { run } from '../../src/model/extent.ts';
import type { Place } from '../../src/model/topology.ts';
import { sectorCount } from '../../src/model/units.ts';
import { splitPlace } from '../../src/resolve/place.ts';
import { bttParts } from '../../src/resolve/stack/btt.ts';

/** A namespace of 128 MiB whose BTT device showed 133005312 bytes on a real kernel. */
const size = 134_217_728 / 512;
const shown = 133_005_312 / 512;
const place: Place = {
  uid: 'u',
  kind: 'namespace',
  bus: 'ndbus0',
  ndRegion: 'region0',
  ndNamespace: 'namespace0.1',
  mode: 'sector',
  device: 'pmem0.1s',
  size: sectorCount(size),
  dataSize: sectorCount(shown),
  dimms: [],
  errorSource: 'mce',
  epoch: 'e',
};

test('an arena of a BTT has its info block, data, map, log and the copy of the info block, without a gap', () => {
  const parts = bttParts(size, shown, run(0, size)) ?? [];
  assert.deepEqual(
    parts.map((p) => [p.part, p.start, p.count]),
    [
      ['padding', 0, 8],
      ['info block', 8, 8],
      ['data', 16, 261_832],
      ['map', 261_848, 256],
      ['log', 262_104, 32],
      ['info block copy', 262_136, 8],
    ],
  );
});
test('a BTT whose device has another size than any format gives is not guessed', () => {
  assert.equal(bttParts(size, shown + 800, run(0, size)), undefined);
});
test('a namespace of more than 512 GiB has several arenas', () => {
  const terabyte = 2 ** 40 / 512;
  // the first format, blocks of 4096: what two arenas of 512 GiB show
  const perArena = Math.floor((2 ** 39 - 2 * 4096 - 16_384 - 4096) / 4100) - 256;
  const parts = bttParts(terabyte, (2 * perArena * 4096) / 512, run(0, terabyte)) ?? [];
  assert.equal(parts.filter((p) => p.part === 'info block').length, 2);
  assert.equal(
    parts.reduce((sum, p) => sum + p.count, 0),
    terabyte,
  );
});

test('sectors of a BTT namespace are hidden, each with the part of the arena it is in', () => {
  const { onDevice, known } = splitPlace(place, [run(12, 8), run(262_100, 8)]);
  assert.deepEqual(onDevice, []);
  assert.deepEqual(
    known.map((o) => [o.kind, o.metadata, o.start, o.count]),
    [
      ['hidden', 'BTT info block', 12, 4],
      ['hidden', 'BTT data', 16, 4],
      ['hidden', 'BTT map', 262_100, 4],
      ['hidden', 'BTT log', 262_104, 4],
    ],
  );
});
test('of a BTT in use the block of the media is told, and what the entries of its map lead to', () => {
  const [data] = splitPlace(place, [run(16 + 800, 16)]).known;
  assert.match(data?.reason ?? '', /^block 100 to 101 of the media in arena 0: which block of the device it holds/);
  // a sector holds 128 entries, for blocks of 8 sectors
  const [map] = splitPlace(place, [run(261_848 + 2, 1)]).known;
  assert.equal(
    map?.reason,
    'its entries lead to sectors 2048+1024 of /dev/pmem0.1s, which can be neither read nor written without them',
  );
  const [last] = splitPlace(place, [run(262_104 - 2, 2)]).known;
  assert.equal(last?.reason, undefined, 'no block is that far');
});
test('without the size of the device a BTT is told as a whole', () => {
  const { dataSize, ...disabled } = place;
  const [owner] = splitPlace(disabled, [run(12, 8)]).known;
  assert.deepEqual([owner?.metadata, owner?.start, owner?.count], ['BTT arena', 12, 8]);
  assert.equal(dataSize, shown);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { coalesce, extent, intersect, run, subtract, totalSectors } from '../../../src/model/extent.ts';
import type { BlockDevice } from '../../../src/model/topology.ts';
import { sectorCount } from '../../../src/model/units.ts';
import type { StackLayer } from '../../../src/resolve/stack/layer.ts';
import { stackLayers } from '../../../src/resolve/stack/layers.ts';
import { array, device, leg, mapped, member, raid } from './stacks.ts';

const chunk = sectorCount(64);
const linear = mapped('dm-0', [
  ['linear', 1000, { kind: 'linear', leg: leg('pmem0', 2048) }],
  ['crypt', 500, { kind: 'linear', leg: leg('pmem1', 32_768) }],
  ['error', 100, { kind: 'none' }],
]);
const striped = mapped('dm-1', [
  ['striped', 640, { kind: 'striped', chunk, legs: [leg('pmem0', 100), leg('pmem1', 0)] }],
]);
const mirror = mapped('dm-2', [
  [
    'mirror',
    800,
    {
      kind: 'mirror',
      logs: ['dm-9'],
      legs: [
        { ...leg('pmem0', 0), state: 'in sync' },
        { ...leg('pmem1', 64), state: 'out of sync' },
      ],
    },
  ],
]);
const dmRaid = mapped('dm-3', [
  [
    'raid',
    2048,
    {
      kind: 'raid',
      logs: ['dm-4'],
      raid: raid(
        'raid5',
        [0, 1, 2].map((i) => member(`pmem${i}`, i, { dataStart: run(0, 0).start })),
      ),
    },
  ],
]);
const three = [0, 1, 2].map((i) => member(`pmem${i}`, i));
const md0 = array('md0', 3072, raid('raid0', three));
const md1 = array('md1', 1024, raid('raid1', three));
const md5 = array('md5', 2048, raid('raid5', three));
const md10 = array('md10', 1536, raid('raid10', three));
const concatenated = array('md9', 3072, raid('linear', three));

const uppers: readonly (readonly [string, BlockDevice])[] = [
  ['dm linear and crypt', linear],
  ['dm striped', striped],
  ['dm mirror', mirror],
  ['dm raid', dmRaid],
  ['md linear', concatenated],
  ['md raid0', md0],
  ['md raid1', md1],
  ['md raid5', md5],
  ['md raid10', md10],
];
function layerOf(upper: BlockDevice): StackLayer {
  const layer = stackLayers.find((l) => l.matches(upper));
  assert.ok(layer);
  return layer;
}

for (const [name, upper] of uppers) {
  test(`${name}: what goes up comes down again where it was, all of it, and nothing twice`, () => {
    fc.assert(
      fc.property(
        fc.constantFrom('pmem0', 'pmem1'),
        fc.nat(3500),
        fc.integer({ min: 1, max: 300 }),
        (below, start, count) => {
          const layer = layerOf(upper);
          const wanted = extent(below, start, count);
          const parts = layer.mapUp(upper, wanted);
          assert.deepEqual(
            subtract(
              parts.map((p) => p.below),
              [wanted],
            ),
            [],
          );
          assert.equal(totalSectors(parts.map((p) => p.below)), totalSectors(coalesce(parts.map((p) => p.below))));
          for (const part of parts) {
            if (part.part !== 'shown') continue;
            assert.equal(part.above.device, upper.name);
            assert.ok(part.above.start + part.above.count <= upper.size);
            const back = layer.mapDown(upper, part.above).filter((b) => b.below.device === below);
            assert.deepEqual(
              coalesce(
                intersect(
                  back.map((b) => b.below),
                  [part.below],
                ),
              ),
              [run(part.below.start, part.below.count)],
            );
          }
        },
      ),
      { numRuns: 300 },
    );
  });
  test(`${name}: what goes down comes up again where it was`, () => {
    fc.assert(
      fc.property(fc.nat(upper.size - 1), fc.integer({ min: 1, max: 300 }), (start, length) => {
        const layer = layerOf(upper);
        const count = Math.min(length, upper.size - start);
        for (const { below, above } of layer.mapDown(upper, extent(upper.name, start, count))) {
          assert.equal(below.count, above.count);
          const shown = layer.mapUp(upper, below).flatMap((p) => (p.part === 'shown' ? [p.above] : []));
          assert.deepEqual(subtract([run(above.start, above.count)], shown), []);
        }
      }),
      { numRuns: 300 },
    );
  });
}

test('rows of a table map each by itself, and an error target has nothing beneath', () => {
  const layer = layerOf(linear);
  assert.deepEqual(layer.mapUp(linear, extent('pmem1', 32_700, 100)), [
    { part: 'shown', below: extent('pmem1', 32_768, 32), above: extent('dm-0', 1000, 32) },
  ]);
  assert.deepEqual(
    layer.mapDown(linear, extent('dm-0', 990, 600)).map((m) => m.below),
    [extent('pmem0', 3038, 10), extent('pmem1', 32_768, 500)],
  );
  assert.deepEqual(
    [0, 1200, 1550].map((at) => layer.kindAt(linear, at)),
    ['dm-linear', 'dm-crypt', 'dm-error'],
  );
});

test('a stripe deals its chunks to the legs in turn', () => {
  // seen on a real kernel: sector 300 of the first leg is sector 556 of the device
  const legs = [leg('pmem0p3', 0), leg('pmem0p4', 0)];
  const seen = mapped('dm-1', [['striped', 2048, { kind: 'striped', chunk: sectorCount(256), legs }]]);
  const [part] = layerOf(seen).mapUp(seen, extent('pmem0p3', 300, 1));
  assert.deepEqual(part, { part: 'shown', below: extent('pmem0p3', 300, 1), above: extent('dm-1', 556, 1) });
  assert.deepEqual(layerOf(seen).mapDown(seen, extent('dm-1', 300, 1))[0]?.below, extent('pmem0p4', 44, 1));
});

test('both legs of a mirror are told as copies of each other, with their state', () => {
  const [part] = layerOf(mirror).mapUp(mirror, extent('pmem0', 10, 1));
  assert.equal(part?.part, 'shown');
  assert.deepEqual(part?.part === 'shown' ? part.copies : undefined, {
    of: 'dm-2',
    need: 1,
    legs: [{ device: 'pmem1', start: 74, state: 'out of sync', bad: [] }],
  });
  assert.deepEqual(layerOf(mirror).mapUp(mirror, extent('dm-9', 3, 1)), [
    { part: 'hidden', below: extent('dm-9', 3, 1), what: 'mirror log of dm-2' },
  ]);
});

test('the metadata of a dm raid member and the parity are hidden in the volume', () => {
  const what = (name: string, start: number) => {
    const [part] = layerOf(dmRaid).mapUp(dmRaid, extent(name, start, 1));
    return part?.part === 'hidden' ? part.what : part?.part;
  };
  assert.equal(what('dm-4', 0), 'RAID metadata of dm-3');
  // left-symmetric on three members: stripe 0 has its parity on the last, stripe 1 on the one before
  assert.equal(what('pmem2', 0), 'RAID parity of dm-3');
  assert.equal(what('pmem1', 64), 'RAID parity of dm-3');
  assert.equal(what('pmem0', 0), 'shown');
});

test('devices of a thin pool, cache or snapshot are hidden uses, with the reason, and lead nowhere', () => {
  const pool = mapped('dm-5', [
    ['thin-pool', 1000, { kind: 'opaque', uses: [{ device: 'dm-6', role: 'thin pool data' }], reason: 'why' }],
  ]);
  assert.deepEqual(layerOf(pool).mapUp(pool, extent('dm-6', 5, 2)), [
    { part: 'hidden', below: extent('dm-6', 5, 2), what: 'thin pool data of dm-5', reason: 'why' },
  ]);
  assert.deepEqual(layerOf(pool).mapDown(pool, extent('dm-5', 5, 2)), []);
});

test('what an md member has in front of its data is its superblock and other metadata', () => {
  const parts = layerOf(md1).mapUp(md1, extent('pmem0', 0, 2050));
  assert.deepEqual(
    parts.map((p) => [p.part === 'hidden' ? p.what : p.part, p.below.start, p.below.count]),
    [
      ['shown', 2048, 2],
      ['md superblock of md1', 8, 8],
      ['md metadata of md1', 0, 8],
      ['md metadata of md1', 16, 2032],
    ],
  );
});
test('an md member of format 1.0 has its superblock behind the data', () => {
  const old = array('md1', 1024, raid('raid1', [member('pmem0', 0, { dataStart: run(0, 0).start })]), {
    metadata: '1.0',
  });
  const parts = layerOf(old).mapUp(old, extent('pmem0', 1020, 8));
  assert.deepEqual(
    parts.map((p) => [p.part === 'hidden' ? p.what : p.part, p.below.start, p.below.count]),
    [
      ['shown', 1020, 4],
      ['md superblock of md1', 1024, 4],
    ],
  );
});
test('a spare holds nothing, and an array of another size than its parameters give is not mapped at all', () => {
  const spare = array('md1', 1024, raid('raid1', three), { idle: [{ device: 'pmem7', role: 'md spare' }] });
  const [part] = layerOf(spare).mapUp(spare, extent('pmem7', 5, 1));
  assert.deepEqual(part, { part: 'hidden', below: extent('pmem7', 5, 1), what: 'md spare of md1' });
  const odd = array('md0', 3071, raid('raid0', three));
  const [unknown] = layerOf(odd).mapUp(odd, extent('pmem0', 2048, 1));
  assert.match(unknown?.part === 'unknown' ? unknown.reason : '', /md0 has 3071 sectors, its parameters give 3072/);
  assert.deepEqual(layerOf(odd).mapDown(odd, extent('md0', 0, 1)), []);
});
test('a member that has been rebuilt so far is in sync so far', () => {
  const rebuilding = array(
    'md1',
    1024,
    raid('raid1', [member('pmem0', 0), member('pmem1', 1, { state: 'out of sync', rebuilt: sectorCount(100) })]),
  );
  const state = (start: number, count: number) => {
    const [part] = layerOf(rebuilding).mapUp(rebuilding, extent('pmem0', 2048 + start, count));
    return part?.part === 'shown' ? part.copies?.legs[0]?.state : undefined;
  };
  assert.deepEqual([state(0, 100), state(99, 2), state(200, 1)], ['in sync', 'out of sync', 'out of sync']);
});
test('a missing member of an array is told as missing', () => {
  const degraded = array('md1', 1024, raid('raid1', [member('pmem0', 0)], { disks: 2 }));
  const [part] = layerOf(degraded).mapUp(degraded, extent('pmem0', 2048, 1));
  assert.deepEqual(part?.part === 'shown' ? part.copies?.legs : undefined, [
    { device: '', start: 0, state: 'missing', bad: [] },
  ]);
});
test('a device that is no member is refused', () => {
  assert.throws(() => layerOf(md1).mapUp(md1, extent('pmem9', 0, 1)), RangeError);
  assert.throws(() => layerOf(md1).mapDown(md1, extent('md0', 0, 1)), RangeError);
  assert.equal(
    stackLayers.some((l) => l.matches(device('sda', 10))),
    false,
  );
});

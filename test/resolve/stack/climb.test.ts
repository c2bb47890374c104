import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Run, run } from '../../../src/model/extent.ts';
import type { BlockDevice } from '../../../src/model/topology.ts';
import { resolveRuns } from '../../../src/resolve/resolve.ts';
import { memoryIo } from '../memory-io.ts';
import { array, device, leg, mapped, member, raid, stacked } from './stacks.ts';

async function ask(
  name: string,
  runs: readonly Run[],
  blockDevices: readonly BlockDevice[],
  options: { readonly head?: Buffer; readonly bad?: Readonly<Record<string, readonly Run[]>> } = {},
) {
  const answer = await resolveRuns(
    { device: name, runs, deadlineMs: 1000, walkRoots: [] },
    { blockDevices, mounts: [], badRuns: new Map(Object.entries(options.bad ?? {})) },
    memoryIo(options.head ?? Buffer.alloc(0)),
    () => undefined,
    new AbortController().signal,
  );
  return { answer, owners: answer.results.flatMap((r) => r.owners) };
}

const pmem = (name: string) => device(name, 4096, { hasBadblocks: true });
const mirrorOf = (more: Parameters<typeof raid>[2] = {}, second: Parameters<typeof member>[2] = {}) =>
  stacked(
    [
      pmem('pmem0'),
      pmem('pmem1'),
      array('md0', 1024, raid('raid1', [member('pmem0', 0), member('pmem1', 1, second)], more)),
    ],
    [
      ['pmem0', 'md0'],
      ['pmem1', 'md0'],
    ],
  );

test('the layers between the device asked about and the owner are told in their order, with the names people use', async () => {
  const devices = stacked(
    [
      pmem('pmem0'),
      mapped('dm-0', [['linear', 2000, { kind: 'linear', leg: leg('pmem0', 1000) }]], 'vg/inner'),
      mapped('dm-1', [['crypt', 1900, { kind: 'linear', leg: leg('dm-0', 100) }]], 'secret'),
    ],
    [
      ['pmem0', 'dm-0'],
      ['dm-0', 'dm-1'],
    ],
  );
  const { owners } = await ask('pmem0', [run(1150, 10)], devices);
  assert.deepEqual(
    owners.map((o) => [o.kind, o.start, o.count, o.layers]),
    [
      [
        'raw',
        1150,
        10,
        [
          { device: 'dm-0', name: 'vg/inner', kind: 'dm-linear', start: 150, count: 10 },
          { device: 'dm-1', name: 'secret', kind: 'dm-crypt', start: 50, count: 10 },
        ],
      ],
    ],
  );
  const above = await ask('dm-0', [run(150, 10)], devices);
  assert.deepEqual(
    [above.owners[0]?.device, above.owners[0]?.start, above.owners[0]?.layers?.length],
    ['dm-0', 150, 1],
  );
});

test('a sector under a mirror has a good copy on the other member, unless that is bad there too', async () => {
  const clean = await ask('pmem0', [run(3000, 1)], mirrorOf(), { bad: { pmem0: [run(3000, 1)], pmem1: [] } });
  assert.deepEqual(clean.owners[0]?.goodCopy, { exists: 'yes', where: 'pmem1, in sync (md0)' });
  const both = await ask('pmem0', [run(3000, 1)], mirrorOf(), { bad: { pmem0: [], pmem1: [run(2999, 2)] } });
  assert.deepEqual(both.owners[0]?.goodCopy, { exists: 'no', where: 'md0 (pmem1: also bad there)' });
});
const states: readonly {
  what: string;
  devices: readonly BlockDevice[];
  bad?: boolean;
  exists: string;
  where: RegExp;
}[] = [
  { what: 'failed', devices: mirrorOf({}, { state: 'failed' }), exists: 'no', where: /pmem1: failed/ },
  { what: 'still being rebuilt', devices: mirrorOf({}, { state: 'out of sync' }), exists: 'no', where: /out of sync/ },
  {
    what: 'in an array that is resyncing',
    devices: mirrorOf({ doubt: 'resync is under way' }),
    exists: 'unknown',
    where: /resync/,
  },
  {
    what: 'bad there by the list of md',
    devices: mirrorOf({}, { bad: [run(3000, 8)] }),
    exists: 'no',
    where: /as md knows/,
  },
];
for (const { what, devices, exists, where } of states) {
  test(`another member that is ${what} is no good copy`, async () => {
    const { owners } = await ask('pmem0', [run(3000, 1)], devices, { bad: { pmem0: [], pmem1: [] } });
    assert.equal(owners[0]?.goodCopy?.exists, exists);
    assert.match(owners[0]?.goodCopy?.where ?? '', where);
  });
}
test('a member whose list could not be read leaves it open whether there is a good copy', async () => {
  const { owners } = await ask('pmem0', [run(3000, 1)], mirrorOf(), { bad: { pmem0: [] } });
  assert.equal(owners[0]?.goodCopy?.exists, 'unknown');
});
test('a missing member is no good copy', async () => {
  const alone = stacked(
    [pmem('pmem0'), array('md0', 1024, raid('raid1', [member('pmem0', 0)], { disks: 2 }))],
    [['pmem0', 'md0']],
  );
  const { owners } = await ask('pmem0', [run(3000, 1)], alone, { bad: { pmem0: [] } });
  assert.deepEqual(owners[0]?.goodCopy, { exists: 'no', where: 'md0 (a member of md0: missing)' });
});
test('what lies on one device only has no good copy, and of an unknown owner that is not known', async () => {
  const single = stacked(
    [pmem('pmem0'), mapped('dm-0', [['linear', 100, { kind: 'linear', leg: leg('pmem0', 0) }]])],
    [['pmem0', 'dm-0']],
  );
  const { owners } = await ask('pmem0', [run(5, 1)], single, { bad: { pmem0: [] } });
  assert.deepEqual(owners[0]?.goodCopy, { exists: 'no', where: null });
});

test('raid5 recomputes from all the others, as long as none of them is bad in the same stripe', async () => {
  const names = ['pmem0', 'pmem1', 'pmem2'];
  const devices = stacked(
    [
      ...names.map(pmem),
      array(
        'md0',
        2048,
        raid(
          'raid5',
          names.map((n, i) => member(n, i)),
        ),
      ),
    ],
    names.map((n) => [n, 'md0'] as const),
  );
  const good = await ask('pmem0', [run(2048, 1)], devices, { bad: { pmem0: [], pmem1: [], pmem2: [] } });
  assert.deepEqual(good.owners[0]?.goodCopy, { exists: 'yes', where: 'recomputed from pmem1, pmem2 (md0)' });
  const worse = await ask('pmem0', [run(2048, 1)], devices, { bad: { pmem0: [], pmem1: [], pmem2: [run(2048, 1)] } });
  assert.equal(worse.owners[0]?.goodCopy?.exists, 'no');
});

test('of an array that is itself asked about every member counts, also below a volume on it', async () => {
  const volume = mapped('dm-0', [['linear', 500, { kind: 'linear', leg: leg('md0', 100) }]]);
  const devices = [...mirrorOf(), volume];
  const at = (bad: readonly Run[]) => ({ bad: { pmem0: bad, pmem1: [run(2048 + 120, 1)] } });
  for (const [name, sector] of [
    ['md0', 120],
    ['dm-0', 20],
  ] as const) {
    const one = await ask(name, [run(sector, 1)], devices, at([]));
    assert.deepEqual(one.owners[0]?.goodCopy, { exists: 'yes', where: 'pmem0, in sync (md0)' });
    const none = await ask(name, [run(sector, 1)], devices, at([run(2048 + 120, 1)]));
    assert.equal(none.owners[0]?.goodCopy?.exists, 'no');
  }
});

test('a copy below another layer is looked for where it really lies', async () => {
  const devices = stacked(
    [
      pmem('pmem0'),
      pmem('pmem1'),
      mapped('dm-0', [['linear', 3200, { kind: 'linear', leg: leg('pmem1', 64) }]]),
      array('md0', 1024, raid('raid1', [member('pmem0', 0), member('dm-0', 1)])),
    ],
    [
      ['pmem0', 'md0'],
      ['dm-0', 'md0'],
      ['pmem1', 'dm-0'],
    ],
  );
  const at = (bad: number) => ask('pmem0', [run(3000, 1)], devices, { bad: { pmem0: [], pmem1: [run(bad, 1)] } });
  assert.equal((await at(3064)).owners[0]?.goodCopy?.exists, 'no');
  assert.equal((await at(3000)).owners[0]?.goodCopy?.exists, 'yes');
});

test('a volume whose table could not be read makes unknown what no other volume shows', async () => {
  const devices = stacked(
    [
      pmem('pmem0'),
      mapped('dm-0', [['linear', 100, { kind: 'linear', leg: leg('pmem0', 0) }]]),
      device('dm-1', 100, { kind: 'dm', label: 'vg/b', assembly: { kind: 'unread', reason: 'no privilege' } }),
    ],
    [
      ['pmem0', 'dm-0'],
      ['pmem0', 'dm-1'],
    ],
  );
  const { answer, owners } = await ask('pmem0', [run(90, 20)], devices);
  assert.deepEqual(
    owners.map((o) => [o.kind, o.start, o.count, o.reason]),
    [
      ['raw', 90, 10, undefined],
      ['unknown', 100, 10, 'below vg/b: no privilege'],
    ],
  );
  assert.equal(answer.complete, false);
});

test('in front of the extents of a physical volume is LVM metadata; what no active volume uses is raw', async () => {
  const head = Buffer.alloc(128 * 1024);
  head.write('LABELONE', 512, 'latin1');
  head.writeUInt32LE(32, 512 + 20);
  head.writeBigUInt64LE(1_048_576n, 512 + 32 + 40);
  const devices = stacked(
    [pmem('pmem0'), mapped('dm-0', [['linear', 100, { kind: 'linear', leg: leg('pmem0', 2048) }]])],
    [['pmem0', 'dm-0']],
  );
  const { owners } = await ask('pmem0', [run(2040, 120)], devices, { head });
  assert.deepEqual(
    owners.filter((o) => o.layers === undefined).map((o) => [o.kind, o.metadata, o.start, o.count]),
    [
      ['hidden', 'LVM metadata', 2040, 8],
      ['raw', 'LVM extents that no active volume uses', 2148, 12],
    ],
  );
});

test('in front of encrypted data is the LUKS header', async () => {
  const head = Buffer.alloc(128 * 1024);
  head.write('LUKS\xba\xbe', 0, 'latin1');
  const devices = stacked(
    [pmem('pmem0'), mapped('dm-0', [['crypt', 100, { kind: 'linear', leg: leg('pmem0', 1000) }]])],
    [['pmem0', 'dm-0']],
  );
  const { owners } = await ask('pmem0', [run(10, 1)], devices, { head });
  assert.deepEqual([owners[0]?.kind, owners[0]?.metadata], ['hidden', 'LUKS header']);
});

test('layers that stand on each other in a circle end, with the reason', async () => {
  const devices = stacked(
    [
      mapped('dm-0', [['linear', 100, { kind: 'linear', leg: leg('dm-1', 0) }]]),
      mapped('dm-1', [['linear', 100, { kind: 'linear', leg: leg('dm-0', 0) }]]),
    ],
    [
      ['dm-0', 'dm-1'],
      ['dm-1', 'dm-0'],
    ],
  );
  const { owners } = await ask('dm-0', [run(0, 1)], devices);
  assert.deepEqual([owners[0]?.kind, owners[0]?.reason], ['unknown', 'more than 24 layers stand on each other']);
});

test('every sector asked for under a stack of several kinds comes back', async () => {
  const names = ['pmem0', 'pmem1', 'pmem2'];
  const devices = stacked(
    [
      ...names.map(pmem),
      array(
        'md0',
        2048,
        raid(
          'raid5',
          names.map((n, i) => member(n, i)),
        ),
      ),
    ],
    names.map((n) => [n, 'md0'] as const),
  );
  const { owners } = await ask('pmem1', [run(0, 4096)], devices, { bad: { pmem0: [], pmem1: [], pmem2: [] } });
  assert.equal(
    owners.reduce((sum, o) => sum + o.count, 0),
    4096,
  );
  const kinds = new Map<string, number>();
  for (const o of owners) {
    const what = o.kind === 'hidden' ? (o.metadata ?? '') : o.kind;
    kinds.set(what, (kinds.get(what) ?? 0) + o.count);
  }
  assert.deepEqual(Object.fromEntries(kinds), {
    'md metadata of md0': 2040,
    'md superblock of md0': 8,
    'RAID parity of md0': 320,
    // 704 sectors of data, and the end of the member that the array does not use
    raw: 1728,
  });
});

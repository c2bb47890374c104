import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSnapshots, type Snapshots } from '../../../src/resolve/fs/btrfs/snapshots.ts';
import type { History, Subvolume } from '../../../src/resolve/fs/btrfs/subvolumes.ts';
import type { TreeItem, TreeSearch } from '../../../src/resolve/fs/btrfs/tree-search.ts';
import { memoryIo } from '../memory-io.ts';

/** A subvolume with a uuid that is its number, as the kernel has it in memory. */
interface Told {
  readonly made: number;
  readonly committed?: number;
  readonly changed?: number;
  readonly origin?: number;
  readonly deleted?: boolean;
}
function kernel(told: Readonly<Record<number, Told>>, options: { readonly withoutHandles?: boolean } = {}) {
  const state = { told: { ...told }, relocating: false, asked: 0 };
  const io = {
    ...memoryIo(Buffer.alloc(0)),
    openHandle(_mount: number, _type: number, handle: Uint8Array) {
      if (options.withoutHandles === true) throw Object.assign(new Error('EPERM'), { code: 'EPERM' });
      return Number(Buffer.from(handle).readBigUInt64LE(8));
    },
    ioctl(tree: number, _request: number, raw: Uint8Array) {
      state.asked++;
      const { made, committed = made, changed = made } = state.told[tree] as Told;
      const view = Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength);
      for (const [at, value] of [
        [0, tree],
        [280, committed],
        [344, changed],
        [352, made],
      ] as const) {
        view.writeBigUInt64LE(BigInt(value), at);
      }
      return 0;
    },
  };
  const search: TreeSearch = {
    each(range, visit) {
      assert.deepEqual([range.tree, range.from.object, range.to.object], [1, -8, -8]);
      if (state.relocating) visit({ object: -8 } as TreeItem);
      return true;
    },
  };
  const subvolumes = new Map<number, Subvolume>(
    Object.entries(told).map(([id, { made, committed = made, origin, deleted = false }]) => {
      const uuid = (number: number): string => String(number).padStart(32, '0');
      const from = origin === undefined ? {} : { origin: uuid(origin) };
      const history: History = { uuid: uuid(Number(id)), ...from, made, changed: committed };
      return [Number(id), { id: Number(id), deleted, history }];
    }),
  );
  return { state, open: (): Snapshots => createSnapshots({ io, fd: 3, search, subvolumes }) };
}
function originsOf(snapshots: Snapshots, trees: readonly number[]) {
  return trees.map((tree) => {
    const origin = snapshots.originOf(tree);
    return origin === undefined ? undefined : `${origin.tree} before ${origin.since}`;
  });
}

test('snapshots of one subvolume share with the next younger one, the youngest with the subvolume itself', () => {
  const { open } = kernel({
    5: { made: 0, changed: 90 },
    300: { made: 20, origin: 5 },
    301: { made: 40, origin: 5 },
    302: { made: 30, origin: 5 },
    303: { made: 50, origin: 301 },
  });
  assert.deepEqual(originsOf(open(), [5, 300, 301, 302, 303]), [
    undefined,
    '302 before 20',
    '5 before 40',
    '301 before 30',
    '301 before 50',
  ]);
});

test('a snapshot that was changed is read itself, also when no commit has told so yet; others still share through it', () => {
  const { open } = kernel({
    5: { made: 0 },
    300: { made: 20, origin: 5 },
    301: { made: 30, origin: 5, committed: 35, changed: 35 },
    302: { made: 40, origin: 5, changed: 47 },
  });
  const snapshots = open();
  assert.deepEqual(originsOf(snapshots, [300, 301, 302]), ['301 before 20', undefined, undefined]);
  assert.deepEqual(
    [300, 301, 302].map((tree) => snapshots.isUnchanged(tree)),
    [true, false, true],
  );
});

test('what its origin is must be known: a deleted one is none, and without handles nothing is taken for granted', () => {
  const gone = kernel({
    300: { made: 20, deleted: true },
    301: { made: 40, origin: 300 },
    302: { made: 30, origin: 300 },
  });
  assert.deepEqual(originsOf(gone.open(), [301, 302]), [undefined, '301 before 30']);
  const blind = kernel({ 5: { made: 0 }, 300: { made: 20, origin: 5 } }, { withoutHandles: true });
  assert.deepEqual(originsOf(blind.open(), [300]), [undefined]);
});

test('while a balance runs nothing is shared, and one that has begun meanwhile makes it void', () => {
  const { state, open } = kernel({ 5: { made: 0 }, 300: { made: 20, origin: 5 } });
  state.relocating = true;
  assert.deepEqual(originsOf(open(), [300]), [undefined]);
  state.relocating = false;
  const snapshots = open();
  assert.deepEqual(originsOf(snapshots, [300]), ['5 before 20']);
  assert.ok(snapshots.stillHolds());
  state.relocating = true;
  assert.equal(snapshots.stillHolds(), false);
});

test('a snapshot that is changed while it is relied on makes void what was taken from its origin', () => {
  const { state, open } = kernel({ 5: { made: 0 }, 300: { made: 20, origin: 5 }, 301: { made: 30, origin: 5 } });
  const snapshots = open();
  assert.ok(snapshots.stillHolds(), 'nothing was relied on yet');
  snapshots.originOf(301);
  state.told[300] = { made: 20, origin: 5, changed: 60 };
  assert.ok(snapshots.stillHolds(), 'it was not relied on');
  state.told[301] = { made: 30, origin: 5, changed: 60 };
  assert.equal(snapshots.stillHolds(), false);
});

test('each snapshot is asked once, however many files are looked up in it', () => {
  const { state, open } = kernel({ 5: { made: 0 }, 300: { made: 20, origin: 5 } });
  const snapshots = open();
  for (let i = 0; i < 10; i++) snapshots.originOf(300);
  assert.equal(state.asked, 1);
});

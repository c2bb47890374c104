import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AgentError } from '../../src/model/errors.ts';
import { type Run, run } from '../../src/model/extent.ts';
import type { Owner, ResolveAnswer } from '../../src/model/owner.ts';
import { pathFromText } from '../../src/model/path.ts';
import type { PlaceState, State } from '../../src/model/state.ts';
import { emptyTopology, type Mount, type Topology } from '../../src/model/topology.ts';
import type { ResolveJob } from '../../src/ports.ts';
import { createResolveQueue } from '../../src/resolve/queue.ts';
import { elementsSorted } from '../fakes/elements-sorted.ts';
import { createFakeClock, settle } from '../fakes/fake-clock.ts';
import { createRecordingLog } from '../fakes/recording-log.ts';
import { appeared, emptyState, found, pass, uid } from '../record/timeline.ts';

const topology: Topology = {
  ...emptyTopology,
  blockDevices: [{ name: 'pmem0', devNumber: '259:0', sizeSectors: 1 << 20, holders: [], slaves: [] } as never],
};
function stateWith(...runs: readonly Run[]): State {
  return { ...pass(emptyState(), { now: 1, changes: [appeared(), found(...runs)] }).state, topology };
}
function queueOf() {
  const asked: ResolveJob[] = [];
  const clock = createFakeClock();
  const queue = createResolveQueue({
    resolver: {
      async resolve(job): Promise<ResolveAnswer> {
        asked.push(job);
        return { device: job.device, complete: true, results: [] };
      },
    },
    clock,
    config: () => ({ deadlineMs: 1000, walkRoots: [] }),
    onAnswer: () => undefined,
    log: createRecordingLog(),
  });
  return { queue, asked, clock };
}

test('a place is asked for once, and again when its ranges, its layers or the hour change', async () => {
  const { queue, asked, clock } = queueOf();
  const state = stateWith(run(10_000, 8));
  const request = async (next: State): Promise<number> => {
    queue.request(next);
    await settle();
    return asked.length;
  };
  assert.equal(await request(state), 1);
  assert.deepEqual(asked[0]?.runs, [{ device: 'pmem0', ...run(10_000 - 4096, 8) }]);
  const [change] = queue.take();
  assert.ok(change?.kind === 'owners' && change.uid === uid);
  assert.equal(await request(state), 1);
  const more = stateWith(run(10_000, 8), run(20_000, 8));
  assert.equal(await request(more), 2);
  const renumbered = topology.blockDevices.map((d) => ({ ...d, devNumber: '259:1' }));
  const mounted = { ...more, topology: { ...topology, blockDevices: renumbered } };
  assert.equal(await request(mounted), 3);
  assert.equal(await request({ ...mounted, at: 2 }), 3);
  await clock.advance(3_600_000);
  assert.equal(await request(mounted), 4);
});

test('a mount that comes, goes or moves is asked about anew at once, another device’s is not; so is whatever somebody wants to know now', async () => {
  const { queue, asked } = queueOf();
  const state = stateWith(run(10_000, 8));
  const mount = (devNumber: string, mountpoint: string): Mount => ({
    ...{ id: 30, parentId: 20, devNumber, fsType: 'xfs', options: [], superOptions: [] },
    ...{ root: pathFromText('/'), mountpoint: pathFromText(mountpoint), source: pathFromText('/dev/pmem0') },
  });
  const request = async (...mounts: readonly Mount[]): Promise<number> => {
    queue.request({ ...state, topology: { ...topology, mounts } });
    await settle();
    return asked.length;
  };
  assert.equal(await request(), 1);
  assert.equal(await request(mount('259:0', '/pg')), 2);
  assert.equal(await request(mount('259:0', '/pg'), mount('8:1', '/other')), 2);
  assert.equal(await request(mount('259:0', '/pg2')), 3);
  assert.equal(await request(), 4);
  queue.again();
  assert.equal(await request(), 5);
  assert.equal(await request(), 5);
});

test('asking again for what has not changed does not look at its ranges', async () => {
  const { queue } = queueOf();
  const state = stateWith(...Array.from({ length: 400 }, (_, i) => run(10_000 + i * 20, 1)));
  queue.request(state);
  await settle();
  queue.request(state);
  assert.equal(
    elementsSorted(() => queue.request(state)),
    0,
  );
});

/** `n` places, the oldest damage first; each job ends when its release is called. */
function crowd(n: number) {
  const asked: string[] = [];
  const release = new Map<string, () => void>();
  const clock = createFakeClock();
  const queue = createResolveQueue({
    resolver: {
      resolve(job): Promise<ResolveAnswer> {
        asked.push(job.device);
        return new Promise((done) =>
          release.set(job.device, () => done({ device: job.device, complete: true, results: [] })),
        );
      },
    },
    clock,
    config: () => ({ deadlineMs: 300_000, walkRoots: [] }),
    onAnswer: () => undefined,
    log: createRecordingLog(),
  });
  const one = stateWith(run(10_000, 8));
  const [placeState] = one.places.values();
  assert.ok(placeState !== undefined);
  const places = Array.from({ length: n }, (_, i): [string, PlaceState] => {
    const ranges = placeState.ranges.map((r) => ({ ...r, firstSeen: i }));
    return [`uid${i}`, { ...placeState, place: { ...placeState.place, uid: `uid${i}`, device: `pmem${i}` }, ranges }];
  });
  return { queue, asked, release, clock, state: { ...one, places: new Map(places) } };
}

test('file systems that take long give their lane to others, as many as may run at once', async () => {
  const { queue, asked, release, clock, state } = crowd(9);
  queue.request(state);
  await settle();
  assert.deepEqual(asked, ['pmem0', 'pmem1']);
  await clock.advance(19_000);
  assert.equal(asked.length, 2);
  await clock.advance(1_000);
  assert.deepEqual(asked.slice(2), ['pmem2', 'pmem3']);
  await clock.advance(60_000);
  assert.equal(asked.length, 6);
  release.get('pmem0')?.();
  await settle();
  assert.deepEqual(asked.slice(6), ['pmem6']);
  queue.stop();
});

test('owners that come before the rest are told at once, on their place, and as not yet all that is known', async () => {
  let turns = 0;
  const queue = createResolveQueue({
    resolver: {
      resolve(job, onProgress): Promise<ResolveAnswer> {
        const owner: Owner = { kind: 'file', device: job.device, ...run(10_000 - 4096, 2), paths: ['/pg/a'] };
        onProgress({ phase: 'looking', done: 0 });
        onProgress({ phase: 'found', done: 1, owners: [owner] });
        return new Promise(() => undefined);
      },
    },
    clock: createFakeClock(),
    config: () => ({ deadlineMs: 1000, walkRoots: [] }),
    onAnswer: () => turns++,
    log: createRecordingLog(),
  });
  queue.request(stateWith(run(10_000, 8)));
  await settle();
  const [change, ...others] = queue.take();
  assert.ok(change?.kind === 'owners' && change.uid === uid);
  assert.deepEqual([change.runs, change.complete, change.owners[0]?.paths], [[run(10_000, 2)], false, ['/pg/a']]);
  assert.deepEqual([others, turns], [[], 1]);
  queue.stop();
});

test('of a DAX device that cannot be asked it is still told that nothing but mappings is on it', async () => {
  const queue = createResolveQueue({
    resolver: { resolve: () => Promise.reject(new AgentError('RESOLVE', 'there is no block device pmem0')) },
    clock: createFakeClock(),
    config: () => ({ deadlineMs: 1000, walkRoots: [] }),
    onAnswer: () => undefined,
    log: createRecordingLog(),
  });
  const one = stateWith(run(10_000, 8));
  const [placeState] = one.places.values();
  assert.ok(placeState !== undefined);
  const devdax: PlaceState = { ...placeState, place: { ...placeState.place, mode: 'devdax' } };
  queue.request({ ...one, places: new Map([[uid, devdax]]) });
  await settle();
  const [change] = queue.take();
  assert.ok(change?.kind === 'owners');
  assert.deepEqual(
    [change.complete, change.owners.map((o) => [o.kind, o.metadata, o.openBy])],
    [false, [['raw', 'device-dax', undefined]]],
  );
});

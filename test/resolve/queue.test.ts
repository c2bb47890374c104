import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Run, run } from '../../src/model/extent.ts';
import type { ResolveAnswer } from '../../src/model/owner.ts';
import type { State } from '../../src/model/state.ts';
import { emptyTopology, type Topology } from '../../src/model/topology.ts';
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

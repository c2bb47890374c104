import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import type { Change } from '../../src/model/change.ts';
import { endOf, run } from '../../src/model/extent.ts';
import { fingerprintOf } from '../../src/record/identity.ts';
import {
  answered,
  appeared,
  cleared,
  confirmed,
  dayMs,
  doubted,
  emptyState,
  fileOwner,
  found,
  pass,
  place,
  type Step,
  uid,
} from './timeline.ts';

const anyRun = fc
  .tuple(fc.integer({ min: 4090, max: 4150 }), fc.integer({ min: 1, max: 20 }))
  .map(([start, count]) => run(start, count));
const anyChange: fc.Arbitrary<Change> = fc.oneof(
  anyRun.map((r) => found(r)),
  fc.tuple(anyRun, anyRun).map(([r, s]) => found(r, s)),
  anyRun.map((r) => cleared(r)),
  anyRun.map((r) => doubted(r)),
  anyRun.map((r) => confirmed(r)),
  fc.tuple(anyRun, fc.constantFrom('file', 'free', 'unknown', 'metadata'), fc.boolean()).map(([r, kind, complete]) => ({
    ...(answered(r, fileOwner(run(Math.max(4096, r.start), r.count), { kind })) as Change & { kind: 'owners' }),
    complete,
  })),
  fc.constant<Change>({ kind: 'place-gone', uid }),
  fc.constantFrom('pmem0', 'pmem1', '').map((device) => appeared(place({ device }))),
  fc.boolean().map((readable): Change => ({ kind: 'readability', uid, readable, complete: readable, reasons: ['x'] })),
);
const anySteps = fc
  .array(fc.tuple(fc.integer({ min: 0, max: 4 }), fc.array(anyChange, { maxLength: 3 })), { maxLength: 25 })
  .map((steps) => {
    let now = 0;
    return steps.map(([days, changes]): Step => {
      now += 1 + days * dayMs;
      return { now, changes: now === 1 ? [appeared(), ...changes] : changes };
    });
  });

it('whatever happens: ranges never overlap, each notice is one revision, nothing is resolved while a range remains', () => {
  fc.assert(
    fc.property(anySteps, (steps) => {
      let state = emptyState();
      for (const step of steps) {
        const { state: next, notices } = pass(state, { ...step, changes: [...(step.changes ?? [])] });
        for (const notice of notices) {
          const before = state.incidents.get(notice.incident.id)?.revision ?? 0;
          assert.equal(notice.incident.revision, before + 1);
          assert.equal(next.incidents.get(notice.incident.id)?.revision, notice.incident.revision);
        }
        assert.equal(new Set(notices.map((n) => n.incident.id)).size, notices.length);
        for (const known of next.places.values()) {
          known.ranges.forEach((range, i) => {
            const following = known.ranges[i + 1];
            assert.ok(range.count > 0);
            if (following !== undefined) assert.ok(endOf(range) <= following.start, 'ranges overlap');
            assert.ok(range.owners.length > 0, 'a range without any owner');
          });
          const mine = fingerprintOf(next.host.machineId, 'media_error', known.place.uid);
          const open = [...next.incidents.values()].filter((i) => i.fingerprint === mine && i.status === 'open');
          assert.equal(open.length, known.ranges.length > 0 ? 1 : 0, 'exactly one open incident while ranges remain');
          if (open[0] !== undefined) assert.deepEqual(open[0].ranges, known.ranges);
        }
        state = next;
      }
    }),
    { numRuns: 400 },
  );
});

it('a replay of the same passes gives the same ids', () => {
  const idsOf = (steps: readonly Step[]): string[] => {
    let state = emptyState();
    return steps.flatMap((step) => {
      const after = pass(state, step);
      state = after.state;
      return after.notices.map((notice) => notice.id);
    });
  };
  fc.assert(
    fc.property(anySteps, (steps) => {
      const ids = idsOf(steps);
      assert.deepEqual(idsOf(steps), ids);
      assert.equal(new Set(ids).size, ids.length);
    }),
    { numRuns: 200 },
  );
});

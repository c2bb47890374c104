import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { run } from '../../src/model/extent.ts';
import type { State } from '../../src/model/state.ts';
import { acknowledge, close, type Decision } from '../../src/record/operator.ts';
import { recordStoreWritable } from '../../src/record/store-incident.ts';
import {
  answered,
  appeared,
  cleared,
  doubted,
  emptyState,
  fileOwner,
  found,
  only,
  pass,
  play,
  types,
  uid,
} from './timeline.ts';

const a = run(10_000, 8);
const b = run(20_000, 8);
const opened = (): State => play([{ now: 1, changes: [appeared(), found(a)] }]).state;

function done(decision: Decision): Decision & { kind: 'done' } {
  assert.equal(decision.kind, 'done');
  return decision as Decision & { kind: 'done' };
}

describe('an acknowledged incident', () => {
  const by = { author: 'ada', reason: 'restore runs', expiresAt: 100, now: 2 };
  const acknowledged = (state: State): State => done(acknowledge(state, only(state).id, by)).state;

  it('says so once', () => {
    const { notices, state } = done(acknowledge(opened(), only(opened()).id, by));
    assert.deepEqual(types(notices), ['acknowledged']);
    assert.deepEqual(only(state).acknowledgement, { author: 'ada', reason: 'restore runs', at: 2, expiresAt: 100 });
    assert.equal(only(state).revision, 2);
  });

  it('keeps quiet about owners and shrinking, but tells growth and the end', () => {
    const { told, state } = play(
      [
        { now: 3, changes: [answered(a, fileOwner(a))] },
        { now: 4, changes: [found(b)] },
        { now: 5, changes: [cleared(a)] },
        { now: 6, changes: [cleared(b)] },
      ],
      acknowledged(opened()),
    );
    assert.deepEqual(told.map(types), [[], ['grew'], [], ['resolved']]);
    assert.equal(only(state).revision, 4, 'what was not told is no revision');
  });

  it('tells owners that make it worse', () => {
    const free = play(
      [
        {
          now: 2,
          changes: [answered(a, fileOwner(a, { kind: 'free' }))],
          snapshot: { places: new Map([[uid, whole]]) },
        },
      ],
      opened(),
    ).state;
    assert.equal(only(free).severity, 'warning');
    const { told } = play([{ now: 3, changes: [answered(a, fileOwner(a))] }], acknowledged(free));
    assert.deepEqual(told.map(types), [['owners']]);
  });

  it('tells everything again once the acknowledgement has expired', () => {
    const { told } = play([{ now: 101, changes: [answered(a, fileOwner(a))] }], acknowledged(opened()));
    assert.deepEqual(told.map(types), [['owners']]);
  });

  it('cannot be acknowledged when it is resolved or unknown', () => {
    const resolved = pass(opened(), { now: 2, changes: [cleared(a)] }).state;
    assert.equal(acknowledge(resolved, only(resolved).id, by).kind, 'refused');
    assert.equal(acknowledge(resolved, 'none', by).kind, 'not-found');
  });
});
const whole = { uid, runs: [a], readable: true, complete: true, reasons: [], readAt: 2, trigger: 'poll' } as const;

describe('closing an incident', () => {
  const by = { author: 'ada', reason: 'module was replaced', now: 9 };

  it('is refused while the list shows the range', () => {
    const decision = close(opened(), only(opened()).id, by);
    assert.deepEqual(decision, { kind: 'refused', reason: 'the bad-block list of pmem0 still shows the range' });
  });

  it('ends one that no reading shows, and a range listed later opens the next', () => {
    const { state } = pass(opened(), { now: 2, changes: [doubted(a)] });
    const closed = done(close(state, only(state).id, by));
    assert.deepEqual(types(closed.notices), ['resolved']);
    assert.equal(only(closed.state).resolution, 'closed_by_operator');
    assert.deepEqual(closed.state.places.get(uid)?.ranges, []);
    const again = pass(closed.state, { now: 10, changes: [found(a)] });
    assert.equal(again.notices[0]?.incident.previousIncident, only(closed.state).id);
  });

  it('is refused while a device is still stuck', () => {
    const stuck = pass(emptyState(), { now: 1, snapshot: { stuck: [{ subject: 'region0', since: 0 }] } }).state;
    assert.equal(close(stuck, only(stuck).id, by).kind, 'refused');
  });
});

describe('the incident of a store that cannot be written', () => {
  it('opens as critical, says nothing twice and ends when it was written again', () => {
    const first = recordStoreWritable(emptyState(), { writable: false, detail: 'disk full', now: 1 });
    assert.deepEqual(types(first.notices), ['opened']);
    assert.equal(only(first.state).severity, 'critical');
    assert.equal(only(first.state).condition, 'store_unwritable');
    const second = recordStoreWritable(first.state, { writable: false, detail: 'still full', now: 2 });
    assert.deepEqual(types(second.notices), []);
    const third = recordStoreWritable(second.state, { writable: true, detail: '', now: 3 });
    assert.deepEqual(types(third.notices), ['resolved']);
    assert.deepEqual(recordStoreWritable(third.state, { writable: true, detail: '', now: 4 }).notices, []);
  });
});

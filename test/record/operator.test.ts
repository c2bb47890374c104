import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { run } from '../../src/model/extent.ts';
import type { OperatorAnswer, OperatorRequest } from '../../src/model/operator.ts';
import type { State } from '../../src/model/state.ts';
import { acknowledge, close, type Decision, recordRequests } from '../../src/record/operator.ts';
import { createRequests } from '../../src/record/requests.ts';
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

describe('requests of one pass', () => {
  const asked = (kind: OperatorRequest['kind'], incident: string): OperatorRequest => ({
    kind,
    incident,
    author: 'ada',
    reason: 'restore runs',
    expiresAt: kind === 'close' ? null : 100,
    via: 'token ada',
  });

  it('are answered in their order, and the history says who asked, and how', () => {
    const { id } = only(opened());
    const { answers, events, notices, state } = recordRequests(
      opened(),
      [asked('acknowledge', id), asked('close', id), asked('acknowledge', 'none')],
      2,
    );
    assert.deepEqual(
      answers.map((answer) => answer.kind),
      ['done', 'refused', 'not-found'],
    );
    assert.deepEqual(types(notices), ['acknowledged']);
    assert.equal(only(state).acknowledgement?.author, 'ada');
    assert.deepEqual(events.find(({ type }) => type === 'incident.acknowledge')?.data, {
      author: 'ada',
      reason: 'restore runs',
      via: 'token ada',
      expiresAt: '1970-01-01T00:00:00.100Z',
    });
  });

  it('close what no list confirms any more', () => {
    const { state } = play([{ now: 2, changes: [doubted(a)] }], opened());
    const closed = recordRequests(state, [asked('close', only(state).id)], 3);
    assert.deepEqual(types(closed.notices), ['resolved']);
    assert.equal(only(closed.state).resolution, 'closed_by_operator');
    assert.equal(closed.events.find(({ type }) => type === 'incident.close')?.data['via'], 'token ada');
  });

  it('wait for the pass that answers them', async () => {
    let wakes = 0;
    const requests = createRequests<OperatorRequest, OperatorAnswer>(() => wakes++);
    const answers = ['one', 'two'].map((id) => requests.ask(asked('close', id)));
    assert.deepEqual(
      requests.take().map(({ incident }) => incident),
      ['one', 'two'],
    );
    const late = requests.ask(asked('close', 'three'));
    requests.answer([{ kind: 'not-found' }, { kind: 'refused', reason: 'no' }]);
    assert.deepEqual(
      (await Promise.all(answers)).map(({ kind }) => kind),
      ['not-found', 'refused'],
    );
    assert.deepEqual(
      requests.take().map(({ incident }) => incident),
      ['three'],
    );
    requests.answer([{ kind: 'not-found' }]);
    assert.equal((await late).kind, 'not-found');
    assert.equal(wakes, 3);
  });
});

describe('an acknowledged incident', () => {
  const by = { author: 'ada', reason: 'restore runs', expiresAt: 100, via: 'unix socket', now: 2 };
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
  const by = { author: 'ada', reason: 'module was replaced', via: 'unix socket', now: 9 };

  it('is refused while the list shows the range, or did when it could be read last', () => {
    const { state } = pass(opened(), { now: 2, snapshot: { places: new Map([[uid, whole]]) } });
    const shown = close(state, only(state).id, by);
    assert.deepEqual(shown, { kind: 'refused', reason: 'the bad-block list of pmem0 still shows the range' });
    const unread = close(opened(), only(opened()).id, by);
    assert.deepEqual(unread, {
      kind: 'refused',
      reason: 'the bad-block list of pmem0 showed the range when it could be read last',
    });
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

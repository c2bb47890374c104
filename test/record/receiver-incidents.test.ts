import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ReceiverStatus, ReceiverTrouble } from '../../src/model/agent-status.ts';
import type { State } from '../../src/model/state.ts';
import { close } from '../../src/record/operator.ts';
import { receiversFor, recordReceivers } from '../../src/record/receiver-incidents.ts';
import { emptyState, only, types } from './timeline.ts';

const minute = 60_000;
const calm = { receiver: 'pager', pending: 0, delivered: 0, retried: 0, rejected: 0, reachable: true };
const took = (tookAt: number): ReceiverStatus => ({ ...calm, tookAt });
const troubled = (kind: ReceiverTrouble['kind'], forMs = 0): ReceiverStatus => ({
  ...calm,
  trouble: { kind, since: 0, forMs, reason: 'HTTP 400' },
});
const opened = (): State => recordReceivers(emptyState(), [troubled('rejects')], 1).state;

describe('a receiver that does not take messages', () => {
  it('opens an incident at once when it refused one or is gone', () => {
    for (const kind of ['rejects', 'off'] as const) {
      const { state, notices } = recordReceivers(emptyState(), [troubled(kind)], 1);
      assert.deepEqual(types(notices), ['opened']);
      const { condition, severity, subject, detail } = only(state);
      assert.deepEqual([condition, severity, subject.device], ['receiver_unreachable', 'warning', 'pager']);
      assert.match(detail, /HTTP 400$/);
    }
  });

  it('opens one after five minutes when it cannot be reached, and only one', () => {
    // how long it has lasted is what counts, whatever the clock on the wall says
    const early = recordReceivers(emptyState(), [troubled('unreachable', 5 * minute - 1)], 50 * minute);
    assert.deepEqual([early.notices, early.state.incidents.size], [[], 0]);
    const due = recordReceivers(early.state, [troubled('unreachable', 5 * minute)], 1);
    assert.deepEqual(types(due.notices), ['opened']);
    assert.deepEqual(recordReceivers(due.state, [troubled('unreachable', 6 * minute)], 2).notices, []);
  });

  it('is told of through the others only', () => {
    const { notices } = recordReceivers(emptyState(), [troubled('off')], 1);
    assert.deepEqual(
      notices.map((notice) => receiversFor(notice, ['chat', 'pager'])),
      [['chat']],
    );
  });

  it('is over when it has taken a message, and not by a restart that knows nothing of it', () => {
    assert.deepEqual(recordReceivers(opened(), [calm], 2).notices, []);
    const { state, notices } = recordReceivers(opened(), [took(2)], 2);
    assert.deepEqual(types(notices), ['resolved']);
    assert.deepEqual([only(state).resolution, only(state).detail], ['cleared', 'takes messages again']);
  });

  it('is over when it is taken out of the configuration', () => {
    const { state, notices } = recordReceivers(opened(), [], 2);
    assert.deepEqual(types(notices), ['resolved']);
    assert.equal(only(state).detail, 'is not configured any more');
  });

  it('is not closed by hand while it lasts', () => {
    const decision = close(opened(), only(opened()).id, { author: 'ada', reason: '', via: 'unix socket', now: 2 });
    assert.equal(decision.kind, 'refused');
  });
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Change } from '../../src/model/change.ts';
import { run } from '../../src/model/extent.ts';
import type { HealthFields } from '../../src/model/health.ts';
import { failed, ok } from '../../src/model/observation.ts';
import type { State } from '../../src/model/state.ts';
import { emptyTopology } from '../../src/model/topology.ts';
import { renderMessage } from '../../src/notify/message.ts';
import { summaryOf } from '../../src/notify/summary.ts';
import { recordPass } from '../../src/record/record.ts';
import { appeared, cleared, emptyState, found, place, policy, reading } from './timeline.ts';

const [ref] = place().dimms;
const key = ref?.id ?? '';
const topology = {
  ...emptyTopology,
  places: [place()],
  dimms: [
    { name: 'nmem0', key, bus: 'ndbus0', flags: [], locator: 'C1-D2', serial: '0x2a50', partNumber: 'NMA1XXD128GPS' },
  ],
};
const hour = 3_600_000;

type Said = HealthFields | 'no answer';

function pass(state: State, now: number, changes: readonly Change[], said: Said = { state: 'ok' }) {
  const fields = said === 'no answer' ? {} : said;
  const health = [
    {
      name: 'nmem0',
      dimm: key,
      at: now,
      durationMs: 1,
      health: said === 'no answer' ? failed('IOCTL', 'it does not answer', 'EIO') : ok(fields),
      fields,
      sources: [],
      failures: [],
      failedInARow: 0,
    },
  ];
  const { places = new Map() } = reading({ readAt: now + 1 });
  const snapshot = { at: now, places, lists: [], stuck: [], health, scrubs: [] };
  return recordPass(state, { topology, snapshot, changes, now, inventoried: true }, policy);
}
function play(steps: readonly (readonly [now: number, changes: readonly Change[], said?: Said])[]) {
  let state = emptyState();
  const told = steps.map(([now, changes, fields]) => {
    const after = pass(state, now, changes, fields);
    state = after.state;
    return after.notices.filter(({ incident }) => incident.condition === 'dimm_replace');
  });
  return { state, told, advice: state.advice.get(key) };
}
const many = (count: number, from: number) => found(...Array.from({ length: count }, (_, i) => run(from + 100 * i, 8)));

test('ranges that were there when the agent first looked are no news of the module', () => {
  const { advice } = play([[0, [appeared(), many(20, 0)]]]);
  assert.equal(advice?.advice, 'ok');
});

test('ranges found later are counted, and ten in a day open an incident that says why and what to do', () => {
  const { told, advice } = play([
    [0, [appeared()]],
    [hour, [many(2, 0)]],
    [2 * hour, [many(10, 100_000)]],
  ]);
  assert.equal(advice?.summary, 'now: 12 new ranges in 24 h, limit 10');
  const notice = told[2]?.[0];
  assert.ok(notice);
  assert.equal(notice.incident.severity, 'critical');
  assert.equal(
    summaryOf(notice),
    'db07: nmem0 in slot C1-D2 is to be replaced: now: 12 new ranges in 24 h, limit 10 (device nmem0, DIMM slot C1-D2, serial 0x2a50, part number NMA1XXD128GPS).',
  );
});

test('whoever is to replace a module reads which one to pull and what to order, in text and in fields', () => {
  const { told } = play([[0, [appeared()], { state: 'ok', sparePercent: 4 }]]);
  const notice = told[0]?.[0];
  assert.ok(notice);
  const message = renderMessage(notice, { durable: true, paths: 'full', pageUrl: null, runbookUrl: null });
  assert.ok(
    message.nextSteps.includes('Part number to order: NMA1XXD128GPS; the one to pull has serial 0x2a50.'),
    message.nextSteps.join('\n'),
  );
  assert.deepEqual(message.device.dimms, [
    { id: key, name: 'nmem0', serial: '0x2a50', locator: 'C1-D2', partNumber: 'NMA1XXD128GPS' },
  ]);
});

test('a module that does not answer takes back nothing that was advised: neither the incident, nor what is shown', () => {
  const worn: HealthFields = { state: 'fatal', sparePercent: 4 };
  const { told, advice } = play([
    [0, [appeared()]],
    [hour, [many(1, 0)]],
    [2 * hour, [], worn],
    [3 * hour, [], 'no answer'],
    [4 * hour, [], worn],
    [5 * hour, [], 'no answer'],
    [6 * hour, [], { state: 'ok', sparePercent: 90 }],
  ]);
  assert.deepEqual(
    told.map((notices) => notices.map(({ type }) => type)),
    [[], [], ['opened'], [], [], [], ['resolved']],
  );
  assert.equal(advice?.advice, 'watch');
  const unread = play([
    [0, [appeared()]],
    [hour, [many(1, 0)]],
    [2 * hour, [], worn],
    [3 * hour, [], 'no answer'],
  ]);
  assert.equal(unread.advice?.advice, 'now');
  // nor after a restart, when what is shown has to be found anew
  const restarted = pass({ ...unread.state, advice: new Map() }, 4 * hour, [], 'no answer');
  assert.deepEqual(restarted.notices, []);
});

test('the window moves on: now becomes watched, and the incident ends', () => {
  const { told, advice } = play([
    [0, [appeared()]],
    [hour, [many(12, 0)]],
    [30 * hour, []],
  ]);
  assert.deepEqual(
    told.map((notices) => notices.map(({ type }) => type)),
    [[], ['opened'], ['resolved']],
  );
  assert.equal(advice?.advice, 'watch');
});

test('a place that was cleared and is bad again is a reason to plan', () => {
  const { advice, state } = play([
    [0, [appeared()]],
    [hour, [found(run(5000, 8))]],
    [2 * hour, [cleared(run(5000, 8))]],
    [3 * hour, [found(run(5004, 1))]],
  ]);
  assert.equal(advice?.summary, 'plan: 1 place bad again after it was cleared in 30 d, limit 1');
  assert.deepEqual(state.dimms.get(key)?.history.recurrences, [3 * hour]);
});

test('a range that grows sector by sector is one new range, on either side', () => {
  const { advice } = play([
    [0, [appeared()]],
    [hour, [found(run(5000, 1))]],
    ...Array.from({ length: 12 }, (_, i) => [(i + 2) * 60_000 + hour, [found(run(5001 + i, 1))]] as const),
    [2 * hour, [found(run(4999, 1))]],
  ]);
  assert.equal(advice?.advice, 'watch');
});

test('each place that is bad again counts, also when one reading shows several', () => {
  const places = [run(5000, 8), run(6000, 8), run(7000, 8)];
  const { advice } = play([
    [0, [appeared()]],
    [hour, [found(...places)]],
    [2 * hour, [cleared(...places)]],
    [3 * hour, [found(...places)]],
  ]);
  assert.match(advice?.summary ?? '', /^now: 3 places bad again/);
});

test('elsewhere on the same place is no recurrence', () => {
  const { advice } = play([
    [0, [appeared()]],
    [hour, [found(run(5000, 8))]],
    [2 * hour, [cleared(run(5000, 8))]],
    [3 * hour, [found(run(6000, 8))]],
  ]);
  assert.equal(advice?.advice, 'watch');
});

test('what is looked back on is forgotten after the long window', () => {
  const { state } = play([
    [0, [appeared()]],
    [hour, [found(run(5000, 8))]],
    [2 * hour, [cleared(run(5000, 8))]],
    [2 * hour + policy.advice.longWindowMs, [found(run(9000, 8))]],
  ]);
  const history = state.dimms.get(key)?.history;
  assert.deepEqual(history?.cleared, []);
  assert.equal(history?.newRanges.length, 1);
});

test('a value around its limit does not flap, and an advice that gets worse is told', () => {
  const at = (sparePercent: number, hours: number) => [hours * hour, [], { state: 'ok', sparePercent }] as const;
  const { told } = play([at(21, 0), at(20, 1), at(21, 2), at(20, 3), at(22, 4), at(9, 5), at(15, 6), at(23, 7)]);
  assert.deepEqual(
    told.map((notices) => notices.map(({ type, incident }) => `${type} ${incident.severity}`)),
    [[], ['opened warning'], [], [], [], ['grew critical'], ['shrank warning'], ['resolved warning']],
  );
});

test('a value around the limit of `now` does not flap between now and plan', () => {
  const at = (sparePercent: number, hours: number) => [hours * hour, [], { state: 'ok', sparePercent }] as const;
  const { told, advice } = play([at(10, 0), at(11, 1), at(10, 2), at(12, 3), at(13, 4), at(12, 5)]);
  assert.deepEqual(
    told.map((notices) => notices.map(({ type, incident }) => `${type} ${incident.severity}`)),
    [['opened critical'], [], [], [], ['shrank warning'], []],
  );
  assert.equal(advice?.advice, 'plan', 'the advice itself is that of the last reading');
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PlaceReading } from '../../src/model/badblocks.ts';
import type { Change } from '../../src/model/change.ts';
import { run } from '../../src/model/extent.ts';
import type { HealthFields } from '../../src/model/health.ts';
import { failed, ok } from '../../src/model/observation.ts';
import type { State } from '../../src/model/state.ts';
import { emptyTopology, type Topology } from '../../src/model/topology.ts';
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

interface Around {
  /** what the kernel adds to what the module says */
  readonly kernel?: HealthFields;
  readonly list?: Partial<PlaceReading>;
  /** no list has been read yet */
  readonly unread?: true;
  readonly topology?: Topology;
}
function pass(
  state: State,
  now: number,
  changes: readonly Change[],
  said: Said = { state: 'ok' },
  around: Around = {},
) {
  const own = said === 'no answer' ? {} : said;
  const fields = { ...around.kernel, ...own };
  const health = [
    {
      name: 'nmem0',
      dimm: key,
      at: now,
      durationMs: 1,
      health: said === 'no answer' ? failed('IOCTL', 'it does not answer', 'EIO') : ok(own),
      fields,
      sources: [],
      failures: [],
      failedInARow: 0,
    },
  ];
  const { places = new Map() } = around.unread ? {} : reading({ readAt: now + 1, ...around.list });
  const snapshot = { at: now, places, lists: [], stuck: [], health, scrubs: [] };
  const input = { topology: around.topology ?? topology, snapshot, changes, now, inventoried: true };
  return recordPass(state, input, policy);
}
function play(steps: readonly (readonly [now: number, changes: readonly Change[], said?: Said, around?: Around])[]) {
  let state = emptyState();
  const told = steps.map(([now, changes, fields, around]) => {
    const after = pass(state, now, changes, fields, around);
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

const inputOf = (state: State, name: string) => state.advice.get(key)?.inputs.find(({ input }) => input === name);

test('what the kernel says of a module counts beside what it says of itself, also where it says nothing', () => {
  const kernel = { flags: ['not_armed'], armed: false };
  const { told } = play([[0, [appeared()], { state: 'ok' }, { kernel }]]);
  assert.equal(told[0]?.[0]?.incident.detail, 'plan: not armed');
  const unmapped = play([[0, [appeared()], 'no answer', { kernel: { flags: ['map_fail'], armed: true } }]]);
  assert.equal(unmapped.advice?.summary, 'plan: not mapped');
});

const blind: readonly { why: string; around: Around; text: RegExp }[] = [
  { why: 'cannot be read', around: { list: { readable: false, complete: false } }, text: /lists cannot be read$/ },
  { why: 'does not show everything', around: { list: { complete: false } }, text: /do not show everything$/ },
  {
    why: 'is fed by nothing',
    around: { topology: { ...topology, places: [place({ errorSource: 'none' })] } },
    text: /nothing tells the kernel of errors on its bus$/,
  },
  {
    why: 'is not there',
    around: { topology: { ...topology, places: [] } },
    text: /no region whose list could be read$/,
  },
];
for (const { why, around, text } of blind) {
  test(`a list that ${why} is no evidence that there are no new ranges`, () => {
    const { state } = play([
      [0, [appeared()], { state: 'ok' }, around],
      [30 * hour, [], { state: 'ok' }, around],
    ]);
    for (const name of ['new_ranges', 'recurrences']) {
      assert.equal(inputOf(state, name)?.advice, null, name);
      assert.match(inputOf(state, name)?.text ?? '', text);
    }
  });
}

test('a list that has not been read since the agent started proves nothing, one that was read is told of', () => {
  const { state } = play([
    [0, [appeared()]],
    [30 * hour, []],
  ]);
  assert.equal(inputOf(state, 'new_ranges')?.text, '0 new ranges in 24 h, limit 3');
  const unread = new Map([...state.places].map(([uid, each]) => [uid, { ...each, readAt: null, readable: false }]));
  const restarted = pass({ ...state, places: unread }, 31 * hour, [], { state: 'ok' }, { unread: true });
  assert.equal(
    inputOf(restarted.state, 'new_ranges')?.text,
    'new ranges not known: its bad-block lists are not read yet',
  );
});

test('dirty shutdowns are known of a module that tells of shutdowns, and of no other', () => {
  const silent = play([
    [0, [appeared()]],
    [2 * hour, []],
  ]);
  assert.equal(
    inputOf(silent.state, 'dirty_shutdowns')?.text,
    'dirty shutdowns not known: the module does not tell of them',
  );
  const said: HealthFields = { state: 'ok', lastShutdownClean: true };
  const telling = play([
    [0, [appeared()], said],
    [2 * hour, [], said],
  ]);
  assert.equal(inputOf(telling.state, 'dirty_shutdowns')?.text, '0 dirty shutdowns in 2 h, limit 1');
});

test('a range is told with the modules of the set that it lies on, whatever other sets its module is in', () => {
  const [a] = place().dimms;
  assert.ok(a);
  const pair = place({ dimms: [a, { id: 'b', name: 'nmem1' }] });
  const other = place({ uid: 'bb'.repeat(32), ndRegion: 'region1', dimms: [a, { id: 'c', name: 'nmem2' }] });
  const around = { topology: { ...topology, places: [pair, other] } };
  const { advice } = play([
    [0, [appeared(pair), appeared(other)], { state: 'ok' }, around],
    [hour, [many(12, 0)], { state: 'ok' }, around],
  ]);
  assert.match(advice?.summary ?? '', /limit 10 \(on a set of 2 modules, any of which can be the one\)$/);
});

test('a module that was ok and does not answer is not called ok', () => {
  const { advice } = play([
    [0, [appeared()]],
    [hour, [], 'no answer'],
  ]);
  assert.equal(advice?.advice, null);
});

test('a module that is gone has no advice, though its last reading is still there', () => {
  const { state } = play([[0, [appeared()], { state: 'fatal' }]]);
  const gone = pass(state, hour, [], { state: 'fatal' }, { topology: { ...topology, dimms: [] } });
  assert.equal(gone.state.advice.has(key), false);
  assert.deepEqual(gone.notices, []);
});

test('of what was cleared only the newest 256 ranges are remembered', () => {
  const all = Array.from({ length: 300 }, (_, i) => run(100 * i, 8));
  const { state } = play([
    [0, [appeared()]],
    [hour, [found(...all)]],
    [2 * hour, [cleared(...all)]],
  ]);
  const { cleared: kept = [] } = state.dimms.get(key)?.history ?? {};
  assert.deepEqual([kept.length, kept[0]?.start, kept.at(-1)?.start], [256, 4400, 29_900]);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { diff } from '../../src/diff/diff.ts';
import type { PlaceReading, Snapshot } from '../../src/model/badblocks.ts';
import type { Change } from '../../src/model/change.ts';
import { endOf, type Run, run } from '../../src/model/extent.ts';
import type { TrackedRange } from '../../src/model/incident.ts';
import type { ScrubProof } from '../../src/model/scrub.ts';
import type { PlaceState } from '../../src/model/state.ts';
import { type ErrorSource, emptyTopology, type Place, type Topology } from '../../src/model/topology.ts';
import { sectorCount } from '../../src/model/units.ts';
import { elementsSorted } from '../fakes/elements-sorted.ts';
import { emptySnapshot } from '../fakes/empty-snapshot.ts';

const NOW = 'boot-2:7';
const EARLIER = 'boot-1:7';

function place(extra: Partial<Place> = {}): Place {
  return {
    uid: 'a',
    kind: 'namespace',
    bus: 'ndbus0',
    ndRegion: 'region0',
    ndNamespace: 'namespace0.0',
    mode: 'fsdax',
    device: 'pmem0',
    size: sectorCount(1000),
    dimms: [{ id: '8680-1', name: 'nmem0' }],
    errorSource: 'ars',
    epoch: NOW,
    ...extra,
  };
}
function tracked(start: number, count: number, extra: Partial<TrackedRange> = {}): TrackedRange {
  const range = { ...run(start, count), firstSeen: 1, lastSeen: 1, foundBy: 'mce', epoch: NOW } as const;
  return { ...range, owners: [], ownersComplete: false, ...extra };
}
function known(ranges: readonly TrackedRange[], extra: Partial<PlaceState> = {}): PlaceState {
  return {
    place: place(),
    ranges,
    foundTotal: 0,
    clearedTotal: 0,
    present: true,
    goneSince: null,
    readable: true,
    complete: true,
    reasons: [],
    readAt: 1,
    ...extra,
  };
}
function reading(runs: readonly Run[], extra: Partial<PlaceReading> = {}): PlaceReading {
  return { uid: 'a', runs, readable: true, complete: true, reasons: [], readAt: 2, trigger: 'poll', ...extra };
}
function look(
  state: PlaceState | undefined,
  seen: PlaceReading | undefined,
  now: {
    readonly place?: Place;
    readonly topology?: Partial<Topology>;
    readonly proofs?: ReadonlyMap<string, ScrubProof>;
  } = {},
): Change[] {
  const topology: Topology = { ...emptyTopology, places: [now.place ?? place()], ...now.topology };
  const snapshot: Snapshot = { ...emptySnapshot, places: new Map(seen === undefined ? [] : [[seen.uid, seen]]) };
  return diff(new Map(state === undefined ? [] : [[state.place.uid, state]]), topology, snapshot, [], now.proofs);
}

test('what is listed and not tracked is found; what is both is nothing', () => {
  assert.deepEqual(look(known([tracked(10, 5)]), reading([run(8, 10), run(50, 1)])), [
    { kind: 'found', uid: 'a', runs: [run(8, 2), run(15, 3), run(50, 1)], foundBy: 'poll' },
  ]);
  assert.deepEqual(look(known([tracked(10, 5)]), reading([run(10, 5)])), []);
});

test('how an error was found follows from what started the reading and what the bus can do', () => {
  for (const [trigger, errorSource, expected] of [
    ['start', 'ars', 'boot'],
    ['scrub', 'ars', 'scrub'],
    ['hint', 'ars', 'mce'],
    ['hint', 'mce', 'mce'],
    ['hint', 'papr', 'mce'],
    ['hint', 'none', 'unknown'],
    ['unclear', 'ars', 'unknown'],
    ['poll', 'none', 'poll'],
  ] as const) {
    const changes = look(known([]), reading([run(1, 1)], { trigger }), { place: place({ errorSource }) });
    const found = changes.find(({ kind }) => kind === 'found');
    assert.ok(found?.kind === 'found' && found.foundBy === expected, `${trigger} ${errorSource}`);
  }
});

test('what this kernel instance listed and a complete reading lacks is cleared, and only the part that is lacking', () => {
  assert.deepEqual(look(known([tracked(10, 10), tracked(30, 2)]), reading([run(14, 2), run(30, 2)])), [
    { kind: 'cleared', uid: 'a', runs: [run(10, 4), run(16, 4)] },
  ]);
});

test('an unreadable or incomplete reading clears nothing and doubts nothing, but still finds', () => {
  const ranges = [tracked(10, 2), tracked(20, 2, { epoch: EARLIER })];
  for (const state of [
    { readable: false, complete: false, reasons: ['EIO'] },
    { readable: true, complete: false, reasons: ['cut'] },
  ]) {
    const changes = look(known(ranges, state), reading([run(40, 1)], state));
    assert.deepEqual(changes, [{ kind: 'found', uid: 'a', runs: [run(40, 1)], foundBy: 'poll' }]);
  }
});

test('a place without a reading changes nothing but its names', () => {
  assert.deepEqual(look(known([tracked(10, 2)]), undefined), []);
});

const proof: ScrubProof = { id: 'scrub-1', endedTick: 200 };
const proven = new Map([['a', proof]]);
const doubted = tracked(10, 4, { epoch: EARLIER, unconfirmed: 'told before', lastSeen: 50 });

test('what a scrub that the agent saw through has not brought back is cleared, and the event names the scrub', () => {
  const after = reading([], { startTick: 200, readAt: 201 });
  assert.deepEqual(look(known([doubted]), after, { proofs: proven }), [
    { kind: 'cleared', uid: 'a', runs: [run(10, 4)], provenBy: 'scrub-1' },
  ]);
  // also what nobody has doubted yet, because the agent was started during the scrub
  const { unconfirmed, ...undoubted } = doubted;
  assert.deepEqual(look(known([undoubted]), after, { proofs: proven }), [
    { kind: 'cleared', uid: 'a', runs: [run(10, 4)], provenBy: 'scrub-1' },
  ]);
});

test('what the scrub has brought back is listed again, and only the rest is cleared', () => {
  const after = reading([run(12, 2)], { startTick: 200, readAt: 201 });
  assert.deepEqual(look(known([doubted]), after, { proofs: proven }), [
    { kind: 'confirmed', uid: 'a', runs: [run(12, 2)] },
    { kind: 'cleared', uid: 'a', runs: [run(10, 2)], provenBy: 'scrub-1' },
  ]);
});

test('a scrub proves nothing by a list that began before its end, is cut or unreadable, nor of another place', () => {
  const table: readonly (readonly [string, TrackedRange, PlaceReading, ReadonlyMap<string, ScrubProof>])[] = [
    ['the list was begun while it ran', doubted, reading([], { startTick: 199, readAt: 250 }), proven],
    ['the list may lack entries', doubted, reading([], { startTick: 300, readAt: 301, complete: false }), proven],
    ['the list was not read', doubted, reading([], { startTick: 300, readAt: 301, readable: false }), proven],
    [
      'firmware cannot search this place',
      doubted,
      reading([], { startTick: 300, readAt: 301 }),
      new Map([['b', proof]]),
    ],
  ];
  for (const [why, range, seen, proofs] of table) {
    const cleared = look(known([range]), seen, { proofs }).filter(({ kind }) => kind === 'cleared');
    assert.deepEqual(cleared, [], why);
  }
});

test('a list that proved nothing is held against the scrub once that is through', () => {
  const state = known([doubted]);
  const seen = reading([], { startTick: 200, readAt: 201 });
  const here = place();
  assert.deepEqual(look(state, seen, { place: here }), []);
  assert.equal(look(state, seen, { place: here, proofs: proven })[0]?.kind, 'cleared');
});

test('what an earlier kernel instance listed and this one does not is unconfirmed, never cleared, and says why', () => {
  for (const [errorSource, reason] of [
    ['ars', /kernel forgot its list; only a full scrub can tell/],
    ['mce', /no scrub: nothing can prove that it is gone/],
    ['none', /no scrub: nothing can prove that it is gone/],
    ['papr', /no scrub: nothing can prove that it is gone/],
  ] as const satisfies readonly (readonly [ErrorSource, RegExp])[]) {
    const now = place({ errorSource });
    const changes = look(known([tracked(10, 4, { epoch: EARLIER })], { place: now }), reading([run(10, 1)]), {
      place: now,
    });
    assert.deepEqual(
      changes.map(({ kind }) => kind),
      ['confirmed', 'unconfirmed'],
    );
    const [, doubt] = changes;
    assert.ok(doubt?.kind === 'unconfirmed');
    assert.deepEqual(doubt.runs, [run(11, 3)]);
    assert.match(doubt.reason, reason);
  }
});

test('the doubt is told once', () => {
  const range = tracked(10, 4, { epoch: EARLIER, unconfirmed: 'told before' });
  assert.deepEqual(look(known([range]), reading([])), []);
});

test('what is listed again is confirmed: ranges in doubt, and ranges of an earlier kernel instance', () => {
  const ranges = [
    tracked(10, 4, { epoch: EARLIER, unconfirmed: 'x' }),
    tracked(20, 4, { epoch: EARLIER }),
    tracked(30, 4),
  ];
  assert.deepEqual(look(known(ranges), reading([run(10, 2), run(20, 4), run(30, 4)])), [
    { kind: 'confirmed', uid: 'a', runs: [run(10, 2), run(20, 4)] },
  ]);
});

test('sectors that namespaces have taken from a region are in doubt, not cleared: its list no longer tells of them', () => {
  const before = place({ kind: 'region', ndNamespace: '', device: '', windows: [run(0, 1000)] });
  const now = { ...before, windows: [run(500, 500)] };
  const changes = look(known([tracked(498, 4)], { place: before }), reading([]), { place: now });
  assert.deepEqual(
    changes.map(({ kind }) => kind),
    ['place-moved', 'cleared', 'unconfirmed'],
  );
  assert.deepEqual(changes[1], { kind: 'cleared', uid: 'a', runs: [run(500, 2)] });
  assert.ok(changes[2]?.kind === 'unconfirmed' && /lie outside/.test(changes[2].reason));
  assert.deepEqual(changes[2].runs, [run(498, 2)]);
});

test('a new place appears, is read, and shows what it has', () => {
  assert.deepEqual(look(undefined, reading([run(1, 1)], { trigger: 'start' })), [
    { kind: 'place-appeared', place: place() },
    { kind: 'readability', uid: 'a', readable: true, complete: true, reasons: [] },
    { kind: 'found', uid: 'a', runs: [run(1, 1)], foundBy: 'boot' },
  ]);
});

test('a place that was gone appears again, with what was known of it', () => {
  const changes = look(known([tracked(10, 2)], { present: false, goneSince: 5 }), reading([run(10, 2)]));
  assert.deepEqual(changes, [{ kind: 'place-appeared', place: place() }]);
});

test('the same place under other names, another epoch or another window has moved', () => {
  for (const extra of [
    { device: 'pmem1' },
    { ndNamespace: 'namespace1.0', ndRegion: 'region1' },
    { epoch: EARLIER },
    { dataStart: sectorCount(8) },
    { dimms: [{ id: '8680-1', name: 'nmem1' }] },
  ]) {
    const now = place(extra);
    assert.deepEqual(look(known([]), undefined, { place: now }), [{ kind: 'place-moved', place: now }]);
  }
  const reordered = Object.fromEntries(Object.entries(place()).reverse()) as unknown as Place;
  assert.deepEqual(look(known([], { place: reordered }), undefined), [], 'the order of keys is no move');
});

test('a place that the inventory lacks is gone, once', () => {
  const topology = { places: [] };
  assert.deepEqual(look(known([tracked(1, 1)]), undefined, { topology }), [{ kind: 'place-gone', uid: 'a' }]);
  assert.deepEqual(look(known([tracked(1, 1)], { present: false, goneSince: 5 }), undefined, { topology }), []);
});

test('a place whose object could not be looked at is unreadable, not gone, and that is told once', () => {
  for (const subject of ['namespace0.0', 'region0', 'ndbus0', 'nmem0', 'bus/nd/devices']) {
    const topology = { places: [], problems: [{ subject, reason: 'EIO' }] };
    const changes = look(known([tracked(1, 1)]), undefined, { topology });
    assert.equal(changes.length, 1, subject);
    const [change] = changes;
    assert.ok(change?.kind === 'readability' && !change.readable && !change.complete, subject);
    assert.match(change.reasons[0] ?? '', /could not be looked at/);
    const { readable, complete, reasons } = change;
    assert.deepEqual(
      look(known([tracked(1, 1)], { readable, complete, reasons }), undefined, { topology }),
      [],
      subject,
    );
  }
  const elsewhere = { places: [], problems: [{ subject: 'region9', reason: 'EIO' }] };
  assert.deepEqual(look(known([]), undefined, { topology: elsewhere }), [{ kind: 'place-gone', uid: 'a' }]);
});

test('readability is told at the first reading and when it changes', () => {
  const told = (state: PlaceState, seen: PlaceReading) =>
    look(state, seen).filter(({ kind }) => kind === 'readability').length;
  assert.equal(told(known([], { readAt: null }), reading([])), 1);
  assert.equal(told(known([]), reading([])), 0);
  assert.equal(told(known([]), reading([], { complete: false, reasons: ['cut'] })), 1);
  const broken = { readable: false, complete: false, reasons: ['EIO'] };
  assert.equal(told(known([], broken), reading([], broken)), 0);
  assert.equal(told(known([], broken), reading([], { ...broken, reasons: ['ENXIO'] })), 1);
});

test('while a first reading is outstanding, what is seen counts and nothing else is said', () => {
  const partial = { pending: true, readable: false, complete: false };
  assert.deepEqual(look(known([tracked(10, 2)], { readAt: null }), reading([run(20, 1)], partial)), [
    { kind: 'found', uid: 'a', runs: [run(20, 1)], foundBy: 'poll' },
  ]);
});

test('a device is told as stuck once, and as back once', () => {
  const stuck = (...subjects: string[]) => subjects.map((subject) => ({ subject, since: 5 }));
  const between = (before: string[], now: string[]) =>
    diff(new Map(), emptyTopology, { ...emptySnapshot, stuck: stuck(...now) }, stuck(...before));
  assert.deepEqual(between([], ['pmem1', 'pmem0']), [
    { kind: 'stuck', device: { subject: 'pmem0', since: 5 } },
    { kind: 'stuck', device: { subject: 'pmem1', since: 5 } },
  ]);
  assert.deepEqual(between(['pmem0'], ['pmem0']), []);
  assert.deepEqual(between(['pmem0'], []), [{ kind: 'unstuck', subject: 'pmem0' }]);
});

test('changes come in the order of the inventory, whatever the order of what is known', () => {
  const a = place();
  const b = place({ uid: 'b', ndNamespace: 'namespace1.0', device: 'pmem1' });
  const states: [string, PlaceState][] = [
    ['z', known([], { place: place({ uid: 'z' }) })],
    ['b', known([], { place: b })],
    ['y', known([], { place: place({ uid: 'y' }) })],
    ['a', known([])],
  ];
  const snapshot = {
    ...emptySnapshot,
    places: new Map([
      ['b', reading([run(1, 1)], { uid: 'b' })],
      ['a', reading([run(1, 1)])],
    ]),
  };
  const topology = { ...emptyTopology, places: [a, b] };
  const forwards = diff(new Map(states), topology, snapshot, []);
  assert.deepEqual(diff(new Map(states.reverse()), topology, snapshot, []), forwards);
  assert.deepEqual(
    forwards.map((change) => ('uid' in change ? `${change.kind} ${change.uid}` : change.kind)),
    ['found a', 'found b', 'place-gone y', 'place-gone z'],
  );
});

/** One sector of the naive model. */
interface SectorState {
  readonly epoch: string;
  readonly unconfirmed: boolean;
}
const SIZE = 48;
function rangesOf(sectors: readonly (SectorState | undefined)[]): TrackedRange[] {
  return sectors.flatMap((s, i) =>
    s === undefined ? [] : [tracked(i, 1, { epoch: s.epoch, ...(s.unconfirmed && { unconfirmed: 'x' }) })],
  );
}
function applied(
  sectors: readonly (SectorState | undefined)[],
  changes: readonly Change[],
): (SectorState | undefined)[] {
  const next = [...sectors];
  for (const change of changes) {
    if (!('runs' in change)) continue;
    for (const r of change.runs) {
      for (let i: number = r.start; i < endOf(r); i++) {
        const epoch = next[i]?.epoch ?? NOW;
        if (change.kind === 'found' || change.kind === 'confirmed') next[i] = { epoch: NOW, unconfirmed: false };
        if (change.kind === 'cleared') next[i] = undefined;
        if (change.kind === 'unconfirmed') next[i] = { epoch, unconfirmed: true };
      }
    }
  }
  return next;
}

test('for any state and any reading: nothing is lost, only what this instance listed is cleared, and the same look again is quiet', () => {
  const sectorState = fc.option(
    fc.record({ epoch: fc.constantFrom(NOW, EARLIER), unconfirmed: fc.boolean() }, { noNullPrototype: true }),
    {
      nil: undefined,
    },
  );
  const states = fc.array(sectorState, { minLength: SIZE, maxLength: SIZE });
  const flags = fc.array(fc.boolean(), { minLength: SIZE, maxLength: SIZE });
  fc.assert(
    fc.property(states, flags, fc.boolean(), fc.boolean(), (before, listed, readable, complete) => {
      const runs = listed.flatMap((bit, i) => (bit ? [run(i, 1)] : []));
      const health = { readable, complete: readable && complete, reasons: readable && complete ? [] : ['x'] };
      const changes = look(known(rangesOf(before), health), reading(runs, health));
      const after = applied(before, changes);
      for (let i = 0; i < SIZE; i++) {
        if (listed[i]) assert.deepEqual(after[i], { epoch: NOW, unconfirmed: false }, `sector ${i} is listed`);
        else if (!health.complete) assert.deepEqual(after[i], before[i], `sector ${i} of a doubtful reading`);
        else if (before[i]?.epoch === NOW) assert.equal(after[i], undefined, `sector ${i} is cleared`);
        else if (before[i] !== undefined)
          assert.deepEqual(after[i], { epoch: EARLIER, unconfirmed: true }, `sector ${i} is in doubt`);
      }
      assert.deepEqual(look(known(rangesOf(after), health), reading(runs, health)), []);
    }),
  );
});

test('the work for one place grows with its ranges, not with their square', () => {
  const work = (n: number): number => {
    const runs = Array.from({ length: n }, (_, i) => run(i * 20, 1));
    const ranges = runs.map((r, i) => tracked(r.start, r.count, i % 2 === 0 ? {} : { epoch: EARLIER }));
    const listed = runs.filter((_, i) => i % 3 !== 0);
    const wide = place({ size: sectorCount(n * 20) });
    return elementsSorted(() => {
      const kinds = look(known(ranges, { place: wide }), reading(listed), { place: wide }).map(({ kind }) => kind);
      assert.deepEqual(kinds, ['confirmed', 'cleared', 'unconfirmed']);
    });
  };
  assert.ok(work(2000) < 5 * work(500));
});

test('a reading that gave no change is not compared again with the same state, but is with another', () => {
  // out of order, so that they are sorted to be compared: that is counted
  const runs = [run(100, 5), run(10, 5)];
  const here = place();
  const [seen, state] = [reading(runs), known([tracked(10, 5), tracked(100, 5)], { place: here })];
  const twice = [0, 0].map(() => elementsSorted(() => assert.deepEqual(look(state, seen, { place: here }), [])));
  assert.ok((twice[0] ?? 0) > 1);
  assert.equal(twice[1], 1, 'the uid of the one place alone');
  const sorted = [run(10, 5), run(100, 5)];
  const found: Change = { kind: 'found', uid: 'a', runs: sorted, foundBy: 'poll' };
  assert.deepEqual(look(known([]), seen, { place: here }), [found]);
  const again: Change = { kind: 'confirmed', uid: 'a', runs: sorted };
  const restarted = place({ epoch: 'boot-3:7' });
  assert.deepEqual(look(known([tracked(10, 5), tracked(100, 5)]), seen, { place: restarted }), [
    { kind: 'place-moved', place: restarted },
    again,
  ]);
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { run } from '../../src/model/extent.ts';
import type { Owner } from '../../src/model/owner.ts';
import { elementsSorted } from '../fakes/elements-sorted.ts';
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
  only,
  pass,
  place,
  play,
  policy,
  reading,
  types,
  uid,
} from './timeline.ts';

const a = run(10_000, 8);
const b = run(20_000, 8);

describe('the history', () => {
  it('counts sectors on the device that shows them, and names what no device shows', () => {
    const { events } = pass(emptyState(), { now: 1, changes: [appeared(), found(run(4090, 12))] });
    assert.deepEqual(events.find(({ type }) => type === 'range.found')?.data['runs'], [
      { device: 'pmem0', ...run(0, 6) },
      { device: '', ...run(4090, 6) },
    ]);
  });
});

describe('the life of a media error', () => {
  it('is told step by step: opened, owners, grew, shrank, resolved', () => {
    const { state, told } = play([
      { now: 1, changes: [appeared(), found(a)] },
      { now: 2, changes: [answered(a, fileOwner(a))] },
      { now: 3, changes: [found(b)] },
      { now: 4, changes: [cleared(a)] },
      { now: 5, changes: [cleared(b)] },
    ]);
    assert.deepEqual(told.map(types), [['opened'], ['owners'], ['grew'], ['shrank'], ['resolved']]);
    const notices = told.flat();
    assert.deepEqual(
      notices.map((n) => [n.incident.revision, n.newRanges, n.newBytes, n.incident.severity]),
      [
        [1, 1, 4096, 'critical'],
        [2, 0, 0, 'critical'],
        [3, 1, 4096, 'critical'],
        [4, 0, 0, 'critical'],
        [5, 0, 0, 'critical'],
      ],
    );
    assert.equal(notices[0]?.incident.ranges[0]?.owners[0]?.kind, 'pending');
    assert.equal(notices[1]?.incident.ranges[0]?.owners[0]?.kind, 'file');
    const incident = only(state);
    assert.equal(incident.status, 'resolved');
    assert.equal(incident.resolution, 'cleared');
    assert.deepEqual(
      incident.ranges.map((r) => r.start),
      [20_000],
      'the ranges that were resolved last stay readable',
    );
    assert.equal(state.places.get(uid)?.foundTotal, 2);
    assert.equal(state.places.get(uid)?.clearedTotal, 2);
  });

  it('counts pending owners of a new range on the device, and those of the info block on the place', () => {
    const { state } = play([{ now: 1, changes: [appeared(), found(run(4090, 12))] }]);
    assert.deepEqual(
      only(state).ranges[0]?.owners.map((o) => [o.kind, o.device, o.start, o.count]),
      [
        ['pending', 'pmem0', 0, 6],
        ['pending', '', 4090, 6],
      ],
    );
  });

  it('tells nothing when a reboot brings a shorter list, nor when the range is listed again', () => {
    const { state, told } = play([
      { now: 1, changes: [appeared(), found(a, b)] },
      { now: 2, changes: [{ kind: 'place-moved', place: place({ epoch: 'boot-2' }) }, doubted(a)] },
      { now: 3, changes: [confirmed(a)] },
    ]);
    assert.deepEqual(told.map(types), [['opened'], [], []]);
    assert.equal(only(state).revision, 1);
    assert.equal(only(state).ranges[0]?.unconfirmed, undefined);
    assert.equal(only(state).ranges[0]?.epoch, 'boot-2');
  });

  it('keeps a range that is not listed after a reboot open, with the reason', () => {
    const { state } = play([
      { now: 1, changes: [appeared(), found(a)] },
      { now: 2, changes: [doubted(a)] },
    ]);
    assert.equal(only(state).status, 'open');
    assert.equal(only(state).ranges[0]?.unconfirmed, 'the host was restarted');
  });

  it('opens a new incident that names the old one when a cleared range turns bad again', () => {
    const { state, told } = play([
      { now: 1, changes: [appeared(), found(a)] },
      { now: 2, changes: [cleared(a)] },
      { now: 3, changes: [found(a)] },
    ]);
    const [first, , again] = told.flat();
    assert.equal(again?.type, 'opened');
    assert.equal(again?.incident.ordinal, 2);
    assert.equal(again?.incident.previousIncident, first?.incident.id);
    assert.equal(again?.incident.fingerprint, first?.incident.fingerprint);
    assert.notEqual(again?.incident.id, first?.incident.id);
    assert.equal(state.incidents.size, 2);
  });

  it('does not end with its device, but when the device has not been seen for long enough', () => {
    const { state, told } = play([
      { now: 0, changes: [appeared(), found(a)] },
      { now: dayMs, changes: [{ kind: 'place-gone', uid }] },
      { now: dayMs + policy.removedAfterMs - 1 },
      { now: dayMs + policy.removedAfterMs, inventoried: false },
      { now: dayMs + policy.removedAfterMs },
      { now: dayMs + policy.removedAfterMs + 1 },
    ]);
    assert.deepEqual(told.map(types), [['opened'], [], [], [], ['resolved'], []]);
    assert.equal(only(state).resolution, 'device_removed');
    assert.equal(only(state).ranges.length, 1, 'what was bad when it was last seen');
    assert.deepEqual(state.places.get(uid)?.ranges, []);
    assert.equal(state.places.get(uid)?.foundTotal, 1, 'counters survive');
  });

  it('does not end when the device comes back in time', () => {
    const { state, told } = play([
      { now: 0, changes: [appeared(), found(a)] },
      { now: 1, changes: [{ kind: 'place-gone', uid }] },
      { now: 2, changes: [appeared()] },
      { now: 2 * policy.removedAfterMs },
    ]);
    assert.deepEqual(told.map(types), [['opened'], [], [], []]);
    assert.equal(state.places.get(uid)?.goneSince, null);
  });

  it('tells nothing when pmem0 becomes pmem1, and renames the owners with it', () => {
    const { state, told } = play([
      { now: 1, changes: [appeared(), found(a)] },
      { now: 2, changes: [answered(a, fileOwner(a))] },
      { now: 3, changes: [{ kind: 'place-moved', place: place({ device: 'pmem1', ndNamespace: 'namespace1.0' }) }] },
    ]);
    assert.deepEqual(told.map(types), [['opened'], ['owners'], []]);
    assert.equal(only(state).subject.device, 'pmem1');
    const owner = only(state).ranges[0]?.owners[0];
    assert.deepEqual([owner?.kind, owner?.device, owner?.start], ['file', 'pmem1', 10_000 - 4096]);
  });

  it('keeps its owners while the namespace is disabled and enabled again', () => {
    const { dataStart, dataSize, ...bare } = place({ device: '' });
    const { state, told } = play([
      { now: 1, changes: [appeared(), found(a)] },
      { now: 2, changes: [answered(a, fileOwner(a))] },
      { now: 3, changes: [{ kind: 'place-moved', place: bare }] },
      { now: 4, changes: [{ kind: 'place-moved', place: place() }] },
    ]);
    assert.deepEqual(told.map(types), [['opened'], ['owners'], [], []]);
    assert.deepEqual(only(state).ranges[0]?.owners, [fileOwner(a)]);
  });

  it('asks for the owners anew when the data of the device starts elsewhere', () => {
    const { state } = play([
      { now: 1, changes: [appeared(), found(a)] },
      { now: 2, changes: [answered(a, fileOwner(a))] },
      { now: 3, changes: [{ kind: 'place-moved', place: { ...place(), dataStart: run(0, 2048).count } }] },
    ]);
    const [range] = only(state).ranges;
    assert.equal(range?.ownersComplete, false);
    assert.deepEqual([range?.owners[0]?.kind, range?.owners[0]?.start], ['pending', 10_000 - 2048]);
  });
});

describe('answers about owners', () => {
  it('are ignored for a range that is gone meanwhile', () => {
    const { state, told } = play([
      { now: 1, changes: [appeared(), found(a, b)] },
      { now: 2, changes: [cleared(a)] },
      { now: 3, changes: [answered(a, fileOwner(a))] },
    ]);
    assert.deepEqual(types(told[2] ?? []), []);
    assert.deepEqual(
      only(state).ranges.map((r) => r.start),
      [20_000],
    );
  });

  it('are ignored when the incident is resolved, and when the place is unknown', () => {
    const { state, told } = play([
      { now: 1, changes: [appeared(), found(a)] },
      { now: 2, changes: [cleared(a)] },
      { now: 3, changes: [answered(a, fileOwner(a)), { ...answered(a), uid: 'ff' } as never] },
    ]);
    assert.deepEqual(types(told[2] ?? []), []);
    assert.equal(only(state).revision, 2);
    assert.equal(only(state).ranges[0]?.owners[0]?.kind, 'pending');
  });

  it('are cut with their range, file offset and all, when part of it clears', () => {
    const { state } = play([
      { now: 1, changes: [appeared(), found(a)] },
      { now: 2, changes: [answered(a, fileOwner(a))] },
      { now: 3, changes: [cleared(run(10_002, 2))] },
    ]);
    assert.deepEqual(
      only(state).ranges.map((r) => [
        r.start,
        r.count,
        r.owners.map((o) => [o.start + 4096, o.count, o.offset, o.length]),
      ]),
      [
        [10_000, 2, [[10_000, 2, 8192, 1024]]],
        [10_004, 4, [[10_004, 4, 8192 + 2048, 2048]]],
      ],
    );
  });

  it('join again when only a part of the range was in doubt', () => {
    const { state } = play([
      { now: 1, changes: [appeared(), found(a)] },
      { now: 2, changes: [answered(a, fileOwner(a))] },
      { now: 3, changes: [doubted(run(10_002, 2))] },
      { now: 4, changes: [confirmed(a)] },
    ]);
    assert.deepEqual(
      only(state).ranges.map((r) => [r.start, r.count]),
      [[10_000, 8]],
    );
    assert.deepEqual(only(state).ranges[0]?.owners, [fileOwner(a)]);
  });

  it('that say the same again, or only who has the file open, tell nothing', () => {
    const open = { pid: 1, command: 'cat', mapped: false, mapsDamaged: false, unit: null, container: null, pod: null };
    const { state, told } = play([
      { now: 1, changes: [appeared(), found(a)] },
      { now: 2, changes: [answered(a, fileOwner(a))] },
      { now: 3, changes: [answered(a, fileOwner(a, { openBy: [open] }))] },
    ]);
    assert.deepEqual(types(told[2] ?? []), []);
    assert.equal(only(state).ranges[0]?.owners[0]?.openBy?.length, 1);
  });

  it('that were asked before the device was renamed are ignored', () => {
    const { state } = play([
      { now: 1, changes: [appeared(), found(a)] },
      { now: 2, changes: [{ kind: 'place-moved', place: place({ device: 'pmem1' }) }, answered(a, fileOwner(a))] },
    ]);
    assert.equal(only(state).ranges[0]?.owners[0]?.kind, 'pending');
  });

  it('that leave sectors out make them unknown, not clean', () => {
    const { state } = play([
      { now: 1, changes: [appeared(), found(a)] },
      { now: 2, changes: [answered(a, fileOwner(run(10_000, 4)))] },
    ]);
    const [range] = only(state).ranges;
    assert.deepEqual(
      range?.owners.map((o) => [o.kind, o.start + 4096, o.count]),
      [
        ['file', 10_000, 4],
        ['unknown', 10_004, 4],
      ],
    );
    assert.equal(range?.ownersComplete, false);
  });

  it('that know nothing do not replace an owner that is known', () => {
    const blank = fileOwner(a, { kind: 'unknown', reason: 'timed out' });
    const { state, told } = play([
      { now: 1, changes: [appeared(), found(a)] },
      { now: 2, changes: [answered(a, fileOwner(a))] },
      { now: 3, changes: [{ ...answered(a, blank), complete: false } as never] },
    ]);
    assert.deepEqual(types(told[2] ?? []), []);
    assert.deepEqual(only(state).ranges[0]?.owners, [fileOwner(a)]);
    assert.equal(only(state).ranges[0]?.ownersComplete, false);
  });
});

describe('severity over time', () => {
  const free = fileOwner(a, { kind: 'free' });
  const whole = reading({ runs: [a] });

  it('falls when a complete answer shows free space', () => {
    const { state } = play([
      { now: 1, changes: [appeared(), found(a)], snapshot: whole },
      { now: 2, changes: [answered(a, free)], snapshot: whole },
    ]);
    assert.equal(only(state).severity, 'warning');
  });

  for (const [why, last] of [
    ['the answer is incomplete', [{ ...answered(a, free), complete: false } as never]],
    ['the range is in doubt', [doubted(a), answered(a, free)]],
    [
      'the list cannot be read',
      [{ kind: 'readability', uid, readable: false, complete: false, reasons: ['EIO'] } as const, answered(a, free)],
    ],
  ] as const) {
    it(`does not fall while ${why}`, () => {
      const { state } = play([
        { now: 1, changes: [appeared(), found(a)], snapshot: whole },
        { now: 2, changes: last, snapshot: whole },
      ]);
      const media = [...state.incidents.values()].find((incident) => incident.condition === 'media_error');
      assert.equal(media?.severity, 'critical');
    });
  }
});

describe('lists that cannot be read or not in whole', () => {
  const broken = reading({ readable: false, complete: false, reasons: ['EIO: region0/badblocks'], readAt: 2 });

  it('open an incident at once, and end nothing else', () => {
    const { state, told } = play([
      { now: 1, changes: [appeared(), found(a)], snapshot: reading({ runs: [a] }) },
      { now: 2, snapshot: broken },
      { now: 3, snapshot: reading({ runs: [a], readAt: 3 }) },
    ]);
    assert.deepEqual(
      told.map((pass) => pass.map((n) => [n.type, n.incident.condition, n.incident.detail])),
      [
        [['opened', 'media_error', '']],
        [['opened', 'badblocks_unreadable', 'EIO: region0/badblocks']],
        [['resolved', 'badblocks_unreadable', 'EIO: region0/badblocks']],
      ],
    );
    assert.equal([...state.incidents.values()].find((i) => i.condition === 'media_error')?.status, 'open');
  });

  it('are history once, however often that is said', () => {
    const said = { kind: 'readability', uid, readable: false, complete: false, reasons: ['no list'] } as const;
    const first = pass(emptyState(), { now: 1, changes: [appeared(), said] });
    const second = pass(first.state, { now: 2, changes: [said] });
    assert.deepEqual(
      first.events.map((event) => event.type),
      ['place.appeared', 'place.unreadable', 'incident.opened'],
    );
    assert.deepEqual([second.events, second.notices], [[], []]);
  });

  it('say nothing before they were read for the first time', () => {
    const { readAt, ...never } = reading().places?.get(uid) ?? assert.fail();
    const { told } = play([
      { now: 1, changes: [appeared()], snapshot: { places: new Map([[uid, { ...never, readable: false }]]) } },
    ]);
    assert.deepEqual(told, [[]]);
  });

  it('say nothing while one of several is read for the first time', () => {
    const { told } = play([
      { now: 1, changes: [appeared()], snapshot: reading({ readable: false, complete: false, pending: true }) },
    ]);
    assert.deepEqual(told, [[]]);
  });

  it('open badblocks_incomplete while the table is full, which an unreadable list does not end', () => {
    const full = reading({ complete: false, reasons: ['the page was full'], readAt: 1 });
    const { told } = play([
      { now: 1, changes: [appeared()], snapshot: full },
      { now: 2, snapshot: broken },
      { now: 3, snapshot: reading({ readAt: 3 }) },
    ]);
    assert.deepEqual(
      told.map((pass) => pass.map((n) => `${n.type} ${n.incident.condition}`)),
      [
        ['opened badblocks_incomplete'],
        ['opened badblocks_unreadable'],
        ['resolved badblocks_unreadable', 'resolved badblocks_incomplete'],
      ],
    );
  });
});

describe('a device whose call does not come back', () => {
  const stuck = { stuck: [{ subject: 'region0', since: 0 }] };

  it('is told once, and ends when it is free', () => {
    const { told } = play([
      { now: 1, snapshot: stuck, changes: [{ kind: 'stuck', device: { subject: 'region0', since: 0 } }] },
      { now: 2, snapshot: stuck },
      { now: 3, changes: [{ kind: 'unstuck', subject: 'region0' }] },
    ]);
    assert.deepEqual(told.map(types), [['opened'], [], ['resolved']]);
    assert.match(told[0]?.[0]?.incident.detail ?? '', /region0 has not come back since 1970-01-01T00:00:00\.000Z/);
  });

  it('does not end because a new process has not been stuck yet', () => {
    const { told } = play([{ now: 1, snapshot: stuck }, { now: 2 }]);
    assert.deepEqual(told.map(types), [['opened'], []]);
  });

  it('ends with a reading of it', () => {
    const list = {
      subject: 'region0',
      at: 2,
      durationMs: 1,
      trigger: 'poll',
      list: { kind: 'unsupported', reason: '' },
    };
    const { told } = play([
      { now: 1, snapshot: stuck },
      { now: 2, snapshot: { lists: [list as never] } },
    ]);
    assert.deepEqual(told.map(types), [['opened'], ['resolved']]);
  });
});

it('a pass without changes changes no place, no incident and tells nothing', () => {
  const first = pass(emptyState(), { now: 1, changes: [appeared(), found(a)] });
  const second = pass(first.state, { now: 2 });
  assert.deepEqual(second.notices, []);
  assert.deepEqual(second.events, []);
  assert.equal(second.state.places.get(uid), first.state.places.get(uid));
  assert.equal(second.state.inventoried, true);
});

it('a range that every reading lists was last seen at the newest of them', () => {
  const { state } = play([
    { now: 1, changes: [appeared(), found(a)], snapshot: reading({ runs: [a], readAt: 1 }) },
    { now: 60, snapshot: reading({ runs: [a], readAt: 50 }) },
    { now: 90, snapshot: reading({ runs: [], readAt: 80 }) },
  ]);
  assert.equal(only(state).ranges[0]?.lastSeen, 50);
});

it('the work for a pass grows with the ranges of a place, not with their square', () => {
  const work = (n: number): number => {
    const runs = Array.from({ length: n }, (_, i) => run(10_000 + i * 20, 2));
    let asked = 0;
    const owners = runs.map((r) => {
      const { device, ...rest } = fileOwner(r);
      return Object.defineProperty(rest, 'device', {
        enumerable: true,
        get: () => {
          asked += 1;
          return device;
        },
      }) as Owner;
    });
    const half = runs.filter((_, i) => i % 2 === 0);
    const sorted = elementsSorted(() => {
      const { told } = play([
        { now: 1, changes: [appeared(), found(...runs)] },
        { now: 2, changes: [{ kind: 'owners', uid, runs, owners, complete: true }] },
        { now: 3, changes: [doubted(...half)] },
        { now: 4, changes: [confirmed(...half)], snapshot: reading({ runs: half, readAt: 4 }) },
        { now: 5, changes: [cleared(...half)] },
      ]);
      assert.deepEqual(told.map(types), [['opened'], ['owners'], [], [], ['shrank']]);
    });
    return sorted + asked;
  };
  assert.ok(work(1200) < 5 * work(300));
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ListReading } from '../../src/model/badblocks.ts';
import type { Change } from '../../src/model/change.ts';
import { run } from '../../src/model/extent.ts';
import type { HistoryEvent, Notice } from '../../src/model/incident.ts';
import {
  type BusScrubs,
  currentRun,
  proofsOf,
  type ScrubAnswer,
  type ScrubAsker,
  type ScrubOutcome,
  type ScrubRequest,
  type ScrubRun,
} from '../../src/model/scrub.ts';
import type { State } from '../../src/model/state.ts';
import { type Bus, emptyTopology, type Topology } from '../../src/model/topology.ts';
import { bytes } from '../../src/model/units.ts';
import type { ScrubPolicy } from '../../src/record/scrub-incidents.ts';
import { recordScrubs } from '../../src/record/scrubs.ts';
import { appeared, dayMs, emptyState, pass, place, uid } from './timeline.ts';

const HOUR = 3_600_000;
const ada: ScrubAsker = { author: 'ada', via: 'unix socket', reason: '' };
const policy: ScrubPolicy = {
  overdueAfterMs: 15 * dayMs,
  deadlineMs: 48 * HOUR,
  afterError: false,
  removedAfterMs: dayMs,
};
const bus = (more: Partial<Bus> = {}): Bus => ({
  name: 'ndbus0',
  provider: 'ACPI.NFIT',
  errorSource: 'ars',
  scrubSupported: true,
  epoch: 'boot-1',
  ...more,
});
const region = {
  name: 'region0',
  bus: 'ndbus0',
  kind: 'pmem',
  size: bytes(1 << 29),
  mappings: [],
  enabled: true,
} as const;
const topologyOf = (...buses: Bus[]): Topology => ({ ...emptyTopology, buses, regions: [region], places: [place()] });

interface Look {
  readonly at: number;
  /** what the kernel's file says: `5`, `5+`; absent: it was not read anew */
  readonly scrub?: string;
  readonly asked?: readonly ScrubRequest[];
  readonly due?: readonly ScrubRequest[];
  readonly outcome?: Omit<ScrubOutcome, 'run' | 'at'>;
  readonly found?: number;
  readonly foundBy?: 'mce' | 'scrub';
  /** when the last reading of the list of region0 began */
  readonly listFrom?: number;
  readonly topology?: Topology;
  readonly notWritable?: string;
  readonly policy?: Partial<ScrubPolicy>;
}
interface Told {
  readonly scrubs: BusScrubs;
  readonly run: ScrubRun | undefined;
  readonly events: readonly HistoryEvent[];
  readonly notices: readonly Notice[];
  readonly answers: readonly ScrubAnswer[];
}

/** Passes over one bus, one after the other. */
function play(looks: readonly Look[], start: State = pass(emptyState(), { now: 0, changes: [appeared()] }).state) {
  let state = start;
  let scrub = '1';
  let readAt = 0;
  let listFrom = 0;
  const told = looks.map((look): Told => {
    const { at: now, topology = topologyOf(bus()) } = look;
    if (look.scrub !== undefined) [scrub, readAt] = [look.scrub, now];
    listFrom = look.listFrom ?? listFrom;
    const [here] = topology.buses;
    const value = { completed: Number.parseInt(scrub, 10), running: scrub.endsWith('+') };
    const list: ListReading = {
      subject: 'region0',
      at: listFrom + 5,
      durationMs: 5,
      trigger: 'poll',
      list: { kind: 'ok', value: { runs: [], complete: true, entries: 0 } },
    };
    const changes: Change[] =
      look.found === undefined
        ? []
        : [{ kind: 'found', uid, runs: [run(look.found, 8)], foundBy: look.foundBy ?? 'scrub' }];
    const asked = currentRun(state.scrubs.get('ACPI.NFIT'));
    const recorded = recordScrubs(
      state,
      {
        topology,
        readings:
          here === undefined
            ? []
            : [
                {
                  bus: here.name,
                  epoch: here.epoch,
                  at: readAt,
                  state: { kind: 'ok', value },
                  notWritable: look.notWritable ?? '',
                },
              ],
        outcomes: look.outcome === undefined ? [] : [{ ...look.outcome, run: asked?.id ?? '', at: now }],
        asked: look.asked ?? [],
        due: () => look.due ?? [],
        changes,
        lists: [list],
        now,
      },
      { ...policy, ...look.policy },
    );
    state = recorded.state;
    const scrubs = state.scrubs.get('ACPI.NFIT') as BusScrubs;
    return { scrubs, run: scrubs?.runs.at(-1), ...recorded };
  });
  return { told, state, last: told.at(-1) as Told };
}
const types = (events: readonly HistoryEvent[]): string[] => events.map(({ type }) => type);
const notices = (told: readonly Told[]): string[] =>
  told.flatMap((each) => each.notices.map(({ type, incident }) => `${incident.condition} ${type}`));

const everything = [{ bus: null, asker: ada }];
const accepted = {
  start: { kind: 'accepted', before: { completed: 1, running: false }, after: { completed: 1, running: true } },
  searchable: [uid],
} as const;
const secondTime = {
  start: { kind: 'accepted', before: { completed: 2, running: false }, after: { completed: 2, running: true } },
  searchable: [uid],
} as const;
/** Asked for by ada, taken by the kernel, through after a minute. */
const whole: readonly Look[] = [
  { at: 1_000, scrub: '1' },
  { at: 2_000, asked: everything },
  { at: 3_000, outcome: accepted },
  { at: 30_000, found: 4096 },
  { at: 63_000, scrub: '2' },
  { at: 63_100, listFrom: 63_050 },
];

describe('a scrub that was asked for', () => {
  it('goes from requested over running to completed, with who asked, how long it took and what it found', () => {
    const { told, last } = play(whole);
    assert.deepEqual(
      told.map(({ run: each }) => each?.status),
      [undefined, 'requested', 'running', 'running', 'reading', 'completed'],
    );
    assert.deepEqual(
      told.flatMap(({ events }) => types(events)),
      ['scrub.requested', 'scrub.started', 'scrub.completed'],
    );
    const { run: ended, scrubs } = last;
    assert.equal(ended?.type, 'long');
    assert.deepEqual(ended?.asker, ada);
    assert.deepEqual([ended?.startedAt, ended?.endedAt, ended?.countBefore, ended?.countAfter], [3_000, 63_000, 1, 2]);
    assert.deepEqual([ended?.foundRanges, ended?.foundBytes], [1, 4096]);
    assert.deepEqual(
      [scrubs.total, scrubs.lastCompletedAt, scrubs.lastFullAt, scrubs.lastDurationMs],
      [1, 63_000, 63_000, 60_000],
    );
    const completed = last.events[0]?.data;
    assert.deepEqual(
      [completed?.['author'], completed?.['foundRanges'], completed?.['durationMs']],
      ['ada', 1, 60_000],
    );
  });

  it('is not completed before the lists were read from its end on', () => {
    const { last } = play([...whole.slice(0, -1), { at: 63_100, listFrom: 62_999 }]);
    assert.equal(last.run?.status, 'reading');
    // a list that never comes is not waited for without end
    const { last: given } = play([...whole.slice(0, -1), { at: 63_000 + 121_000, listFrom: 62_999 }]);
    assert.equal(given.run?.status, 'completed');
  });

  it('is not completed in the pass that sees its end: the lists are held against it first', () => {
    const { told } = play([...whole.slice(0, -2), { at: 63_000, scrub: '2', listFrom: 63_000 }, { at: 63_001 }]);
    assert.deepEqual(
      told.slice(-2).map(({ run: each }) => each?.status),
      ['reading', 'completed'],
    );
  });

  it('is one run, also where it is seen running before anybody knows that the kernel has taken it', () => {
    const { last } = play([...whole.slice(0, 2), { at: 2_500, scrub: '1+' }, ...whole.slice(2)]);
    assert.deepEqual([last.scrubs.runs.length, last.run?.type, last.run?.status], [1, 'long', 'completed']);
  });

  it('is refused while one is under way: two triggers at once start one', () => {
    const { told } = play([
      { at: 1_000, scrub: '1' },
      { at: 2_000, asked: [...everything, ...everything] },
    ]);
    const [first, second] = told[1]?.answers ?? [];
    assert.equal(first?.started.length, 1);
    assert.deepEqual([second?.started.length, second?.refused[0]?.kind], [0, 'running']);
    assert.match(second?.refused[0]?.reason ?? '', new RegExp(first?.started[0]?.id ?? 'none'));
    assert.equal(told[1]?.scrubs.runs.length, 1);
  });

  it('is refused while one runs that somebody else has started', () => {
    const { last } = play([
      { at: 1_000, scrub: '1+' },
      { at: 2_000, asked: everything },
    ]);
    assert.equal(last.answers[0]?.refused[0]?.kind, 'running');
  });

  it('is refused with the reason where the bus cannot, where nobody may write, and where there is no such bus', () => {
    const cxl = topologyOf(bus({ provider: 'CXL', errorSource: 'none', scrubSupported: false }));
    const { last: on } = play([{ at: 1_000, topology: cxl, asked: everything }]);
    assert.deepEqual([on.answers[0]?.refused[0]?.kind, on.scrubs], ['unsupported', undefined]);
    assert.match(on.answers[0]?.refused[0]?.reason ?? '', /CXL/);
    const { last: denied } = play([{ at: 1_000, scrub: '1', notWritable: 'no permission', asked: everything }]);
    assert.deepEqual(denied.answers[0]?.refused, [{ bus: 'ndbus0', kind: 'not-writable', reason: 'no permission' }]);
    const { last: none } = play([{ at: 1_000, scrub: '1', asked: [{ bus: 'ndbus7', asker: ada }] }]);
    assert.equal(none.answers[0]?.refused[0]?.kind, 'unknown-bus');
  });

  it('that the kernel does not take is a failed one with the reason, and an incident until one is seen through', () => {
    const failed = { start: { kind: 'failed', reason: 'no range supports a scrub (ENOTTY)' }, searchable: [] } as const;
    const { told, last, state } = play([...whole.slice(0, 2), { at: 3_000, outcome: failed }]);
    assert.equal(last.run?.status, 'failed');
    assert.deepEqual(notices(told), ['scrub_failed opened']);
    assert.match(last.notices[0]?.incident.detail ?? '', /asked for by ada.*ENOTTY/);
    const { told: later } = play(
      whole.map((look) => ({
        ...look,
        at: look.at + 10_000,
        ...(look.listFrom && { listFrom: look.listFrom + 10_000 }),
      })),
      state,
    );
    assert.deepEqual(notices(later), ['scrub_failed resolved']);
  });

  it('that was not seen running proves nothing', () => {
    const quick = {
      start: { kind: 'accepted', before: { completed: 1, running: false }, after: { completed: 2, running: false } },
      searchable: [uid],
    } as const;
    const { last, state } = play([
      ...whole.slice(0, 2),
      { at: 3_000, outcome: quick },
      { at: 3_500, scrub: '2' },
      { at: 3_600, listFrom: 3_550 },
    ]);
    assert.deepEqual([last.run?.status, last.run?.type, last.scrubs.lastFullAt], ['completed', 'unknown', null]);
    assert.equal(proofsOf(state.scrubs.values(), topologyOf(bus())).size, 0);
  });

  it('that shows nothing although the kernel took it is given up after half a minute', () => {
    const silent = {
      start: { kind: 'accepted', before: { completed: 1, running: false }, after: { completed: 1, running: false } },
      searchable: [uid],
    } as const;
    const begun = [...whole.slice(0, 2), { at: 3_000, outcome: silent }];
    assert.equal(play([...begun, { at: 32_000, scrub: '1' }]).last.run?.status, 'running');
    assert.equal(play([...begun, { at: 33_000, scrub: '1' }]).last.run?.status, 'failed');
  });

  it('that ends without being counted has failed', () => {
    const { last } = play([...whole.slice(0, 3), { at: 10_000, scrub: '1' }]);
    assert.equal(last.run?.status, 'failed');
    assert.match(last.run?.reason ?? '', /not counted/);
  });

  it('that finds another one running is followed as that one, of unknown type', () => {
    const busy = { start: { kind: 'busy', before: { completed: 1, running: true } }, searchable: [uid] } as const;
    const { last } = play([
      ...whole.slice(0, 2),
      { at: 3_000, outcome: busy },
      { at: 9_000, scrub: '2' },
      { at: 9_100, listFrom: 9_050 },
    ]);
    assert.deepEqual([last.run?.status, last.run?.type, last.run?.asker], ['completed', 'unknown', ada]);
    assert.equal(last.scrubs.runs.length, 1);
    assert.equal(last.scrubs.lastFullAt, null);
  });

  it('that does not end within the deadline is told, followed on, and over when it ends', () => {
    const long: Look[] = [
      ...whole.slice(0, 3),
      { at: 3_000 + 48 * HOUR, scrub: '1+' },
      { at: 49 * HOUR, scrub: '1+' },
      { at: 50 * HOUR, scrub: '2' },
      { at: 50 * HOUR + 100, listFrom: 50 * HOUR + 50 },
    ];
    const { told } = play(long);
    assert.deepEqual(notices(told), ['scrub_failed opened', 'scrub_failed resolved']);
    assert.deepEqual(
      told.flatMap(({ events }) => types(events).filter((type) => type.startsWith('scrub.'))),
      ['scrub.requested', 'scrub.started', 'scrub.late', 'scrub.completed'],
    );
  });
});

describe('a scrub of somebody else', () => {
  it('is followed just the same, and of unknown type', () => {
    const { told, last } = play([
      { at: 1_000, scrub: '3' },
      { at: 2_000, scrub: '3+' },
      { at: 9_000, scrub: '4' },
      { at: 9_100, listFrom: 9_050 },
    ]);
    assert.deepEqual(
      told.map(({ run: each }) => each?.status),
      [undefined, 'running', 'reading', 'completed'],
    );
    assert.deepEqual(
      [last.run?.asker, last.run?.type, last.scrubs.total, last.scrubs.lastFullAt],
      [null, 'unknown', 1, null],
    );
  });
  it('that nobody saw running is counted when the count has gone up', () => {
    const { last } = play([
      { at: 1_000, scrub: '3' },
      { at: 90_000, scrub: '5' },
    ]);
    assert.deepEqual([last.scrubs.total, last.scrubs.lastCompletedAt, last.run?.status], [2, 90_000, 'completed']);
    assert.match(last.run?.reason ?? '', /2 were not seen running/);
  });
  it('that ended before the first look is not counted: nobody saw it', () => {
    assert.equal(play([{ at: 1_000, scrub: '7' }]).last.scrubs.total, 0);
  });
  it('is counted once more when the driver counts anew after a reboot', () => {
    const rebooted = topologyOf(bus({ epoch: 'boot-2' }));
    const { last } = play([
      { at: 1_000, scrub: '7' },
      { at: 90_000, scrub: '1', topology: rebooted },
    ]);
    assert.equal(last.scrubs.total, 1);
  });
});

describe('a restart in the middle', () => {
  it('of the agent picks the running one up: the same run goes on to its end', () => {
    const begun = play(whole.slice(0, 3));
    const { last } = play(
      [
        { at: 20_000, scrub: '1+' },
        { at: 63_000, scrub: '2' },
        { at: 63_100, listFrom: 63_050 },
      ],
      begun.state,
    );
    assert.deepEqual(
      [last.scrubs.runs.length, last.run?.id, last.run?.type, last.run?.status],
      [1, begun.last.run?.id, 'long', 'completed'],
    );
    assert.deepEqual(last.run?.asker, ada);
  });
  it('of the machine interrupts it, which is no failure; the schedule asks once more', () => {
    const asker = { author: 'schedule', via: 'schedule', reason: '', due: 1_500 };
    const begun = play([
      { at: 1_000, scrub: '1' },
      { at: 2_000, due: [{ bus: 'ndbus0', asker }] },
      { at: 3_000, outcome: accepted },
    ]);
    assert.equal(begun.last.scrubs.scheduledUpTo, 3_000);
    const { last, told } = play(
      [{ at: 20_000, scrub: '0+', topology: topologyOf(bus({ epoch: 'boot-2' })) }],
      begun.state,
    );
    assert.equal(last.scrubs.runs[0]?.status, 'interrupted');
    assert.deepEqual(types(last.events), ['scrub.interrupted']);
    assert.deepEqual(notices(told), []);
    assert.ok(last.scrubs.scheduledUpTo < 1_500, 'due once more');
  });
  it('leaves a request that was saved and not made standing', () => {
    const begun = play(whole.slice(0, 2));
    const { last } = play(
      [
        { at: 20_000, scrub: '1' },
        { at: 21_000, outcome: accepted },
      ],
      begun.state,
    );
    assert.deepEqual([last.run?.status, last.run?.type], ['running', 'long']);
  });
});

describe('a bus that goes away', () => {
  it('while it is searched interrupts the search, and takes its incidents with it in the end', () => {
    const begun = play(whole.slice(0, 3));
    const { last, state } = play([{ at: 20_000, topology: emptyTopology }], begun.state);
    assert.deepEqual([last.run?.status, last.scrubs.present, last.scrubs.goneSince], ['interrupted', false, 20_000]);
    const overdue = play(
      [
        { at: 16 * dayMs, topology: topologyOf(bus()), scrub: '1' },
        { at: 16 * dayMs + 1, topology: emptyTopology },
        { at: 17 * dayMs + 2, topology: emptyTopology },
      ],
      state,
    );
    assert.deepEqual(notices(overdue.told), ['scrub_overdue opened', 'scrub_overdue resolved']);
    assert.equal(overdue.last.notices[0]?.incident.resolution, 'device_removed');
  });
  it('is not gone where the inventory could not look at it', () => {
    const begun = play(whole.slice(0, 3));
    const hidden = { ...emptyTopology, problems: [{ subject: 'bus/nd/devices', reason: 'EIO' }] };
    assert.equal(play([{ at: 20_000, topology: hidden }], begun.state).last.run?.status, 'running');
  });
});

describe('an overdue search', () => {
  it('is told when the last full one is too old, and over with the next full one', () => {
    const { state } = play(whole);
    const late = 63_000 + 15 * dayMs + 1;
    const shifted = whole.slice(1).map((look) => ({
      ...look,
      at: look.at + late,
      ...(look.scrub && { scrub: '3' }),
      ...(look.outcome && {
        outcome: {
          ...accepted,
          start: {
            ...accepted.start,
            before: { completed: 2, running: false },
            after: { completed: 2, running: true },
          },
        },
      }),
      ...(look.listFrom && { listFrom: look.listFrom + late }),
    }));
    const { told } = play([{ at: late - 1, scrub: '2' }, { at: late, scrub: '2' }, ...shifted], state);
    assert.deepEqual(notices(told), ['scrub_overdue opened', 'scrub_overdue resolved']);
    assert.match(told[1]?.notices[0]?.incident.detail ?? '', /ended at 1970-01-01 00:01:03 UTC; the limit is 15 d/);
  });
  it('never since it is watched counts from the first sight of the bus', () => {
    const { told } = play([
      { at: 1_000, scrub: '1' },
      { at: 15 * dayMs + 1_000, scrub: '9' },
      { at: 15 * dayMs + 1_001, scrub: '9' },
    ]);
    assert.deepEqual(notices(told), ['scrub_overdue opened']);
    assert.match(told[2]?.notices[0]?.incident.detail ?? '', /no full scrub has been seen through/);
  });
  it('is not told where the policy says so', () => {
    assert.deepEqual(
      notices(
        play([
          { at: 1_000, scrub: '1' },
          { at: 900 * dayMs, policy: { overdueAfterMs: 0 } },
        ]).told,
      ),
      [],
    );
  });
});

describe('the schedule', () => {
  const due = [{ bus: 'ndbus0', asker: { author: 'schedule', via: 'schedule', reason: '', due: 1_500 } }];
  it('is dealt with once the kernel has taken its request, not before', () => {
    const { told } = play([
      { at: 1_000, scrub: '1' },
      { at: 2_000, due },
      { at: 3_000, outcome: accepted },
    ]);
    assert.deepEqual(
      told.map(({ scrubs }) => scrubs.scheduledUpTo),
      [1_000, 1_000, 3_000],
    );
    assert.deepEqual(told[1]?.run?.asker, due[0]?.asker);
  });
  it('that may not start anything says so once, as a failed scrub, and not with each pass', () => {
    const looks = [
      { at: 1_000, scrub: '1', notWritable: 'no permission' },
      { at: 2_000, due, notWritable: 'no permission' },
    ];
    const { told, last } = play(looks);
    assert.deepEqual(
      [last.run?.status, last.run?.reason, last.scrubs.scheduledUpTo],
      ['failed', 'no permission', 2_000],
    );
    assert.deepEqual(
      notices([...told, ...play([{ at: 3_000, notWritable: 'no permission' }], play(looks).state).told]),
      ['scrub_failed opened'],
    );
  });
  it('does not wait for a time that a wrong clock once showed', () => {
    const { state } = play([{ at: 900 * dayMs, scrub: '1' }]);
    assert.equal(play([{ at: 5_000, scrub: '1' }], state).last.scrubs.scheduledUpTo, 5_000);
  });
});

describe('after an uncorrected error', () => {
  const wanted = { policy: { afterError: true } };
  it('its bus is searched where the policy says so, at most once an hour', () => {
    const hit = (at: number, found: number): Look => ({ at, found, foundBy: 'mce', ...wanted });
    const { told } = play([
      { at: 1_000, scrub: '1' },
      hit(2_000, 4096),
      { at: 3_000, outcome: accepted, ...wanted },
      { at: 63_000, scrub: '2', ...wanted },
      { at: 63_100, listFrom: 63_050, ...wanted },
      hit(70_000, 8192),
      hit(2 * HOUR, 16384),
    ]);
    assert.deepEqual(
      told.map(({ scrubs }) => scrubs.runs.length),
      [0, 1, 1, 1, 1, 1, 2],
    );
    assert.match(told[1]?.run?.asker?.reason ?? '', /uncorrected error on pmem0/);
  });
  it('nothing is searched where the policy does not say so, or the error was found otherwise', () => {
    assert.equal(
      play([
        { at: 1_000, scrub: '1' },
        { at: 2_000, found: 4096, foundBy: 'mce' },
      ]).last.scrubs.runs.length,
      0,
    );
    assert.equal(
      play([
        { at: 1_000, scrub: '1' },
        { at: 2_000, found: 4096, ...wanted },
      ]).last.scrubs.runs.length,
      0,
    );
  });
});

describe('what a scrub proves', () => {
  it('is of the places that firmware can search, from its end on, as long as the kernel instance lasts', () => {
    const { state, last } = play(whole);
    const proofs = proofsOf(state.scrubs.values(), topologyOf(bus()));
    assert.deepEqual([...proofs], [[uid, { id: last.run?.id, startedAt: 3_000, endedAt: 63_000 }]]);
    assert.equal(proofsOf(state.scrubs.values(), topologyOf(bus({ epoch: 'boot-2' }))).size, 0);
    assert.equal(proofsOf(play(whole.slice(0, 4)).state.scrubs.values(), topologyOf(bus())).size, 0);
    const again = play(
      [
        { at: 70_000, asked: everything },
        { at: 71_000, outcome: secondTime },
      ],
      state,
    );
    assert.equal(again.last.run?.status, 'running');
    assert.equal(proofsOf(again.state.scrubs.values(), topologyOf(bus())).size, 1, 'the one before goes on proving');
    const elsewhere = whole.map((look) =>
      look.outcome === undefined ? look : { ...look, outcome: { ...accepted, searchable: [] } },
    );
    assert.equal(proofsOf(play(elsewhere).state.scrubs.values(), topologyOf(bus())).size, 0);
  });
});

/** A small world for the tests of `record`: one place, and a state that passes move along. */
import type { PlaceReading, Snapshot } from '../../src/model/badblocks.ts';
import type { Change } from '../../src/model/change.ts';
import { type Run, run } from '../../src/model/extent.ts';
import type { HistoryEvent, Incident, Notice } from '../../src/model/incident.ts';
import type { Owner } from '../../src/model/owner.ts';
import { defaultAdvicePolicy } from '../../src/model/replacement-advice.ts';
import type { State } from '../../src/model/state.ts';
import { emptyTopology, type Place } from '../../src/model/topology.ts';
import { sectorCount } from '../../src/model/units.ts';
import { recordPass } from '../../src/record/record.ts';
import { emptySnapshot } from '../fakes/empty-snapshot.ts';

export const dayMs = 86_400_000;
export const policy = {
  removedAfterMs: 7 * dayMs,
  health: { energySourceUsedPercent: 80 },
  advice: defaultAdvicePolicy,
};

export function place(changes: Partial<Place> = {}): Place {
  return {
    uid: 'aa'.repeat(32),
    kind: 'namespace',
    bus: 'ndbus0',
    ndRegion: 'region0',
    ndNamespace: 'namespace0.0',
    mode: 'fsdax',
    uuid: 'f0a1',
    device: 'pmem0',
    size: sectorCount(1 << 20),
    dataStart: sectorCount(4096),
    dataSize: sectorCount((1 << 20) - 4096),
    regionOffset: sectorCount(0),
    dimms: [{ id: '8089-a2-1823-00000050', name: 'nmem0', serial: '0x2a50', locator: 'C1-D2' }],
    errorSource: 'ars',
    epoch: 'boot-1',
    ...changes,
  };
}
export const uid = place().uid;

export function emptyState(): State {
  return {
    host: { name: 'db07', machineId: 'm1', bootId: 'b1', product: null, os: null, kernel: null },
    topology: emptyTopology,
    inventoried: false,
    places: new Map(),
    dimms: new Map(),
    scrubs: new Map(),
    incidents: new Map(),
    ordinals: new Map(),
    lineage: '',
    lists: [],
    stuck: [],
    health: [],
    scrubReadings: [],
    advice: new Map(),
    at: 0,
  };
}

export interface Step {
  readonly now: number;
  readonly changes?: readonly Change[];
  readonly snapshot?: Partial<Snapshot>;
  readonly inventoried?: boolean;
}
export interface Told {
  readonly state: State;
  readonly notices: Notice[];
  readonly events: HistoryEvent[];
}

export function pass(state: State, step: Step): Told {
  return recordPass(
    state,
    {
      topology: { ...emptyTopology, places: [place()] },
      snapshot: { ...emptySnapshot, at: step.now, ...step.snapshot },
      changes: step.changes ?? [],
      now: step.now,
      inventoried: step.inventoried ?? true,
    },
    policy,
  );
}
/** Runs the steps one after the other and answers what each told. */
export function play(steps: readonly Step[], start: State = emptyState()): { state: State; told: Notice[][] } {
  const told: Notice[][] = [];
  let state = start;
  for (const step of steps) {
    const after = pass(state, step);
    state = after.state;
    told.push(after.notices);
  }
  return { state, told };
}

export const appeared = (p: Place = place()): Change => ({ kind: 'place-appeared', place: p });
export const found = (...runs: readonly Run[]): Change => ({ kind: 'found', uid, runs, foundBy: 'mce' });
export const cleared = (...runs: readonly Run[]): Change => ({ kind: 'cleared', uid, runs });
export const doubted = (...runs: readonly Run[]): Change => ({
  kind: 'unconfirmed',
  uid,
  runs,
  reason: 'the host was restarted',
});
export const confirmed = (...runs: readonly Run[]): Change => ({ kind: 'confirmed', uid, runs });
/** Runs are place sectors: the device's sector 0 is the place's 4096. */
export function answered(r: Run, ...owners: readonly Owner[]): Change {
  return { kind: 'owners', uid, runs: [r], owners, complete: true };
}
/** A file that holds the run, from byte 8192 on. */
export function fileOwner(r: Run, changes: Partial<Owner> = {}): Owner {
  return {
    kind: 'file',
    device: 'pmem0',
    ...run(r.start - 4096, r.count),
    fsType: 'xfs',
    mountpoint: '/pg',
    inode: '131',
    offset: 8192,
    length: r.count * 512,
    state: 'data',
    dax: true,
    paths: ['/pg/base/24711'],
    ...changes,
  };
}
export function reading(changes: Partial<PlaceReading> = {}): Partial<Snapshot> {
  const one: PlaceReading = {
    uid,
    runs: [],
    readable: true,
    complete: true,
    reasons: [],
    readAt: 1,
    trigger: 'poll',
    ...changes,
  };
  return { places: new Map([[uid, one]]) };
}
export function only(state: State): Incident {
  const [incident, ...others] = state.incidents.values();
  if (incident === undefined || others.length > 0) throw new Error(`${state.incidents.size} incidents, not one`);
  return incident;
}
export const types = (notices: readonly Notice[]): string[] => notices.map((notice) => notice.type);

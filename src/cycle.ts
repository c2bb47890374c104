import { diff } from './diff/diff.ts';
import type { Snapshot } from './model/badblocks.ts';
import type { Change } from './model/change.ts';
import type { HistoryEvent, Notice } from './model/incident.ts';
import type { State } from './model/state.ts';
import type { Topology } from './model/topology.ts';
import { recordPass } from './record/record.ts';

/** What one pass needs of the running parts; everything else in it is a pure function. */
export interface Stages<Told> {
  /** the latest inventory; discovering runs beside the loop, so that a device that hangs there delays no pass */
  topology(): Topology;
  /** the latest readings: each device has its own reader, cadence and deadline, and a reading wakes the loop */
  latest(topology: Topology): Snapshot;
  /** owners found since the last pass */
  resolved(): Change[];
  /** whether a first whole inventory and reading is done */
  inventoried(): boolean;
  /** one transaction; durable before anyone is told. Never rejects: what cannot be committed is told all the same, marked so */
  save(state: State, events: readonly HistoryEvent[], notices: readonly Notice[]): Promise<Told>;
  /** queued; answers come back as changes of a later pass */
  resolve(state: State): void;
  /** queued; deduplicated by id */
  notify(told: Told): void;
  now(): number;
  removedAfterMs(): number;
}

/** discover -> observe -> diff -> resolve -> record -> export | notify: one pass. What it returns is what /metrics and /api render. */
export async function runCycle<Told>(
  stages: Stages<Told>,
  previous: State,
  publish: (state: State) => void,
): Promise<State> {
  const topology = stages.topology();
  const snapshot = stages.latest(topology);
  const changes = [...diff(previous.places, topology, snapshot, previous.stuck), ...stages.resolved()];
  const input = { topology, snapshot, changes, now: stages.now(), inventoried: stages.inventoried() };
  const { state, events, notices } = recordPass(previous, input, { removedAfterMs: stages.removedAfterMs() });
  const told = await stages.save(state, events, notices);
  publish(state);
  stages.resolve(state);
  stages.notify(told);
  return state;
}

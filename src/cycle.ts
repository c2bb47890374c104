import { diff } from './diff/diff.ts';
import type { ReceiverStatus } from './model/agent-status.ts';
import type { Snapshot } from './model/badblocks.ts';
import type { Change } from './model/change.ts';
import type { HistoryEvent, Notice } from './model/incident.ts';
import type { OperatorAnswer, OperatorRequest } from './model/operator.ts';
import { proofsOf, type ScrubAnswer, type ScrubOutcome, type ScrubRequest } from './model/scrub.ts';
import type { State } from './model/state.ts';
import type { Topology } from './model/topology.ts';
import { recordRequests } from './record/operator.ts';
import { recordReceivers } from './record/receiver-incidents.ts';
import { type RecordPolicy, recordPass } from './record/record.ts';
import { type RemindPolicy, recordReminders } from './record/reminders.ts';
import type { ScrubPolicy } from './record/scrub-incidents.ts';
import { recordScrubs } from './record/scrubs.ts';
import { recordStoreWritable } from './record/store-incident.ts';

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
  /** whether the state file takes what it is given, and why not */
  store(): { readonly writable: boolean; readonly detail: string };
  /** how those fare who are told */
  receivers(): readonly ReceiverStatus[];
  /** how often an incident that stands is told again */
  remind(): RemindPolicy;
  /** what people asked of incidents since the last pass */
  asked(): readonly OperatorRequest[];
  /** what came of it, once it is saved */
  answered(answers: readonly OperatorAnswer[]): void;
  /** scrubs: what is asked for and came of it since the last pass, and who is to be answered once it is saved */
  readonly scrubs: {
    asked(): readonly ScrubRequest[];
    answered(answers: readonly ScrubAnswer[]): void;
    due(state: State, now: number): readonly ScrubRequest[];
    outcomes(): readonly ScrubOutcome[];
    /** asks the kernel for what is requested; outcomes come with a later pass */
    start(state: State): void;
    policy(): ScrubPolicy;
  };
  /** one transaction; durable before anyone is told. Never rejects: what cannot be committed is told all the same, marked so */
  save(state: State, events: readonly HistoryEvent[], notices: readonly Notice[]): Promise<Told>;
  /** queued; answers come back as changes of a later pass */
  resolve(state: State): void;
  /** queued; deduplicated by id */
  notify(told: Told): void;
  now(): number;
  /** the clock that never goes back */
  tick(): number;
  policy(): RecordPolicy;
}

/** discover -> observe -> diff -> resolve -> record -> export | notify: one pass. What it publishes is what /metrics and /api render. */
export async function runCycle<Told>(
  stages: Stages<Told>,
  previous: State,
  publish: (state: State) => void,
): Promise<void> {
  const now = stages.now();
  const topology = stages.topology();
  const snapshot = stages.latest(topology);
  const proofs = proofsOf(previous.scrubs.values(), previous.scrubTicks, topology);
  const changes = [...diff(previous.places, topology, snapshot, previous.stuck, proofs), ...stages.resolved()];
  const seen = recordPass(
    previous,
    { topology, snapshot, changes, now, inventoried: stages.inventoried() },
    stages.policy(),
  );
  const { scrubs } = stages;
  const scrubbed = recordScrubs(
    seen.state,
    {
      topology,
      readings: snapshot.scrubs,
      outcomes: scrubs.outcomes(),
      asked: scrubs.asked(),
      due: (state) => scrubs.due(state, now),
      changes,
      lists: snapshot.lists,
      now,
      tick: stages.tick(),
    },
    scrubs.policy(),
  );
  const kept = recordStoreWritable(scrubbed.state, { ...stages.store(), now });
  const reached = recordReceivers(kept.state, stages.receivers(), now);
  const reminded = recordReminders(reached.state, { now, tick: stages.tick(), policy: stages.remind() });
  const asked = recordRequests(reminded.state, stages.asked(), now);
  const parts = [seen, scrubbed, kept, reached, reminded, asked];
  const { state } = asked;
  const told = await stages.save(
    state,
    parts.flatMap(({ events }) => events),
    parts.flatMap(({ notices }) => notices),
  );
  publish(state);
  stages.answered(asked.answers);
  scrubs.answered(scrubbed.answers);
  scrubs.start(state);
  stages.resolve(state);
  stages.notify(told);
}

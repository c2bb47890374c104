/** Entry of the stage `record`: changes -> state, history and what people are to be told. Pure: a replay gives the same ids. */
import type { Snapshot } from '../model/badblocks.ts';
import type { Change } from '../model/change.ts';
import type { AdvicePolicy } from '../model/replacement-advice.ts';
import type { State } from '../model/state.ts';
import type { Topology } from '../model/topology.ts';
import { followAdvice } from './dimm-advice.ts';
import type { HealthLimits } from './dimm-conditions.ts';
import { followHistory, rememberPlaces } from './dimm-history.ts';
import { followHealth } from './dimm-incidents.ts';
import { followPresence, followRemovedDimms } from './dimms.ts';
import { beginDraft, type Recorded, sealDraft } from './draft.ts';
import { followMedia } from './media-incidents.ts';
import { applyChanges, applyReadings } from './places.ts';
import { followReadability, followStuck } from './reading-incidents.ts';
import { followRemoved } from './removal.ts';

export interface PassInput {
  readonly topology: Topology;
  readonly snapshot: Snapshot;
  readonly changes: readonly Change[];
  /** ms since the epoch */
  readonly now: number;
  /** whether this pass's inventory and readings are whole; a place counts as removed only after such a pass */
  readonly inventoried: boolean;
}
export interface RecordPolicy {
  /** how long a place must not have been seen before its incidents end as `device_removed` */
  readonly removedAfterMs: number;
  readonly health: HealthLimits;
  readonly advice: AdvicePolicy;
}

/** @throws Error (a bug) for changes of a place that neither the state nor the topology knows */
export function recordPass(previous: State, input: PassInput, policy: RecordPolicy): Recorded {
  const draft = beginDraft(previous, input.now);
  const activities = applyChanges(draft, input.changes, input.topology);
  applyReadings(draft, input.snapshot.places);
  if (input.inventoried) followRemoved(draft, policy); // before the rest, so that its end is the one thing told of a place
  const told = new Set(input.changes.flatMap((change) => (change.kind === 'readability' ? [change.uid] : [])));
  for (const [uid, place] of [...draft.places]) {
    if (place === previous.places.get(uid)) continue;
    followMedia(draft, place, activities.get(uid));
    const pending = input.snapshot.places.get(uid)?.pending === true;
    if (!pending && (told.has(uid) || place.readAt !== null)) followReadability(draft, place);
  }
  followPresence(draft, input.topology);
  if (input.inventoried) followRemovedDimms(draft, policy);
  followHistory(draft, activities, policy.advice.longWindowMs);
  rememberPlaces(draft);
  followHealth(draft, input.snapshot.health, policy.health);
  const advice = followAdvice(draft, input.topology, input.snapshot.health, policy.advice);
  followStuck(draft, input.snapshot, input.changes, policy);
  return sealDraft(draft, {
    topology: input.topology,
    inventoried: previous.inventoried || input.inventoried,
    lists: input.snapshot.lists,
    stuck: input.snapshot.stuck,
    health: input.snapshot.health,
    scrubReadings: input.snapshot.scrubs,
    advice,
    at: input.now,
  });
}

import type { ListReading, StuckDevice } from './badblocks.ts';
import type { DimmState } from './dimm-state.ts';
import type { HealthReading } from './health.ts';
import type { HostFacts } from './host.ts';
import type { Incident, TrackedRange } from './incident.ts';
import type { ReplacementAdvice } from './replacement-advice.ts';
import type { BusScrubs, ScrubReading, ScrubTicks } from './scrub.ts';
import type { SettledTime } from './settled-time.ts';
import type { Place, Topology } from './topology.ts';

/** What is known of one place; `ranges`, counters and `place` are durable, the rest is of this run. */
export interface PlaceState {
  /** as last seen: names may be of an earlier boot while it is gone */
  readonly place: Place;
  /** sorted by start, never overlapping */
  readonly ranges: readonly TrackedRange[];
  /** bad ranges found and cleared since the state file was made (counted as runs, as they came) */
  readonly foundTotal: number;
  readonly clearedTotal: number;
  /** whether the inventory has it now */
  readonly present: boolean;
  /** ms since the epoch; only while not present */
  readonly goneSince: number | null;
  readonly readable: boolean;
  readonly complete: boolean;
  readonly reasons: readonly string[];
  readonly readAt: number | null;
}

/** What reminders of this run are reckoned from. */
export interface Reminding {
  readonly time: SettledTime;
  /** by id of each open incident: the revision that was told last, and the tick at which it was */
  readonly told: ReadonlyMap<string, { readonly revision: number; readonly tick: number }>;
}

/** What /metrics and /api render: replaced whole by each pass, never changed in place. */
export interface State {
  readonly host: HostFacts;
  readonly topology: Topology;
  /** whether a first full inventory and reading is done */
  readonly inventoried: boolean;
  readonly places: ReadonlyMap<string, PlaceState>;
  /** by `Dimm.key`: every module that was ever seen */
  readonly dimms: ReadonlyMap<string, DimmState>;
  /** by `scrubKeyOf`: every bus with a scrub that was ever seen */
  readonly scrubs: ReadonlyMap<string, BusScrubs>;
  /** by id: every open one, and those resolved within the retention */
  readonly incidents: ReadonlyMap<string, Incident>;
  /** how many incidents each fingerprint has had */
  readonly ordinals: ReadonlyMap<string, number>;
  /** of the state file; a new file counts from 1 again, and what it tells must not bear the ids of what its predecessor told */
  readonly lineage: string;
  readonly lists: readonly ListReading[];
  readonly stuck: readonly StuckDevice[];
  /** the last reading of each DIMM that has one, of this run */
  readonly health: readonly HealthReading[];
  /** the last look at the scrub of each bus that has one, of this run */
  readonly scrubReadings: readonly ScrubReading[];
  /** by id of the run: of those that this process saw begin or end */
  readonly scrubTicks: ReadonlyMap<string, ScrubTicks>;
  /** by `Dimm.key`: of the modules that were read */
  readonly advice: ReadonlyMap<string, ReplacementAdvice>;
  /** of this run; absent before its first pass */
  readonly reminding?: Reminding;
  /** ms since the epoch of the pass that made it */
  readonly at: number;
}

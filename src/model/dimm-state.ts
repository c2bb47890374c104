/** What is kept of a module over restarts and reboots. */

import type { Run } from './extent.ts';
import type { Condition } from './incident.ts';

/** What replacement advice looks back on; older than its longest window is forgotten. Times are ms since the epoch. */
export interface DimmHistory {
  /** places whose list was read before: what is found there is news */
  readonly places: readonly string[];
  /** bad ranges found, beyond those that were there when the place was first seen */
  readonly newRanges: readonly FoundRanges[];
  /** ranges seen cleared, in sectors of their place */
  readonly cleared: readonly ClearedRange[];
  /** times at which a cleared place was bad again */
  readonly recurrences: readonly number[];
  /** times at which a dirty shutdown was noticed */
  readonly dirtyShutdowns: readonly number[];
}
export interface FoundRanges {
  readonly at: number;
  readonly count: number;
  /** modules of the interleave set that they lie on, any of which can be the one; 1 where it is alone */
  readonly setSize: number;
}
export interface ClearedRange extends Run {
  readonly at: number;
  readonly uid: string;
}
export const noHistory: DimmHistory = { places: [], newRanges: [], cleared: [], recurrences: [], dirtyShutdowns: [] };

/** What was known of shutdowns when the module last told of them. */
export interface KnownShutdowns {
  /** dirty ones in its life; null when it never told */
  readonly count: number | null;
  /** the same by the count that needs no latch (Intel Optane) */
  readonly unlatched: number | null;
  /** whether the last one was clean, and how often the module had been switched on by then */
  readonly clean: boolean | null;
  readonly powerCycles: number | null;
  /** boot in which its last shutdown was looked at; '' before the first time */
  readonly lookedAtBoot: string;
  /** boot in which a dirty one was last noticed; '' when none was */
  readonly noticedBoot: string;
}

export const noShutdowns: KnownShutdowns = {
  count: null,
  unlatched: null,
  clean: null,
  powerCycles: null,
  lookedAtBoot: '',
  noticedBoot: '',
};

/** How often an operation of the module has failed, by its own count. */
export interface KnownFailures {
  readonly count: number;
  /** boot in which the count was last seen to rise; '' when it was not */
  readonly noticedBoot: string;
}

/** How restless a condition is. Times are ms since the epoch. */
export interface Restlessness {
  /** when it was last told as better */
  readonly betterAt: number;
  /** it got worse again soon after that: what is better next has to last before it is told */
  readonly held: boolean;
  /** since when it is better without being told */
  readonly calmSince: number | null;
}

export interface DimmState {
  /** `Dimm.key` */
  readonly key: string;
  /** as last seen */
  readonly name: string;
  readonly bus: string;
  readonly serial?: string;
  readonly locator?: string;
  readonly partNumber?: string;
  /** ms since the epoch: nothing is known of what happened to it before */
  readonly firstSeen: number;
  readonly present: boolean;
  /** ms since the epoch; only while not present */
  readonly goneSince: number | null;
  readonly shutdowns: KnownShutdowns;
  readonly failures: Readonly<Partial<Record<Condition, KnownFailures>>>;
  readonly restless: Readonly<Partial<Record<Condition, Restlessness>>>;
  readonly history: DimmHistory;
}

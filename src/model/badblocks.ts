import type { Run } from './extent.ts';
import type { HealthReading } from './health.ts';
import type { Observation } from './observation.ts';
import type { ScrubReading } from './scrub.ts';

/** One reading of a `badblocks` attribute: what it listed, and whether it could list everything. */
export interface BadBlockList {
  /** sorted and coalesced, in sectors of the object that was read (disk or region) */
  readonly runs: readonly Run[];
  /** false when the page was full: entries are missing and nothing may be called cleared */
  readonly complete: boolean;
  /** number of table entries read (the kernel's table holds page size / 8) */
  readonly entries: number;
  /** why it is not complete */
  readonly reason?: string;
}

/**
 * What a notification on a list is due to: a scrub, none of its bus (`hint`), or the bus did not say in time (`unclear`).
 */
export type HintCause = 'hint' | 'unclear' | 'scrub';

/** What started a reading: it tells how an error was found. */
export type ReadingTrigger = HintCause | 'start' | 'poll';

/** The last reading of one object's list. */
export interface ListReading {
  /** `pmem0` or `region0` */
  readonly subject: string;
  /** when the reading ended, ms since the epoch */
  readonly at: number;
  readonly durationMs: number;
  /** when it began, on the clock that never goes back */
  readonly startTick: number;
  readonly trigger: ReadingTrigger;
  readonly list: Observation<BadBlockList>;
  /** ms since the epoch when the call that has not come back was made; the device is skipped until it does */
  readonly stuckSince?: number;
  /** last time the list was read well, ms since the epoch */
  readonly lastOkAt?: number;
}

/** What a place's lists (disk and region) say together, in sectors from the start of the place. */
export interface PlaceReading {
  readonly uid: string;
  readonly runs: readonly Run[];
  readonly readable: boolean;
  readonly complete: boolean;
  /** why not readable or not complete, one sentence each */
  readonly reasons: readonly string[];
  /** end of the oldest reading it is made of; absent before the first */
  readonly readAt?: number;
  /** start of the oldest reading it is made of, on the clock that never goes back; absent before the first */
  readonly startTick?: number;
  readonly trigger: ReadingTrigger;
  /** a list it needs has not been read for the first time yet: what it shows counts, what it lacks says nothing */
  readonly pending?: boolean;
}

export interface StuckDevice {
  readonly subject: string;
  /** ms since the epoch */
  readonly since: number;
  /** the place it belongs to, where one does; the key of a DIMM */
  readonly uid?: string;
}

/** Everything seen in one pass. */
export interface Snapshot {
  /** ms since the epoch */
  readonly at: number;
  readonly places: ReadonlyMap<string, PlaceReading>;
  readonly lists: readonly ListReading[];
  readonly stuck: readonly StuckDevice[];
  /** the last reading of each DIMM that has one */
  readonly health: readonly HealthReading[];
  /** the last look at the scrub of each bus that has one */
  readonly scrubs: readonly ScrubReading[];
}

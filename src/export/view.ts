import type { AgentStatus } from '../model/agent-status.ts';
import type { HistoryEvent } from '../model/incident.ts';
import type { State } from '../model/state.ts';

/** What `/metrics` and `/api` render. Made by the composition root from values in memory; no device is asked. */
export interface View {
  readonly state: State;
  readonly agent: AgentStatus;
  readonly options: ViewOptions;
  /** by `scrubKeyOf`: when the schedule asks for a bus next, ms since the epoch; without those that have none */
  readonly scrubsDue: ReadonlyMap<string, number>;
}
export interface ViewOptions {
  /** how file names appear in metrics (config `metrics.paths`) */
  readonly paths: 'off' | 'hash' | 'full';
  /** most series of `pmem_damaged_file_bytes` per place (config `metrics.damaged_files`) */
  readonly damagedFiles: number;
}

/** A line of the history with its position in it. */
export interface NumberedEvent extends HistoryEvent {
  readonly id: number;
}
export interface EventPage {
  /** oldest first */
  readonly items: readonly NumberedEvent[];
  /** pass as `after` for the next page; null when there is no more now */
  readonly next: number | null;
}

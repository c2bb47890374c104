import { AgentError, messageOf } from '../model/errors.ts';
import type { HostFacts } from '../model/host.ts';
import type { State } from '../model/state.ts';
import { emptyTopology } from '../model/topology.ts';
import type { Clock, Database, Logger } from '../ports.ts';
import { type OpenedStore, openStore, type StateFile } from './recover.ts';
import type { Loaded } from './store.ts';

/** Where the state is, and what stands in for it. */
export interface StatePlaces {
  readonly stateFile: StateFile;
  /** a copy of the state file in a temporary place. @throws AgentError STATE_FILE when there is nothing to copy */
  openStateCopy(): Promise<Database>;
  /** a database that forgets */
  openMemory(): Promise<Database>;
}
export interface OpenedState extends OpenedStore {
  /** why nothing that happens from now on outlives this process; undefined when it does */
  readonly memoryOnly: string | undefined;
}

/**
 * Opens the state file. One that is there but cannot be opened for writing costs durability, never the watching itself
 * (law 2), nor what it knows: the agent goes on from a copy, or from nothing where not even that can be made.
 * @throws AgentError STATE_NEWER
 */
export async function openState(
  places: StatePlaces,
  deps: { readonly clock: Clock; readonly retentionMs: number; readonly log: Logger; readonly onTurn: () => void },
): Promise<OpenedState> {
  const { log } = deps;
  try {
    return { ...(await openStore(places.stateFile, deps)), memoryOnly: undefined };
  } catch (error) {
    if (!isStateFileError(error)) throw error;
    const memoryOnly = messageOf(error);
    try {
      const opened = await openStore(standIn(places.openStateCopy), deps);
      log.error(
        { err: error },
        'the state file cannot be opened for writing: going on from a copy of it until the next start',
      );
      return { ...opened, memoryOnly };
    } catch (cause) {
      if (!isStateFileError(cause)) throw cause;
      log.error(
        { err: error, copy: messageOf(cause) },
        'the state file cannot be opened: incidents of before are not known, and history is kept in memory until the next start',
      );
      const { loaded, ...opened } = await openStore(standIn(places.openMemory), deps);
      // a new one at each start: what is told again then is the same, and bears the same id
      return { ...opened, loaded: { ...loaded, lineage: '' }, memoryOnly };
    }
  }
}

function standIn(open: () => Promise<Database>): StateFile {
  return {
    open,
    setAside: () => Promise.reject(new AgentError('STATE_FILE', 'the copy of the state file is damaged')),
  };
}
function isStateFileError(error: unknown): boolean {
  return error instanceof AgentError && error.code === 'STATE_FILE';
}

/** What is known before anything was looked at. */
export function beginningOf(loaded: Loaded, host: HostFacts, at: number): State {
  const { places, dimms, scrubs, incidents, ordinals, lineage } = loaded;
  return {
    host,
    topology: emptyTopology,
    inventoried: false,
    places,
    dimms,
    scrubs,
    incidents,
    ordinals,
    lineage,
    lists: [],
    stuck: [],
    health: [],
    scrubReadings: [],
    advice: new Map(),
    at,
  };
}

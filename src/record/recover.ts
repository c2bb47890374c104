import { AgentError, messageOf } from '../model/errors.ts';
import type { Clock, Database, Logger } from '../ports.ts';
import { createStore, type Loaded, type Store } from './store.ts';

/** The state file as recovery needs it; renaming is done by whoever owns the file. */
export interface StateFile {
  /** @throws AgentError STATE_FILE */
  open(): Promise<Database>;
  /** Renames the file (and its -wal and -shm) to the same name with this suffix, and answers the new name. */
  setAside(suffix: string): Promise<string>;
}
export interface OpenedStore {
  readonly store: Store;
  readonly loaded: Loaded;
  /** where a damaged file was put, and why; null when the file was fine or new */
  readonly setAside: { readonly file: string; readonly reason: string } | null;
}

/**
 * Opens and loads the store. A damaged file is set aside as `<file>.corrupt-<time>`, never overwritten, and the agent
 * starts with an empty history; a file of a newer version, or one that cannot be opened at all, is left alone.
 * @throws AgentError STATE_NEWER or STATE_FILE
 */
export async function openStore(
  file: StateFile,
  deps: {
    readonly clock: Clock;
    readonly retentionMs: number;
    readonly log: Logger;
    readonly onTurn?: (writable: boolean) => void;
  },
): Promise<OpenedStore> {
  try {
    return { ...(await openOnce(file, deps)), setAside: null };
  } catch (error) {
    if (!isCorrupt(error)) throw error;
    const reason = messageOf(error);
    const aside = await file.setAside(`.corrupt-${new Date(deps.clock.now()).toISOString().replaceAll(':', '')}`);
    deps.log.error(
      { file: aside, reason },
      'the state file was damaged: it is set aside, starting with an empty history',
    );
    return { ...(await openOnce(file, deps)), setAside: { file: aside, reason } };
  }
}

async function openOnce(
  file: StateFile,
  deps: Parameters<typeof openStore>[1],
): Promise<Omit<OpenedStore, 'setAside'>> {
  const database = await file.open();
  try {
    const store = createStore(database, deps);
    return { store, loaded: await store.load() };
  } catch (error) {
    await database.close();
    throw error;
  }
}

/** https://sqlite.org/rescode.html: the content is damaged, or never was a database. */
const corruptCodes: ReadonlySet<unknown> = new Set(['SQLITE_CORRUPT', 'SQLITE_NOTADB']);

/** Whether the content of the file is damaged (and not merely out of reach): looks through the causes of the error. */
export function isCorrupt(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (!(cause instanceof AgentError)) continue;
    if (cause.context['corrupt'] === true || corruptCodes.has(cause.context['sqlite'])) return true;
  }
  return false;
}

import { Worker } from 'node:worker_threads';
import { AgentError, messageOf } from '../model/errors.ts';
import type { Database, SqlStatement } from '../ports.ts';
import {
  OPENING,
  type SqliteAnswer,
  type SqliteRequest,
  type SqliteWorkerOptions,
  type SqlRow,
} from './sqlite-protocol.ts';

interface Pending {
  readonly done: (rows: readonly SqlRow[]) => void;
  readonly fail: (error: AgentError) => void;
}
type Question = SqliteRequest extends infer R ? (R extends unknown ? Omit<R, 'id'> : never) : never;

/** A close that takes longer leaves the thread behind: its disk hangs. */
const CLOSE_MS = 2_000;

/**
 * Opens (and makes, unless `readOnly`) a SQLite file in a worker thread: WAL, synchronous=FULL, foreign keys on, its
 * pages checked. Every AgentError STATE_FILE carries `context.sqlite`: `SQLITE_NOTADB`, `SQLITE_CORRUPT`,
 * `SQLITE_READONLY`, `SQLITE_CANTOPEN`, `SQLITE_FULL`, `SQLITE_IOERR`, `SQLITE_BUSY`, `SQLITE_CONSTRAINT`, or an errno
 * name such as `EACCES` or `ENOENT`. What to do about it is the caller's decision. On a disk that hangs, a call just
 * does not come back.
 * @throws AgentError STATE_FILE
 */
export async function openDatabase(file: string, options: { readonly readOnly?: boolean } = {}): Promise<Database> {
  const workerData: SqliteWorkerOptions = { file, readOnly: options.readOnly ?? false };
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const worker = new Worker(new URL(`./sqlite-worker.${extension}`, import.meta.url), { workerData });
  const pending = new Map<number, Pending>();
  const exited = Promise.withResolvers<void>();
  let nextId = OPENING + 1;
  let gone: string | undefined;

  worker.on('message', (answer: SqliteAnswer) => {
    const call = pending.get(answer.id);
    pending.delete(answer.id);
    if (answer.ok) call?.done(answer.rows);
    else call?.fail(problem(answer.sqlite, answer.message));
  });
  worker.on('error', (error) => {
    gone = messageOf(error);
  });
  worker.on('exit', () => {
    gone ??= 'the database is closed';
    for (const call of pending.values()) call.fail(problem('SQLITE_MISUSE', gone));
    pending.clear();
    exited.resolve();
  });

  function problem(sqlite: string, message: string): AgentError {
    return new AgentError('STATE_FILE', `${file}: ${message} (${sqlite})`, { context: { file, sqlite } });
  }
  function expect(id: number): Promise<readonly SqlRow[]> {
    return new Promise((done, fail) => pending.set(id, { done, fail }));
  }
  function ask(question: Question): Promise<readonly SqlRow[]> {
    if (gone !== undefined) return Promise.reject(problem('SQLITE_MISUSE', gone));
    const id = nextId++;
    const answer = expect(id);
    worker.postMessage({ ...question, id });
    return answer;
  }

  let closing: Promise<void> | undefined;
  async function close(): Promise<void> {
    if (gone !== undefined) return;
    const asked = ask({ op: 'close' });
    gone = 'the database is closed';
    const late = new Promise<void>((done) => setTimeout(done, CLOSE_MS).unref());
    await Promise.race([Promise.all([asked, exited.promise]), late]);
    worker.unref();
  }

  try {
    await expect(OPENING);
  } catch (error) {
    gone = messageOf(error);
    await worker.terminate();
    throw error;
  }
  return {
    async transaction(statements: readonly SqlStatement[]) {
      await ask({ op: 'transaction', statements });
    },
    query: (statement: SqlStatement) => ask({ op: 'query', statement }),
    close() {
      closing ??= close();
      return closing;
    },
  };
}

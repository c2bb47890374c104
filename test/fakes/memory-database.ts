import { DatabaseSync } from 'node:sqlite';
import { AgentError, messageOf } from '../../src/model/errors.ts';
import type { Database, SqlStatement } from '../../src/ports.ts';

/** Real SQL on a real SQLite, in this thread; its disk can be made to fail or to hang. */
export interface MemoryDatabase extends Database {
  /** From now on every transaction fails with this reason, until it is called with undefined. */
  failWith(reason: string | undefined): void;
  /** From now on transactions hang; the returned function lets those that hang, and all later ones, go on. */
  hang(): () => void;
  /** Number of transactions committed so far. */
  commits(): number;
}

/** `file` for tests that open it again; otherwise it lives in memory. @throws AgentError STATE_FILE */
export function createMemoryDatabase(file = ':memory:'): MemoryDatabase {
  let failure: string | undefined;
  let gate: Promise<void> = Promise.resolve();
  let committed = 0;
  const database = guarded(() => new DatabaseSync(file));

  function runAll(statements: readonly SqlStatement[]): void {
    database.exec('BEGIN IMMEDIATE');
    try {
      for (const { sql, params } of statements) database.prepare(sql).run(...params);
      database.exec('COMMIT');
    } catch (error) {
      database.exec('ROLLBACK');
      throw error;
    }
    committed++;
  }
  return {
    async transaction(statements) {
      await gate;
      if (failure !== undefined) throw new AgentError('STATE_FILE', failure);
      guarded(() => runAll(statements));
    },
    async query({ sql, params }) {
      return guarded(() => database.prepare(sql).all(...params));
    },
    async close() {
      database.close();
    },
    failWith(reason) {
      failure = reason;
    },
    hang() {
      let open = (): void => undefined;
      gate = new Promise((resolve) => {
        open = resolve;
      });
      return open;
    },
    commits: () => committed,
  };
}

function guarded<T>(work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw new AgentError('STATE_FILE', `state file: ${messageOf(cause)}`, { cause });
  }
}

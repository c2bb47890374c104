import { AgentError } from '../model/errors.ts';
import type { Database } from '../ports.ts';

/** Number n of the list makes version n + 1 (`PRAGMA user_version`). Never edited after a release, only added to. */
export const migrations: readonly (readonly string[])[] = [
  [
    'CREATE TABLE places (uid TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT',
    `CREATE TABLE incidents (id TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, condition TEXT NOT NULL, status TEXT NOT NULL,
       opened_at INTEGER NOT NULL, resolved_at INTEGER, body TEXT NOT NULL) STRICT`,
    'CREATE TABLE ordinals (fingerprint TEXT PRIMARY KEY, count INTEGER NOT NULL) STRICT',
    // AUTOINCREMENT: an id is never used twice, not even when everything before it was pruned
    `CREATE TABLE events (id INTEGER PRIMARY KEY AUTOINCREMENT, time INTEGER NOT NULL, type TEXT NOT NULL, incident TEXT,
       uid TEXT, device TEXT, data TEXT NOT NULL) STRICT`,
    'CREATE INDEX events_time ON events (time)',
    `CREATE TABLE outbox (sequence INTEGER PRIMARY KEY AUTOINCREMENT, receiver TEXT NOT NULL, notice_id TEXT NOT NULL,
       incident TEXT NOT NULL, type TEXT NOT NULL, created_at INTEGER NOT NULL, not_before INTEGER NOT NULL,
       attempts INTEGER NOT NULL, first_attempt_at INTEGER, status TEXT NOT NULL, finished_at INTEGER, reason TEXT,
       merged_into TEXT, notice TEXT NOT NULL, UNIQUE (receiver, notice_id)) STRICT`,
    "CREATE INDEX outbox_pending ON outbox (sequence) WHERE status = 'pending'",
    'CREATE INDEX outbox_told ON outbox (receiver, incident)',
  ],
  ['CREATE TABLE lineage (id TEXT NOT NULL) STRICT', 'INSERT INTO lineage VALUES (lower(hex(randomblob(8))))'],
  ['CREATE TABLE dimms (key TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT'],
  ['CREATE TABLE scrubs (key TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT'],
  [
    'ALTER TABLE outbox ADD COLUMN tried_ms INTEGER NOT NULL DEFAULT 0',
    'ALTER TABLE outbox ADD COLUMN last_attempt_at INTEGER',
    'ALTER TABLE outbox ADD COLUMN replayed_at INTEGER',
    'CREATE INDEX outbox_ended ON outbox (status, sequence)',
  ],
];

/**
 * Brings the file to the newest version, each step in its own transaction.
 * @throws AgentError STATE_NEWER when a newer pmemwatch wrote it (nothing is changed), STATE_FILE when it cannot be read
 */
export async function migrate(database: Database, steps: typeof migrations = migrations): Promise<void> {
  const [row] = await database.query({ sql: 'PRAGMA user_version', params: [] });
  const version = Number(row?.['user_version'] ?? 0);
  if (version > steps.length) {
    throw new AgentError(
      'STATE_NEWER',
      `the state file is of version ${version}, this pmemwatch knows versions up to ${steps.length}: install the newer ` +
        'pmemwatch again, or move the file aside to start with an empty history',
      { context: { version, known: steps.length } },
    );
  }
  for (const [index, statements] of steps.entries()) {
    if (index < version) continue;
    const sql = [...statements, `PRAGMA user_version = ${index + 1}`];
    await database.transaction(sql.map((text) => ({ sql: text, params: [] })));
  }
}

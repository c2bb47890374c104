/** What was told to whom: reading the log of deliveries, and sending something of it again. */
import { AgentError } from '../model/errors.ts';
import {
  type DeliveryQuery,
  type DeliveryRecord,
  type DeliveryStatus,
  deadLetters,
  type OutboxItem,
} from '../model/outbox.ts';
import type { Database, SqlStatement, SqlValue } from '../ports.ts';
import { numberOrNull, outboxOfRow, type Row, textOrNull } from './rows.ts';

/** At once: each carries its notice, which can be large. */
const MOST_REPLAYED = 500;

export interface Deliveries {
  /** Newest first. @throws AgentError STATE_FILE */
  list(query: DeliveryQuery): Promise<readonly DeliveryRecord[]>;
  /** One of them. @throws AgentError STATE_FILE */
  one(sequence: number): Promise<DeliveryRecord | undefined>;
  /**
   * Makes a delivery that has ended wait again, under its id; undefined when it is not there or waits already.
   * @throws AgentError STATE_FILE when that cannot be saved
   */
  replay(sequence: number, now: number): Promise<OutboxItem | undefined>;
  /**
   * The same for the dead letters of a receiver, oldest first, at most 500 at once; but for those about an incident whose end
   * it has been told: a pager would open again what nobody closes.
   * @throws AgentError STATE_FILE when that cannot be saved
   */
  replayDead(receiver: string, now: number): Promise<readonly OutboxItem[]>;
}

export function createDeliveries(
  database: Database,
  deps: {
    /** awaited before anything is read or changed: what was told before may still be on its way to the file */
    readonly settled: () => Promise<boolean>;
    /** called when something else is in the file */
    readonly onChange: () => void;
  },
): Deliveries {
  const { settled } = deps;
  async function rows(sql: string, params: readonly SqlValue[]): Promise<readonly Row[]> {
    return database.query({ sql, params });
  }
  async function revive(found: readonly Row[], now: number): Promise<OutboxItem[]> {
    await database.transaction(found.map((row) => revived(Number(row['sequence']), now)));
    deps.onChange();
    return found.map((row) => ({
      ...outboxOfRow(row),
      notBefore: now,
      attempts: 0,
      firstAttemptAt: null,
      triedMs: 0,
      replayed: true,
      expired: false,
    }));
  }
  async function mustBeWritable(): Promise<void> {
    if (!(await settled())) throw new AgentError('STATE_FILE', 'the state file cannot be written now');
  }
  return {
    async list(query) {
      await settled();
      const { where, params } = conditionOf(query);
      const sql = `SELECT ${COLUMNS} FROM outbox WHERE ${where} ORDER BY sequence DESC LIMIT ?`;
      return (await rows(sql, [...params, query.limit])).map(recordOfRow);
    },
    async one(sequence) {
      await settled();
      return (await rows(`SELECT ${COLUMNS} FROM outbox WHERE sequence = ?`, [sequence])).map(recordOfRow)[0];
    },
    async replay(sequence, now) {
      await mustBeWritable();
      const found = await rows("SELECT * FROM outbox WHERE sequence = ? AND status <> 'pending'", [sequence]);
      return (await revive(found, now))[0];
    },
    async replayDead(receiver, now) {
      await mustBeWritable();
      const { where, params } = conditionOf({ receiver, statuses: deadLetters });
      const isOver = `EXISTS (SELECT 1 FROM outbox AS n WHERE n.receiver = outbox.receiver AND n.incident = outbox.incident
        AND n.type = 'resolved' AND n.status = 'delivered')`;
      const sql = `SELECT * FROM outbox WHERE ${where} AND NOT ${isOver} ORDER BY sequence LIMIT ?`;
      return revive(await rows(sql, [...params, MOST_REPLAYED]), now);
    },
  };
}

const COLUMNS = `sequence, receiver, notice_id, incident, type, created_at, attempts, first_attempt_at, last_attempt_at, status,
  finished_at, replayed_at, reason, merged_into, json_extract(notice, '$.incident.condition') AS condition,
  json_extract(notice, '$.incident.severity') AS severity`;

function revived(sequence: number, now: number): SqlStatement {
  return {
    sql: `UPDATE outbox SET status = 'pending', not_before = ?, attempts = 0, first_attempt_at = NULL, tried_ms = 0,
      finished_at = NULL, reason = NULL, merged_into = NULL, replayed_at = ? WHERE sequence = ?`,
    params: [now, now, sequence],
  };
}

function conditionOf({ receiver, incident, statuses, before }: Omit<DeliveryQuery, 'limit'>): {
  readonly where: string;
  readonly params: readonly SqlValue[];
} {
  const parts: (readonly [string, readonly SqlValue[]])[] = [['1', []]];
  if (receiver !== undefined) parts.push(['receiver = ?', [receiver]]);
  if (incident !== undefined) parts.push(['incident = ?', [incident]]);
  if (before !== undefined) parts.push(['sequence < ?', [before]]);
  if (statuses !== undefined) parts.push([`status IN (${statuses.map(() => '?').join(', ')})`, statuses]);
  return { where: parts.map(([sql]) => sql).join(' AND '), params: parts.flatMap(([, values]) => values) };
}

function recordOfRow(row: Row): DeliveryRecord {
  return {
    sequence: Number(row['sequence']),
    receiver: String(row['receiver']),
    noticeId: String(row['notice_id']),
    incident: String(row['incident']),
    condition: String(row['condition']),
    severity: String(row['severity']),
    type: String(row['type']),
    status: String(row['status']) as DeliveryStatus,
    attempts: Number(row['attempts']),
    createdAt: Number(row['created_at']),
    firstAttemptAt: numberOrNull(row['first_attempt_at']),
    lastAttemptAt: numberOrNull(row['last_attempt_at']),
    finishedAt: numberOrNull(row['finished_at']),
    replayedAt: numberOrNull(row['replayed_at']),
    reason: textOrNull(row['reason']),
    mergedInto: textOrNull(row['merged_into']),
  };
}

/** Values of the model as rows of the state file, and back. */
import type { DimmState } from '../model/dimm-state.ts';
import { AgentError } from '../model/errors.ts';
import type { HistoryEvent, Incident, Notice, TrackedRange } from '../model/incident.ts';
import type { DeliveryOutcome, OutboxItem } from '../model/outbox.ts';
import type { BusScrubs } from '../model/scrub.ts';
import type { PlaceState } from '../model/state.ts';
import type { SqlStatement, SqlValue } from '../ports.ts';

export type Row = Readonly<Record<string, SqlValue>>;
export type StoredEvent = HistoryEvent & { readonly id: number };

/** `lastSeen` moves with every reading: on disk it may be this much behind, so that a steady state writes nothing. */
const LAST_SEEN_GRAIN_MS = 3_600_000;

/** What a write would be worth: `lastSeen` of ranges in grains. A replacer of JSON would do the same at ten times the cost. */
export function inGrains<T extends { readonly ranges: readonly TrackedRange[] }>(value: T): T {
  const ranges = value.ranges.map((range) => ({
    ...range,
    lastSeen: Math.floor(range.lastSeen / LAST_SEEN_GRAIN_MS),
  }));
  return { ...value, ranges };
}

/** The durable part of a place's state; how it reads is of this run. */
export function durablePlace(
  state: PlaceState,
): Pick<PlaceState, 'place' | 'ranges' | 'foundTotal' | 'clearedTotal' | 'present' | 'goneSince'> {
  const { place, ranges, foundTotal, clearedTotal, present, goneSince } = state;
  return { place, ranges, foundTotal, clearedTotal, present, goneSince };
}
export function placeOfRow(row: Row): PlaceState {
  const durable = parse<Omit<PlaceState, 'readable' | 'complete' | 'reasons' | 'readAt'>>(row['body'], 'places');
  return { ...durable, readable: false, complete: false, reasons: ['not read since the agent started'], readAt: null };
}
export function upsertPlace(uid: string, state: PlaceState): SqlStatement {
  return {
    sql: 'INSERT INTO places (uid, body) VALUES (?, ?) ON CONFLICT (uid) DO UPDATE SET body = excluded.body',
    params: [uid, JSON.stringify(durablePlace(state))],
  };
}

export function dimmOfRow(row: Row): DimmState {
  return parse<DimmState>(row['body'], 'dimms');
}
export function scrubsOfRow(row: Row): BusScrubs {
  return parse<BusScrubs>(row['body'], 'scrubs');
}
/** A module, or the scrubs of a bus, under its key. */
export function upsertKeyed(table: 'dimms' | 'scrubs', key: string, value: DimmState | BusScrubs): SqlStatement {
  return {
    sql: `INSERT INTO ${table} (key, body) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET body = excluded.body`,
    params: [key, JSON.stringify(value)],
  };
}

export function incidentOfRow(row: Row): Incident {
  return parse<Incident>(row['body'], 'incidents');
}
export function upsertIncident(incident: Incident): SqlStatement {
  const { id, fingerprint, condition, status, openedAt, resolvedAt } = incident;
  return {
    sql: `INSERT INTO incidents (id, fingerprint, condition, status, opened_at, resolved_at, body) VALUES (?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (id) DO UPDATE SET status = excluded.status, resolved_at = excluded.resolved_at, body = excluded.body`,
    params: [id, fingerprint, condition, status, openedAt, resolvedAt, JSON.stringify(incident)],
  };
}

export function upsertOrdinal(fingerprint: string, count: number): SqlStatement {
  return {
    sql: 'INSERT INTO ordinals (fingerprint, count) VALUES (?, ?) ON CONFLICT (fingerprint) DO UPDATE SET count = excluded.count',
    params: [fingerprint, count],
  };
}

/** Ids are given before the write, so writing one twice (the outcome of the first try was not known) changes nothing. */
export function insertEvent(event: StoredEvent): SqlStatement {
  const { id, time, type, incident, uid, device, data } = event;
  return {
    sql: 'INSERT OR IGNORE INTO events (id, time, type, incident, uid, device, data) VALUES (?, ?, ?, ?, ?, ?, ?)',
    params: [id, time, type, incident, uid, device, JSON.stringify(data)],
  };
}
export function eventOfRow(row: Row): StoredEvent {
  return {
    id: Number(row['id']),
    time: Number(row['time']),
    type: String(row['type']),
    incident: textOrNull(row['incident']),
    uid: textOrNull(row['uid']),
    device: textOrNull(row['device']),
    data: parse<Record<string, unknown>>(row['data'], 'events'),
  };
}

export function insertOutbox(item: OutboxItem): SqlStatement {
  const { receiver, notice, notBefore, attempts, firstAttemptAt } = item;
  return {
    sql: `INSERT OR IGNORE INTO outbox (receiver, notice_id, incident, type, created_at, not_before, attempts,
      first_attempt_at, status, notice) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'pending', ?)`,
    params: [
      receiver,
      notice.id,
      notice.incident.id,
      notice.type,
      notice.time,
      notBefore,
      attempts,
      firstAttemptAt,
      JSON.stringify(notice),
    ],
  };
}
/** The content that `item` goes out with after others were merged into it. */
export function rewriteOutbox(item: OutboxItem): SqlStatement {
  return {
    sql: 'UPDATE outbox SET type = ?, not_before = ?, notice = ? WHERE receiver = ? AND notice_id = ?',
    params: [item.notice.type, item.notBefore, JSON.stringify(item.notice), item.receiver, item.notice.id],
  };
}
export function updateOutbox(item: OutboxItem, outcome: DeliveryOutcome): SqlStatement {
  const refused = outcome.kind === 'rejected' && outcome.untried !== true;
  // the last attempt of what expired was written as that which failed
  const attempted = refused || outcome.kind === 'delivered' || outcome.kind === 'retry';
  const finished = outcome.kind !== 'retry';
  return {
    sql: `UPDATE outbox SET status = ?, attempts = ?, first_attempt_at = ?, last_attempt_at = coalesce(?, last_attempt_at),
      tried_ms = ?, finished_at = ?, reason = ?, merged_into = ? WHERE receiver = ? AND notice_id = ?`,
    params: [
      finished ? outcome.kind : 'pending',
      item.attempts + (attempted ? 1 : 0),
      outcome.kind === 'retry' ? outcome.firstAttemptAt : (item.firstAttemptAt ?? (attempted ? outcome.at : null)),
      attempted ? outcome.at : null,
      // of a clock that tells fractions
      Math.round(outcome.kind === 'retry' ? outcome.triedMs : item.triedMs),
      finished ? outcome.at : null,
      'reason' in outcome ? outcome.reason : null,
      outcome.kind === 'merged' ? outcome.into : null,
      item.receiver,
      item.notice.id,
    ],
  };
}
export function outboxOfRow(row: Row): OutboxItem {
  return {
    receiver: String(row['receiver']),
    notice: parse<Notice>(row['notice'], 'outbox'),
    durable: true,
    notBefore: Number(row['not_before']),
    attempts: Number(row['attempts']),
    firstAttemptAt: numberOrNull(row['first_attempt_at']),
    triedMs: Number(row['tried_ms']),
    replayed: numberOrNull(row['replayed_at']) !== null,
    expired: row['status'] === 'expired',
  };
}

export function numberOrNull(value: SqlValue | undefined): number | null {
  return value === null || value === undefined ? null : Number(value);
}
export function textOrNull(value: SqlValue | undefined): string | null {
  return value === null || value === undefined ? null : String(value);
}
/** @throws AgentError STATE_FILE with `corrupt` in its context */
function parse<T>(value: SqlValue | undefined, table: string): T {
  try {
    return JSON.parse(String(value)) as T;
  } catch (cause) {
    throw new AgentError('STATE_FILE', `the state file holds a row of ${table} that cannot be read`, {
      cause,
      context: { corrupt: true, table },
    });
  }
}

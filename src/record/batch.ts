/** What one transaction writes. Batches that could not be written are merged, so that memory stays bounded. */
import type { OutboxItem } from '../model/outbox.ts';
import type { State } from '../model/state.ts';
import type { SqlStatement } from '../ports.ts';
import { durablePlace, inGrains, upsertIncident, upsertKeyed, upsertOrdinal, upsertPlace } from './rows.ts';

/** The statements about one outbox item; a later one of the same kind replaces the earlier. */
export interface OutboxWrites {
  readonly insert?: SqlStatement;
  readonly rewrite?: SqlStatement;
  readonly update?: SqlStatement;
  readonly finished?: boolean;
}
export interface Batch {
  readonly state?: State;
  readonly events: readonly SqlStatement[];
  /** by receiver and notice id */
  readonly outbox: ReadonlyMap<string, OutboxWrites>;
}

/** History and log of finished deliveries are given up first when the disk stays away; unfinished items never are. */
const MOST_EVENTS = 20_000;
const MOST_FINISHED = 5_000;

export function outboxKey(item: OutboxItem): string {
  return `${item.receiver}\n${item.notice.id}`;
}

export function mergeBatches(older: Batch, newer: Batch): Batch {
  const outbox = new Map(older.outbox);
  for (const [key, writes] of newer.outbox) outbox.set(key, { ...outbox.get(key), ...writes });
  let excess = [...outbox.values()].filter((writes) => writes.finished).length - MOST_FINISHED;
  for (const [key, writes] of outbox) {
    if (excess <= 0) break;
    if (!writes.finished) continue;
    outbox.delete(key);
    excess--;
  }
  const state = newer.state ?? older.state;
  const events = [...older.events, ...newer.events].slice(-MOST_EVENTS);
  return state === undefined ? { events, outbox } : { state, events, outbox };
}

interface Kept {
  readonly value: object;
  /** equal for values between which nothing worth a write has changed */
  readonly comparable: string;
}
/** What the file holds, so that only what changed is written. */
export interface Committed {
  readonly places: ReadonlyMap<string, Kept>;
  readonly dimms: ReadonlyMap<string, Kept>;
  readonly scrubs: ReadonlyMap<string, Kept>;
  readonly incidents: ReadonlyMap<string, Kept>;
  readonly ordinals: ReadonlyMap<string, number>;
}
export const nothingCommitted: Committed = {
  places: new Map(),
  dimms: new Map(),
  scrubs: new Map(),
  incidents: new Map(),
  ordinals: new Map(),
};

type Kinds = Pick<State, 'places' | 'dimms' | 'scrubs' | 'incidents' | 'ordinals'>;

export function committedAs(state: Kinds, before: Committed = nothingCommitted): Committed {
  return {
    places: keep(state.places, before.places, (place) => inGrains(durablePlace(place))),
    dimms: keep(state.dimms, before.dimms, (dimm) => dimm),
    scrubs: keep(state.scrubs, before.scrubs, (scrubs) => scrubs),
    incidents: keep(state.incidents, before.incidents, inGrains),
    ordinals: new Map(state.ordinals),
  };
}
function keep<T extends object>(
  values: ReadonlyMap<string, T>,
  before: ReadonlyMap<string, Kept>,
  compared: (value: T) => object,
): Map<string, Kept> {
  const kept = new Map<string, Kept>();
  for (const [key, value] of values) {
    const known = before.get(key);
    if (known?.value === value) kept.set(key, known);
    else {
      const text = JSON.stringify(compared(value));
      // what compares equal is not written: the file keeps the earlier value
      kept.set(key, known?.comparable === text ? { ...known, value } : { value, comparable: text });
    }
  }
  return kept;
}

/** The statements that take the file from `before` to `after`, which was made from `state`. */
export function stateStatements(before: Committed, after: Committed, state: Kinds): SqlStatement[] {
  const statements: SqlStatement[] = [];
  for (const [uid, place] of state.places) {
    if (before.places.get(uid)?.comparable !== after.places.get(uid)?.comparable) {
      statements.push(upsertPlace(uid, place));
    }
  }
  for (const uid of before.places.keys()) {
    if (!state.places.has(uid)) statements.push({ sql: 'DELETE FROM places WHERE uid = ?', params: [uid] });
  }
  for (const table of ['dimms', 'scrubs'] as const) {
    for (const [key, value] of state[table]) {
      const isSame = before[table].get(key)?.comparable === after[table].get(key)?.comparable;
      if (!isSame) statements.push(upsertKeyed(table, key, value));
    }
  }
  for (const [id, incident] of state.incidents) {
    if (before.incidents.get(id)?.comparable !== after.incidents.get(id)?.comparable) {
      statements.push(upsertIncident(incident));
    }
  }
  for (const id of before.incidents.keys()) {
    if (!state.incidents.has(id)) statements.push({ sql: 'DELETE FROM incidents WHERE id = ?', params: [id] });
  }
  for (const [fingerprint, count] of state.ordinals) {
    if (before.ordinals.get(fingerprint) !== count) statements.push(upsertOrdinal(fingerprint, count));
  }
  return statements;
}

export function outboxStatements(outbox: ReadonlyMap<string, OutboxWrites>): SqlStatement[] {
  return [...outbox.values()].flatMap(({ insert, rewrite, update }) =>
    [insert, rewrite, update].filter((statement) => statement !== undefined),
  );
}

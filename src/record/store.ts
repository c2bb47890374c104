import type { DimmState } from '../model/dimm-state.ts';
import { AgentError, messageOf } from '../model/errors.ts';
import type { HistoryEvent, Incident, Notice } from '../model/incident.ts';
import type { DeliveryLog, OutboxItem } from '../model/outbox.ts';
import type { BusScrubs } from '../model/scrub.ts';
import type { PlaceState, State } from '../model/state.ts';
import type { Clock, Database, Logger } from '../ports.ts';
import {
  type Batch,
  type Committed,
  committedAs,
  mergeBatches,
  nothingCommitted,
  type OutboxWrites,
  outboxKey,
  outboxStatements,
  stateStatements,
} from './batch.ts';
import { createDeliveries, type Deliveries } from './deliveries.ts';
import { createDurability } from './durability.ts';
import { migrate } from './migrations.ts';
import { noticesOfOpen } from './newcomers.ts';
import { receiversFor } from './receiver-incidents.ts';
import {
  dimmOfRow,
  eventOfRow,
  incidentOfRow,
  insertEvent,
  insertOutbox,
  outboxOfRow,
  placeOfRow,
  rewriteOutbox,
  type StoredEvent,
  scrubsOfRow,
  updateOutbox,
} from './rows.ts';

export interface Loaded {
  readonly places: ReadonlyMap<string, PlaceState>;
  readonly dimms: ReadonlyMap<string, DimmState>;
  readonly scrubs: ReadonlyMap<string, BusScrubs>;
  readonly incidents: ReadonlyMap<string, Incident>;
  readonly ordinals: ReadonlyMap<string, number>;
  /** given to the file when it was made */
  readonly lineage: string;
  /** in the order in which they came about */
  readonly pendingOutbox: readonly OutboxItem[];
  /** 0 when there was none */
  readonly lastEventId: number;
}
export interface Commit {
  readonly state: State;
  readonly events: readonly HistoryEvent[];
  readonly notices: readonly Notice[];
  /** names of the receivers that each notice is for */
  readonly receivers: readonly string[];
  /** ms since the epoch: when an `opened` may go out at the earliest; other notices may at once */
  readonly notBefore: number;
}

/** State, incidents, history and outbox in one SQLite file. */
export interface Store extends DeliveryLog {
  /**
   * Brings the file up to date and reads it; to be called once, before anything else.
   * @throws AgentError STATE_NEWER, or STATE_FILE (`context.corrupt` when the content is damaged)
   */
  load(): Promise<Loaded>;
  /** Never rejects: what cannot be committed within 5 s comes back with `durable: false` and is committed later. */
  commit(pass: Commit): Promise<OutboxItem[]>;
  /**
   * What receivers of that name are to be told that have never been told anything of an incident that stands: those that
   * are new in the configuration. Never rejects; what cannot be saved is not told, but by the next start or reload.
   */
  welcome(state: State, receivers: readonly string[], now: number): Promise<OutboxItem[]>;
  writable(): boolean;
  /** why it is not writable; '' while it is */
  trouble(): string;
  /** Events with an id above `after`, oldest first. @throws AgentError STATE_FILE */
  events(after: number, limit: number): Promise<readonly StoredEvent[]>;
  /** Id of the newest event, written or about to be. */
  newestEventId(): number;
  /** Every event from this id on is kept; one more than the newest when none is. */
  firstKeptEventId(): number;
  /** Rises with each change of events and deliveries that is in the file. */
  version(): number;
  /** What was told to whom. */
  readonly deliveries: Deliveries;
  /** Forgets what is older than the retention; never an open incident nor what is not delivered. Failures are logged. */
  prune(now: number): Promise<void>;
  /** Writes what is still pending, within 5 s, and closes the file. */
  close(): Promise<void>;
}

/**
 * Of what was given up: the last word to a receiver about an incident that stands, or about the end of one that it was told of.
 */
const STILL_TO_BE_TOLD = `status = 'pending' OR (status = 'expired'
  AND NOT EXISTS (SELECT 1 FROM outbox AS n WHERE n.receiver = o.receiver AND n.incident = o.incident
    AND n.sequence > o.sequence AND n.status <> 'filtered')
  AND (incident IN (SELECT id FROM incidents WHERE status = 'open') OR (type = 'resolved' AND EXISTS (SELECT 1 FROM
    outbox AS t WHERE t.receiver = o.receiver AND t.incident = o.incident AND t.status = 'delivered'))))`;

const COMMIT_DEADLINE_MS = 5_000;
const COMMIT_RETRY_MS = 5_000;

export function createStore(
  database: Database,
  deps: {
    readonly clock: Clock;
    readonly retentionMs: number;
    readonly log: Logger;
    /** called when the file turned unwritable or writable again, to wake the loop */
    readonly onTurn?: (writable: boolean) => void;
  },
): Store {
  const { clock, log } = deps;
  let committed: Committed = nothingCommitted;
  let lastEventId = 0;
  let firstKeptEventId = 1;
  let version = 0;
  const durability = createDurability<Batch>({
    commit: commitBatch,
    merge: mergeBatches,
    clock,
    log,
    deadlineMs: COMMIT_DEADLINE_MS,
    retryMs: COMMIT_RETRY_MS,
    onTurn: (writable) => deps.onTurn?.(writable),
  });

  async function commitBatch(batch: Batch): Promise<void> {
    const after = batch.state === undefined ? committed : committedAs(batch.state, committed);
    const changed = batch.state === undefined ? [] : stateStatements(committed, after, batch.state);
    const statements = [...changed, ...batch.events, ...outboxStatements(batch.outbox)];
    if (statements.length > 0) await database.transaction(statements);
    if (batch.events.length > 0 || batch.outbox.size > 0) version++;
    committed = after;
  }
  async function rows(sql: string, params: readonly (string | number)[] = []) {
    return database.query({ sql, params });
  }
  /** What is forgotten are the oldest, but for those of open incidents: the last gap between ids is where all of it begins. */
  async function lookForFirstKept(): Promise<void> {
    const [ends] = await rows(`SELECT (SELECT max(id) FROM events) AS newest,
      (SELECT seq FROM sqlite_sequence WHERE name = 'events') AS last`);
    const last = Number(ends?.['last'] ?? 0);
    const sql = `SELECT id FROM events AS e WHERE NOT EXISTS (SELECT 1 FROM events WHERE id = e.id - 1)
      ORDER BY id DESC LIMIT 1`;
    firstKeptEventId = ends?.['newest'] === last ? Number((await rows(sql))[0]?.['id']) : last + 1;
  }
  async function note(...writes: readonly (readonly [OutboxItem, OutboxWrites])[]): Promise<void> {
    await durability.write({ events: [], outbox: new Map(writes.map(([item, write]) => [outboxKey(item), write])) });
  }

  return {
    async load() {
      const [check] = await rows('PRAGMA quick_check(1)');
      const verdict = String(Object.values(check ?? {})[0]);
      if (verdict !== 'ok') {
        throw new AgentError('STATE_FILE', `the state file is damaged: ${verdict}`, { context: { corrupt: true } });
      }
      await migrate(database);
      const places = (await rows('SELECT body FROM places')).map(placeOfRow);
      const incidents = (await rows('SELECT body FROM incidents ORDER BY opened_at, id')).map(incidentOfRow);
      const dimms = (await rows('SELECT body FROM dimms')).map(dimmOfRow);
      const scrubs = (await rows('SELECT body FROM scrubs')).map(scrubsOfRow);
      const ordinals = await rows('SELECT fingerprint, count FROM ordinals');
      const [lineage] = await rows('SELECT id FROM lineage');
      const pending = await rows(`SELECT * FROM outbox AS o WHERE ${STILL_TO_BE_TOLD} ORDER BY sequence`);
      const [sequence] = await rows("SELECT seq FROM sqlite_sequence WHERE name = 'events'");
      lastEventId = Number(sequence?.['seq'] ?? 0);
      await lookForFirstKept();
      const loaded = {
        places: new Map(places.map((state) => [state.place.uid, state])),
        dimms: new Map(dimms.map((dimm) => [dimm.key, dimm])),
        scrubs: new Map(scrubs.map((each) => [each.key, each])),
        incidents: new Map(incidents.map((incident) => [incident.id, incident])),
        ordinals: new Map(ordinals.map((row) => [String(row['fingerprint']), Number(row['count'])])),
      };
      committed = committedAs(loaded);
      return { ...loaded, lineage: String(lineage?.['id']), pendingOutbox: pending.map(outboxOfRow), lastEventId };
    },

    async commit({ state, events, notices, receivers, notBefore }) {
      const items = itemsOf(notices, receivers, notBefore);
      const durable = await durability.write({
        state,
        events: events.map((event) => insertEvent({ ...event, id: ++lastEventId })),
        outbox: new Map(items.map((item) => [outboxKey(item), { insert: insertOutbox(item) }])),
      });
      return durable ? items : items.map((item) => ({ ...item, durable: false }));
    },

    async welcome(state, receivers, now) {
      try {
        await durability.write({ events: [], outbox: new Map() });
        const known = await rows('SELECT DISTINCT receiver, incident FROM outbox');
        const told = new Set(known.map((row) => `${row['receiver']}\n${row['incident']}`));
        const items = itemsOf(noticesOfOpen(state, now), receivers, now).filter(
          ({ receiver, notice }) => !told.has(`${receiver}\n${notice.incident.id}`),
        );
        const outbox = new Map(items.map((item) => [outboxKey(item), { insert: insertOutbox(item) }]));
        return items.length === 0 || (await durability.write({ events: [], outbox })) ? items : [];
      } catch (error) {
        log.warn({ reason: messageOf(error) }, 'new receivers could not be told of what stands');
        return [];
      }
    },

    recordDelivery(item, outcome) {
      return note([item, { update: updateOutbox(item, outcome), finished: outcome.kind !== 'retry' }]);
    },
    recordMerge(absorbed, merged, at) {
      const outcome = { kind: 'merged', at, into: merged.notice.id } as const;
      return note(...absorbed.map((item) => [item, { update: updateOutbox(item, outcome), finished: true }] as const), [
        merged,
        { rewrite: rewriteOutbox(merged) },
      ]);
    },
    async wasTold(receiver, incident) {
      try {
        const sql = "SELECT 1 FROM outbox WHERE receiver = ? AND incident = ? AND status = 'delivered' LIMIT 1";
        return (await rows(sql, [receiver, incident])).length > 0;
      } catch (error) {
        // telling once too often beats leaving an alert standing at a receiver
        log.warn({ reason: messageOf(error), receiver }, 'the delivery log cannot be read');
        return true;
      }
    },

    writable: () => durability.writable(),
    trouble: () => durability.detail(),
    async events(after, limit) {
      return (await rows('SELECT * FROM events WHERE id > ? ORDER BY id LIMIT ?', [after, limit])).map(eventOfRow);
    },
    newestEventId: () => lastEventId,
    firstKeptEventId: () => firstKeptEventId,
    version: () => version,
    deliveries: createDeliveries(database, {
      settled: () => durability.write({ events: [], outbox: new Map() }),
      onChange: () => version++,
    }),

    async prune(now) {
      const limit = now - deps.retentionMs;
      const open = "(SELECT id FROM incidents WHERE status = 'open')";
      try {
        await database.transaction([
          { sql: `DELETE FROM events WHERE time < ? AND ifnull(incident, '') NOT IN ${open}`, params: [limit] },
          {
            sql: `DELETE FROM outbox WHERE status <> 'pending' AND finished_at < ? AND incident NOT IN ${open}`,
            params: [limit],
          },
          {
            sql: `DELETE FROM incidents WHERE status = 'resolved' AND resolved_at < ?
              AND id NOT IN (SELECT incident FROM outbox WHERE status = 'pending')`,
            params: [limit],
          },
        ]);
        version++;
        await lookForFirstKept();
      } catch (error) {
        log.warn({ reason: messageOf(error) }, 'old history could not be forgotten');
      }
    },
    async close() {
      await durability.stop(COMMIT_DEADLINE_MS);
      await database.close();
    },
  };
}

/** `opened` waits until `notBefore` (ms since the epoch) for what else its incident brings. */
function itemsOf(notices: readonly Notice[], receivers: readonly string[], notBefore: number): OutboxItem[] {
  return notices.flatMap((notice) =>
    receiversFor(notice, receivers).map((receiver): OutboxItem => {
      const hold = notice.type === 'opened' ? notBefore : notice.time;
      const untried = { attempts: 0, firstAttemptAt: null, triedMs: 0, replayed: false, expired: false };
      return { receiver, notice, durable: true, notBefore: hold, ...untried };
    }),
  );
}

/** The state without incidents that ended before the retention; to be used in each pass beside `Store.prune`. */
export function forgetResolved(state: State, now: number, retentionMs: number): State {
  const isOld = (incident: Incident): boolean =>
    incident.resolvedAt !== null && incident.resolvedAt < now - retentionMs;
  if (![...state.incidents.values()].some(isOld)) return state;
  return { ...state, incidents: new Map([...state.incidents].filter(([, incident]) => !isOld(incident))) };
}

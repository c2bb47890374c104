/** The thread that holds the database: a stalled fsync stalls this one and nothing else. */
import { closeSync, openSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';
import { errnoOf, messageOf } from '../model/errors.ts';
import type { SqlStatement, SqlValue } from '../ports.ts';
import {
  OPENING,
  type SqliteAnswer,
  type SqliteRequest,
  type SqliteWorkerOptions,
  type SqlRow,
} from './sqlite-protocol.ts';

const port = parentPort;
if (port === null) throw new Error('this file runs as a worker thread');
/** ms to wait for another process that has the file locked */
const BUSY_MS = 5_000;
/** SQLite's name for a database without a file */
const IN_MEMORY = ':memory:';
/** the file names owners of damaged files: not for everybody */
const FILE_MODE = 0o640;
/** primary result codes (sqlite3.h); extended ones carry more in their upper bytes */
const RESULT_CODES: Readonly<Record<number, string>> = {
  1: 'SQLITE_ERROR',
  5: 'SQLITE_BUSY',
  6: 'SQLITE_LOCKED',
  8: 'SQLITE_READONLY',
  10: 'SQLITE_IOERR',
  11: 'SQLITE_CORRUPT',
  13: 'SQLITE_FULL',
  14: 'SQLITE_CANTOPEN',
  19: 'SQLITE_CONSTRAINT',
  26: 'SQLITE_NOTADB',
};

function open({ file, readOnly }: SqliteWorkerOptions): DatabaseSync {
  if (!readOnly && file !== IN_MEMORY) closeSync(openSync(file, 'a', FILE_MODE));
  const database = new DatabaseSync(file, { readOnly, timeout: BUSY_MS, enableForeignKeyConstraints: true });
  try {
    if (!readOnly) database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;');
    const [found] = database.prepare('PRAGMA quick_check(1)').all();
    const verdict = String(found?.['quick_check']);
    if (verdict !== 'ok') throw Object.assign(new Error(verdict), { errcode: 11 });
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

function run(database: DatabaseSync, { sql, params }: SqlStatement): SqlRow[] {
  const statement = database.prepare(sql);
  // integers beyond 2^53 would throw otherwise
  statement.setReadBigInts(true);
  return statement.all(...params).map(plainRow);
}
function plainRow(row: Record<string, SqlValue>): SqlRow {
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, plainValue(value)]));
}
function plainValue(value: SqlValue): SqlValue {
  if (typeof value !== 'bigint') return value;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

function transact(database: DatabaseSync, statements: readonly SqlStatement[]): void {
  database.exec('BEGIN IMMEDIATE');
  try {
    for (const { sql, params } of statements) database.prepare(sql).run(...params);
    database.exec('COMMIT');
  } catch (error) {
    // a full disk makes SQLite roll back by itself
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
}

function failureOf(error: unknown): { readonly sqlite: string; readonly message: string } {
  const errcode = typeof error === 'object' && error !== null && 'errcode' in error ? error.errcode : undefined;
  const name = typeof errcode === 'number' ? (RESULT_CODES[errcode & 0xff] ?? `SQLITE_${errcode}`) : undefined;
  return { sqlite: name ?? errnoOf(error) ?? 'SQLITE_ERROR', message: messageOf(error) };
}

function answer(id: number, work: () => readonly SqlRow[]): void {
  let told: SqliteAnswer;
  try {
    told = { id, ok: true, rows: work() };
  } catch (error) {
    told = { id, ok: false, ...failureOf(error) };
  }
  port?.postMessage(told);
}

let database: DatabaseSync | undefined;
answer(OPENING, () => {
  database = open(workerData as SqliteWorkerOptions);
  return [];
});
port.on('message', (request: SqliteRequest) => {
  answer(request.id, () => {
    if (database === undefined) throw new Error('the database is not open');
    switch (request.op) {
      case 'transaction':
        transact(database, request.statements);
        return [];
      case 'query':
        return run(database, request.statement);
      case 'close':
        database.close();
        database = undefined;
        return [];
      default:
        return request satisfies never;
    }
  });
  if (request.op === 'close') port.close();
});

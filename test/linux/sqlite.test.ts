import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { openDatabase } from '../../src/linux/sqlite.ts';
import type { SqlValue } from '../../src/ports.ts';

const root = mkdtempSync(join(tmpdir(), 'pmemwatch-sqlite-'));
after(() => rmSync(root, { recursive: true, force: true }));
const s = (sql: string, ...params: SqlValue[]) => ({ sql, params });
const create = s('CREATE TABLE t (id INTEGER PRIMARY KEY, v)');
const refusedWith = (sqlite: string) => (error: unknown) => {
  const { code, context } = error as { code: string; context: { sqlite: string } };
  assert.deepEqual([code, context.sqlite], ['STATE_FILE', sqlite]);
  return true;
};

test('a transaction is there after closing and opening again, numbers beyond 2^53 and bytes exact', async () => {
  const file = join(root, 'round-trip.db');
  const rows = [null, 'text', 7, 2n ** 60n, 1.5, Uint8Array.of(0, 255)] as const;
  const database = await openDatabase(file);
  await database.transaction([create, ...rows.map((v, i) => s('INSERT INTO t VALUES (?, ?)', i, v))]);
  await database.close();
  const again = await openDatabase(file);
  const found = await again.query(s('SELECT v FROM t ORDER BY id'));
  assert.deepEqual(
    found.map((row) => row['v']),
    rows,
  );
  await again.close();
});

test('a transaction is all or nothing', async () => {
  const database = await openDatabase(join(root, 'atomic.db'));
  await database.transaction([create]);
  const statements = [s('INSERT INTO t VALUES (1, 1)'), s('INSERT INTO t VALUES (1, 2)')];
  await assert.rejects(database.transaction(statements), refusedWith('SQLITE_CONSTRAINT'));
  assert.deepEqual(await database.query(s('SELECT * FROM t')), []);
  await database.transaction([s('INSERT INTO t VALUES (1, 3)')]);
  assert.deepEqual(await database.query(s('SELECT v FROM t')), [{ v: 3 }]);
  await database.close();
});

test('the file is written ahead, synced at every commit, keeps its references and is not for everybody', async () => {
  const file = join(root, 'pragmas.db');
  const database = await openDatabase(file);
  const value = async (pragma: string) => Object.values((await database.query(s(`PRAGMA ${pragma}`)))[0] ?? {})[0];
  assert.equal(await value('journal_mode'), 'wal');
  assert.equal(await value('synchronous'), 2);
  assert.equal(await value('foreign_keys'), 1);
  assert.equal(statSync(file).mode & 0o007, 0);
  await database.close();
});

test('a commit survives SIGKILL of the process right after it', async () => {
  const file = join(root, 'killed.db');
  const script = join(root, 'writer.ts');
  writeFileSync(
    script,
    `import { openDatabase } from ${JSON.stringify(join(import.meta.dirname, '../../src/linux/sqlite.ts'))};
const database = await openDatabase(${JSON.stringify(file)});
await database.transaction([{ sql: 'CREATE TABLE t (id INTEGER PRIMARY KEY)', params: [] }]);
for (let i = 1; ; i++) {
  await database.transaction([{ sql: 'INSERT INTO t VALUES (?)', params: [i] }]);
  process.stdout.write(i + '\\n');
}
`,
  );
  const writer = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  writer.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
    if (said.split('\n').length > 20) writer.kill('SIGKILL');
  });
  await once(writer, 'close');
  const acknowledged = said.split('\n').filter((line) => line !== '').length;
  const database = await openDatabase(file);
  const [row] = await database.query(s('SELECT count(*) AS n FROM t'));
  assert.ok(acknowledged >= 20 && Number(row?.['n']) >= acknowledged, `${acknowledged} told, ${row?.['n']} found`);
  await database.close();
});

test('a file that is no database is told as such and left as it is', async () => {
  const file = join(root, 'letter.db');
  writeFileSync(file, 'Dear SQLite,\n'.repeat(100));
  await assert.rejects(openDatabase(file), refusedWith('SQLITE_NOTADB'));
  assert.equal(statSync(file).size, 1300);
});

test('a database with a damaged page is told when it is opened', async () => {
  const file = join(root, 'damaged.db');
  const database = await openDatabase(file);
  const long = 'x'.repeat(1000);
  const inserts = Array.from({ length: 100 }, (_, i) => s('INSERT INTO t VALUES (?, ?)', i, long));
  await database.transaction([create, ...inserts]);
  await database.close();
  execFileSync('dd', ['if=/dev/urandom', `of=${file}`, 'bs=4096', 'seek=5', 'count=4', 'conv=notrunc', 'status=none']);
  await assert.rejects(openDatabase(file), refusedWith('SQLITE_CORRUPT'));
});

test('a directory that does not exist is told by its errno', async () => {
  await assert.rejects(openDatabase(join(root, 'none/state.db')), refusedWith('ENOENT'));
});

test('opened read-only, nothing is made and nothing is written', async () => {
  await assert.rejects(openDatabase(join(root, 'absent.db'), { readOnly: true }), refusedWith('SQLITE_CANTOPEN'));
  const file = join(root, 'read-only.db');
  const writer = await openDatabase(file);
  await writer.transaction([create]);
  const reader = await openDatabase(file, { readOnly: true });
  assert.deepEqual(await reader.query(s('SELECT * FROM t')), []);
  await assert.rejects(reader.transaction([s('INSERT INTO t VALUES (1, 1)')]), refusedWith('SQLITE_READONLY'));
  await reader.close();
  await writer.close();
});

test('after close every call is refused, and closing twice is fine', async () => {
  const database = await openDatabase(join(root, 'closed.db'));
  await database.close();
  await database.close();
  await assert.rejects(database.query(s('SELECT 1')), refusedWith('SQLITE_MISUSE'));
});

const isRoot = process.getuid?.() === 0;
test('a full disk refuses the transaction, and takes the next one when there is room again', {
  skip: isRoot ? false : 'mounting a small tmpfs needs root',
}, async () => {
  const mountpoint = join(root, 'small');
  mkdirSync(mountpoint);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', mountpoint]);
  try {
    const database = await openDatabase(join(mountpoint, 'state.db'));
    await database.transaction([create]);
    const ballast = join(mountpoint, 'ballast');
    assert.throws(() => writeFileSync(ballast, Buffer.alloc(1024 * 1024)), { code: 'ENOSPC' });
    const insert = s('INSERT INTO t VALUES (1, ?)', 'x'.repeat(20_000));
    await assert.rejects(database.transaction([insert]), refusedWith('SQLITE_FULL'));
    rmSync(ballast);
    await database.transaction([insert]);
    assert.deepEqual(await database.query(s('SELECT count(*) AS n FROM t')), [{ n: 1 }]);
    await database.close();
  } finally {
    execFileSync('umount', [mountpoint]);
  }
});

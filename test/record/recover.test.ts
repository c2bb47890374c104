import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, it } from 'node:test';
import { createStateFile } from '../../src/linux/state-file.ts';
import { AgentError } from '../../src/model/errors.ts';
import { run } from '../../src/model/extent.ts';
import { openStore } from '../../src/record/recover.ts';
import { createFakeClock } from '../fakes/fake-clock.ts';
import { createRecordingLog } from '../fakes/recording-log.ts';
import { appeared, emptyState, found, pass } from './timeline.ts';

const folder = mkdtempSync(join(tmpdir(), 'pmemwatch-recover-'));
after(() => rmSync(folder, { recursive: true }));

const deps = () => ({
  clock: createFakeClock(Date.UTC(2026, 4, 6, 7, 8, 9)),
  retentionMs: 1000,
  log: createRecordingLog(),
});

it('a new file starts empty without a word', async () => {
  const { loaded, setAside, store } = await openStore(createStateFile(join(folder, 'new.db')), deps());
  assert.equal(loaded.incidents.size, 0);
  assert.equal(setAside, null);
  await store.close();
});

it('a file that is no database is set aside, kept byte for byte and reported', async () => {
  const path = join(folder, 'garbage.db');
  writeFileSync(path, 'not a database, but somebody may want it back'.repeat(100));
  const d = deps();
  const { store, setAside } = await openStore(createStateFile(path), d);
  assert.equal(setAside?.file, `${path}.corrupt-2026-05-06T070809.000Z`);
  assert.match(readFileSync(setAside.file, 'utf8'), /^not a database/);
  assert.equal(d.log.lines.at(-1)?.level, 'error');
  const items = await store.commit({ state: emptyState(), events: [], notices: [], receivers: [], notBefore: 0 });
  assert.deepEqual(items, []);
  await store.close();
  assert.ok(existsSync(path));
});

it('a damaged page and a damaged row are found and set aside too', async () => {
  const path = join(folder, 'page.db');
  await (await openStore(createStateFile(path), deps())).store.close();
  const bytes = readFileSync(path);
  bytes.fill(0xff, 4096, 8192);
  writeFileSync(path, bytes);
  const damaged = await openStore(createStateFile(path), deps());
  assert.notEqual(damaged.setAside, null);
  await damaged.store.close();

  const row = join(folder, 'row.db');
  await (await openStore(createStateFile(row), deps())).store.close();
  const database = await createStateFile(row).open();
  await database.transaction([{ sql: "INSERT INTO places VALUES ('u', '{broken')", params: [] }]);
  await database.close();
  const broken = await openStore(createStateFile(row), deps());
  assert.match(broken.setAside?.reason ?? '', /row of places/);
  await broken.store.close();
});

it('a file that cannot be opened, or is newer, is left alone', async () => {
  let renamed = false;
  const setAside = async (): Promise<string> => {
    renamed = true;
    return '';
  };
  const denied = new AgentError('STATE_FILE', 'EACCES');
  await assert.rejects(openStore({ open: () => Promise.reject(denied), setAside }, deps()), denied);
  const newer = join(folder, 'newer.db');
  const database = await createStateFile(newer).open();
  await database.transaction([{ sql: 'PRAGMA user_version = 99', params: [] }]);
  await database.close();
  await assert.rejects(openStore({ ...createStateFile(newer), setAside }, deps()), { code: 'STATE_NEWER' });
  assert.equal(renamed, false);
});

it('what a new file tells never bears an id that the set-aside one used', async () => {
  const path = join(folder, 'lineage.db');
  const first = await openStore(createStateFile(path), deps());
  await first.store.close();
  const again = await openStore(createStateFile(path), deps());
  assert.equal(again.loaded.lineage, first.loaded.lineage);
  await again.store.close();
  writeFileSync(path, 'garbage'.repeat(1000));
  const replaced = await openStore(createStateFile(path), deps());
  await replaced.store.close();

  const idsIn = (lineage: string) =>
    pass({ ...emptyState(), lineage }, { now: 1, changes: [appeared(), found(run(8192, 8))] }).notices.map(
      ({ id }) => id,
    );
  assert.equal(idsIn(first.loaded.lineage).length, 1);
  assert.deepEqual(idsIn(first.loaded.lineage), idsIn(again.loaded.lineage));
  assert.notDeepEqual(idsIn(first.loaded.lineage), idsIn(replaced.loaded.lineage));
});

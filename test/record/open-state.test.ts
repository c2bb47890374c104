import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, it } from 'node:test';
import { createStateFile, openStateCopy } from '../../src/linux/state-file.ts';
import { AgentError } from '../../src/model/errors.ts';
import { run } from '../../src/model/extent.ts';
import { openState } from '../../src/record/open-state.ts';
import { createFakeClock } from '../fakes/fake-clock.ts';
import { createMemoryDatabase } from '../fakes/memory-database.ts';
import { createRecordingLog } from '../fakes/recording-log.ts';
import { appeared, emptyState, found, only, pass } from './timeline.ts';

const folder = mkdtempSync(join(tmpdir(), 'pmemwatch-open-state-'));
after(() => rmSync(folder, { recursive: true }));
const deps = () => ({
  clock: createFakeClock(0),
  retentionMs: 1000,
  log: createRecordingLog(),
  onTurn: () => undefined,
});
const places = (file: string) => ({
  stateFile: createStateFile(file),
  openStateCopy: () => openStateCopy(file),
  openMemory: async () => createMemoryDatabase(),
});
const readOnly = (): Promise<never> => Promise.reject(new AgentError('STATE_FILE', 'read-only file system (EROFS)'));

it('a state file that takes no writes is known all the same, and what is told again bears the same ids', async () => {
  const file = join(folder, 'state.db');
  const first = await openState(places(file), deps());
  assert.equal(first.memoryOnly, undefined);
  const told = pass(
    { ...emptyState(), lineage: first.loaded.lineage },
    { now: 1, changes: [appeared(), found(run(8192, 8))] },
  );
  await first.store.commit({ ...told, receivers: ['ops'], notBefore: 0 });
  // not closed: what it knows is still in the journal, as after a crash

  const before = readdirSync(tmpdir()).filter((name) => name.startsWith('pmemwatch-state-'));
  const again = await openState({ ...places(file), stateFile: { open: readOnly, setAside: readOnly } }, deps());
  assert.equal(again.memoryOnly, 'read-only file system (EROFS)');
  assert.deepEqual([...again.loaded.incidents.keys()], [only(told.state).id]);
  assert.equal(again.loaded.lineage, first.loaded.lineage);
  assert.equal(again.loaded.pendingOutbox.length, 1);
  await again.store.close();
  const left = readdirSync(tmpdir()).filter((name) => name.startsWith('pmemwatch-state-'));
  assert.deepEqual(left, before, 'the copy goes with the agent');
  await first.store.close();
});

it('where there is nothing to copy the agent starts empty, says so, and gives no new lineage', async () => {
  const { log, ...rest } = deps();
  const opened = await openState(
    { ...places(join(folder, 'none.db')), stateFile: { open: readOnly, setAside: readOnly } },
    { ...rest, log },
  );
  assert.equal(opened.memoryOnly, 'read-only file system (EROFS)');
  assert.deepEqual([opened.loaded.incidents.size, opened.loaded.lineage], [0, '']);
  assert.match(log.lines.at(-1)?.message ?? '', /incidents of before are not known/);
  await opened.store.close();
});

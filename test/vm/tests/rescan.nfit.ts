import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { makeFilesystem, sectorOf, writeWhole } from '../guest/filesystem.ts';
import { createFsdax, initialiseLabels } from '../guest/namespace.ts';
import { program } from '../guest/program.ts';
import { keepScrubbing, plantLatentError, scrubState, startScrub } from '../guest/scrub.ts';
import { until } from '../guest/wait.ts';
import { sample, startWatching, type Watching } from '../guest/watching.ts';

interface Run {
  readonly id: string;
  readonly bus: string;
  readonly status: string;
  readonly type: string;
  readonly requestedBy: { readonly author: string; readonly via: string } | null;
  readonly durationSeconds: number | null;
  readonly foundRanges: number;
}
const BUS = 'ndbus0';
const folder = '/tmp/agent';
const config = ['scrub: { schedule: "0 1 * * 0", jitter: 0s, max_load: 0 }'];

async function runs(watching: Watching): Promise<Run[]> {
  return (await watching.items<Run>('/api/v1/scrubs')).filter(({ bus }) => bus === BUS);
}
async function ended(watching: Watching, id: string): Promise<Run> {
  return until(
    `the end of scrub ${id}`,
    async () => {
      const run = (await runs(watching)).find((each) => each.id === id);
      return run?.status === 'completed' || run?.status === 'failed' ? run : undefined;
    },
    120_000,
    500,
  );
}
async function newest(watching: Watching, isIt: (run: Run) => boolean): Promise<Run> {
  return until('a scrub of its kind', async () => (await runs(watching)).find(isIt), 60_000, 250);
}
async function total(watching: Watching): Promise<number> {
  return sample(await watching.metrics(), 'pmem_scrubs_total', `bus="${BUS}"`) ?? Number.NaN;
}

test('an error that nothing has read is found by the scheduled scrub; every other way to one is followed too', async (t) => {
  initialiseLabels('nfit_test.0');
  const namespace = createFsdax('region1');
  const path = '/mnt/ext4/victim.dat';
  makeFilesystem('ext4', namespace.disk, '/mnt/ext4', []);
  writeWhole(path, 65536);
  const sector = sectorOf(path, 8192);
  await until('the first scrub is through', () => !scrubState(BUS).running);
  const watching = await startWatching(t, { folder, config });

  await t.test('the schedule finds it: the incident names the file, and that a scrub found it', async () => {
    const { buses } = JSON.parse(await watching.agent.get('/api/v1/scrubs')) as {
      readonly buses: readonly { readonly bus: string; readonly canStart: boolean; readonly nextDueAt: string }[];
    };
    const bus = buses.find((each) => each.bus === BUS);
    assert.equal(bus?.canStart, true);
    plantLatentError(namespace, sector, 8);
    assert.deepEqual(watching.mediaMessages(), []);
    program('date', '-s', `@${Date.parse(bus?.nextDueAt ?? '') / 1000 + 1}`);
    const named = ({ files }: { readonly files: readonly { readonly path: string }[] }): boolean =>
      files.some((file) => file.path === path);
    const { message } = await watching.message('the file by name', named, 120_000);
    assert.equal(message.foundBy, 'scrub');
    assert.deepEqual(message.files[0]?.ranges, [{ offset: 8192, length: 4096 }]);
    const first = await newest(watching, ({ requestedBy }) => requestedBy?.author === 'schedule');
    const run = await ended(watching, first.id);
    assert.deepEqual([run.status, run.type, run.foundRanges], ['completed', 'long', 1]);
    t.diagnostic(`the scheduled scrub took ${run.durationSeconds} s`);
    const last = sample(await watching.metrics(), 'pmem_scrub_last_full_timestamp_seconds', `bus="${BUS}"`) ?? 0;
    assert.ok(last > Date.parse(bus?.nextDueAt ?? '') / 1000);
    // next week, not once more
    assert.equal((await runs(watching)).filter(({ requestedBy }) => requestedBy?.author === 'schedule').length, 1);
  });

  await t.test('two that ask at once start one: the other is told that it is under way', async () => {
    const before = scrubState(BUS).completed;
    const answers = await Promise.all(
      ['ada', 'ben'].map((author) => watching.agent.post('/api/v1/scrubs', { bus: BUS, author })),
    );
    assert.deepEqual(answers.map(({ status }) => status).sort(), [202, 409]);
    const [started] = answers.filter(({ status }) => status === 202);
    const [run] = (JSON.parse(started?.body ?? '') as { readonly items: readonly Run[] }).items;
    assert.equal((await ended(watching, run?.id ?? '')).status, 'completed');
    assert.equal(scrubState(BUS).completed, before + 1);
  });

  await t.test('rescan --wait ends with the scrub', async () => {
    const before = scrubState(BUS).completed;
    const { code, stdout, stderr } = await watching.agent.command('rescan', BUS, '--wait');
    assert.deepEqual([code, stderr], [0, '']);
    assert.match(stdout, /^ndbus0: searched in \d+ s, no new bad range\n$/);
    assert.deepEqual(scrubState(BUS), { completed: before + 1, running: false });
    const run = await newest(
      watching,
      ({ requestedBy }) => requestedBy?.via === 'unix socket' && requestedBy.author === 'root',
    );
    assert.equal(run.status, 'completed');
  });

  await t.test('a scrub that ndctl starts is followed and counted, and is nobody’s proof', async () => {
    const counted = await total(watching);
    startScrub('nfit_test.0');
    const { id } = await newest(watching, ({ requestedBy, status }) => requestedBy === null && status === 'running');
    const run = await ended(watching, id);
    assert.deepEqual([run.status, run.type], ['completed', 'unknown']);
    assert.equal(await total(watching), counted + 1);
  });

  await t.test('SIGUSR2 asks for all', async () => {
    watching.agent.signal('SIGUSR2');
    const { id } = await newest(watching, ({ requestedBy }) => requestedBy?.author === 'SIGUSR2');
    assert.equal((await ended(watching, id)).status, 'completed');
  });

  await t.test(
    'a new agent picks up what the killed one had started: no second start, one run in the history',
    (inner) => survivesKill(inner, watching),
  );
});

async function survivesKill(t: TestContext, first: Watching): Promise<void> {
  const { body } = await first.agent.post('/api/v1/scrubs', { bus: BUS, author: 'ada' });
  const [asked] = (JSON.parse(body) as { readonly items: readonly Run[] }).items;
  const id = asked?.id ?? '';
  await newest(first, (run) => run.id === id && run.status === 'running');
  const busy = keepScrubbing(BUS);
  t.after(() => busy.stop());
  const before = scrubState(BUS).completed;
  first.agent.killHard();
  const second = await startWatching(t, { folder, config });
  assert.deepEqual(scrubState(BUS), { completed: before, running: true }, 'it went on meanwhile');
  const [running, ...others] = await runs(second);
  assert.deepEqual([running?.id, running?.status, running?.requestedBy?.author], [id, 'running', 'ada']);
  assert.ok(others.every(({ status }) => status === 'completed'));
  busy.stop();
  assert.equal((await ended(second, id)).type, 'long');
  const { code, stdout } = await second.agent.command('events', '--limit', '0', '--json');
  assert.equal(code, 0);
  const { items } = JSON.parse(stdout) as {
    readonly items: readonly { readonly type: string; readonly data: { readonly id?: string } }[];
  };
  assert.deepEqual(
    items.filter(({ data }) => data.id === id).map(({ type }) => type),
    ['scrub.requested', 'scrub.started', 'scrub.completed'],
  );
}

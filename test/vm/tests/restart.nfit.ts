import assert from 'node:assert/strict';
import { test } from 'node:test';
import { diskList, listsSector } from '../guest/bad-blocks.ts';
import { bootAgain, bootNumber, durableFolder, keep, kept } from '../guest/boots.ts';
import { createFsdax, type FsdaxNamespace, initialiseLabels } from '../guest/namespace.ts';
import { plantLatentError, scrub } from '../guest/scrub.ts';
import { until } from '../guest/wait.ts';
import { quiet, startWatching, type Watching } from '../guest/watching.ts';

const folder = `${durableFolder}/agent`;
const sector = 4096;
const healed = 8192;

if (bootNumber() === 1) {
  test('a scrub finds an error, then agent and machine go down at once', async (t) => {
    const namespace = layNamespace();
    const watching = await startWatching(t, { folder });
    plantLatentError(namespace, sector, 8);
    plantLatentError(namespace, healed, 8);
    scrub('nfit_test.0');
    // an agent that went down earlier would have the owners to tell after its restart
    const { message } = await watching.message(
      'both ranges, and what they belong to',
      ({ totals, ranges: all }) => totals.ranges === 2 && all.every(({ owners }) => owners[0]?.kind === 'raw'),
    );
    assert.equal(message.condition, 'media_error');
    keep('incident', message.incident);
    watching.agent.killHard();
    bootAgain();
  });
} else {
  test('after the reboot nothing is told before a scrub of ours is through: then what is found again stays, and the rest is cleared', async (t) => {
    const namespace = layNamespace();
    const watching = await startWatching(t, { folder });
    await quiet();
    assert.deepEqual(watching.mediaMessages(), []);
    const before = await ranges(watching);
    assert.deepEqual(
      before.map(({ start }) => start),
      [sector, healed],
    );
    for (const { unconfirmed } of before) assert.match(unconfirmed ?? '', /only a full scrub can tell/);

    // the simulated media forgets with the power; of the two errors real media would have kept, one is laid again
    plantLatentError(namespace, sector, 8);
    scrub('nfit_test.0');
    await until('the kernel lists it again', () => listsSector(diskList(namespace.disk), sector));
    await until('it is found again', async () => (await ranges(watching))[0]?.unconfirmed === null);
    await quiet();
    // somebody else's scrub may have been a short one: what it has not brought back is not known to be gone
    assert.deepEqual(watching.mediaMessages(), []);
    assert.equal((await ranges(watching)).length, 2);

    const { status, body } = await watching.agent.post('/api/v1/scrubs', { author: 'ada' });
    assert.equal(status, 202, body);
    const { message } = await watching.message('the part that is gone', ({ type }) => type === 'pmem.incident.shrank');
    assert.equal(message.incident, kept('incident'));
    assert.deepEqual(
      message.ranges.map(({ start }) => start),
      [sector],
    );
    assert.deepEqual(watching.mediaMessages(), ['shrank']);
    const runs = await watching.items<{ readonly id: string; readonly bus: string; readonly type: string }>(
      '/api/v1/scrubs',
    );
    // each bus has one of its own
    const run = runs.find(({ bus }) => bus === 'ndbus0');
    const events = await watching.items<{ readonly type: string; readonly data: { readonly provenBy?: string } }>(
      '/api/v1/events?limit=1000',
    );
    const cleared = events.filter(({ type }) => type === 'range.cleared');
    assert.deepEqual(
      cleared.map(({ data }) => data.provenBy),
      [run?.id],
    );
    assert.equal(run?.type, 'long');
  });
}

interface Range {
  readonly start: number;
  readonly unconfirmed: string | null;
}
function ranges(watching: Watching): Promise<Range[]> {
  return watching.items<Range>('/api/v1/badblocks');
}

/** The same place in every boot, though labels and content of nfit_test's media are gone with the power. */
function layNamespace(): FsdaxNamespace {
  initialiseLabels('nfit_test.0');
  return createFsdax('region1');
}

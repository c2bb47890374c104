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

if (bootNumber() === 1) {
  test('a scrub finds an error, then agent and machine go down at once', async (t) => {
    const namespace = layNamespace();
    const watching = await startWatching(t, { folder });
    plantLatentError(namespace, sector, 8);
    scrub('nfit_test.0');
    const { message } = await watching.message('the incident', ({ condition }) => condition === 'media_error');
    assert.equal(message.ranges[0]?.start, sector);
    keep('incident', message.incident);
    watching.agent.killHard();
    bootAgain();
  });
} else {
  test('after the reboot nothing is opened twice and nothing resolved that no scrub of this boot has looked at', async (t) => {
    const namespace = layNamespace();
    const watching = await startWatching(t, { folder });
    await quiet();
    assert.deepEqual(beginnings(watching), []);
    const [range] = await watching.items<{ readonly start: number; readonly unconfirmed: string | null }>(
      '/api/v1/badblocks',
    );
    assert.equal(range?.start, sector);
    assert.match(range?.unconfirmed ?? '', /./, 'it says why it is not sure');

    plantLatentError(namespace, sector, 8); // the simulated media forgets, real media would not
    scrub('nfit_test.0');
    await until('the kernel lists it again', () => listsSector(diskList(namespace.disk), sector));
    await quiet();
    assert.deepEqual(beginnings(watching), []);
    const incidents = await watching.items<{
      readonly id: string;
      readonly status: string;
      readonly condition: string;
    }>('/api/v1/incidents');
    assert.deepEqual(
      incidents.filter(({ condition }) => condition === 'media_error').map(({ id, status }) => [id, status]),
      [[kept('incident'), 'open']],
    );
  });
}

/** The same place in every boot, though labels and content of nfit_test's media are gone with the power. */
function layNamespace(): FsdaxNamespace {
  initialiseLabels('nfit_test.0');
  return createFsdax('region1');
}

function beginnings(watching: Watching): string[] {
  return watching.mediaMessages().filter((type) => type === 'opened' || type === 'resolved');
}

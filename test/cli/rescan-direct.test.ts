import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ScrubStart } from '../../src/model/scrub.ts';
import { createHostTree, type HostTree, loadHost } from '../fakes/host-tree.ts';
import { platformOf, type Ran, runCommand } from './run-command.ts';

/** A host whose first bus can search, where no agent runs. */
function hostWithScrub(): HostTree {
  const host = loadHost('two-buses');
  host.sysfs.put('bus/nd/devices/ndbus0/nfit/scrub', '4\n');
  return host;
}
const accepted: ScrubStart = {
  kind: 'accepted',
  before: { completed: 4, running: false },
  after: { completed: 4, running: true },
};
const started: string[] = [];
async function rescan(host: HostTree, words: string[], start: ScrubStart = accepted, whyNot?: string): Promise<Ran> {
  started.length = 0;
  const platform = platformOf(host, {
    scrubs: {
      whyNotWritable: async () => (whyNot === undefined ? undefined : { errno: 'EACCES', reason: whyNot }),
      async start(bus) {
        started.push(bus);
        return start;
      },
      setErrorScrub: () => Promise.reject(new Error('no setting was to be changed')),
      whyNotSearchable: () => Promise.reject(new Error('firmware was not to be asked')),
    },
  });
  return runCommand(['rescan', ...words], { platform });
}
process.env['PMEMWATCH_API_SOCKET'] = '/nonexistent/api.sock';

test('where no agent runs the kernel itself is asked, and standard error says so', async () => {
  const { code, stdout, stderr } = await rescan(hostWithScrub(), ['ndbus0']);
  assert.deepEqual([code, started], [0, ['ndbus0']], stderr);
  assert.match(
    stdout,
    /^ndbus0: a scrub was asked for; nothing follows it while no agent runs: pmemwatch list shows what it finds\n$/,
  );
  assert.match(
    stderr,
    /^pmemwatch rescan: asked of the kernel itself: no answer on \/nonexistent\/api\.sock \(ENOENT\)[^\n]*\n$/,
  );
});

test('it is seen through with --wait: its end, and what it found', async () => {
  const host = hostWithScrub();
  const running = rescan(host, ['ndbus0', '--wait']);
  setTimeout(() => {
    const list = 'bus/nd/devices/region0/badblocks';
    host.sysfs.put(list, '100 8\n');
    host.sysfs.put('bus/nd/devices/ndbus0/nfit/scrub', '5\n');
  }, 300);
  const { code, stdout } = await running;
  assert.equal(code, 0);
  assert.match(stdout, /^ndbus0: searched in 1 s, (\d+ new bad ranges?, |no new bad range)/);
});

test('one that cannot be, may not be, or runs already is told, with 2', async () => {
  const table: [words: string[], start: ScrubStart, whyNot: string | undefined, expected: RegExp][] = [
    [['nowhere'], accepted, undefined, /this host has no bus nowhere: pmemwatch list shows them/],
    [
      ['ndbus0'],
      accepted,
      'permission denied: run it as root',
      /no scrub was started: ndbus0: permission denied: run it as root/,
    ],
    [['ndbus0'], { kind: 'busy', before: null }, undefined, /one runs already/],
    [['ndbus0'], { kind: 'failed', reason: 'the kernel says no', again: false }, undefined, /the kernel says no/],
  ];
  for (const [words, start, whyNot, expected] of table) {
    const { code, stdout, stderr } = await rescan(hostWithScrub(), words, start, whyNot);
    assert.deepEqual([code, stdout], [2, ''], stderr);
    assert.match(stderr, expected);
  }
  const none = await rescan(
    createHostTree('@ block\nsda/\n@ /proc/1\nmountinfo :=\n@ /proc/sys/kernel/random\nboot_id = 1\n'),
    [],
  );
  assert.match(none.stderr, /no scrub was started: this host has no nvdimm bus/);
});

test('an agent that is named and not there is not passed over', async () => {
  const { code, stderr } = await rescan(hostWithScrub(), ['ndbus0', '--socket', '/nonexistent/s']);
  assert.deepEqual([code, started], [2, []]);
  assert.match(stderr, /^pmemwatch rescan: no answer on \/nonexistent\/s/);
});

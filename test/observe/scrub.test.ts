import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { parseScrubState } from '../../src/model/scrub.ts';
import { type Bus, emptyTopology, type Topology } from '../../src/model/topology.ts';
import { createScrubObserver } from '../../src/observe/scrub.ts';
import { createFakeClock, settle } from '../fakes/fake-clock.ts';
import { createHostTree } from '../fakes/host-tree.ts';
import { createRecordingLog } from '../fakes/recording-log.ts';

const SCRUB = 'bus/nd/devices/ndbus0/nfit/scrub';
const bus = (more: Partial<Bus> = {}): Bus => ({
  name: 'ndbus0',
  provider: 'ACPI.NFIT',
  errorSource: 'ars',
  scrubSupported: true,
  epoch: 'boot-1',
  ...more,
});
const topologyOf = (...buses: Bus[]): Topology => ({ ...emptyTopology, buses });

interface Refusal {
  now: { errno: string; reason: string } | undefined;
}
async function rig(t: TestContext, text: string, refused: Refusal = { now: undefined }) {
  const clock = createFakeClock();
  const host = createHostTree(`@nd sys/devices/ndbus0\nnfit/scrub := ${text}\n`);
  const ended: string[] = [];
  const log = createRecordingLog();
  let asked = 0;
  let slow = Promise.resolve();
  const observer = createScrubObserver({
    sysfs: {
      ...host.sysfs,
      async read(path, options) {
        await slow;
        return host.sysfs.read(path, options);
      },
    },
    control: {
      async whyNotWritable() {
        asked++;
        return refused.now;
      },
    },
    clock,
    config: { pollMs: 60_000, deviceDeadlineMs: 30_000, jitter: () => 0 },
    onEnded: (name) => ended.push(name),
    onReading: () => undefined,
    log,
  });
  t.after(() => observer.stop());
  observer.update(topologyOf(bus()));
  await observer.settled();
  const put = (value: string): void => host.sysfs.put(SCRUB, value);
  function slowDown(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    slow = promise;
    return resolve;
  }
  return { clock, host, observer, ended, log, put, slowDown, reads: () => host.sysfs.reads(SCRUB), asked: () => asked };
}

test('the count and the mark of a running scrub are read, anything else is none', () => {
  const table: readonly (readonly [string, ReturnType<typeof parseScrubState>])[] = [
    ['0\n', { completed: 0, running: false }],
    ['12+\n', { completed: 12, running: true }],
    ['12', { completed: 12, running: false }],
    ['', undefined],
    ['+\n', undefined],
    ['1 +\n', undefined],
    ['-1\n', undefined],
    ['1++\n', undefined],
    ['9'.repeat(16), undefined],
  ];
  for (const [text, state] of table) assert.deepEqual(parseScrubState(text), state, JSON.stringify(text));
});

test('an idle bus is looked at with the poll, a running scrub at most every minute: each look costs the firmware', async (t) => {
  const { clock, put, reads } = await rig(t, '1\\n');
  assert.equal(reads(), 1);
  await clock.advance(54_000);
  assert.equal(reads(), 2, 'idle: the poll less its jitter');
  put('1+\n');
  await clock.advance(54_000);
  assert.equal(reads(), 3);
  const before = clock.now();
  while (reads() === 3) await clock.advance(1_000);
  assert.ok(clock.now() - before >= 60_000, `looked again after ${clock.now() - before} ms`);
});

test('the end of a scrub is seen at its notification, and has the lists of its bus read', async (t) => {
  const { clock, put, observer, ended } = await rig(t, '1+\\n');
  put('2\n');
  observer.hint('ndbus0');
  await clock.advance(25);
  assert.deepEqual(observer.latest()[0]?.state, { kind: 'ok', value: { completed: 2, running: false } });
  assert.deepEqual(ended, ['ndbus0']);
  observer.hint('ndbus0');
  await clock.advance(25);
  assert.deepEqual(ended, ['ndbus0'], 'once');
});

test('a notification of a list comes from a scrub when one runs or has just ended; else the error came by itself', async (t) => {
  const { clock, put, observer, reads } = await rig(t, '1\\n');
  assert.equal(await observer.cause('ndbus0'), 'hint');
  put('2\n');
  assert.equal(await observer.cause('ndbus0'), 'scrub');
  await clock.advance(5_000);
  assert.equal(await observer.cause('ndbus0'), 'hint');
  put('2+\n');
  assert.equal(await observer.cause('ndbus0'), 'scrub');
  const before = reads();
  for (let i = 0; i < 50; i++) assert.equal(await observer.cause('ndbus0'), 'scrub');
  assert.equal(reads(), before, 'a running scrub is not looked at for each list that changes');
  assert.equal(await observer.cause('ndbus9'), 'hint');
});

test('a bus that takes its time is waited for: an overwhelmed host does not call a scrub a machine check', async (t) => {
  const { clock, put, slowDown, observer } = await rig(t, '1\\n');
  put('2\n');
  const answer = slowDown();
  const cause = observer.cause('ndbus0');
  await clock.advance(4_000);
  answer();
  assert.equal(await cause, 'scrub');
});

test('a bus that has not answered after five seconds holds no list up: the cause is not known', async (t) => {
  const { clock, slowDown, observer } = await rig(t, '1\\n');
  const answer = slowDown();
  const cause = observer.cause('ndbus0');
  await clock.advance(5_000);
  assert.equal(await cause, 'unclear');
  answer();
  await settle();
  assert.equal(await observer.cause('ndbus0'), 'hint');
});

test('a bus that does not answer is told as stuck', async (t) => {
  const { clock, host, observer } = await rig(t, '1\\n');
  const release = host.sysfs.hang(SCRUB);
  assert.equal(await observer.cause('ndbus0'), 'unclear');
  await clock.advance(30_000);
  assert.equal(await observer.cause('ndbus0'), 'unclear', 'and is not waited for once it is known to be stuck');
  assert.deepEqual(
    observer.stuck().map(({ subject, uid }) => [subject, uid]),
    [['ndbus0', 'ACPI.NFIT']],
  );
  assert.match(observer.latest()[0]?.notWritable ?? '', /does not answer/);
  release();
  await settle();
  assert.deepEqual(observer.stuck(), []);
});

test('whether a scrub may be started is asked until it may, said once where it may not, and said when it was put right', async (t) => {
  const fine = await rig(t, '1\\n');
  assert.equal(fine.observer.latest()[0]?.notWritable, '');
  await fine.clock.advance(600_000);
  assert.equal(fine.asked(), 1);
  const refusal: Refusal = { now: { errno: 'EACCES', reason: 'no permission' } };
  const denied = await rig(t, '1\\n', refusal);
  assert.equal(denied.observer.latest()[0]?.notWritable, 'no permission');
  await denied.clock.advance(120_000);
  assert.equal(denied.asked(), 3);
  refusal.now = undefined;
  await denied.clock.advance(60_000);
  assert.equal(denied.observer.latest()[0]?.notWritable, '');
  assert.deepEqual(
    denied.log.lines.map(({ level, message }) => `${level}: ${message}`),
    ['warn: scrubs cannot be started on this bus', 'info: scrubs can be started on this bus'],
  );
});

test('a bus that the kernel made anew is another one; a bus without a scrub is not read', async (t) => {
  const { observer, reads } = await rig(t, '5\\n');
  observer.update(topologyOf(bus()));
  await observer.settled();
  assert.equal(reads(), 1);
  observer.update(topologyOf(bus({ epoch: 'boot-1 again' })));
  await observer.settled();
  assert.equal(reads(), 2);
  assert.equal(observer.latest()[0]?.epoch, 'boot-1 again');
  observer.update(topologyOf(bus({ scrubSupported: false })));
  assert.deepEqual(observer.latest(), []);
});

test('an unreadable state is said once and tried again', async (t) => {
  const { clock, observer, put, log } = await rig(t, 'nonsense\\n');
  assert.equal(observer.latest()[0]?.state.kind, 'failed');
  await clock.advance(3_000);
  put('1\n');
  await clock.advance(10_000);
  assert.equal(observer.latest()[0]?.state.kind, 'ok');
  assert.deepEqual(
    log.lines.map(({ message }) => message),
    ['the state of scrubs is unreadable', 'the state of scrubs can be read again'],
  );
});

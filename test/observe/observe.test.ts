import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { discover } from '../../src/discover/discover.ts';
import type { ListReading } from '../../src/model/badblocks.ts';
import { run } from '../../src/model/extent.ts';
import type { Topology } from '../../src/model/topology.ts';
import { createObserver, type Observer } from '../../src/observe/observe.ts';
import type { Logger } from '../../src/ports.ts';
import { createFakeClock, type FakeClock, settle } from '../fakes/fake-clock.ts';
import { type HostTree, loadHost } from '../fakes/host-tree.ts';

interface Rig {
  readonly host: HostTree;
  readonly clock: FakeClock;
  readonly observer: Observer;
  readonly topology: Topology;
  readonly warnings: string[];
  /** readings announced so far */
  readonly count: () => number;
  readonly list: (subject: string) => ListReading;
}

const POLL = 60_000;
async function rig(t: TestContext, scenario: string, { jitter = 0.5, poll = POLL } = {}): Promise<Rig> {
  const host = loadHost(scenario);
  const clock = createFakeClock();
  const warnings: string[] = [];
  const log: Logger = {
    debug: () => undefined,
    info: (_, message) => warnings.push(message),
    warn: (_, message) => warnings.push(message),
    error: (_, message) => warnings.push(message),
    child: () => log,
  };
  let count = 0;
  const config = { badBlocksMs: poll, deviceDeadlineMs: 30_000, pageSize: 4096, jitter: () => jitter };
  const observer = createObserver({ sysfs: host.sysfs, clock, config, onReading: () => count++, log });
  t.after(() => observer.stop());
  const topology = await discover(host);
  observer.update(topology);
  await observer.settled();
  const list = (subject: string): ListReading => {
    const found = observer.latest(topology).lists.find((reading) => reading.subject === subject);
    assert.ok(found, `no reading of ${subject}`);
    return found;
  };
  return { host, clock, observer, topology, warnings, count: () => count, list };
}
const PMEM0 = 'block/pmem0/badblocks';
const REGION0 = 'bus/nd/devices/region0/badblocks';

test('every disk with a list and every region is read at the start, nothing else is', async (t) => {
  const { observer, topology } = await rig(t, 'layers');
  const { lists, places, stuck } = observer.latest(topology);
  assert.deepEqual(
    lists.map(({ subject }) => subject),
    ['pmem0', 'pmem1', 'pmem1.1', 'region0', 'region1'],
  );
  assert.ok(lists.every(({ trigger }) => trigger === 'start'));
  assert.equal(places.size, topology.places.length);
  assert.deepEqual(stuck, []);
});

test('each list is polled with a jitter of a tenth of the period, both ways', async (t) => {
  for (const [jitter, due] of [
    [0, 54_000],
    [0.5, 60_000],
    [1, 66_000],
  ] as const) {
    const { host, clock } = await rig(t, 'one-bad-sector', { jitter });
    await clock.advance(due - 1);
    assert.equal(host.sysfs.reads(PMEM0), 1, `${jitter}`);
    await clock.advance(1);
    assert.equal(host.sysfs.reads(PMEM0), 2, `${jitter}`);
  }
});

test('a poll finds what no hint told of', async (t) => {
  const { host, clock, list } = await rig(t, 'one-bad-sector');
  host.sysfs.put(PMEM0, '2256 1\n8000 4\n');
  await clock.advance(POLL);
  const { list: observation, trigger } = list('pmem0');
  assert.equal(trigger, 'poll');
  assert.deepEqual(observation.kind === 'ok' && observation.value.runs, [run(2256, 1), run(8000, 4)]);
});

test('a hint is followed by a read within 25 ms, of that list alone', async (t) => {
  const { host, clock, observer, list } = await rig(t, 'one-bad-sector');
  observer.hint('pmem0');
  await clock.advance(24);
  assert.equal(host.sysfs.reads(PMEM0), 1);
  await clock.advance(1);
  assert.equal(host.sysfs.reads(PMEM0), 2);
  assert.equal(host.sysfs.reads(REGION0), 1);
  assert.equal(list('pmem0').trigger, 'hint');
});

test('a burst of hints is one read after the last of them, but is not put off beyond 250 ms', async (t) => {
  const { host, clock, observer } = await rig(t, 'one-bad-sector');
  for (let i = 0; i < 5; i++) {
    observer.hint('pmem0');
    await clock.advance(20);
  }
  assert.equal(host.sysfs.reads(PMEM0), 1);
  await clock.advance(5);
  assert.equal(host.sysfs.reads(PMEM0), 2);
  const before = clock.monotonic();
  while (host.sysfs.reads(PMEM0) === 2) {
    observer.hint('pmem0');
    await clock.advance(10);
  }
  assert.ok(clock.monotonic() - before <= 260, `${clock.monotonic() - before}`);
});

test('when hints meet, a scrub is what tells most', async (t) => {
  const { clock, observer, list } = await rig(t, 'one-bad-sector');
  observer.hint('pmem0', 'scrub');
  observer.hint('pmem0');
  await clock.advance(25);
  assert.equal(list('pmem0').trigger, 'scrub');
});

test('a hint for what is not read is nothing', async (t) => {
  const { clock, observer, count } = await rig(t, 'none');
  observer.hint('pmem7');
  await clock.advance(POLL);
  assert.equal(count(), 0);
});

test('a hint while a read is under way makes one more read after it', async (t) => {
  const { host, clock, observer, topology } = await rig(t, 'one-bad-sector');
  const gate = Promise.withResolvers<void>();
  const read = host.sysfs.read;
  let calls = 0;
  host.sysfs.read = async (path, options) => {
    if (path === PMEM0 && calls++ === 0) await gate.promise;
    return read(path, options);
  };
  observer.hint('pmem0');
  await clock.advance(25);
  assert.equal(calls, 1);
  for (let i = 0; i < 3; i++) observer.hint('pmem0');
  await clock.advance(1000);
  assert.equal(calls, 1, 'the read under way is not doubled');
  gate.resolve();
  await settle();
  assert.equal(calls, 2, 'one more for all hints that came meanwhile');
  await clock.advance(1000);
  assert.equal(calls, 2);
  assert.equal(observer.latest(topology).lists.length, 2);
});

test('a cut list is polled as often as any other', async (t) => {
  const { host, clock, list } = await rig(t, 'truncated-list');
  const { list: cut } = list('pmem0');
  assert.equal(cut.kind === 'ok' && cut.value.complete, false);
  for (let i = 0; i < 5; i++) {
    const before = host.sysfs.reads(PMEM0);
    await clock.advance(POLL - 1);
    assert.equal(host.sysfs.reads(PMEM0), before);
    await clock.advance(1);
    assert.equal(host.sysfs.reads(PMEM0), before + 1);
  }
});

test('polled each second or ten, a cut list is read less and less often, up to ten times but once a minute, and as before once it is whole', async (t) => {
  for (const [poll, factors] of [
    [1_000, [2, 4, 8, 10, 10]],
    [10_000, [2, 4, 6, 6]],
    [45_000, [60 / 45, 60 / 45]],
    [120_000, [1, 1]],
  ] as const) {
    const { host, clock } = await rig(t, 'truncated-list', { poll });
    for (const factor of factors) {
      const before = host.sysfs.reads(PMEM0);
      await clock.advance(factor * poll - 1);
      assert.equal(host.sysfs.reads(PMEM0), before, `${poll} ${factor}`);
      await clock.advance(1);
      assert.equal(host.sysfs.reads(PMEM0), before + 1, `${poll} ${factor}`);
    }
    host.sysfs.put(PMEM0, '8 1\n');
    await clock.advance((factors.at(-1) ?? 1) * poll);
    const before = host.sysfs.reads(PMEM0);
    await clock.advance(poll);
    assert.equal(host.sysfs.reads(PMEM0), before + 1, `${poll}`);
  }
});

test('a device that hangs is told as stuck, skipped until its call returns, then read at once; others go on', async (t) => {
  const { host, clock, observer, topology, list } = await rig(t, 'qemu-mce');
  const release = host.sysfs.hang(PMEM0);
  const asked = clock.now() + POLL;
  await clock.advance(POLL);
  const { stuck, places } = observer.latest(topology);
  const uid = topology.places.find(({ device }) => device === 'pmem0')?.uid ?? '';
  assert.deepEqual(stuck, [{ subject: 'pmem0', since: asked, uid }]);
  const stuckList = list('pmem0');
  assert.ok(stuckList.list.kind === 'failed' && stuckList.list.code === 'DEVICE_STUCK');
  assert.equal(stuckList.lastOkAt, asked - POLL, 'when it was last read well is kept');
  assert.equal(places.get(uid)?.readable, false);
  const reads = host.sysfs.reads(PMEM0);
  observer.hint('pmem0');
  await clock.advance(5 * POLL);
  await observer.refreshAll('poll');
  assert.equal(host.sysfs.reads(PMEM0), reads, 'not asked again while it hangs');
  assert.equal(list('pmem1').at, clock.now(), 'the other device is read as ever');
  release();
  await settle();
  assert.equal(list('pmem0').list.kind, 'ok');
  assert.equal(list('pmem0').at, clock.now());
  assert.deepEqual(observer.latest(topology).stuck, []);
});

test('the deadline is the configured one', async (t) => {
  const { host, observer } = await rig(t, 'one-bad-sector');
  const deadlines: (number | undefined)[] = [];
  const read = host.sysfs.read;
  host.sysfs.read = (path, options) => {
    deadlines.push(options?.deadlineMs);
    return read(path, options);
  };
  await observer.refreshAll('poll');
  assert.deepEqual(deadlines, [30_000, 30_000]);
});

test('each way to fail has its own reason, which says what to do', async (t) => {
  const { host, observer, list } = await rig(t, 'one-bad-sector');
  for (const [path, subject, errno, reason] of [
    [REGION0, 'region0', 'ENXIO', /disabled.*ndctl enable-region region0/],
    [PMEM0, 'pmem0', 'ENOENT', /removed or disabled.*ndctl list -N -i/],
    [PMEM0, 'pmem0', 'ENODEV', /removed or disabled/],
    [PMEM0, 'pmem0', 'EACCES', /permission denied.*as root/],
    [PMEM0, 'pmem0', 'EIO', /dmesg/],
    [PMEM0, 'pmem0', 'EFBIG', /no bad-block list/],
  ] as const) {
    host.sysfs.put(path, { kind: 'error', errno });
    await observer.refreshAll('poll');
    const observation = list(subject).list;
    assert.ok(observation.kind === 'failed' && observation.code === 'SYSFS_READ', errno);
    assert.equal(observation.errno, errno);
    assert.match(observation.reason, reason);
    assert.ok(list(subject).lastOkAt !== undefined);
  }
});

test('a file that vanishes makes no difference to the others', async (t) => {
  const { host, observer, list } = await rig(t, 'qemu-mce');
  host.sysfs.remove('block/pmem0');
  await observer.refreshAll('poll');
  assert.equal(list('pmem0').list.kind, 'failed');
  for (const other of ['pmem1', 'region0', 'region1']) assert.equal(list(other).list.kind, 'ok');
});

test('a transport that breaks is a failed reading, and the list is read again at the next poll', async (t) => {
  const { host, clock, observer, list } = await rig(t, 'one-bad-sector');
  const read = host.sysfs.read;
  host.sysfs.read = async () => {
    throw new Error('the pipe is closed');
  };
  await observer.refreshAll('poll');
  const observation = list('pmem0').list;
  assert.ok(observation.kind === 'failed' && observation.code === 'PROBE');
  host.sysfs.read = read;
  await clock.advance(POLL);
  assert.equal(list('pmem0').list.kind, 'ok');
});

test('a read that fails after a hint is tried again soon, less and less often, and is still due to the hint', async (t) => {
  const { host, clock, observer, list } = await rig(t, 'one-bad-sector');
  host.sysfs.put(PMEM0, { kind: 'error', errno: 'EIO' });
  observer.hint('pmem0');
  await clock.advance(25);
  const before = host.sysfs.reads(PMEM0);
  await clock.advance(1_000);
  assert.equal(host.sysfs.reads(PMEM0), before + 1);
  await clock.advance(1_999);
  assert.equal(host.sysfs.reads(PMEM0), before + 1);
  host.sysfs.put(PMEM0, '2256 1\n8000 4\n');
  await clock.advance(1);
  assert.equal(list('pmem0').list.kind, 'ok');
  assert.equal(list('pmem0').trigger, 'hint');
  host.sysfs.put(PMEM0, { kind: 'error', errno: 'EIO' });
  await clock.advance(20 * POLL);
  const late = host.sysfs.reads(PMEM0);
  await clock.advance(10 * POLL);
  assert.ok(host.sysfs.reads(PMEM0) - late <= 12, 'no more often than it is polled in the end');
});

test('the log tells when a list turns unreadable and when it is well again, not at each poll', async (t) => {
  const { host, clock, warnings } = await rig(t, 'one-bad-sector');
  host.sysfs.put(PMEM0, 'garbage\n');
  await clock.advance(5 * POLL);
  assert.deepEqual(warnings, ['bad-block list is unreadable']);
  host.sysfs.put(PMEM0, '');
  await clock.advance(2 * POLL);
  assert.deepEqual(warnings, ['bad-block list is unreadable', 'bad-block list is read in full again']);
});

test('a device that comes is read at once, one that goes is read no more', async (t) => {
  const { host, clock, observer, topology } = await rig(t, 'qemu-mce');
  const without: Topology = { ...topology, blockDevices: topology.blockDevices.filter(({ name }) => name !== 'pmem0') };
  observer.update(without);
  assert.ok(!observer.latest(without).lists.some(({ subject }) => subject === 'pmem0'));
  await clock.advance(2 * POLL);
  assert.equal(host.sysfs.reads(PMEM0), 1);
  observer.update(topology);
  await settle();
  assert.equal(host.sysfs.reads(PMEM0), 2);
});

test('a device is not given the reading of its predecessor of the same name', async (t) => {
  const { host, observer, topology } = await rig(t, 'qemu-mce');
  host.sysfs.put(PMEM0, '');
  const successor: Topology = {
    ...topology,
    blockDevices: topology.blockDevices.map((d) => (d.name === 'pmem0' ? { ...d, diskSequence: 99 } : d)),
  };
  observer.update(successor);
  const uid = topology.places.find(({ device }) => device === 'pmem0')?.uid ?? '';
  assert.equal(observer.latest(successor).places.get(uid)?.pending, true);
  await observer.settled();
  const list = observer.latest(successor).lists.find(({ subject }) => subject === 'pmem0')?.list;
  assert.deepEqual(list?.kind === 'ok' && list.value.runs, []);
});

test('the same inventory again starts nothing anew', async (t) => {
  const { host, observer, topology } = await rig(t, 'qemu-mce');
  observer.update(structuredClone(topology));
  await settle();
  assert.equal(host.sysfs.reads(PMEM0), 1);
});

test('the first readings are settled though a device hangs from the start', async (t) => {
  const host = loadHost('qemu-mce');
  host.sysfs.hang(PMEM0);
  const clock = createFakeClock();
  const log: Logger = {
    debug: () => undefined,
    info: () => undefined,
    warn: () => undefined,
    error: () => undefined,
    child: () => log,
  };
  const config = { badBlocksMs: POLL, deviceDeadlineMs: 30_000, pageSize: 4096, jitter: () => 0.5 };
  const observer = createObserver({ sysfs: host.sysfs, clock, config, onReading: () => undefined, log });
  t.after(() => observer.stop());
  const topology = await discover(host);
  observer.update(topology);
  await observer.settled();
  assert.deepEqual(
    observer.latest(topology).stuck.map(({ subject }) => subject),
    ['pmem0'],
  );
  assert.equal(observer.latest(topology).lists.length, 4);
});

test('after stop nothing is read and nothing waits', async (t) => {
  const { host, clock, observer } = await rig(t, 'qemu-mce');
  observer.hint('pmem0');
  observer.stop();
  await clock.advance(2 * POLL);
  assert.equal(host.sysfs.reads(PMEM0), 1);
  assert.deepEqual(clock.waiting(), []);
});

import assert from 'node:assert/strict';
import { duplexPair } from 'node:stream';
import { test } from 'node:test';
import { createClock } from '../../src/linux/clock.ts';
import { createProbe } from '../../src/linux/probe/client.ts';
import type { ProbeConnection, ProbeConnector } from '../../src/linux/probe/conversation.ts';
import { type ProbeServices, serveProbe } from '../../src/linux/probe/server.ts';
import { run } from '../../src/model/extent.ts';
import type { Owner } from '../../src/model/owner.ts';
import type { Clock, ResolveProgress } from '../../src/ports.ts';
import { createFakeClock } from '../fakes/fake-clock.ts';
import { createCountedProbe, createHost, isAlive, silent, until } from './rig.ts';

const job = { device: 'pmem0', runs: [run(8, 8), run(64, 1)], deadlineMs: 60_000, walkRoots: [] };
const never = new AbortController().signal;

/** A probe whose processes are servers in this one; `hangs` of them do not end when they are killed. */
function inProcess(services: Partial<ProbeServices>, clock: Clock = createClock()) {
  const host = createHost();
  const state = { starts: 0, kills: 0, hangs: false, purposes: [] as string[], release: (): void => undefined };
  const connect: ProbeConnector = async (purpose = 'readings'): Promise<ProbeConnection> => {
    state.starts += 1;
    state.purposes.push(purpose);
    const [near, far] = duplexPair();
    const nothing: ProbeServices = {
      resolve: async () => ({ device: 'pmem0', complete: true, results: [] }),
      check: async () => ({}),
      dsm: async () => ({ reply: new Uint8Array(4), firmwareBytes: 4 }),
      scrub: async () => null,
      pollPriority: () => Promise.reject(new Error('none')),
    };
    serveProbe(far, { roots: host.roots, services: { ...nothing, ...services }, onEnd: () => far.destroy() });
    state.release = () => void near.destroy();
    const kill = () => {
      state.kills += 1;
      if (!state.hangs) near.destroy();
    };
    return { stream: near, kill, unref: () => undefined };
  };
  const probe = createProbe({ connect, deadlineMs: 5_000, clock, log: silent });
  return { probe, state, host };
}

test('a job has a process of its own and tells its progress', async () => {
  const answer = { device: 'pmem0', complete: true, results: [] };
  const { probe, state, host } = inProcess({
    async resolve(_job, onProgress) {
      onProgress({ phase: 'looking', done: 1, total: 2 });
      return answer;
    },
  });
  host.write('sys/block/pmem0/size', '1\n');
  await probe.sysfs.read('block/pmem0/size');
  const told: ResolveProgress[] = [];
  assert.deepEqual(await probe.resolver.resolve(job, (p) => told.push(p), never), answer);
  assert.deepEqual(told, [{ phase: 'looking', done: 1, total: 2 }]);
  assert.deepEqual([state.starts, state.kills], [2, 0]);
  assert.deepEqual(state.purposes, ['readings', 'jobs']);
  await probe.close();
  assert.equal(state.kills, 2);
  host.remove();
});

test('a process waits half a minute for the next job, unless its answer was cut short', async () => {
  const clock = createFakeClock();
  let complete = true;
  const { probe, state, host } = inProcess(
    { resolve: async () => ({ device: 'pmem0', complete, results: [] }) },
    clock,
  );
  const ask = () => probe.resolver.resolve(job, () => undefined, never);
  await ask();
  await ask();
  assert.deepEqual([state.starts, state.kills], [1, 0]);
  // two at once need two processes; one of them waits
  await Promise.all([ask(), ask()]);
  assert.deepEqual([state.starts, state.kills], [2, 1]);
  await clock.advance(30_000);
  assert.equal(state.kills, 2);
  complete = false;
  await ask();
  assert.deepEqual([state.starts, state.kills], [3, 3]);
  await probe.close();
  host.remove();
});

test('a cancelled job ends its process and rejects with the reason of the signal', async () => {
  const { probe, state, host } = inProcess({ resolve: () => new Promise(() => undefined) });
  const abort = new AbortController();
  const asked = probe.resolver.resolve(job, () => undefined, abort.signal);
  await until(() => state.starts === 1, 'the job runs');
  abort.abort(new Error('shutting down'));
  await assert.rejects(asked, { message: 'shutting down' });
  assert.equal(state.kills, 1);
  host.remove();
});

test('a process that ends in the middle of a job leaves every sector unknown, with the reason', async () => {
  const { probe, state, host } = inProcess({
    resolve() {
      setImmediate(() => state.release());
      return new Promise(() => undefined);
    },
  });
  const answer = await probe.resolver.resolve(job, () => undefined, never);
  assert.equal(answer.complete, false);
  assert.deepEqual(
    answer.results.map(({ start, count, owners }) => [start, count, owners.map((o) => `${o.kind}: ${o.reason}`)]),
    job.runs.map(({ start, count }) => [start, count, ['unknown: the probe process ended']]),
  );
  host.remove();
});

test('owners that were told before the process ended are kept, and only the rest is unknown', async () => {
  const early: Owner = { kind: 'file', device: 'pmem0', ...run(8, 6), paths: ['/pg/a'] };
  const { probe, state, host } = inProcess({
    resolve(_job, onProgress) {
      onProgress({ phase: 'looking', done: 1 });
      // a second report right after the first is not held back when it carries owners
      onProgress({ phase: 'found', done: 1, owners: [early] });
      setImmediate(() => state.release());
      return new Promise(() => undefined);
    },
  });
  const told: ResolveProgress[] = [];
  const answer = await probe.resolver.resolve(job, (p) => told.push(p), never);
  assert.deepEqual(told.at(-1)?.owners, [early]);
  assert.deepEqual(
    answer.results.map((r) => [r.complete, r.owners.map((o) => [o.kind, o.start, o.count])]),
    [
      [
        false,
        [
          ['file', 8, 6],
          ['unknown', 14, 2],
        ],
      ],
      [false, [['unknown', 64, 1]]],
    ],
  );
  host.remove();
});

const ownerAt = (start: number, path = `/pg/${start}`): Owner => {
  const paths = { paths: [path], pathsBase64: [Buffer.from(path).toString('base64')] };
  return { kind: 'file', device: 'pmem0', ...run(start, 1), ...paths };
};

test('an answer with more owners than one message takes arrives whole and in order', async () => {
  const many = Array.from({ length: 1_000 }, (_, i) => ownerAt(8 + (i % 8)));
  const answer = {
    device: 'pmem0',
    complete: false,
    results: [
      { ...run(8, 8), complete: false, owners: many },
      { ...run(64, 1), complete: true, owners: [ownerAt(64)] },
      { ...run(72, 1), complete: true, owners: [] },
    ],
  };
  const { probe, host } = inProcess({ resolve: async () => answer });
  const asked = { ...job, runs: [...job.runs, run(72, 1)] };
  assert.deepEqual(await probe.resolver.resolve(asked, () => undefined, never), answer);
  await probe.close();
  host.remove();
});

test('ranges that were told in whole before the process ended are kept', async () => {
  const { probe, state, host } = inProcess({
    async resolve() {
      // so long that each message is taken before the next is made
      const long = (start: number): Owner => ownerAt(start, `/${'x'.repeat(4_000)}`);
      const told = { ...run(8, 8), complete: true, owners: Array.from({ length: 512 }, () => long(8)) };
      const cut = { ...run(64, 1), complete: true, owners: Array.from({ length: 512 }, () => long(64)) };
      const results = [told, cut];
      // the last part of the second range stays with the process
      Object.defineProperty(cut.owners, 'slice', {
        value(from: number, to: number) {
          if (from >= 384) state.release();
          return Array.prototype.slice.call(this, from, to);
        },
      });
      return { device: 'pmem0', complete: true, results };
    },
  });
  const answer = await probe.resolver.resolve(job, () => undefined, never);
  assert.equal(answer.complete, false);
  assert.deepEqual(
    answer.results.map((r) => [r.complete, r.owners.length, r.owners[0]?.kind, r.owners[0]?.reason]),
    [
      [true, 512, 'file', undefined],
      [false, 1, 'unknown', 'the probe process ended'],
    ],
  );
  host.remove();
});

test('a wrong question is thrown as such, and so is a failed check', async () => {
  const { AgentError } = await import('../../src/model/errors.ts');
  const { probe, host } = inProcess({
    resolve: () => Promise.reject(new AgentError('RESOLVE', 'there is no block device pmem0')),
    check: () => Promise.reject(new Error('broken')),
  });
  await assert.rejects(
    probe.resolver.resolve(job, () => undefined, never),
    {
      code: 'RESOLVE',
      message: 'there is no block device pmem0',
    },
  );
  const bad = { ...job, device: '../pmem0' };
  await assert.rejects(
    probe.resolver.resolve(bad, () => undefined, never),
    { code: 'RESOLVE' },
  );
  await assert.rejects(
    probe.check(
      { paths: ['/x'], deadlineMs: 1000, tellClean: true },
      () => undefined,
      never,
      async () => undefined,
    ),
    { code: 'PROBE' },
  );
  host.remove();
});

test('the files of a check are taken one part after the other, and the probe waits for a slow taker', async () => {
  const total = 2_000;
  let emitted = 0;
  const { probe, host } = inProcess({
    async check(_job, _progress, _signal, emit) {
      for (let i = 0; i < total; i++) {
        await emit([{ number: i, padding: 'x'.repeat(1000) }]);
        emitted++;
      }
      return { complete: true, looked: total };
    },
  });
  const gate = Promise.withResolvers<void>();
  const taken: number[] = [];
  let taking = 0;
  const done = probe.check(
    { paths: ['/x'], deadlineMs: 60_000, tellClean: true },
    () => undefined,
    never,
    async (files) => {
      assert.equal(++taking, 1, 'a part came while another was being taken');
      await gate.promise;
      for (const { number } of files as { number: number }[]) taken.push(number);
      taking--;
    },
  );
  await until(() => taking === 1, 'the first part comes');
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.ok(emitted < total / 2, `${emitted} of ${total} parts were sent to nobody`);
  gate.resolve();
  assert.deepEqual(await done, { complete: true, looked: total });
  assert.deepEqual(
    taken,
    Array.from({ length: total }, (_, i) => i),
  );
  await probe.close();
  host.remove();
});

test('a device whose last job hangs in the kernel is not asked again until it is released; others are', async () => {
  const { probe, state, host } = inProcess({ resolve: () => new Promise(() => undefined) });
  state.hangs = true;
  const abort = new AbortController();
  const first = probe.resolver.resolve(job, () => undefined, abort.signal);
  await until(() => state.starts === 1, 'the job runs');
  const { release } = state;
  abort.abort();
  await assert.rejects(first);

  const second = await probe.resolver.resolve(job, () => undefined, never);
  assert.match(second.results[0]?.owners[0]?.reason ?? '', /stuck in the kernel/);
  assert.equal(state.starts, 1);

  const elsewhere = new AbortController();
  const other = probe.resolver.resolve({ ...job, device: 'pmem1' }, () => undefined, elsewhere.signal);
  await until(() => state.starts === 2, 'another device is asked');
  elsewhere.abort();
  await assert.rejects(other);

  release();
  const again = new AbortController();
  const third = probe.resolver.resolve(job, () => undefined, again.signal);
  await until(() => state.starts === 3, 'the device is asked again');
  again.abort();
  await assert.rejects(third);
  host.remove();
});

test('the real probe process says that there is no such device, and ends', async () => {
  const host = createHost();
  const probe = createCountedProbe(host, 5_000);
  await assert.rejects(
    probe.resolver.resolve(job, () => undefined, never),
    { code: 'RESOLVE' },
  );
  await until(() => probe.pids.every((pid) => !isAlive(pid)), 'its process ends');
  await probe.close();
  host.remove();
});

test('the real probe process checks a file of this host without reading it', async () => {
  const host = createHost();
  const probe = createCountedProbe(host, 5_000);
  host.write('data/letter', 'text');
  const path = `${host.roots.rootfs}/data/letter`;
  const files: { path: string; complete: boolean }[] = [];
  const check = { paths: [path], deadlineMs: 30_000, tellClean: false };
  const end = await probe.check(
    check,
    () => undefined,
    never,
    async (some) => {
      files.push(...(some as typeof files));
    },
  );
  assert.deepEqual([end, files.length, files[0]?.complete], [{ complete: false, looked: 1 }, 1, false]);
  await probe.close();
  host.remove();
});

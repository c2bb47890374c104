import assert from 'node:assert/strict';
import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { duplexPair } from 'node:stream';
import { test } from 'node:test';
import { allMetrics } from '../../src/export/metrics/metrics.ts';
import { createMetricsExporter } from '../../src/export/metrics/prometheus.ts';
import { createClock } from '../../src/linux/clock.ts';
import { createProbe } from '../../src/linux/probe/client.ts';
import type { ProbeConnection } from '../../src/linux/probe/conversation.ts';
import { refusedMethod } from '../../src/linux/probe/dsm-access.ts';
import { serveProbe } from '../../src/linux/probe/server.ts';
import { emptyTopology } from '../../src/model/topology.ts';
import { dsmFamilies } from '../../src/observe/health/families.ts';
import { createHealthObserver } from '../../src/observe/health/health-observer.ts';
import type { DsmCall } from '../../src/ports.ts';
import { stateOf, viewOf } from '../export/built-state.ts';
import { createCountedProbe, createHost, silent } from './rig.ts';

const smart: DsmCall = {
  dimm: 'nmem0',
  devNumber: '1:3',
  family: 0,
  command: 1,
  input: new Uint8Array(0),
  replyBytes: 132,
};

test('every method that a decoder wants is allowed, and none that sets something', () => {
  for (const { id, name, commands } of dsmFamilies) {
    for (const { command } of commands) assert.equal(refusedMethod(id, command), undefined, `${name} ${command}`);
  }
  // setters, error injection, firmware update and security, by family (dsm-families.md section 1, kernel-abi section 6)
  const never: Readonly<Record<number, readonly number[]>> = {
    0: [6, 9, 10, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30],
    1: [6, 13, 19, 21, 22, 23, 24],
    2: [3, 8],
    3: [6, 8, 9, 17, 19, 20, 21, 22, 23, 24, 25, 27, 28, 30, 31],
    5: [2],
    6: [1],
  };
  for (const [family, commands] of Object.entries(never)) {
    for (const command of commands)
      assert.notEqual(refusedMethod(Number(family), command), undefined, `${family} ${command}`);
  }
});

test('a method goes to the device node and its errno comes back by name', async () => {
  const host = createHost();
  symlinkSync('/dev/null', join(host.roots.dev, 'nmem0'));
  writeFileSync(join(host.roots.dev, 'nmem1'), 'not a device');
  const probe = createCountedProbe(host, 10_000);
  try {
    const kinds = async (call: Partial<DsmCall>) => {
      const answer = await probe.dsm.call({ ...smart, ...call });
      return answer.kind === 'failed' ? answer.errno : answer.kind;
    };
    // the null device is a character device that knows no such request
    assert.equal(await kinds({}), 'ENOTTY');
    assert.equal(await kinds({ devNumber: '250:0' }), 'ENODEV', 'another device took the name');
    assert.equal(await kinds({ dimm: 'nmem1' }), 'ENODEV', 'a file is no device');
    assert.equal(await kinds({ dimm: 'nmem7' }), 'ENOENT');
    assert.equal(await kinds({ command: 17 }), 'EPERM', 'SET_THRESHOLD');
    assert.equal(await kinds({ dimm: '../null' }), 'EINVAL');
    assert.equal(await kinds({ replyBytes: 1 << 20 }), 'EINVAL');
    assert.equal(probe.pids.length, 1);
  } finally {
    await probe.close();
    host.remove();
  }
});

test('a hung ioctl delays neither a scrape nor another DIMM, nor the event loop', async (t) => {
  const host = createHost();
  const attributes = { 'nfit/family': '0', 'nfit/dsm_mask': '0x2', dev: '250:0', 'nfit/flags': '' };
  for (const name of ['nmem0', 'nmem1']) {
    for (const [attribute, value] of Object.entries(attributes)) {
      host.write(`sys/bus/nd/devices/${name}/${attribute}`, `${value}\n`);
    }
  }
  const reply = Buffer.alloc(132);
  reply.writeUInt32LE(0x63f, 4);
  const hanging = Promise.withResolvers<never>();
  const dsm = (call: DsmCall) =>
    call.dimm === 'nmem0' ? hanging.promise : Promise.resolve({ reply, firmwareBytes: reply.length });
  const connect = async (): Promise<ProbeConnection> => {
    const [near, far] = duplexPair();
    const none = () => Promise.reject(new Error('not asked'));
    serveProbe(far, {
      roots: host.roots,
      services: { resolve: none, check: none, pollPriority: none, scrub: none, dsm },
      onEnd: () => far.destroy(),
    });
    return { stream: near, kill: () => near.destroy(), unref: () => undefined };
  };
  const clock = createClock();
  const probe = createProbe({ connect, deadlineMs: 5_000, clock, log: silent });
  const config = { healthMs: 50, healthAlarmMs: 50, deviceDeadlineMs: 200, jitter: () => 0.5 };
  const observer = createHealthObserver({ ...probe, clock, config, onReading: () => undefined, log: silent });
  t.after(async () => {
    observer.stop();
    await probe.close();
    host.remove();
  });
  const dimms = ['nmem0', 'nmem1'].map((name) => ({ name, key: name, bus: 'ndbus0', flags: [] }));
  const exporter = createMetricsExporter(allMetrics());
  await exporter.render(viewOf(stateOf([])), undefined);

  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  observer.update({ ...emptyTopology, dimms });
  const scrapes: number[] = [];
  let other = 0;
  let lastAt = 0;
  const end = performance.now() + 1_500;
  while (performance.now() < end) {
    const before = performance.now();
    const state = stateOf([], { health: observer.latest(), topology: { ...emptyTopology, dimms } });
    await exporter.render(viewOf(state), undefined);
    scrapes.push(performance.now() - before);
    const reading = observer.latest().find(({ name }) => name === 'nmem1');
    if (reading?.health.kind === 'ok' && reading.at !== lastAt) {
      lastAt = reading.at;
      other += 1;
    }
    await new Promise((done) => setTimeout(done, 10));
  }
  delay.disable();
  assert.deepEqual(
    observer.stuck().map(({ subject }) => subject),
    ['nmem0'],
    'told as stuck after its deadline',
  );
  assert.ok(other >= 10, `the other DIMM was read ${other} times in 1.5 s of every 50 ms`);
  const slowest = Math.max(...scrapes);
  const most = delay.max / 1e6;
  t.diagnostic(
    `${scrapes.length} scrapes, the slowest ${slowest.toFixed(1)} ms; nmem1 read ${other} times; event-loop delay p99 ${(delay.percentile(99) / 1e6).toFixed(1)} ms, most ${most.toFixed(1)} ms`,
  );
  assert.ok(slowest < 200, `a scrape took ${slowest} ms, the deadline of a call is 200 ms`);
  assert.ok(delay.percentile(99) / 1e6 < 200, 'the event loop was held up');
});

/** Ten thousand bad ranges on 25 namespaces at once: what people get, and what it costs the agent. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { laySimulatedHost } from '../../bench/simulated-host.ts';
import { type Agent, startAgent, until } from './agent-process.ts';
import { type Receiver, startReceiver } from './receiver.ts';

const NAMESPACES = 25;
const RANGES = 400;
/** the page that data begins behind: sectors between a disk and its region */
const OFFSET = 4096;

/** How long an answer takes that needs nothing but the event loop, asked every 20 ms. */
function watchPulse(url: string) {
  const tookMs: number[] = [];
  const timer = setInterval(() => {
    const began = performance.now();
    get(url, { agent: false }, (answer) => {
      answer.resume();
      answer.on('end', () => tookMs.push(performance.now() - began));
    }).on('error', () => tookMs.push(Number.POSITIVE_INFINITY));
  }, 20);
  return {
    stop(): { readonly p50: number; readonly p99: number; readonly most: number } {
      clearInterval(timer);
      const sorted = [...tookMs].sort((a, b) => a - b);
      const at = (share: number): number => sorted[Math.floor((sorted.length - 1) * share)] ?? Number.NaN;
      return { p50: at(0.5), p99: at(0.99), most: at(1) };
    },
  };
}
/** A process that does nothing but answer: what it takes is the load of the machine. */
async function startBareServer(): Promise<{ readonly url: string; readonly child: ChildProcess }> {
  const code = `require('node:http').createServer((q, s) => s.end('ok')).listen(0, '127.0.0.1', function () { console.log(this.address().port) })`;
  const child = spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
  const port = await new Promise<string>((done) =>
    child.stdout.once('data', (chunk: Buffer) => done(String(chunk).trim())),
  );
  return { url: `http://127.0.0.1:${port}/`, child };
}
/** MiB that the process holds now, and the most that it ever held (proc(5), VmRSS and VmHWM) */
function memoryOf(pid: number): { readonly now: number; readonly most: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const mib = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) / 1024;
  return { now: mib('VmRSS'), most: mib('VmHWM') };
}
/** s of processor time that all its threads have used (proc(5), stat: utime and stime in ticks of 10 ms) */
function processorSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}
function pidOf(agent: Agent): number {
  const pids = [...agent.log().matchAll(/"pid":(\d+),"uid":\d+,.*"msg":"starting"/g)].map(([, pid]) => Number(pid));
  const pid = pids.at(-1);
  if (pid === undefined) throw new Error('the agent does not say which process it is');
  return pid;
}

test('ten thousand bad ranges on 25 namespaces are 25 messages for each receiver, and hold up nothing', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'pmemwatch-burst-'));
  chmodSync(dir, 0o777);
  const host = laySimulatedHost(join(dir, 'host'), NAMESPACES, 0);
  const receivers: Receiver[] = [await startReceiver(), await startReceiver()];
  const listed = receivers.map(({ url }, i) => `  - { name: hook${i}, type: webhook, url: "${url}" }\n`).join('');
  const bare = await startBareServer();
  let agent: Agent | undefined;
  try {
    agent = await startAgent(dir, host, `poll: { bad_blocks: 1s }\nreceivers:\n${listed}`);
    const pid = pidOf(agent);
    await new Promise((resolve) => setTimeout(resolve, 1500));
    const before = memoryOf(pid);
    const pulse = watchPulse(`${agent.url}/-/healthy`);
    const barePulse = watchPulse(bare.url);
    const usedBefore = processorSeconds(pid);

    const began = Date.now();
    for (let i = 0; i < NAMESPACES; i++) {
      const region = join(host.sysfs, `devices/LNXSYSTM:00/ndbus0/region${i}`);
      const lines = (offset: number): string =>
        Array.from({ length: RANGES }, (_, k) => `${10_000 + k * 20 + offset} 1\n`).join('');
      writeFileSync(join(region, 'badblocks'), lines(OFFSET));
      writeFileSync(join(region, `pfn${i}.0/block/pmem${i}/badblocks`), lines(0));
    }
    const ofType = (receiver: Receiver, type: string) =>
      receiver.received.filter(
        ({ message }) => message.type === `pmem.incident.${type}` && message.condition === 'media_error',
      );
    const isKnown = (receiver: Receiver): boolean =>
      new Set(ofType(receiver, 'opened').map(({ message }) => message.incident)).size === NAMESPACES;
    await until('every incident is told to everyone', () => receivers.every(isKnown) || undefined);
    const toldMs = Math.max(...receivers.flatMap((receiver) => ofType(receiver, 'opened').map(({ at }) => at))) - began;
    await new Promise((resolve) => setTimeout(resolve, 3000));
    const held = pulse.stop();
    const load = barePulse.stop();
    const after = memoryOf(pid);
    const used = processorSeconds(pid) - usedBefore;

    for (const receiver of receivers) {
      const opened = ofType(receiver, 'opened');
      assert.equal(opened.length, NAMESPACES, 'one message for each incident');
      assert.equal(ofType(receiver, 'grew').length, 0);
      const counts = new Map<string, number>();
      for (const { message } of ofType(receiver, 'owners')) {
        counts.set(message.incident, (counts.get(message.incident) ?? 0) + 1);
      }
      assert.ok(
        [...counts.values()].every((count) => count === 1),
        'whom it hit follows once at most',
      );
      for (const { message, raw } of receiver.received) {
        assert.ok(Buffer.byteLength(raw) <= 20_000, `${Buffer.byteLength(raw)} bytes`);
        if (message.condition !== 'media_error') continue;
        assert.equal(message.totals.ranges, RANGES);
        assert.equal(message.totals.newRanges + message.ranges.length > 0, true);
        assert.equal(message.ranges.length + message.rangesOmitted, RANGES, 'what is left out is counted');
        assert.ok(message.links.api === '' || message.links.api.includes(message.incident));
      }
    }
    const largest = Math.max(...receivers.flatMap(({ received }) => received.map(({ raw }) => Buffer.byteLength(raw))));
    const requests = receivers.reduce((sum, { received }) => sum + received.length, 0);
    const ms = (value: number): string => `${value.toFixed(1)} ms`;
    t.diagnostic(
      `${NAMESPACES * RANGES} ranges: the last of ${NAMESPACES} incidents told after ${toldMs} ms, ${requests} requests, the largest of ${largest} bytes; ${used.toFixed(1)} s of processor time`,
    );
    t.diagnostic(
      `memory of the agent ${before.now.toFixed(1)} -> ${after.now.toFixed(1)} MiB, at most ${after.most.toFixed(1)} MiB`,
    );
    t.diagnostic(
      `/-/healthy asked every 20 ms: median ${ms(held.p50)}, p99 ${ms(held.p99)}, at most ${ms(held.most)}; a bare server beside it: ${ms(load.p50)}, ${ms(load.p99)}, ${ms(load.most)}`,
    );
    // while there is much to tell the heap may grow; what is left of it goes within the minute
    assert.ok(after.most - before.now < 288, `${(after.most - before.now).toFixed(1)} MiB more than before`);
  } finally {
    await agent?.kill('SIGKILL');
    bare.child.kill('SIGKILL');
    for (const receiver of receivers) await receiver.close();
    rmSync(dir, { recursive: true, force: true });
  }
});

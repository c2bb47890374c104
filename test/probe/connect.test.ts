import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createClock } from '../../src/linux/clock.ts';
import { createProbe } from '../../src/linux/probe/client.ts';
import { childConnector, isUsableSocket, unixSocketConnector } from '../../src/linux/probe/connect.ts';
import { createHost, isAlive, silent, textOf, until } from './rig.ts';

const entry = join(import.meta.dirname, '../../src/probe.ts');

test('a socket unit that accepts connections gives each a probe of its own on standard input, which ends with it', async (t) => {
  const host = createHost();
  host.write('sys/block/pmem1/size', '2048\n');
  const fifo = host.hang('sys/block/pmem0/size');
  const path = join(host.roots.rootfs, 'probe.sock');
  const pids: number[] = [];
  // what systemd does for Accept=yes
  const unit = createServer({ pauseOnConnect: true }, (socket) => {
    const args = [entry, `--path.sysfs=${host.roots.sysfs}`, `--path.procfs=${host.roots.procfs}`];
    const child = spawn(process.execPath, args, { stdio: [socket, 'ignore', 'inherit'] });
    if (child.pid !== undefined) pids.push(child.pid);
    socket.destroy();
  });
  assert.equal(isUsableSocket(path), false);
  await new Promise<void>((done) => unit.listen(path, done));
  assert.equal(isUsableSocket(path), true);
  const probe = createProbe({ connect: unixSocketConnector(path), deadlineMs: 400, clock: createClock(), log: silent });
  t.after(async () => {
    await probe.close();
    unit.close();
    host.remove();
  });
  assert.equal((await probe.sysfs.read('block/pmem0/size')).kind, 'stuck');
  assert.equal(textOf(await probe.sysfs.read('block/pmem1/size')), '2048\n');
  assert.equal(pids.length, 2);
  fifo.release();
  await until(() => !isAlive(pids[0] as number), 'the held one ends when its call comes back');
  assert.ok(isAlive(pids[1] as number));
  await probe.close();
  await until(() => !isAlive(pids[1] as number), 'the other ends with its conversation');
});

test('a signal that everything of a service gets ends no probe before its peer does, and none stays for long', async (t) => {
  const host = createHost();
  host.write('sys/block/pmem1/size', '2048\n');
  const warnings: string[] = [];
  const log = { ...silent, warn: (_: object, message: string) => warnings.push(message) };
  const pids: number[] = [];
  const start = childConnector(host.roots);
  const connect: typeof start = async (purpose) => {
    const connection = await start(purpose);
    pids.push(connection.pid ?? 0);
    return connection;
  };
  const probe = createProbe({ connect, deadlineMs: 5_000, clock: createClock(), log });
  const other = createProbe({ connect, deadlineMs: 5_000, clock: createClock(), log: silent });
  t.after(async () => {
    await Promise.all([probe.close(), other.close()]);
    host.remove();
  });
  await probe.hello();
  await other.hello();
  const [ended, kept] = pids as [number, number];
  for (const pid of pids) process.kill(pid, 'SIGTERM');
  assert.equal(textOf(await probe.sysfs.read('block/pmem1/size')), '2048\n');
  await probe.close();
  await until(() => !isAlive(ended), 'it ends with its peer', 2_000);
  assert.deepEqual([warnings, pids.length], [[], 2]);
  assert.ok(isAlive(kept));
  await until(() => !isAlive(kept), 'the one whose peer stays ends by itself', 6_000);
});

test('a socket that nobody serves is told in the reading', async () => {
  const connect = unixSocketConnector('/nonexistent/probe.sock');
  const probe = createProbe({ connect, deadlineMs: 1_000, clock: createClock(), log: silent });
  const read = await probe.sysfs.read('block/pmem0/size');
  assert.match(read.kind === 'failed' ? read.reason : '', /could not be started: .*ENOENT/);
  await probe.close();
});

const isRoot = process.getuid?.() === 0;
test('a file system that is mounted is told at once', { skip: isRoot ? false : 'mounting needs root' }, async () => {
  const connect = childConnector({ sysfs: '/sys', procfs: '/proc', rootfs: '/', dev: '/dev' });
  const probe = createProbe({ connect, deadlineMs: 5_000, clock: createClock(), log: silent });
  const mountpoint = mkdtempSync(join(tmpdir(), 'pmemwatch-mount-'));
  let told = 0;
  probe.watchMounts(() => {
    told += 1;
  });
  await probe.hello();
  await new Promise((done) => setTimeout(done, 300));
  const before = told;
  execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', mountpoint]);
  try {
    await until(() => told > before, 'the change', 2_000);
  } finally {
    execFileSync('umount', [mountpoint]);
    rmSync(mountpoint, { recursive: true });
    await probe.close();
  }
});

test('a process for jobs has room for what they make, one for readings none to spare', async () => {
  const connect = childConnector({ sysfs: '/sys', procfs: '/proc', rootfs: '/', dev: '/dev' });
  for (const [purpose, nursery] of [
    ['readings', '--max-semi-space-size=1'],
    ['jobs', '--max-semi-space-size=8'],
  ] as const) {
    const connection = await connect(purpose);
    const flags = readFileSync(`/proc/${connection.pid}/cmdline`, 'utf8').split('\0');
    assert.ok(flags.includes(nursery), flags.join(' '));
    assert.equal(flags.includes('--optimize-for-size'), purpose === 'readings');
    connection.kill();
  }
});

test('an exiting process is not held up by a probe whose call hangs', async () => {
  const host = createHost();
  host.hang('sys/block/pmem0/size');
  const module = (name: string) => JSON.stringify(join(import.meta.dirname, '../../src/linux', name));
  const script = `
    import { createClock } from ${module('clock.ts')};
    import { createProbe } from ${module('probe/client.ts')};
    import { childConnector } from ${module('probe/connect.ts')};
    const connect = childConnector(${JSON.stringify(host.roots)});
    const log = { warn() {}, info() {}, debug() {}, error() {} };
    const probe = createProbe({ connect, deadlineMs: 200, clock: createClock(), log });
    console.log((await probe.sysfs.read('block/pmem0/size')).kind);
    await probe.close();`;
  const out = execFileSync(process.execPath, ['--input-type=module-typescript', '--eval', script], { timeout: 10_000 });
  assert.equal(out.toString(), 'stuck\n');
  host.remove();
});

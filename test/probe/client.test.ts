import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { blindSpots } from '../../src/linux/probe/capabilities.ts';
import { type CountedProbe, createCountedProbe, createHost, type Host, isAlive, textOf, until } from './rig.ts';

const opened: { probe: CountedProbe; host: Host }[] = [];
function rig(deadlineMs: number): { probe: CountedProbe; host: Host } {
  const host = createHost();
  const made = { host, probe: createCountedProbe(host, deadlineMs) };
  opened.push(made);
  return made;
}
after(async () => {
  for (const { probe, host } of opened) {
    await probe.close();
    for (const pid of probe.pids) if (isAlive(pid)) process.kill(pid, 'SIGKILL');
    host.remove();
  }
});

test('attributes, directories, links and inodes are read through one probe process', async () => {
  const { probe, host } = rig(5_000);
  host.write('sys/block/pmem0/badblocks', '8 1\n');
  host.write('sys/block/pmem0/size', '2048\n');
  host.write('proc/1/mountinfo', 'x\n');
  assert.equal(textOf(await probe.sysfs.read('block/pmem0/badblocks')), '8 1\n');
  const all = await probe.sysfs.readAll('block/pmem0', ['size', 'dev', 'badblocks']);
  assert.deepEqual([...all.keys()], ['size', 'dev', 'badblocks']);
  assert.deepEqual(all.get('dev'), { kind: 'failed', errno: 'ENOENT', reason: 'no such file or directory' });
  assert.deepEqual(await probe.sysfs.list('block/pmem0'), ['badblocks', 'size']);
  assert.equal(await probe.sysfs.list('block/pmem1'), undefined);
  assert.equal(await probe.sysfs.link('block/pmem0'), undefined);
  assert.match((await probe.sysfs.inode('block/pmem0/size')) ?? '', /^\d+$/);
  assert.equal(await probe.sysfs.inode('block/pmem0/none'), undefined);
  assert.equal(textOf(await probe.procfs.read('1/mountinfo')), 'x\n');
  assert.equal(probe.pids.length, 1);
});

test('a file outside the served ones is refused by the probe itself', async () => {
  const { probe } = rig(5_000);
  const read = await probe.procfs.read('1/environ');
  assert.deepEqual([read.kind, read.kind === 'failed' && read.errno], ['failed', 'EPERM']);
  await assert.rejects(probe.sysfs.list('../etc'), { code: 'SYSFS_READ' });
});

test('a file of more than 1 MiB is refused, one of 1 MiB is read whole', async () => {
  const { probe, host } = rig(5_000);
  host.write('sys/block/pmem0/size', 'x'.repeat(1024 * 1024));
  host.write('sys/block/pmem0/dev', 'x'.repeat(1024 * 1024 + 1));
  assert.equal(textOf(await probe.sysfs.read('block/pmem0/size')).length, 1024 * 1024);
  const read = await probe.sysfs.read('block/pmem0/dev');
  assert.equal(read.kind === 'failed' && read.errno, 'EFBIG');
});

test('a call that hangs is stuck past its deadline and alone so; it costs one process until it comes back', async () => {
  const { probe, host } = rig(1_000);
  host.write('sys/block/pmem0/size', '1\n');
  host.write('sys/block/pmem1/badblocks', '8 1\n');
  const fifo = host.hang('sys/block/pmem0/badblocks');
  // a start takes its time on a busy machine
  await probe.hello();
  const hanging = probe.sysfs.readAll('block/pmem0', ['badblocks', 'size']);
  const order: string[] = [];
  void hanging.then(() => order.push('the one that hangs'));
  assert.equal(textOf(await probe.sysfs.read('block/pmem1/badblocks')), '8 1\n');
  order.push('another');
  const answers = await hanging;
  assert.deepEqual(order, ['another', 'the one that hangs'], 'another device waited for the one that hangs');
  assert.equal(textOf(answers.get('size') ?? { kind: 'none' }), '1\n');
  const stuck = answers.get('badblocks');
  assert.equal(stuck?.kind, 'stuck');

  assert.equal(textOf(await probe.sysfs.read('block/pmem1/badblocks')), '8 1\n');
  assert.equal(probe.pids.length, 2, 'a fresh process serves everything else');
  assert.equal(probe.heldProcesses, 1);
  assert.equal((await probe.sysfs.read('block/pmem0/badblocks')).kind, 'stuck');
  assert.equal(probe.pids.length, 2, 'a path known to hang is not asked again: that would take another process');

  const [held] = probe.pids as [number];
  assert.ok(isAlive(held));
  fifo.release();
  if (stuck?.kind === 'stuck') await stuck.released;
  await until(() => !isAlive(held), 'the held process ends');
  await until(() => probe.heldProcesses === 0, 'none is held');
  assert.equal(probe.pids.length, 2);
});

test('a device whose every attribute hangs is skipped as a whole and holds one process', async () => {
  const { probe, host } = rig(300);
  const names = Array.from({ length: 20 }, (_, i) => `attribute${i}`);
  for (const name of names) host.hang(`sys/bus/nd/devices/region0/${name}`);
  host.write('sys/bus/nd/devices/region1/badblocks', '');
  const reads = probe.sysfs.readAll('bus/nd/devices/region0', names);
  assert.equal(textOf(await probe.sysfs.read('bus/nd/devices/region1/badblocks')), '');
  const answers = [...(await reads).values()];
  assert.ok(answers.every((a) => a.kind === 'stuck'));
  assert.equal(textOf(await probe.sysfs.read('bus/nd/devices/region1/badblocks')), '');
  assert.ok(probe.heldProcesses <= 2, `${probe.heldProcesses} processes are held by one device`);
});

test('many devices that hang at once delay the others by less than a deadline', async () => {
  const { probe, host } = rig(5_000);
  for (let i = 0; i < 16; i++) host.hang(`sys/block/pmem${i}/badblocks`);
  host.write('sys/block/pmem99/badblocks', '8 1\n');
  const hanging = Array.from({ length: 16 }, (_, i) => probe.sysfs.read(`block/pmem${i}/badblocks`));
  let given = 0;
  for (const answer of hanging) void answer.then(() => given++);
  assert.equal(textOf(await probe.sysfs.read('block/pmem99/badblocks')), '8 1\n');
  assert.equal(given, 0, 'the healthy device waited for the first deadline of those that hang');
  assert.ok((await Promise.all(hanging)).every((a) => a.kind === 'stuck'));
});

test('a probe that is killed fails the calls in flight and is replaced', async () => {
  const { probe, host } = rig(10_000);
  host.write('sys/block/pmem1/size', '1\n');
  host.hang('sys/block/pmem0/size');
  await probe.sysfs.read('block/pmem1/size');
  const inFlight = probe.sysfs.read('block/pmem0/size');
  await new Promise((done) => setTimeout(done, 50));
  process.kill(probe.pids[0] as number, 'SIGKILL');
  const read = await inFlight;
  assert.equal(read.kind === 'failed' && read.errno, 'EPIPE');
  assert.equal(textOf(await probe.sysfs.read('block/pmem1/size')), '1\n');
  assert.equal(probe.pids.length, 2);
});

test('changed mounts are told, also by the process that replaces a killed one', async () => {
  const { probe } = rig(10_000);
  let told = 0;
  const stop = probe.watchMounts(() => {
    told += 1;
  });
  await probe.hello();
  process.kill(probe.pids[0] as number, 'SIGKILL');
  await until(() => told > 0, 'the successor tells that something may have been missed');
  stop();
});

test('the probe says who it is and what it cannot see', async () => {
  const { probe } = rig(5_000);
  const hello = await probe.hello();
  assert.equal(hello?.pid, probe.pids[0]);
  assert.equal(hello?.uid, process.getuid?.());
  assert.deepEqual(hello?.blind, blindSpots(hello?.capabilities ?? [], process.getuid?.() === 0));
});

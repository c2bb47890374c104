import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { findAccount, firstUnreachable } from '../../src/linux/supervisor.ts';
import { createHost, isAlive, until } from '../probe/rig.ts';

const here = import.meta.dirname;
const needsRoot = process.getuid?.() === 0 ? false : 'changing the user needs root';

interface Supervised {
  readonly parent: ChildProcess;
  readonly out: () => string;
  readonly err: () => string;
}
function supervise(root: string, agent: string): Supervised {
  const parent = spawn(process.execPath, [join(here, 'supervisor-main.ts'), root, agent]);
  let out = '';
  let err = '';
  parent.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  parent.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text;
  });
  return { parent, out: () => out, err: () => err };
}

test('the listening half runs without root, groups or capabilities, and reads through a probe that its parent started', {
  skip: needsRoot,
}, async () => {
  const host = createHost();
  chmodSync(host.roots.rootfs, 0o755);
  host.write('sys/block/pmem0/badblocks', '8 1\n');
  const { parent, out, err } = supervise(host.roots.rootfs, join(here, 'supervised-agent.ts'));
  await until(() => out().includes('\n'), 'the agent speaks', 30_000);
  const said = JSON.parse(out().split('\n')[0] ?? '');
  assert.deepEqual(
    { ...said, probe: typeof said.probe, jobProbe: typeof said.jobProbe },
    {
      supervised: true,
      uid: 65534,
      groups: '',
      capabilities: Array(4).fill('0000000000000000'),
      read: '8 1\n',
      probe: 'number',
      probeUid: 0,
      jobProbe: 'number',
    },
  );
  assert.match(readFileSync(`/proc/${said.jobProbe}/cmdline`, 'utf8'), /--max-semi-space-size=8/);
  assert.match(readFileSync(`/proc/${said.probe}/cmdline`, 'utf8'), /--max-semi-space-size=1/);
  assert.equal(err(), "pmemwatch agent: there is no user 'no-such-user': the agent runs as 'nobody'\n");
  const state = statSync(join(host.roots.rootfs, 'lib/state'));
  assert.deepEqual([state.uid, state.gid, state.mode & 0o777], [65534, 65534, 0o750]);

  parent.kill('SIGHUP');
  await until(() => out().includes('reloaded'), 'SIGHUP is passed on');
  parent.kill('SIGTERM');
  const [code] = await once(parent, 'exit');
  assert.equal(code, 7, 'the exit code is the agent’s');
  await until(() => !isAlive(said.probe), 'the probe ends with the agent');
  host.remove();
});

test('an agent that is killed ends its parent with 128 + the signal', { skip: needsRoot }, async () => {
  const host = createHost();
  chmodSync(host.roots.rootfs, 0o755);
  host.write('kill.ts', "process.kill(process.pid, 'SIGKILL');\n");
  const { parent } = supervise(host.roots.rootfs, join(host.roots.rootfs, 'kill.ts'));
  const [code] = await once(parent, 'exit');
  assert.equal(code, 137);
  host.remove();
});

test('an agent that dies while it is given a probe leaves neither parent nor probe behind', {
  skip: needsRoot,
}, async () => {
  const host = createHost();
  chmodSync(host.roots.rootfs, 0o755);
  // a stopped process takes nothing from its channel
  host.write(
    'ask.ts',
    "process.send?.({ op: 'probe', id: 1 }, undefined, undefined, () => process.kill(process.pid, 'SIGSTOP'));\n",
  );
  const { parent } = supervise(host.roots.rootfs, join(host.roots.rootfs, 'ask.ts'));
  const children = () =>
    readFileSync(`/proc/${parent.pid}/task/${parent.pid}/children`, 'utf8').split(' ').filter(Boolean);
  await until(() => children().length === 2, 'agent and probe', 30_000);
  const [agent = '', probe = ''] = children();
  await new Promise((done) => setTimeout(done, 200));
  process.kill(Number(agent), 'SIGKILL');
  const [code] = await once(parent, 'exit');
  assert.equal(code, 137);
  await until(() => !isAlive(Number(probe)), 'the probe ends');
  host.remove();
});

test('a directory that the user may not enter is named', { skip: needsRoot }, () => {
  const host = createHost();
  host.write('app/main.ts', '');
  const nobody = { name: 'nobody', uid: 65534, gid: 65534 };
  const file = join(host.roots.rootfs, 'app/main.ts');
  assert.equal(firstUnreachable(file, nobody), host.roots.rootfs);
  chmodSync(host.roots.rootfs, 0o755);
  assert.equal(firstUnreachable(file, nobody), undefined);
  chmodSync(file, 0o600);
  assert.equal(firstUnreachable(file, nobody), file);
  host.remove();
});

test('an account is found by its name, and root is never one to run as', () => {
  assert.equal(findAccount('no-such-user'), undefined);
  assert.equal(findAccount('root'), undefined);
  assert.equal(typeof findAccount('daemon')?.uid, 'number');
});

test('a program that the other user cannot reach runs as root without any capability, and says so', {
  skip: needsRoot,
}, async () => {
  const host = createHost();
  chmodSync(host.roots.rootfs, 0o755);
  const hidden = join(host.roots.rootfs, 'hidden');
  mkdirSync(hidden, { mode: 0o700 });
  const agent = join(hidden, 'agent.mjs');
  const status = "readFileSync('/proc/self/status', 'utf8').match(/^Cap(Prm|Eff|Bnd):.*$/gm).join()";
  writeFileSync(
    agent,
    `import { readFileSync } from 'node:fs'; console.log(process.getuid(), !!process.send, ${status}); process.disconnect();`,
  );
  const { parent, out, err } = supervise(host.roots.rootfs, agent);
  const [code] = await once(parent, 'close');
  assert.equal(code, 0, err());
  assert.match(out(), /^0 true CapPrm:\s+0{16},CapEff:\s+0{16},CapBnd:\s+0{16}$/m);
  assert.match(err(), /cannot reach .*hidden.*without any capability/);
});

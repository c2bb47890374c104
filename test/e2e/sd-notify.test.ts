/** A service of `Type=notify`, seen from the service manager's side. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import koffi from 'koffi';
import { agentArguments, ended, until } from './agent-process.ts';
import { layHost } from './host-on-disk.ts';

const NOBODY = 65534;
const [AF_UNIX, SOCK_DGRAM_NONBLOCK, MSG_DONTWAIT] = [1, 2 | 0o4000, 0x40];

/** The socket that NOTIFY_SOCKET names; Node.js has no unix datagrams. */
function listen(t: TestContext, path: string): { read(): string[] } {
  const libc = koffi.load(null);
  const socket = libc.func('int socket(int domain, int type, int protocol)');
  const bind = libc.func('int bind(int fd, void *address, unsigned int bytes)');
  const recv = libc.func('long recv(int fd, void *into, unsigned long bytes, int flags)');
  const close = libc.func('int close(int fd)');
  const fd: number = socket(AF_UNIX, SOCK_DGRAM_NONBLOCK, 0);
  const address = Buffer.concat([Buffer.from([AF_UNIX, 0]), Buffer.from(path.replace(/^@/, '\0'))]);
  assert.equal(bind(fd, address, address.length), 0, `bind ${path}: errno ${koffi.errno()}`);
  t.after(() => close(fd));
  return {
    read() {
      const messages: string[] = [];
      const into = Buffer.alloc(4096);
      for (;;) {
        const length: number = recv(fd, into, into.length, MSG_DONTWAIT);
        if (length < 0) return messages;
        messages.push(into.toString('utf8', 0, length));
      }
    },
  };
}

interface Service {
  readonly child: ChildProcess;
  readonly messages: string[];
  /** Messages since the last call. */
  heard(): string[];
  log(): string;
}

/** As systemd starts a service of an ordinary user. */
function start(t: TestContext, folder: string, path: string, environment: NodeJS.ProcessEnv): Service {
  const manager = listen(t, path);
  if (!path.startsWith('@')) chmodSync(path, 0o777);
  const args = agentArguments(folder, layHost(join(folder, 'host'), 'none'), 'api: { socket: off }\n').map((word) =>
    word.replace(/src\/main\.ts$/, 'src/linux/sd-notify-entry.ts'),
  );
  const env = { ...process.env, NOTIFY_SOCKET: path, ...environment };
  const asUser = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'], env, ...asUser });
  let log = '';
  child.stderr.on('data', (chunk: Buffer) => {
    log += chunk.toString();
  });
  t.after(() => ended(child, 'SIGKILL'));
  const messages: string[] = [];
  return {
    child,
    messages,
    heard() {
      const fresh = manager.read();
      messages.push(...fresh);
      return fresh;
    },
    log: () => log,
  };
}

function temporary(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'pmemwatch-notify-'));
  chmodSync(folder, 0o777);
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

test('systemd is told under the same process id when the agent is up, every so often that it is well, and when it stops', async (t) => {
  const folder = temporary(t);
  const service = start(t, folder, join(folder, 'notify'), { WATCHDOG_USEC: '1000000' });
  const { pid = 0 } = service.child;
  await until('it is up', () => service.heard().includes('READY=1') || undefined);
  assert.match(service.log(), new RegExp(`"pid":${pid},.*"msg":"starting"`));
  assert.match(service.log(), /"msg":"listening"/, 'not before it can be asked');
  await until('it is well', () => service.heard().includes('WATCHDOG=1') || undefined);

  service.child.kill('SIGSTOP');
  await sleep(200);
  service.heard();
  await sleep(1_200);
  assert.deepEqual(service.heard(), [], 'one that hangs says nothing for as long as the watchdog waits');
  service.child.kill('SIGCONT');

  // systemd knows the process that it started, and no other: the code that could call the kernel as it likes is gone from it
  const mapped = readFileSync(`/proc/${pid}/maps`, 'utf8');
  assert.ok(mapped.includes('/node'), 'it is the same program');
  assert.ok(!mapped.includes('koffi'), 'and holds no native code of ours');
  assert.ok(
    readdirSync(`/proc/${pid}/fd`).some((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`).startsWith('socket:')),
    'but the socket that was made before',
  );

  assert.equal(await ended(service.child, 'SIGTERM'), 0);
  service.heard();
  assert.equal(service.messages.at(-1), 'STOPPING=1');
});

test('an abstract address will do, and a watchdog that is meant for another process is not fed', async (t) => {
  const folder = temporary(t);
  const address = `@pmemwatch-test-${process.pid}`;
  const service = start(t, folder, address, { WATCHDOG_USEC: '400000', WATCHDOG_PID: '1' });
  await until('it is up', () => service.heard().includes('READY=1') || undefined);
  await sleep(600);
  service.heard();
  assert.deepEqual(service.messages, ['READY=1']);
});

test('an agent whose service manager cannot be reached says so and watches', async (t) => {
  const folder = temporary(t);
  const service = start(t, folder, join(folder, 'notify'), { NOTIFY_SOCKET: join(folder, 'nobody-there') });
  await until('it listens', () => service.log().includes('"msg":"listening"') || undefined);
  assert.match(service.log(), /systemd is not told that the agent is up: ENOENT: connect/);
  assert.deepEqual(service.heard(), []);
});

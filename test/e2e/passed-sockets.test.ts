/** Socket activation: the agent is started with sockets that listen already. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { request } from 'node:http';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { agentArguments, ended, until } from './agent-process.ts';
import { layHost } from './host-on-disk.ts';

let dir: string;
let child: ChildProcess | undefined;
let log = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'pmemwatch-passed-'));
  chmodSync(dir, 0o777);
  child = undefined;
  log = '';
});
afterEach(async () => {
  if (child !== undefined) await ended(child, 'SIGTERM');
  rmSync(dir, { recursive: true, force: true });
});

/** As systemd starts a service: `sockets` from descriptor 3 on, and the variables say so. */
function startWith(sockets: readonly unknown[], args: readonly string[], count = sockets.length): ChildProcess {
  const script = `LISTEN_PID=$$ LISTEN_FDS=${count} exec "$@"`;
  return noted(
    spawn('/bin/sh', ['-c', script, 'sh', process.execPath, ...args], {
      stdio: ['ignore', 'ignore', 'pipe', ...(sockets as number[])],
    }),
  );
}
function noted(started: ChildProcess): ChildProcess {
  started.stderr?.on('data', (chunk: Buffer) => {
    log += chunk.toString();
  });
  child = started;
  return started;
}
function agentArgs(): string[] {
  const config = `api: { socket: ${JSON.stringify(join(dir, 'configured.sock'))} }\n`;
  return agentArguments(dir, layHost(join(dir, 'host'), 'none'), config);
}
/** Listens here and answers nobody: whoever is handed the descriptor does. */
async function listening(where: string | number): Promise<{ server: Server; fd: number; port: number }> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(where, resolve));
  const address = server.address();
  const { fd } = (server as unknown as { _handle: { fd: number } })._handle;
  return { server, fd, port: typeof address === 'object' && address !== null ? address.port : 0 };
}
function status(to: { socketPath: string } | { host: string; port: number }, path: string): Promise<number> {
  return new Promise((resolve, reject) => {
    request({ ...to, path, agent: false }, (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    })
      .on('error', reject)
      .end();
  });
}

test('sockets that it is started with stand in for the configured ones, and each keeps its rights', async (t) => {
  const path = join(dir, 'passed.sock');
  const [tcp, unix] = [await listening(0), await listening(path)];
  t.after(() => {
    tcp.server.close();
    unix.server.close();
  });
  startWith([tcp.fd, unix.fd], agentArgs());
  await until('it listens', () => log.includes(`"address":"${path}"`) || undefined);
  // the descriptors here are of the same sockets: what waits at ours would not be answered
  tcp.server.close();
  unix.server.close();
  assert.match(log, new RegExp(`"address":"http://\\[::\\]:${tcp.port}"`));
  assert.doesNotMatch(log, /configured\.sock/);
  assert.throws(() => statSync(join(dir, 'configured.sock')), { code: 'ENOENT' });
});

test('a descriptor that is no listening socket ends the start with what to do', async () => {
  const started = startWith(['ignore'], agentArgs());
  assert.equal(await ended(started), 2);
  assert.match(log, /descriptor 3 .* is no listening .*ListenStream=/);
});

test('variables that are meant for another process say nothing', async () => {
  const environment = { ...process.env, LISTEN_PID: '1', LISTEN_FDS: '2' };
  const started = spawn(process.execPath, agentArgs(), { stdio: ['ignore', 'ignore', 'pipe'], env: environment });
  noted(started);
  await until('it listens', () => log.includes('configured.sock"') || undefined);
});

const noActivator =
  spawnSync('systemd-socket-activate', ['--version']).error === undefined
    ? false
    : 'systemd-socket-activate is not installed (Debian: systemd)';

test('systemd hands over both, and the first request is answered', { skip: noActivator }, async () => {
  const { server, port } = await listening(0);
  await new Promise((resolve) => server.close(resolve));
  const path = join(dir, 'activated.sock');
  const sockets = ['-l', `127.0.0.1:${port}`, '-l', path];
  noted(
    spawn('systemd-socket-activate', [...sockets, process.execPath, ...agentArgs()], {
      stdio: ['ignore', 'ignore', 'pipe'],
    }),
  );
  await until('it waits for a connection', () => /Listening on .*activated\.sock/.test(log) || undefined);
  assert.equal(await status({ host: '127.0.0.1', port }, '/-/healthy'), 200);
  assert.equal(await status({ host: '127.0.0.1', port }, '/api/v1/files'), 401);
  // the permissions of the unix socket are the access rule, whoever made it
  assert.equal(await status({ socketPath: path }, '/api/v1/files'), 200);
  assert.equal(await ended(child as ChildProcess, 'SIGTERM'), 0);
  assert.ok(statSync(path).isSocket(), 'the file is not ours to remove');
});

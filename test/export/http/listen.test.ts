import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { stat, writeFile } from 'node:fs/promises';
import { connect, createServer as createTcpServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { listenOn } from '../../../src/export/http/listen.ts';
import { createServer } from '../../../src/export/http/server.ts';
import { createSocketFiles } from '../../../src/linux/socket-files.ts';
import { AgentError } from '../../../src/model/errors.ts';
import type { ListenAddress } from '../../../src/model/listen-address.ts';
import { ask, httpDeps, recordingLogger, temporaryFolder } from './served.ts';

const tcp = (port: number): ListenAddress => ({ kind: 'tcp', host: '127.0.0.1', port });
const unix = (path: string): ListenAddress => ({ kind: 'unix', path });

test('several addresses are served at once, and the real ports are told', async (t) => {
  const socketPath = join(await temporaryFolder(t), 'api.sock');
  const server = await createServer(httpDeps());
  t.after(() => server.close());
  const actual = await server.listen([tcp(0), tcp(0), unix(socketPath)]);
  assert.equal(actual.length, 3);
  for (const address of actual) {
    const to = address.startsWith('/')
      ? { socketPath: address }
      : { host: '127.0.0.1', port: Number(address.split(':')[1]) };
    assert.equal((await ask(to, '/-/healthy')).status, 200, address);
  }
  assert.equal((await stat(socketPath)).mode & 0o777, 0o660);
});

test('the unix socket shows file names and takes a reload, whatever the host header', async (t) => {
  const socketPath = join(await temporaryFolder(t), 'api.sock');
  const reloads = [
    { ok: true, problems: [] as string[] },
    { ok: false, problems: ['a.yml:1: no'] },
  ];
  const server = await createServer(
    httpDeps({ reload: async () => reloads.shift() ?? assert.fail('too many reloads') }),
  );
  t.after(() => server.close());
  await server.listen([unix(socketPath)]);
  const files = await ask({ socketPath }, '/api/v1/files', { headers: { host: 'pmemwatch' } });
  assert.equal(files.status, 200);
  assert.match(files.body, /24711/);
  assert.equal((await ask({ socketPath }, '/-/reload', { method: 'POST' })).status, 200);
  const failed = await ask({ socketPath }, '/-/reload', { method: 'POST' });
  assert.equal(failed.status, 400);
  assert.match(failed.body, /a\.yml:1: no/);
});

test('a port in use is an error that says what to do, and nothing stays open', async (t) => {
  const holder = createTcpServer();
  await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve));
  t.after(() => holder.close());
  const bound = holder.address();
  assert.ok(typeof bound === 'object' && bound !== null);
  const socketPath = join(await temporaryFolder(t), 'api.sock');
  const server = await createServer(httpDeps());
  t.after(() => server.close());
  await assert.rejects(server.listen([unix(socketPath), tcp(bound.port)]), (error) => {
    assert.ok(error instanceof AgentError);
    assert.equal(error.code, 'LISTEN');
    assert.match(error.message, /another process listens there.*--web\.listen-address/);
    return true;
  });
  await assert.rejects(stat(socketPath), { code: 'ENOENT' });
});

test('a socket that a crashed agent left behind is taken over, a live one and a file are not', async (t) => {
  const folder = await temporaryFolder(t);
  const live = join(folder, 'live.sock');
  const first = await createServer(httpDeps());
  t.after(() => first.close());
  await first.listen([unix(live)]);
  const second = await createServer(httpDeps());
  t.after(() => second.close());
  await assert.rejects(second.listen([unix(live)]), { code: 'LISTEN', message: /another process listens/ });

  const stale = join(folder, 'stale.sock');
  spawnSync(process.execPath, [
    '-e',
    `require('net').createServer().listen(${JSON.stringify(stale)},()=>process.kill(process.pid,'SIGKILL'))`,
  ]);
  assert.ok((await stat(stale)).isSocket());
  assert.deepEqual(await second.listen([unix(stale)]), [stale]);

  const file = join(folder, 'notes.txt');
  await writeFile(file, 'mine');
  await assert.rejects(second.listen([unix(file)]), { code: 'LISTEN', message: /not a socket/ });
});

test('closing lets a running answer end and cuts a client that never asks', async (t) => {
  const server = await createServer(
    httpDeps({
      events: async () => {
        await new Promise((resolve) => setTimeout(resolve, 100));
        return { items: [], next: null };
      },
    }),
  );
  const [address = ''] = await server.listen([tcp(0)]);
  const port = Number(address.split(':')[1]);
  const silent = connect(port, '127.0.0.1');
  t.after(() => silent.destroy());
  await new Promise((resolve) => silent.once('connect', resolve));
  silent.write('GET / HTTP/1.1\r\n');
  const running = ask({ host: '127.0.0.1', port }, '/api/v1/events');
  await new Promise((resolve) => setTimeout(resolve, 30));
  const cut = new Promise((resolve) => silent.once('close', resolve));
  await server.close(300);
  assert.equal((await running).status, 200);
  await cut;
  await assert.rejects(ask({ host: '127.0.0.1', port }, '/-/healthy'), { code: 'ECONNREFUSED' });
});

test('what is not HTTP is answered with a problem document', async (t) => {
  const server = await createServer(httpDeps());
  t.after(() => server.close());
  const [address = ''] = await server.listen([tcp(0)]);
  const socket = connect(Number(address.split(':')[1]), '127.0.0.1');
  let answer = '';
  socket.on('data', (data) => {
    answer += data.toString();
  });
  socket.write('nonsense\r\n\r\n');
  await new Promise((resolve) => socket.once('close', resolve));
  assert.match(answer, /^HTTP\/1\.1 400 [\s\S]*application\/problem\+json[\s\S]*"status":400/);
});

test('one who takes nothing of an answer is cut, one who waits for an answer that takes its time is not', async (t) => {
  const { server, actual } = await listenOn(tcp(0), {
    handle(request, response) {
      if (request.url === '/slow') setTimeout(() => response.end('done'), 600);
      else response.end(Buffer.alloc(64 * 1024 * 1024));
    },
    onUnixConnection: () => undefined,
    sockets: createSocketFiles(),
    socketMode: 0o660,
    tls: () => undefined,
    log: recordingLogger([]),
    stalledMs: 200,
  });
  t.after(() => server.close());
  const port = Number(actual.split(':')[1]);
  const cut = new Promise<void>((resolve) =>
    server.once('connection', (socket) => socket.once('close', () => resolve())),
  );
  const lazy = connect(port, '127.0.0.1');
  t.after(() => lazy.destroy());
  lazy.on('error', () => undefined);
  lazy.write('GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n');
  lazy.pause();
  await cut;
  assert.equal((await ask({ host: '127.0.0.1', port }, '/slow')).body, 'done');
});

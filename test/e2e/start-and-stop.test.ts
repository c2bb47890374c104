import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, test } from 'node:test';
import { type Agent, agentArguments, runProgram, startAgent, until } from './agent-process.ts';
import { type HostOnDisk, layHost } from './host-on-disk.ts';

let dir: string;
let host: HostOnDisk;
let agent: Agent | undefined;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'pmemwatch-e2e-'));
  chmodSync(dir, 0o777);
  host = layHost(join(dir, 'host'), 'none');
  agent = undefined;
});
afterEach(async () => {
  await agent?.kill('SIGKILL');
  rmSync(dir, { recursive: true, force: true });
});

test('a host with nothing to watch is healthy, ready, and says so', async () => {
  agent = await startAgent(dir, host, '');
  assert.equal((await agent.get('/-/healthy')).status, 200);
  assert.equal((await agent.get('/-/ready')).status, 200);
  const topology = (await agent.json('/api/v1/topology')) as { buses: unknown[] };
  assert.deepEqual(topology.buses, []);
  assert.match(agent.log(), /no persistent memory/);
});

test('SIGTERM ends it with 0', async () => {
  agent = await startAgent(dir, host, '');
  assert.equal(await agent.kill('SIGTERM'), 0);
});

test('SIGTERM to npm, which the README starts it with, ends the agent too', async () => {
  const args = agentArguments(dir, host, 'api: { socket: off }\n').slice(2);
  const npm = spawn('npm', ['run', '-s', 'pmemwatch', '--', ...args], {
    cwd: join(import.meta.dirname, '..', '..'),
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let log = '';
  npm.stderr.on('data', (chunk: Buffer) => {
    log += chunk.toString();
  });
  const url = await until('it says where it listens', () => /"address":"(http:[^"]+)"/.exec(log)?.[1]);
  const closed = new Promise((done) => npm.once('close', done));
  npm.kill('SIGTERM');
  // `close` comes when nobody holds the log any more
  await closed;
  assert.match(log, /"msg":"stopping"/);
  await assert.rejects(fetch(url));
});

test('a port in use ends it with 2 and one line that names the address', async () => {
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  const address = taken.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const args = [...agentArguments(dir, host, 'api: { socket: off }\n'), '--web.listen-address', `127.0.0.1:${port}`];
  const { code, stderr } = await runProgram(args);
  taken.close();
  assert.equal(code, 2);
  assert.match(stderr, new RegExp(`127\\.0\\.0\\.1:${port}`));
});

test('several mistakes in the configuration are reported together, each with its line', async () => {
  const wrong =
    'poll: { bad_blocks: soon }\nreceivers:\n  - name: a\n    type: webhook\n    url: ftp://x/\n    colour: red\nnonsense: 1\n';
  const { code, stderr } = await runProgram(agentArguments(dir, host, wrong));
  assert.equal(code, 2);
  for (const part of ['poll.bad_blocks', 'receivers[0].url', 'colour', 'nonsense'])
    assert.ok(stderr.includes(part), `${part} is not in:\n${stderr}`);
  for (const line of [1, 5, 6, 7]) assert.match(stderr, new RegExp(`:${line}:\\d+`));
});

test('a corrupt state file is set aside and reported, and the agent starts with an empty one', async () => {
  const state = join(dir, 'state');
  mkdirSync(state, { mode: 0o777 });
  chmodSync(state, 0o777);
  writeFileSync(join(state, 'state.db'), 'this is not a database, whatever its name says. '.repeat(100));
  chmodSync(join(state, 'state.db'), 0o666);
  agent = await startAgent(dir, host, '');
  assert.ok(
    readdirSync(state).some((name) => name.startsWith('state.db.corrupt-')),
    readdirSync(state).join(' '),
  );
  assert.match(agent.log(), /set aside/);
});

test('a state file of a newer version is refused and left as it is', async () => {
  const state = join(dir, 'state');
  mkdirSync(state, { mode: 0o777 });
  chmodSync(state, 0o777);
  const file = join(state, 'state.db');
  const newer = new DatabaseSync(file);
  newer.exec('PRAGMA user_version = 999; CREATE TABLE future (x);');
  newer.close();
  chmodSync(file, 0o666);
  const { code, stderr } = await runProgram(agentArguments(dir, host, 'api: { socket: off }\n'));
  assert.equal(code, 2);
  assert.match(stderr, /newer/);
  const kept = new DatabaseSync(file, { readOnly: true });
  assert.deepEqual({ ...kept.prepare('PRAGMA user_version').get() }, { user_version: 999 });
  kept.close();
});

test('SIGHUP reads the configuration again; a wrong one is refused and the old one stays', async () => {
  agent = await startAgent(dir, host, '');
  const file = join(dir, 'pmemwatch.yml');
  writeFileSync(file, 'nonsense: 1\n');
  agent.child.kill('SIGHUP');
  const metric = async (wanted: 0 | 1): Promise<true | undefined> =>
    new RegExp(`^pmemwatch_config_last_reload_successful ${wanted}$`, 'm').test(
      (await (agent as Agent).get('/metrics')).body,
    ) || undefined;
  await until('the failed reload shows', () => metric(0));
  writeFileSync(file, `api: { socket: ${JSON.stringify(agent.socket)} }\n`);
  agent.child.kill('SIGHUP');
  await until('the good reload shows', () => metric(1));
});

test('the help and the version need nothing', async () => {
  const main = join(import.meta.dirname, '..', '..', 'src', 'main.ts');
  const child = spawn(process.execPath, [main, '--version'], { env: {}, stdio: ['ignore', 'pipe', 'inherit'] });
  let out = '';
  for await (const chunk of child.stdout) out += String(chunk);
  assert.match(out, /^pmemwatch \d+\.\d+\.\d+/);
});

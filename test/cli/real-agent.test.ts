import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { parseTar } from 'nanotar';
import type { Listing } from '../../src/cli/listing.ts';
import { type Agent, startAgent, until } from '../e2e/agent-process.ts';
import { type HostOnDisk, layHost } from '../e2e/host-on-disk.ts';
import { startProgram } from './program.ts';
import type { Ran } from './run-command.ts';

/** Commands of the program, in a process of its own, that ask a real agent. */
let folder = '';
let host: HostOnDisk;
let agent: Agent;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'pmemwatch-real-'));
  const dir = join(folder, 'agent');
  mkdirSync(dir);
  for (const each of [folder, dir]) chmodSync(each, 0o777);
  host = layHost(join(folder, 'host'), 'two-buses');
  agent = await startAgent(dir, host, 'poll: { bad_blocks: 1s }\nnotify: { group_wait: 0s }\n');
});
after(async () => {
  await agent.kill('SIGTERM');
  rmSync(folder, { recursive: true });
});
async function program(...words: string[]): Promise<Ran> {
  const running = startProgram(words);
  return { code: await running.code, stdout: running.stdout(), stderr: running.stderr() };
}
const asked = (...words: string[]): Promise<Ran> => program(...words, '--socket', agent.socket);

test('list shows the same through the agent as read directly', async () => {
  const roots = ['--path.sysfs', host.sysfs, '--path.procfs', host.procfs, '--path.dev', host.dev];
  const direct = await program('list', '--json', ...roots);
  const comparable = (text: string): unknown => {
    const { source, readAt, ...listing } = JSON.parse(text) as Listing;
    assert.ok(readAt !== null && Math.abs(Date.now() - Date.parse(readAt)) < 120_000, `${source}: read at ${readAt}`);
    // the agent also knows what it has seen happen
    return JSON.parse(JSON.stringify(listing, (key, value) => (key === 'advice' ? undefined : value)));
  };
  const through = await until('the agent has read everything', async () => {
    const ran = await asked('list', '--json');
    return ran.code === direct.code && !ran.stderr.includes('only just started') ? ran : undefined;
  });
  assert.deepEqual(comparable(through.stdout), comparable(direct.stdout));
  assert.match(through.stderr, /^pmemwatch list: as the agent on .*api\.sock knows it, read (now|\d+ s ago)$/m);
  const text = await asked('list');
  const tree = await program('list', ...roots);
  const withoutAdvice = (listing: string): string => listing.replace(/^.*advice .*$\n/gm, '');
  assert.equal(withoutAdvice(text.stdout), withoutAdvice(tree.stdout));
  const both = await asked('list', '--direct');
  assert.deepEqual([both.code, both.stderr.includes('--socket and --direct exclude each other')], [2, true]);
});

test('an incident is found, looked at, taken on, and shown as such', async () => {
  host.setBadBlocks('pmem0', '2256 8\n', { name: 'region0', list: '6352 8\n' });
  const open = await until('the incident is open', async () => {
    const { stdout } = await asked('incidents');
    return /^(\w{12}) +critical +open +media_error/m.exec(stdout) ?? undefined;
  });
  const id = open[1] ?? '';
  const whole = await asked('incidents', id.slice(0, 8));
  assert.equal(whole.code, 0);
  assert.match(whole.stdout, new RegExp(`^critical media_error, open {2}${id}`));
  assert.match(whole.stdout, /^pmem0 2256\+1 {2}512 B {2}since (now|\d+ s ago)$/m);
  assert.match(whole.stdout, /^Next steps\n1\. .+/m);
  assert.match((await asked('ack', id, '--reason', 'restoring', '--expires', '4h')).stdout, /^acknowledged: /);
  const taken = await asked('incidents', id);
  assert.match(taken.stdout, /^critical media_error, acknowledged/);
  assert.match(taken.stdout, /^taken by +.*, (now|\d+ s ago), for [34] h more: restoring$/m);
  const history = await asked('events', '--since', '5m');
  assert.match(history.stdout, /incident\.acknowledged/);
});

test('a support bundle has all that the agent knows', async () => {
  const file = join(folder, 'bundle.tar.gz');
  const ran = await asked('support-bundle', file);
  assert.deepEqual([ran.code, ran.stdout], [0, ''], ran.stderr);
  const files = parseTar(new Uint8Array(gunzipSync(readFileSync(file)))).map(({ name }) => name);
  for (const name of [
    'topology',
    'devices',
    'dimms',
    'badblocks',
    'files',
    'incidents',
    'scrubs',
    'events',
    'deliveries',
  ]) {
    assert.ok(files.includes(`pmemwatch-support/agent/${name}.json`), `${name} is missing: ${ran.stderr}`);
  }
  for (const name of ['metrics.prom', 'ready.txt']) assert.ok(files.includes(`pmemwatch-support/agent/${name}`), name);
});

test('an agent that is stopped amid everything is told within seconds, and a support bundle does without it', {
  skip: process.getuid?.() === 0 ? false : 'needs root, whose agent is two processes',
}, async () => {
  process.kill(agent.pid, 'SIGSTOP');
  try {
    const began = Date.now();
    const file = join(folder, 'hung.tar.gz');
    const [ran, bundle] = await Promise.all([asked('incidents'), asked('support-bundle', file)]);
    assert.deepEqual([ran.code, bundle.code], [2, 0]);
    assert.match(bundle.stderr, /left out, and why: manifest\.json \(agent: /);
    assert.match(ran.stderr, /^pmemwatch incidents: .*: the agent has not answered in 10 s: see its log\n$/);
    assert.ok(Date.now() - began < 60_000);
  } finally {
    process.kill(agent.pid, 'SIGCONT');
  }
});

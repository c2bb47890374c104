/** What was told to whom: looked at, sent again and tried out by the command line of a running agent. */
import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { type Agent, runProgram, startAgent, until } from './agent-process.ts';
import { type HostOnDisk, layHost } from './host-on-disk.ts';
import { type Receiver, startReceiver } from './receiver.ts';

const main = join(import.meta.dirname, '..', '..', 'src/main.ts');
let dir: string;
let host: HostOnDisk;
let receiver: Receiver;
let agent: Agent | undefined;

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'pmemwatch-e2e-'));
  // as root the agent's half is an ordinary user: it must get at its socket and state
  chmodSync(dir, 0o777);
  host = layHost(join(dir, 'host'), 'one-bad-sector');
  receiver = await startReceiver();
});
afterEach(async () => {
  await agent?.kill('SIGKILL');
  await receiver.close();
  rmSync(dir, { recursive: true, force: true });
});
const start = async (notify: string): Promise<Agent> => {
  agent = await startAgent(
    dir,
    host,
    `poll: { bad_blocks: 1s }\nnotify: ${notify}\nreceivers: [{ name: hook, type: webhook, url: "${receiver.url}" }]\n`,
  );
  return agent;
};
const cli = (...words: string[]) => runProgram(['--disable-sigusr1', main, ...words, '--socket', agent?.socket ?? '']);
/** of the deliveries: ids of their messages */
const idsOf = async (query: string): Promise<string[]> => {
  const page = (await agent?.json(`/api/v1/deliveries?${query}`)) as { items: { message: string }[] } | undefined;
  return (page?.items ?? []).map(({ message }) => message);
};
const media = (): Receiver['received'] =>
  receiver.received.filter(({ message }) => message.condition === 'media_error');

test('what a receiver refused is shown with its answer, and arrives under its id when it is sent again', async () => {
  receiver.answer = { status: 401 };
  await start('{ group_wait: 0s }');
  await until('it is refused', () => media()[0]);
  const dead = await cli('deliveries', '--status', 'dead', '--json');
  assert.equal(dead.code, 0, dead.stderr);
  const { items } = JSON.parse(dead.stdout) as { items: { id: string; message: string; reason: string }[] };
  const refused = items.find(({ message }) => message === media()[0]?.message.id);
  assert.equal(refused?.reason, 'HTTP 401');

  const failed = await cli('receivers', 'test', 'hook');
  assert.deepEqual([failed.code, failed.stdout], [2, 'hook did not take it: HTTP 401\n']);
  receiver.answer = { status: 200 };
  const fine = await cli('receivers', 'test', 'hook', '--author', 'ada');
  assert.equal(fine.code, 0, fine.stderr);
  assert.match(receiver.received.at(-1)?.message.summary ?? '', /this is a test that ada asked for/);

  const from = receiver.received.length;
  const one = await cli('replay', refused?.id ?? '');
  assert.deepEqual([one.code, one.stdout], [0, '1 delivery waits to be sent again\n']);
  const again = await until('it is sent again', () => receiver.received[from]);
  assert.deepEqual([again.message.id, again.headers['webhook-id']], [refused?.message, refused?.message]);
  const all = await cli('replay', '--receiver', 'hook');
  assert.equal(all.code, 0, all.stderr);
  await until('no dead letter is left', async () => {
    const left = [...(await idsOf('status=dead')), ...(await idsOf('status=pending'))];
    return left.length === 0 || undefined;
  });
  const events = (await agent?.json('/api/v1/events')) as { items: { type: string }[] } | undefined;
  const types = events?.items.map(({ type }) => type) ?? [];
  assert.ok(types.includes('delivery.replayed') && types.includes('receiver.tested'), types.join(', '));
});

test('a receiver that is away for longer than retry_for gets what stands when it is back, also from the next agent', async () => {
  receiver.answer = { status: 503 };
  await start('{ group_wait: 0s, retry_for: 2s }');
  // what follows an earlier message of its incident has its own time, and rounds grow longer
  await until('the first is given up', async () => (await idsOf('status=expired')).length > 0 || undefined);
  await until('all is given up', async () => (await idsOf('status=pending')).length === 0 || undefined);
  const given = await idsOf('status=expired');
  await agent?.kill('SIGKILL');
  receiver.received.splice(0);
  receiver.answer = { status: 200 };
  await start('{ group_wait: 0s, retry_for: 2s }');
  const [told] = await until('it is told after all', () => (media().length > 0 ? media() : undefined));
  assert.ok(told !== undefined && given.includes(told.message.id), 'under the id that it had');
  assert.equal(told.message.status, 'firing');
  await until(
    'it counts as told',
    async () => (await idsOf('status=delivered')).includes(told.message.id) || undefined,
  );
});

test('what waits for a receiver that is taken out while the agent is down ends as a dead letter, and the agent starts', async () => {
  receiver.answer = { status: 503 };
  await start('{ group_wait: 0s }');
  const waiting = await until('messages wait', async () => {
    const ids = await idsOf('receiver=hook&status=pending');
    return ids.length > 1 ? ids : undefined;
  });
  await agent?.kill('SIGTERM');
  agent = await startAgent(dir, host, 'poll: { bad_blocks: 1s }\n');
  const dead = (await agent.json('/api/v1/deliveries?receiver=hook&status=dead')) as {
    items: { message: string; reason: string }[];
  };
  assert.ok(waiting.every((id) => dead.items.some(({ message }) => message === id)));
  assert.ok(dead.items.every(({ reason }) => reason === 'the receiver is not configured any more'));
});

test('a receiver that is configured while something is wrong is told of it, once', async () => {
  const polled = 'poll: { bad_blocks: 1s }\nnotify: { group_wait: 0s }\n';
  agent = await startAgent(dir, host, polled);
  const open = async (): Promise<string | undefined> => {
    const page = (await agent?.json('/api/v1/incidents')) as { items: { id: string; condition: string }[] };
    return page.items.find(({ condition }) => condition === 'media_error')?.id;
  };
  const incident = await until('an incident is open', open);
  const receivers = `receivers: [{ name: hook, type: webhook, url: "${receiver.url}" }]\n`;
  const socket = JSON.stringify(agent.socket);
  writeFileSync(join(dir, 'pmemwatch.yml'), `api: { socket: ${socket} }\n${polled}${receivers}`);
  assert.equal((await agent.post('/-/reload')).status, 200);
  const [told] = await until('it is told', () => (media().length > 0 ? media() : undefined));
  assert.deepEqual([told?.message.type, told?.message.incident], ['pmem.incident.opened', incident]);
  await until('it is written down', async () => (await idsOf('status=delivered')).length > 0 || undefined);
  await agent.kill('SIGTERM');
  await start('{ group_wait: 0s }');
  await new Promise((done) => setTimeout(done, 1500));
  const ids = new Set(media().map(({ message }) => message.id));
  const openings = media().filter(({ message }) => message.type === 'pmem.incident.opened');
  assert.deepEqual([openings.length, ids.size], [1, media().length], 'the next agent does not tell it again');
});

test('a heartbeat comes at the start and by its period, and says what is open', async () => {
  await start('{ group_wait: 0s, heartbeat: 1s }');
  const beats = (): Receiver['received'] =>
    receiver.received.filter(({ message }) => message.type === 'pmem.heartbeat');
  await until('three have come', () => beats().length >= 3 || undefined);
  const ids = new Set(beats().map(({ message }) => message.id));
  assert.equal(ids.size, beats().length);
  assert.match(beats().at(-1)?.message.summary ?? '', /pmemwatch is alive, open incidents: \d+ critical/);
});

import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { type Agent, startAgent, until } from './agent-process.ts';
import { type HostOnDisk, layHost } from './host-on-disk.ts';
import { type Receiver, startReceiver } from './receiver.ts';

let dir: string;
let host: HostOnDisk;
let receiver: Receiver;
const running: Agent[] = [];

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'pmemwatch-e2e-'));
  // as root the agent's half is an ordinary user: it must get at its socket and state
  chmodSync(dir, 0o777);
  host = layHost(join(dir, 'host'), 'one-bad-sector');
  receiver = await startReceiver();
});
afterEach(async () => {
  for (const agent of running.splice(0)) await agent.kill('SIGKILL');
  await receiver.close();
  rmSync(dir, { recursive: true, force: true });
});

const config = (extra = ''): string =>
  `poll: { bad_blocks: 1s }\nnotify: { group_wait: 0s }\nreceivers: [{ name: hook, type: webhook, url: "${receiver.url}" }]\n${extra}`;
async function run(extra = ''): Promise<Agent> {
  const agent = await startAgent(dir, host, config(extra));
  running.push(agent);
  return agent;
}
const seen = (type: string): Promise<true> =>
  until(
    `a message of type ${type} arrives (so far: ${receiver.types().join(', ')})`,
    () => receiver.types().includes(type) || undefined,
  );
/** Long enough for a message that must not come: several polls of 1 s. */
const quiet = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 2500));
/** Until the search for owners has ended, be it without any: what it finds is told, and not by a later agent. */
const searched = (agent: Agent): Promise<true> =>
  until('the search for owners has ended', async () => {
    const { items } = (await agent.json('/api/v1/badblocks')) as { items: { owners: { kind: string }[] }[] };
    const owners = items.flatMap((item) => item.owners);
    return (owners.length > 0 && owners.every(({ kind }) => kind !== 'pending')) || undefined;
  });
const openIds = async (agent: Agent): Promise<string[]> =>
  ((await agent.json('/api/v1/incidents')) as { items: { id: string; status: string; condition: string }[] }).items
    .filter((i) => i.status === 'open' && i.condition === 'media_error')
    .map((i) => i.id);

test('an error opens an incident, growth is told, and only a complete reading without it resolves', async () => {
  const agent = await run();
  await seen('opened');
  const first = receiver.received.find((r) => r.message.type === 'pmem.incident.opened');
  assert.equal(first?.message.condition, 'media_error');
  assert.equal(first?.message.status, 'firing');
  assert.deepEqual(
    first?.message.ranges.map((r) => [r.start, r.count]),
    [[2256, 1]],
  );
  assert.equal(first?.headers['webhook-id'], first?.message.id);

  host.setBadBlocks('pmem0', '2256 1\n4000 2\n', { name: 'region0', list: '6352 1\n8096 2\n' });
  await seen('grew');
  const grew = receiver.received.find((r) => r.message.type === 'pmem.incident.grew');
  assert.deepEqual(
    [grew?.message.totals.newRanges, grew?.message.totals.newBytes, grew?.message.totals.bytes],
    [1, 1024, 1536],
  );
  assert.match((await agent.get('/metrics')).body, /^pmem_bad_bytes\{[^}]*device="pmem0"[^}]*\} 1536$/m);

  host.setBadBlocks('pmem0', '4000 2\n', { name: 'region0', list: '8096 2\n' });
  await seen('shrank');
  host.setBadBlocks('pmem0', '', { name: 'region0', list: '' });
  await seen('resolved');
  const last = receiver.received.find((r) => r.message.type === 'pmem.incident.resolved');
  assert.equal(last?.message.resolution, 'cleared');
  assert.equal(last?.message.incident, first?.message.incident);
  assert.match((await agent.get('/metrics')).body, /^pmem_bad_bytes\{[^}]*device="pmem0"[^}]*\} 0$/m);
  const sequences = receiver.received.map((r) => r.message.sequence);
  assert.deepEqual(
    sequences,
    [...sequences].sort((a, b) => a - b),
  );
  assert.equal(new Set(receiver.received.map((r) => r.message.id)).size, receiver.received.length);
});

test('a killed agent delivers after its restart what the receiver did not take, under the same id, and opens nothing twice', async () => {
  receiver.answer = { status: 503 };
  const agent = await run();
  await until('a first attempt was refused', () => receiver.received[0]);
  const id = receiver.received[0]?.message.id;
  await agent.kill('SIGKILL');
  receiver.received.splice(0);
  receiver.answer = { status: 200 };
  const again = await run();
  await until('it is delivered', () => receiver.received.find((r) => r.message.id === id));
  await quiet();
  assert.equal(receiver.types().filter((type) => type === 'opened').length, 1);
  assert.equal((await openIds(again)).length, 1);
});

test('a restart with nothing new tells nothing', async () => {
  const agent = await run();
  await seen('opened');
  await searched(agent);
  await quiet();
  const before = await openIds(agent);
  assert.equal(await agent.kill('SIGTERM'), 0);
  receiver.received.splice(0);
  const again = await run();
  await quiet();
  assert.deepEqual(receiver.types(), []);
  assert.deepEqual(await openIds(again), before);
});

test('after a reboot a shorter list proves nothing, and the same list tells nothing', async () => {
  const agent = await run();
  await seen('opened');
  await searched(agent);
  await quiet();
  const before = await openIds(agent);
  await agent.kill('SIGTERM');
  receiver.received.splice(0);

  host.reboot('99999999-aaaa-4bbb-8ccc-dddddddddddd');
  host.setBadBlocks('pmem0', '', { name: 'region0', list: '' });
  const rebooted = await run();
  await quiet();
  assert.deepEqual(receiver.types(), []);
  assert.deepEqual(await openIds(rebooted), before);
  const listed = (await rebooted.json('/api/v1/badblocks')) as { items: { unconfirmed?: string | null }[] };
  assert.equal(listed.items.length, 1);
  assert.match(String(listed.items[0]?.unconfirmed), /\w+ \w+/, 'it says why it is not confirmed');

  host.setBadBlocks('pmem0', '2256 1\n', { name: 'region0', list: '6352 1\n' });
  await until('it is confirmed', async () => {
    const { items } = (await rebooted.json('/api/v1/badblocks')) as { items: { unconfirmed?: string | null }[] };
    return items.every((item) => (item.unconfirmed ?? null) === null) || undefined;
  });
  await quiet();
  assert.deepEqual(receiver.types(), []);
});

test('a place keeps its incident when the kernel renumbers everything at a reboot', async () => {
  host.become('renumbered-before');
  const agent = await run();
  await seen('opened');
  await searched(agent);
  await quiet();
  const before = await openIds(agent);
  await agent.kill('SIGTERM');
  receiver.received.splice(0);
  host.reboot('99999999-aaaa-4bbb-8ccc-dddddddddddd');
  host.become('renumbered-after');
  const rebooted = await run();
  await quiet();
  assert.deepEqual(receiver.types(), []);
  assert.deepEqual(await openIds(rebooted), before);
});

test('a list that cannot be parsed opens an incident of its own and clears nothing', async () => {
  const agent = await run();
  await seen('opened');
  host.setBadBlocks('pmem0', 'rubbish\n');
  await until('the list is told as unreadable', () =>
    receiver.received.find((r) => r.message.condition === 'badblocks_unreadable'),
  );
  assert.match((await agent.get('/metrics')).body, /^pmem_badblocks_readable\{[^}]*device="pmem0"[^}]*\} 0$/m);
  assert.ok(!receiver.types().includes('resolved'));
  host.setBadBlocks('pmem0', '2256 1\n');
  await until('it is readable again', () =>
    receiver.received.find((r) => r.message.condition === 'badblocks_unreadable' && r.message.status === 'resolved'),
  );
  assert.equal((await openIds(agent)).length, 1);
});

test('a refused message is told: in the history, in the metrics, as an incident, and through the other receiver', async () => {
  receiver.answer = { status: 400 };
  const other = await startReceiver();
  try {
    const agent = await startAgent(
      dir,
      host,
      `notify: { group_wait: 0s }\nreceivers:\n` +
        `  - { name: hook, type: webhook, url: "${receiver.url}" }\n  - { name: other, type: webhook, url: "${other.url}" }\n`,
    );
    running.push(agent);
    const told = await until('the other receiver is told', () =>
      other.received.find((r) => r.message.condition === 'receiver_unreachable'),
    );
    assert.match(told.message.summary, /the receiver hook does not take messages.*: it refused a message: HTTP 400\.$/);
    assert.ok(!receiver.received.some((r) => r.message.condition === 'receiver_unreachable'));
    const { items } = (await agent.json('/api/v1/events')) as { items: { type: string; data: { reason?: string } }[] };
    assert.equal(items.find(({ type }) => type === 'delivery.rejected')?.data.reason, 'HTTP 400');

    const refused = /^pmemwatch_notifications_total\{receiver="hook",outcome="rejected"\} [1-9]/m;
    assert.match((await agent.get('/metrics')).body, refused);
    assert.equal((await agent.post('/-/reload')).status, 200);
    assert.match((await agent.get('/metrics')).body, refused, 'a reload is no reason to count from 0');

    receiver.answer = { status: 200 };
    host.setBadBlocks('pmem0', '2256 1\n4000 2\n', { name: 'region0', list: '6352 1\n8096 2\n' });
    await until('it is over', () =>
      other.received.find((r) => r.message.condition === 'receiver_unreachable' && r.message.status === 'resolved'),
    );
  } finally {
    await other.close();
  }
});

test('what a reboot left unconfirmed is acknowledged and closed by hand, what the list shows is not', async () => {
  const agent = await run();
  await seen('opened');
  const [id = ''] = await openIds(agent);
  const listed = await agent.post(`/api/v1/incidents/${id}/close`, { author: 'ada' });
  assert.equal(listed.status, 409);
  const taken = await agent.post(`/api/v1/incidents/${id}/acknowledge`, { author: 'ada', reason: 'restoring' });
  assert.equal(taken.status, 200);
  await seen('acknowledged');
  assert.match(
    (await agent.get('/metrics')).body,
    /^pmem_incidents\{[^}]*"media_error"[^}]*state="acknowledged"\} 1$/m,
  );
  await agent.kill('SIGTERM');

  host.reboot('99999999-aaaa-4bbb-8ccc-dddddddddddd');
  host.setBadBlocks('pmem0', '', { name: 'region0', list: '' });
  const rebooted = await run();
  const closed = await until('the range is in doubt, and may be closed', async () => {
    const answer = await rebooted.post(`/api/v1/incidents/${id}/close`, { author: 'ada', reason: 'module replaced' });
    return answer.status === 200 ? answer : undefined;
  });
  assert.equal((JSON.parse(closed.body) as { resolution: string }).resolution, 'closed_by_operator');
  await seen('resolved');
  const { items } = (await rebooted.json('/api/v1/events')) as { items: { type: string; data: object }[] };
  const asked = items.find(({ type }) => type === 'incident.close');
  assert.deepEqual(asked?.data, { author: 'ada', reason: 'module replaced', via: 'unix socket' });
});

/** A disk that is full while an error is to be recorded: a file system of its own for the state, filled to the last byte. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { errnoOf } from '../../src/model/errors.ts';
import { type Agent, startAgent, until } from './agent-process.ts';
import { layHost } from './host-on-disk.ts';
import { startReceiver } from './receiver.ts';

interface Delivery {
  readonly message: string;
  readonly status: string;
}

/** Takes all the space there is; answers what to remove to have it back. */
function fill(folder: string): string {
  const file = join(folder, 'filler');
  const fd = openSync(file, 'w');
  try {
    for (const size of [65_536, 4096, 1]) {
      const piece = Buffer.alloc(size);
      try {
        for (;;) writeSync(fd, piece);
      } catch (error) {
        if (errnoOf(error) !== 'ENOSPC') throw error;
      }
    }
  } finally {
    closeSync(fd);
  }
  return file;
}

test('with a full disk the message arrives within 10 s and says so, and the store has all of it when there is room again', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'pmemwatch-full-'));
  const state = join(dir, 'state');
  mkdirSync(state);
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=2m,mode=0777', 'pmemwatch', state], {
    encoding: 'utf8',
  });
  if (mounted.status !== 0) {
    rmSync(dir, { recursive: true });
    t.skip(`needs a file system of its own, which this user may not mount: ${mounted.stderr?.trim()}`);
    return;
  }
  chmodSync(dir, 0o777);
  const host = layHost(join(dir, 'host'), 'one-bad-sector');
  const receiver = await startReceiver();
  const config = `poll: { bad_blocks: 1s }\nnotify: { group_wait: 0s }\nreceivers: [{ name: hook, type: webhook, url: "${receiver.url}" }]\n`;
  let agent: Agent | undefined;
  try {
    agent = await startAgent(dir, host, config);
    await until('the first error is told', () => receiver.types().includes('opened') || undefined);
    await until('its owners are looked for', () => receiver.types().includes('owners') || undefined);
    assert.ok(receiver.received.every(({ message }) => message.durable));

    const filler = fill(state);
    const before = receiver.received.length;
    const began = Date.now();
    host.setBadBlocks('pmem0', '2256 1\n4000 2\n', { name: 'region0', list: '6352 1\n8096 2\n' });
    const grew = await until('the growth is told', () =>
      receiver.received.find(({ message }) => message.type.endsWith('grew')),
    );
    const tookMs = grew.at - began;
    t.diagnostic(`told after ${tookMs} ms`);
    assert.ok(tookMs < 10_000, `it took ${tookMs} ms`);
    assert.equal(grew.message.durable, false);
    await until('that nothing can be written is told too', () =>
      receiver.received.find(({ message }) => message.condition === 'store_unwritable'),
    );
    assert.equal((await agent.get('/-/ready')).status, 503);
    const blind = JSON.parse((await agent.get('/api/v1/deliveries')).body) as { complete: boolean };
    assert.equal(blind.complete, false);

    rmSync(filler);
    await until('the end of it is told', () =>
      receiver.received.find(
        ({ message }) => message.condition === 'store_unwritable' && message.status === 'resolved',
      ),
    );
    const taken = new Set(receiver.received.map(({ message }) => message.id));
    const running = agent;
    const listed = async (): Promise<readonly Delivery[]> =>
      ((await running.json('/api/v1/deliveries')) as { items: Delivery[] }).items;
    await until('the state file has caught up', async () => {
      const delivered = (await listed()).filter(({ status }) => status === 'delivered');
      return delivered.length === taken.size || undefined;
    });
    assert.deepEqual(
      new Set((await listed()).map(({ message }) => message)),
      taken,
      'what was told is what is written down',
    );
    const said = receiver.received.slice(before).map(({ message }) => `${message.incident} ${message.sequence}`);
    assert.equal(new Set(said).size, said.length, 'no revision was told under two ids, or twice');

    await agent.kill('SIGKILL');
    const count = receiver.received.length;
    agent = await startAgent(dir, host, config);
    await new Promise((resolve) => setTimeout(resolve, 2500));
    assert.deepEqual(receiver.types().slice(count), [], 'an agent that starts later has nothing to tell again');

    // killed before the disk had room again: what was told from memory alone is found, and told, a second time
    const again = fill(state);
    host.setBadBlocks('pmem0', '2256 1\n4000 2\n5000 1\n', { name: 'region0', list: '6352 1\n8096 2\n9096 1\n' });
    const grown = (from: number) =>
      receiver.received.slice(from).find(({ message }) => message.type.endsWith('grew'))?.message;
    const once = await until('the next growth is told', () => grown(count));
    assert.equal(once.durable, false);
    await agent.kill('SIGKILL');
    rmSync(again);
    const later = receiver.received.length;
    agent = await startAgent(dir, host, config);
    const twice = await until('it is told again', () => grown(later));
    assert.deepEqual([twice.id, twice.sequence, twice.durable], [once.id, once.sequence, true]);
  } finally {
    await agent?.kill('SIGKILL');
    await receiver.close();
    await new Promise((resolve) => setTimeout(resolve, 500));
    spawnSync('umount', ['-l', state]);
    rmSync(dir, { recursive: true, force: true });
  }
});

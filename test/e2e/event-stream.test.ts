/** The event stream of an agent that is killed and started again while its list keeps changing: a reader misses and repeats nothing. */
import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Agent, startAgent, until } from './agent-process.ts';
import { layHost } from './host-on-disk.ts';

/** Reads ids until it is cut. */
function follow(agent: Agent, lastId: number) {
  const ids: number[] = [];
  let text = '';
  const call: ClientRequest = request(
    `${agent.url}/api/v1/events/stream`,
    { headers: { 'last-event-id': String(lastId) } },
    (answer: IncomingMessage) => {
      answer.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
        // only what came whole, as a browser takes it
        const frames = text.split('\n\n');
        text = frames.pop() ?? '';
        for (const frame of frames) {
          const id = /^id: (\d+)$/m.exec(frame)?.[1];
          if (id !== undefined) ids.push(Number(id));
        }
      });
      answer.on('error', () => undefined);
    },
  );
  call.on('error', () => undefined);
  call.end();
  return { ids, cut: () => void call.destroy() };
}

test('over lost connections and restarts every event comes once and in order', { timeout: 120_000 }, async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'pmemwatch-stream-'));
  chmodSync(dir, 0o777);
  const host = layHost(join(dir, 'host'), 'one-bad-sector');
  let agent = await startAgent(dir, host, 'poll: { bad_blocks: 1s }\n');
  t.after(async () => {
    await agent.kill('SIGKILL');
    rmSync(dir, { recursive: true, force: true });
  });
  const seen: number[] = [];
  for (let round = 0; round < 4; round++) {
    const reader = follow(agent, seen.at(-1) ?? 0);
    const before = seen.length;
    for (let change = 0; change < 3; change++) {
      const list = Array.from({ length: round * 3 + change + 2 }, (_, i) => `${100_000 + i * 64} 1\n`).join('');
      host.setBadBlocks('pmem0', list);
      const wanted = change + 1;
      await until('the change is told', () => reader.ids.length >= wanted || undefined);
    }
    if (round % 2 === 0) {
      await agent.kill(round === 0 ? 'SIGKILL' : 'SIGTERM');
      seen.push(...reader.ids);
      agent = await startAgent(dir, host, 'poll: { bad_blocks: 1s }\n');
    } else {
      seen.push(...reader.ids);
      reader.cut();
    }
    assert.ok(seen.length > before, `round ${round} told nothing`);
  }
  const last = follow(agent, seen.at(-1) ?? 0);
  const all = ((await agent.json('/api/v1/events?limit=1000')) as { items: { id: number }[] }).items.map(
    ({ id }) => id,
  );
  await until('the rest has come', () => seen.length + last.ids.length >= all.length || undefined);
  seen.push(...last.ids);
  last.cut();
  assert.deepEqual(seen.slice(0, all.length), all);
  assert.equal(new Set(seen).size, seen.length, 'an event came twice');
});

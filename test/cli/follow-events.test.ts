import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type Agent, startAgent, until } from '../e2e/agent-process.ts';
import { layHost } from '../e2e/host-on-disk.ts';
import { startProgram } from './program.ts';
import { type Ran, runCommand } from './run-command.ts';

let folder = '';
const servers: Server[] = [];
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'pmemwatch-follow-'));
  chmodSync(folder, 0o777);
});
after(() => {
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
  rmSync(folder, { recursive: true });
});

const event = (id: number, time = '2026-11-23T14:02:07Z') => ({
  id,
  time,
  type: 'range.found',
  incident: null,
  device: 'pmem0',
  data: {},
});

/** A history that grows, told as the agent tells it; `breakAfter` cuts each connection after so many events, `breakFirst` the first stream before it begins. */
async function startHistory(socket: string, options: { breakAfter?: number; breakFirst?: boolean } = {}) {
  const history = [event(1), event(2), event(3)];
  const streams = new Map<ServerResponse, number>();
  let refuse: number | undefined;
  let isFirst = true;
  const push = (): void => {
    for (const [stream, last] of streams) {
      const news = history.filter(({ id }) => id > last).slice(0, options.breakAfter);
      for (const each of news) stream.write(`id: ${each.id}\nevent: ${each.type}\ndata: ${JSON.stringify(each)}\n\n`);
      stream.write(`: still here\n\nevent: scrub.progress\ndata: {"bus":"ndbus0"}\n\n`);
      streams.set(stream, news.at(-1)?.id ?? last);
      if (options.breakAfter !== undefined) setTimeout(() => stream.destroy(), 20);
    }
  };
  const server: Server = createServer((request, response) => {
    if (request.url?.startsWith('/api/v1/events?')) {
      const after = Number(new URL(request.url, 'http://x').searchParams.get('after'));
      const items = history.filter(({ id }) => id > after);
      response.end(JSON.stringify({ items, next: null, complete: true, readAt: null }));
    } else if (refuse !== undefined) response.writeHead(refuse).end(JSON.stringify({ detail: 'Not for you.' }));
    else if (options.breakFirst === true && isFirst) {
      isFirst = false;
      response.destroy();
    } else {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write(': pmemwatch events\n\n');
      response.on('close', () => streams.delete(response));
      streams.set(response, Number(request.headers['last-event-id']));
      push();
    }
  });
  servers.push(server);
  const listen = () => new Promise<void>((done) => server.listen(socket, done));
  await listen();
  return {
    add(...ids: number[]) {
      const newest = history.at(-1)?.id ?? 0;
      history.push(...ids.filter((id) => id > newest).map((id) => event(id)));
      push();
    },
    followers: () => streams.size,
    refuseWith: (status: number) => (refuse = status),
    async down() {
      const closed = new Promise((done) => server.close(done));
      server.closeAllConnections();
      await closed;
    },
    up: listen,
  };
}

/** Follows until `enough` lines came, and then presses Ctrl-C. */
async function follow(
  socket: string,
  words: string[],
  enough: (lines: string[]) => boolean,
): Promise<Ran & { lines: string[] }> {
  const ctrlC = new AbortController();
  let stdout = '';
  let ended = false;
  const running = runCommand(['events', '-f', '--socket', socket, ...words], {
    signal: ctrlC.signal,
    stdout: { write: (text: string) => (stdout += text) },
  });
  const lines = (): string[] => stdout.split('\n').slice(0, -1);
  void running.finally(() => {
    ended = true;
  });
  await until('enough came', () => ended || enough(lines()) || undefined);
  ctrlC.abort();
  const ran = await running;
  return { ...ran, stdout, lines: lines() };
}
const idOf = (line: string): number => JSON.parse(line).id;

test('events -f shows what was, then what comes, one JSON document a line, and ends with 0 on Ctrl-C', async () => {
  const socket = join(folder, 'a.sock');
  const history = await startHistory(socket);
  const { code, lines, stderr } = await follow(socket, ['--json', '--limit', '2'], (all) => {
    if (all.length === 2) history.add(4, 5);
    return all.length >= 4;
  });
  assert.deepEqual([code, lines.map(idOf), stderr], [0, [2, 3, 4, 5], '']);
  const text = await follow(socket, ['--after', '4'], (all) => {
    if (all.length === 1) history.add(6);
    return all.length >= 2;
  });
  assert.match(text.lines[1] ?? '', /^6 +2026-11-23T14:02:07Z {2}range\.found +pmem0 +-$/);
  assert.ok(text.lines.every((line) => !line.includes('scrub.progress')));
  await history.down();
});

test('an agent that is away for a while loses no event and tells none twice, however often the connection breaks', async () => {
  const socket = join(folder, 'b.sock');
  const history = await startHistory(socket, { breakAfter: 2 });
  let gone = false;
  const leave = async (): Promise<void> => {
    gone = true;
    history.add(4);
    await history.down();
    history.add(5, 6, 7, 8, 9);
    setTimeout(history.up, 500);
  };
  const { code, lines, stderr } = await follow(socket, ['--json'], (all) => {
    if (all.length >= 3 && !gone && history.followers() > 0) void leave();
    return all.length >= 9;
  });
  assert.deepEqual([code, lines.map(idOf)], [0, [1, 2, 3, 4, 5, 6, 7, 8, 9]]);
  assert.match(stderr, /^pmemwatch events: .*b\.sock is gone: waiting for the agent; Ctrl-C ends this$/m);
  assert.match(stderr, /^pmemwatch events: the agent is back$/m);
  await history.down();
});

test('an agent that goes between its history and the stream is waited for as well', async () => {
  const socket = join(folder, 'e.sock');
  const history = await startHistory(socket, { breakFirst: true });
  const { code, lines } = await follow(socket, ['--json'], (all) => {
    if (all.length === 3 && history.followers() > 0) history.add(4);
    return all.length >= 4;
  });
  assert.deepEqual([code, lines.map(idOf)], [0, [1, 2, 3, 4]]);
  await history.down();
});

test('an agent that refuses to go on ends it with 2', async () => {
  const socket = join(folder, 'c.sock');
  const history = await startHistory(socket);
  let refused = false;
  const none = await follow(socket, ['--json'], () => {
    if (!refused && history.followers() > 0) {
      refused = true;
      history.refuseWith(403);
      void history.down().then(history.up);
    }
    return false;
  });
  assert.equal(none.code, 2);
  assert.match(none.stderr, /pmemwatch events: the agent answered 403: Not for you\.\n$/);
  await history.down();
  const absent = await runCommand(['events', '-f', '--socket', socket]);
  assert.deepEqual([absent.code, absent.stdout], [2, '']);
  assert.match(absent.stderr, /^pmemwatch events: no answer on [^\n]*is the agent running\?[^\n]*\n$/);
});

test('--since takes a time or how long ago, and pages through thousands', async () => {
  const socket = join(folder, 'd.sock');
  const pages = Array.from({ length: 5 }, (_, p) =>
    Array.from({ length: 1000 }, (_, i) =>
      event(p * 1000 + i + 1, p < 4 ? '2026-11-23T10:00:00Z' : '2026-11-23T13:30:00Z'),
    ),
  );
  const server = createServer((request, response) => {
    const after = Number(new URL(request.url ?? '', 'http://x').searchParams.get('after'));
    const items = pages[after / 1000] ?? [];
    const next = after < 4000 ? String(after + 1000) : null;
    response.end(JSON.stringify({ items, next, complete: true, readAt: null }));
  });
  await new Promise<void>((done) => server.listen(socket, done));
  const count = async (...words: string[]): Promise<number[]> => {
    const { stdout } = await runCommand(['events', '--json', '--socket', socket, ...words]);
    const { items } = JSON.parse(stdout) as { items: { id: number }[] };
    return [items.length, items[0]?.id ?? 0, items.at(-1)?.id ?? 0];
  };
  assert.deepEqual(await count(), [100, 4901, 5000]);
  assert.deepEqual(await count('--limit', '0'), [5000, 1, 5000]);
  assert.deepEqual(await count('--since', '1h'), [1000, 4001, 5000]);
  assert.deepEqual(await count('--since', '2026-11-23T13:30:00Z', '--limit', '7'), [7, 4994, 5000]);
  assert.deepEqual(await count('--since', '10m'), [0, 0, 0]);
  assert.deepEqual(await count('--after', '3000'), [2000, 3001, 5000]);
  const wrong = await runCommand(['events', '--since', 'yesterday', '--socket', socket]);
  assert.match(wrong.stderr, /--since yesterday is neither a time such as/);
  server.close();
});

test('a real agent that is killed and started anew is followed as if nothing had been', async () => {
  const dir = join(folder, 'agent');
  const host = layHost(join(folder, 'host'), 'one-bad-sector');
  const start = (): Promise<Agent> => startAgent(dir, host, 'poll: { bad_blocks: 1s }\n');
  mkdirSync(dir);
  chmodSync(dir, 0o777);
  let agent = await start();
  const following = startProgram(['events', '-f', '--json', '--limit', '0', '--socket', agent.socket]);
  try {
    const ids = (): number[] => following.stdout().split('\n').slice(0, -1).map(idOf);
    await until('the history came', () => ids().length > 2 || undefined);
    for (const round of [1, 2]) {
      await agent.kill('SIGKILL');
      agent = await start();
      host.setBadBlocks('pmem0', `2256 ${1 + round}\n`, { name: 'region0', list: `6352 ${1 + round}\n` });
      const seen = ids().length;
      await until('what happened after the restart came', () => ids().length > seen + 1 || undefined);
    }
    const told = async (): Promise<number[]> =>
      ((await agent.json('/api/v1/events?limit=1000')) as { items: { id: number }[] }).items.map(({ id }) => id);
    await until(
      'all came, each once and in order',
      async () => JSON.stringify(await told()) === JSON.stringify(ids()) || undefined,
    );
    following.child.kill('SIGINT');
    assert.equal(await following.code, 0);
  } finally {
    following.child.kill('SIGKILL');
    await agent.kill('SIGKILL');
  }
});

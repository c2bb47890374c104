import assert from 'node:assert/strict';
import { request } from 'node:http';
import { type TestContext, test } from 'node:test';
import { streamEvents } from '../../../src/export/http/event-stream.ts';
import { createServer } from '../../../src/export/http/server.ts';
import type { NumberedEvent } from '../../../src/export/view.ts';
import type { State } from '../../../src/model/state.ts';
import { settle } from '../../fakes/fake-clock.ts';
import { at, damagedState, scrubbed, scrubRunOf, stateOf, viewOf } from '../built-state.ts';
import { httpDeps } from './served.ts';

function eventOf(id: number): NumberedEvent {
  return {
    id,
    time: at,
    type: 'range.found',
    incident: null,
    uid: null,
    device: 'pmem0',
    data: { path: '/pg/secret' },
  };
}

/** A history that grows, and the passes that tell of it. */
function historyOf(...ids: number[]) {
  const all = ids.map(eventOf);
  const listeners = new Set<() => void>();
  return {
    add: (id: number) => all.push(eventOf(id)),
    pass: () => {
      for (const listener of listeners) listener();
    },
    listeners,
    async events(after: number, limit: number) {
      const items = all.filter(({ id }) => id > after).slice(0, limit);
      return { items, next: items.length === limit ? (items.at(-1)?.id ?? null) : null };
    },
    newestEventId: () => all.at(-1)?.id ?? 0,
    firstKeptEventId: () => all[0]?.id ?? 1,
    onPass(listener: () => void) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
function sinkOf() {
  const frames: string[] = [];
  const sink = {
    write: (text: string) => void frames.push(text),
    unsentBytes: 0,
    drained: async () => undefined,
    end: () => void frames.push('END'),
  };
  return { frames, sink, ids: () => frames.flatMap((frame) => /^id: (\d+)/.exec(frame)?.[1] ?? []) };
}

test('what came after the last event known comes first, in whole, then each new one once', async (t) => {
  const history = historyOf(...Array.from({ length: 450 }, (_, i) => i + 1));
  const { sink, ids } = sinkOf();
  const stop = streamEvents({ ...history, view: () => viewOf(damagedState()) }, { lastId: 40, named: true }, sink);
  t.after(stop);
  await settle();
  assert.deepEqual(
    ids(),
    Array.from({ length: 410 }, (_, i) => String(i + 41)),
  );
  history.add(451);
  history.pass();
  history.pass();
  await settle();
  assert.deepEqual(ids().slice(410), ['451']);
});

test('a scrub that runs is told with each pass, without an id; one that is over is not', async (t) => {
  const running = scrubRunOf({ id: 'scrub-2', status: 'running', startedAt: at - 3_000, endedAt: null });
  const states: State[] = [stateOf([], scrubbed({ runs: [scrubRunOf(), running] })), stateOf([], scrubbed())];
  const history = historyOf();
  const { sink, frames } = sinkOf();
  t.after(streamEvents({ ...history, view: () => viewOf(states[0] as State) }, { lastId: 0, named: true }, sink));
  await settle();
  const [progress] = frames;
  assert.match(progress ?? '', /^event: scrub\.progress\ndata: \{"id":"scrub-2".*"durationSeconds":3,.*\}\n\n$/);
  states.shift();
  history.pass();
  await settle();
  assert.equal(frames.length, 1);
});

test('a history that cannot be read ends no stream: it goes on when it can', async (t) => {
  const history = historyOf(1);
  let broken = true;
  const events = (after: number, limit: number) =>
    broken ? Promise.reject(new Error('disk gone')) : history.events(after, limit);
  const { sink, frames, ids } = sinkOf();
  t.after(streamEvents({ ...history, events, view: () => viewOf(damagedState()) }, { lastId: 0, named: true }, sink));
  await settle();
  assert.deepEqual(frames, [': the history cannot be read now\n\n']);
  broken = false;
  history.pass();
  await settle();
  assert.deepEqual(ids(), ['1']);
});

test('a stream on which nothing happens says that it is still there, before a proxy takes it for dead', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const history = historyOf();
  const { sink, frames } = sinkOf();
  const stop = streamEvents({ ...history, view: () => viewOf(damagedState()) }, { lastId: 0, named: true }, sink);
  await settle();
  t.mock.timers.tick(45_000);
  assert.deepEqual(frames, Array(3).fill(': still here\n\n'));
  stop();
  t.mock.timers.tick(45_000);
  assert.deepEqual(frames.slice(3), ['END']);
});

test('whoever takes nothing is cut off, and leaves nothing behind', async () => {
  const history = historyOf(1);
  const { sink, frames } = sinkOf();
  streamEvents(
    { ...history, view: () => viewOf(damagedState()) },
    { lastId: 0, named: true },
    { ...sink, unsentBytes: 2 ** 21 },
  );
  await settle();
  assert.equal(frames.at(-1), 'END');
  assert.equal(history.listeners.size, 0);
});

async function until(isIt: () => Promise<boolean>): Promise<void> {
  while (!(await isIt()));
}

async function served(t: TestContext, history: ReturnType<typeof historyOf>) {
  const server = await createServer(httpDeps({ ...history, view: () => viewOf(damagedState()) }));
  t.after(() => server.close(100));
  const [address] = await server.listen([{ kind: 'tcp', host: '127.0.0.1', port: 0 }]);
  const url = `http://${address}/api/v1/events/stream`;
  async function open(headers: Record<string, string> = {}) {
    const answer = await new Promise<import('node:http').IncomingMessage>((done, fail) => {
      request(url, { headers }, done).on('error', fail).end();
    });
    let text = '';
    answer.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    const ended = new Promise<void>((done) => answer.on('close', done));
    t.after(() => answer.destroy());
    async function until(pattern: RegExp): Promise<string> {
      const deadline = performance.now() + 5_000;
      while (!pattern.test(text)) {
        assert.ok(performance.now() < deadline, `${pattern} never came: ${text}`);
        await new Promise((done) => setTimeout(done, 5));
      }
      return text;
    }
    return { answer, until, ended };
  }
  return { server, open };
}

test('over HTTP: Last-Event-ID replays, without it only what is new comes, and without a token no data', async (t) => {
  const history = historyOf(1, 2, 3);
  const { open } = await served(t, history);
  const again = await open({ 'last-event-id': '1' });
  assert.equal(again.answer.headers['content-type'], 'text/event-stream');
  assert.equal(again.answer.headers['cache-control'], 'no-store');
  const text = await again.until(/id: 3\n/);
  assert.deepEqual(text.match(/^id: \d+$/gm), ['id: 2', 'id: 3']);
  assert.match(text, /"data":\{\},"dataRedacted":true/);
  assert.doesNotMatch(text, /secret/);
  const fresh = await open();
  history.add(4);
  history.pass();
  assert.deepEqual((await fresh.until(/id: 4\n/)).match(/^id: \d+$/gm), ['id: 4']);
});

test('whoever was away for longer than the history is kept is told so before anything else', async (t) => {
  const { open } = await served(t, historyOf(7, 8, 9));
  const late = await open({ 'last-event-id': '3' });
  const text = await late.until(/id: 9\n/);
  assert.match(text, /^: pmemwatch events\n\nevent: history\.forgotten\ndata: \{"after":3,"firstKept":7\}\n\nid: 7\n/);
  for (const known of ['6', '8']) {
    const inTime = await open({ 'last-event-id': known });
    assert.doesNotMatch(await inTime.until(/id: 9\n/), /forgotten/);
  }
});

test('whoever knows an event that is still to come is told that its history is gone, and gets all of the new one', async (t) => {
  const { open } = await served(t, historyOf(1, 2));
  const text = await (await open({ 'last-event-id': '900' })).until(/id: 2\n/);
  assert.match(
    text,
    /^: pmemwatch events\n\nevent: history\.forgotten\ndata: \{"after":900,"firstKept":1\}\n\nid: 1\n/,
  );
});

test('a client that takes nothing is read no more for, and lets go of its place', async (t) => {
  const history = historyOf(...Array.from({ length: 60_000 }, (_, i) => i + 1));
  let reads = 0;
  const counted = {
    ...history,
    events(after: number, limit: number) {
      reads++;
      return history.events(after, limit);
    },
  };
  const { open } = await served(t, counted);
  const stalled = await open({ 'last-event-id': '0' });
  stalled.answer.pause();
  // what the sockets between them take; then no page more is read
  await until(async () => {
    const before = reads;
    await new Promise((done) => setTimeout(done, 200));
    return reads === before;
  });
  assert.ok(reads < 300, `${reads} pages were read for nobody`);
  stalled.answer.resume();
  await stalled.until(/id: 60000\n/);
});

test('the server closes with streams open, and takes no more than it can serve', async (t) => {
  const { server, open } = await served(t, historyOf());
  const streams = await Promise.all(Array.from({ length: 32 }, () => open()));
  const more = await open();
  assert.equal(more.answer.statusCode, 503);
  const before = performance.now();
  await Promise.all([server.close(10_000), ...streams.map(({ ended }) => ended)]);
  assert.ok(performance.now() - before < 5_000, 'it did not wait for its grace');
});

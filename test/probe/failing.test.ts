import assert from 'node:assert/strict';
import { duplexPair, PassThrough } from 'node:stream';
import { test } from 'node:test';
import { createClock } from '../../src/linux/clock.ts';
import { createProbe } from '../../src/linux/probe/client.ts';
import { openConversation, type ProbeConnection } from '../../src/linux/probe/conversation.ts';
import { createLineReader } from '../../src/linux/probe/lines.ts';
import { MAX_LINE_BYTES } from '../../src/linux/probe/protocol.ts';
import { type ProbeServices, serveProbe } from '../../src/linux/probe/server.ts';
import { createHost, silent, until } from './rig.ts';

const services: ProbeServices = {
  resolve: async () => ({ device: 'pmem0', complete: true, results: [] }),
  check: async () => ({}),
  dsm: async () => ({ reply: new Uint8Array(4), firmwareBytes: 4 }),
  scrub: async () => null,
  pollPriority: async () => () => new Promise((done) => setTimeout(done, 5, false)),
};

/** A conversation with a server in this process, as raw lines. */
function serve(also: Partial<ProbeServices> = {}) {
  const host = createHost();
  const [near, far] = duplexPair();
  const ended = Promise.withResolvers<void>();
  const lines: unknown[] = [];
  serveProbe(far, { roots: host.roots, services: { ...services, ...also }, onEnd: ended.resolve });
  near.on(
    'data',
    createLineReader(
      MAX_LINE_BYTES,
      (line) => lines.push(JSON.parse(line)),
      () => assert.fail('overflow'),
    ),
  );
  return { near, lines, host, ended: ended.promise };
}

test('a line that never ends ends the conversation instead of filling the memory', async () => {
  const { near, ended, host } = serve();
  const chunk = Buffer.alloc(64 * 1024, 'x');
  for (let sent = 0; sent <= MAX_LINE_BYTES; sent += chunk.length) near.write(chunk);
  await ended;
  host.remove();
});

test('a line that is not a request ends the conversation', async () => {
  const { near, ended, host } = serve();
  near.write('GET / HTTP/1.1\n');
  await ended;
  host.remove();
});

test('requests beyond the limit in flight, and ids in use, are refused while the others run on', async () => {
  const { near, lines, host } = serve({ resolve: () => new Promise(() => undefined) });
  const job = { device: 'pmem0', runs: [{ start: 0, count: 1 }], deadlineMs: 1000, walkRoots: [] };
  for (let id = 0; id < 64; id++) near.write(`${JSON.stringify({ id, op: 'resolve', job })}\n`);
  near.write(`${JSON.stringify({ id: 0, op: 'hello' })}\n${JSON.stringify({ id: 99, op: 'hello' })}\n`);
  await until(() => lines.length === 2, 'two refusals');
  assert.deepEqual(
    lines.map((l) => (l as { errno: string }).errno),
    ['EINVAL', 'EBUSY'],
  );
  host.remove();
});

test('a cancelled job is told by its signal', async () => {
  const { near, lines, host } = serve({
    resolve: (_job, _progress, signal) =>
      new Promise((_, fail) => signal.addEventListener('abort', () => fail(new Error('cancelled')))),
  });
  const job = { device: 'pmem0', runs: [{ start: 0, count: 1 }], deadlineMs: 1000, walkRoots: [] };
  near.write(
    `${JSON.stringify({ id: 1, op: 'resolve', job })}\n${JSON.stringify({ id: 2, op: 'cancel', target: 1 })}\n`,
  );
  await until(() => lines.length === 2, 'both answers');
  assert.deepEqual(
    lines.find((l) => (l as { id: number }).id === 1),
    { id: 1, ok: false, errno: 'EIO', reason: 'cancelled' },
  );
  host.remove();
});

test('an answer longer than a line comes in pieces and arrives whole', async () => {
  const huge = { text: 'pä"\\\n😀'.repeat(800_000) };
  const host = createHost();
  const [near, far] = duplexPair();
  serveProbe(far, { roots: host.roots, services: { ...services, check: async () => huge }, onEnd: () => undefined });
  const conversation = openConversation({ stream: near, kill: () => near.end(), unref: () => undefined });
  const { outcome } = conversation.ask({ op: 'check', job: { paths: ['/x'], deadlineMs: 1000, tellClean: true } });
  const answer = await outcome;
  assert.ok(answer.ok);
  assert.deepEqual(answer.value, huge);
  host.remove();
});

test('a probe that sends garbage is ended and its calls fail', async () => {
  const [near, far] = duplexPair();
  let kills = 0;
  const kill = () => {
    kills += 1;
  };
  const conversation = openConversation({ stream: near, kill, unref: () => undefined });
  const { outcome } = conversation.ask({ op: 'hello' });
  far.write('what?\n');
  assert.deepEqual(await outcome, { ok: false, errno: 'EPIPE', reason: 'the probe process sent garbage' });
  assert.equal(kills, 1);
  assert.equal(await conversation.ended, 'the probe process sent garbage');
});

test('a probe that always dies is started ever more rarely, and every call is answered with the reason', async () => {
  let starts = 0;
  const connect = async (): Promise<ProbeConnection> => {
    starts += 1;
    const stream = new PassThrough();
    stream.resume();
    setTimeout(() => stream.destroy(), 1);
    return { stream, kill: () => undefined, unref: () => undefined };
  };
  const probe = createProbe({ connect, deadlineMs: 5_000, clock: createClock(), log: silent });
  const end = Date.now() + 2_000;
  let calls = 0;
  while (Date.now() < end) {
    const read = await probe.sysfs.read('block/pmem0/size');
    assert.equal(read.kind === 'failed' && read.errno, 'EPIPE');
    calls += 1;
    await new Promise((done) => setTimeout(done, 5));
  }
  assert.ok(starts >= 2 && starts <= 6, `${starts} starts in two seconds`);
  assert.ok(calls > starts);
  await probe.close();
});

test('a probe that cannot be started at all is told in the reading', async () => {
  const connect = () => Promise.reject(new Error('spawn ENOMEM'));
  const probe = createProbe({ connect, deadlineMs: 5_000, clock: createClock(), log: silent });
  const read = await probe.sysfs.read('block/pmem0/size');
  assert.match(read.kind === 'failed' ? read.reason : '', /could not be started: spawn ENOMEM/);
  await probe.close();
});

test('a probe of another version is refused with what to do', async () => {
  const connect = async (): Promise<ProbeConnection> => {
    const [near, far] = duplexPair();
    far.once('data', () => far.write('{"id":1,"ok":true,"value":{"protocol":99}}\n'));
    return { stream: near, kill: () => near.destroy(), unref: () => undefined };
  };
  const probe = createProbe({ connect, deadlineMs: 5_000, clock: createClock(), log: silent });
  const read = await probe.sysfs.read('block/pmem0/size');
  assert.match(read.kind === 'failed' ? read.reason : '', /protocol 99.*restart the agent/);
  await probe.close();
});

test('lines are put together from any chunks', () => {
  const lines: string[] = [];
  const feed = createLineReader(
    100,
    (line) => lines.push(line),
    () => assert.fail('overflow'),
  );
  for (const piece of ['a', 'b\nc', '\n\n', 'ü\nd']) feed(Buffer.from(piece));
  assert.deepEqual(lines, ['ab', 'c', 'ü']);
});

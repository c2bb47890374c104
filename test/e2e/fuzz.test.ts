/** Every route of the OpenAPI document, asked at random: no bug shows, nothing hangs, nothing is kept. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { Agent as Connections, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { startAgent } from './agent-process.ts';
import { layHost } from './host-on-disk.ts';
import { type FuzzedRequest, type OpenApi, requestsTo } from './schema-requests.ts';

/** The whole number of the project is 50,000 (PMEMWATCH_FUZZ_REQUESTS). */
const wanted = Number(process.env['PMEMWATCH_FUZZ_REQUESTS'] ?? 800);
const AT_ONCE = 8;
const HANGS_MS = 10_000;
const token = (name: string): string => `a-token-to-${name}`;
const hashOf = (name: string): string => createHash('sha256').update(token(name)).digest('hex');
const config = `api:\n  tokens:\n${['read', 'operate']
  .map((scope) => `    - { name: ${scope}, scope: ${scope}, hash: "sha256:${hashOf(scope)}" }\n`)
  .join('')}`;
/** What is said by these is no bug: a bus that cannot scrub, too many streams. */
const expected: Readonly<Record<string, readonly number[]>> = {
  'POST /api/v1/scrubs': [501],
  'GET /api/v1/events/stream': [503],
};

test(`${wanted} requests made from the OpenAPI document`, async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'pmemwatch-fuzz-'));
  chmodSync(dir, 0o777);
  const agent = await startAgent(dir, layHost(join(dir, 'host'), 'one-bad-sector'), config);
  const connections = new Connections({ keepAlive: true, maxSockets: AT_ONCE });
  t.after(async () => {
    connections.destroy();
    await agent.kill('SIGKILL');
    rmSync(dir, { recursive: true, force: true });
  });
  const document = (await agent.json('/openapi.json')) as OpenApi;
  const incidents = ((await agent.json('/api/v1/incidents')) as { items: { id: string }[] }).items.map(({ id }) => id);
  const options = {
    credentials: [null, 'Bearer wrong', `Bearer ${token('read')}`, `Bearer ${token('operate')}`],
    known: [...incidents, 'x'],
  };
  const all = Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => ({
      // asked less often: each time all of the configuration is put in force, or a process looks at the host
      weight: /^\/-\/reload$|\/resolve$|\/check$/.test(path) ? 1 : 10,
      arbitrary: requestsTo(path, method.toUpperCase(), operation, options),
    })),
  );
  assert.ok(all.length > 15, 'the document describes next to nothing');
  const seed = Number(process.env['PMEMWATCH_FUZZ_SEED'] ?? Date.now() % 2 ** 31);
  t.diagnostic(`seed ${seed} (PMEMWATCH_FUZZ_SEED)`);
  const counts = new Map<string, Map<number, number>>();
  const { hostname, port } = new URL(agent.url);
  const send = (one: FuzzedRequest) => answerTo(one, { hostname, port: Number(port), connections });

  let warm: { rss: number; descriptors: number } | undefined;
  const batch = 400;
  for (let done = 0; done < wanted; done += batch) {
    const waiting = fc.sample(fc.oneof(...all), { numRuns: Math.min(batch, wanted - done), seed: seed + done });
    await Promise.all(
      Array.from({ length: AT_ONCE }, async () => {
        for (let one = waiting.pop(); one !== undefined; one = waiting.pop()) check(one, await send(one));
      }),
    );
    if (warm === undefined && done >= wanted / 4) warm = held(agent.pid);
  }
  function check(one: FuzzedRequest, { status, type, body }: Answered): void {
    const what = JSON.stringify({ ...one, status, body: body.slice(0, 300) });
    const known = counts.get(one.operation) ?? new Map<number, number>();
    counts.set(one.operation, known.set(status, (known.get(status) ?? 0) + 1));
    assert.ok(status >= 200 && (status < 500 || expected[one.operation]?.includes(status)), what);
    if (status < 400) return;
    assert.match(type, /^application\/problem\+json/, what);
    const problem = JSON.parse(body) as { status: number; detail: string };
    assert.equal(problem.status, status, what);
    assert.ok(problem.detail.length > 0, what);
  }
  for (const [operation, statuses] of [...counts].sort()) {
    const told = [...statuses].sort(([a], [b]) => a - b).map(([status, count]) => `${status}: ${count}`);
    t.diagnostic(`${operation}: ${told.join(', ')}`);
  }
  assert.equal((await agent.get('/-/ready')).status, 200);
  assert.doesNotMatch(agent.log(), /this is a bug|"level":60/);
  connections.destroy();
  await new Promise((resolve) => setTimeout(resolve, 500));
  const now = held(agent.pid);
  assert.ok(warm !== undefined);
  t.diagnostic(
    `resident ${mib(warm.rss)} -> ${mib(now.rss)} MiB, descriptors ${warm.descriptors} -> ${now.descriptors}`,
  );
  assert.ok(now.descriptors <= warm.descriptors, 'descriptors are left open');
  assert.ok(now.rss - warm.rss < 40 * 2 ** 20, `it has grown from ${mib(warm.rss)} to ${mib(now.rss)} MiB`);
});

interface Answered {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}
function answerTo(
  { method, target, credentials, contentType, body, headers: besides }: FuzzedRequest,
  to: { readonly hostname: string; readonly port: number; readonly connections: Connections },
): Promise<Answered> {
  const headers = {
    host: 'localhost',
    ...besides,
    ...(credentials === null ? {} : { authorization: credentials }),
    ...(contentType === null ? {} : { 'content-type': contentType }),
    ...(body === null ? {} : { 'content-length': Buffer.byteLength(body) }),
  };
  return new Promise((resolve, reject) => {
    const what = () => new Error(`no answer in ${HANGS_MS} ms: ${method} ${target}`);
    const { hostname, port, connections } = to;
    const asked = request({ hostname, port, agent: connections, method, path: target, headers }, (answer) => {
      const { statusCode: status = 0 } = answer;
      const type = answer.headers['content-type'] ?? '';
      const pieces: Buffer[] = [];
      const end = (): void => {
        clearTimeout(hanging);
        const sent = Buffer.concat(pieces);
        const isPacked = answer.headers['content-encoding'] === 'gzip';
        resolve({ status, type, body: (isPacked ? gunzipSync(sent) : sent).toString() });
      };
      // a stream has no end
      if (type === 'text/event-stream') {
        end();
        asked.destroy();
        return;
      }
      answer.on('data', (chunk: Buffer) => void pieces.push(chunk));
      answer.once('end', end);
    });
    const hanging = setTimeout(() => asked.destroy(what()), HANGS_MS);
    asked.on('error', (error: NodeJS.ErrnoException) => {
      clearTimeout(hanging);
      reject(new Error(`${method} ${target}: ${error.message}`, { cause: error }));
    });
    asked.end(body ?? undefined);
  });
}

/** What a process holds of memory and of descriptors. */
function held(pid: number): { rss: number; descriptors: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const rss = Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) * 1024;
  return { rss, descriptors: readdirSync(`/proc/${pid}/fd`).length };
}
function mib(bytes: number): number {
  return Math.round(bytes / 2 ** 20);
}

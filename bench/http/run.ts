/**
 * `npm run bench -- http [--seconds N]`: scrape and lists under autocannon while 10,000 bad ranges over 25 namespaces change each
 * second, beside a bare fastify route that sends the same bytes, asked in the same way at the same time.
 */
import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { freePort } from '../../test/free-port.ts';
import { median, start, stop, untilReady } from '../processes.ts';
import { layChangingHost, laySlowPollConfig, makeBenchDirectory } from '../simulated-host.ts';
import { fire } from './fire.ts';

const NAMESPACES = 25;
const RANGES = 400;
const REQUESTS_PER_SECOND = 20;
/** A scrape is given up after 10 s by default, and somebody who waits for a page notices a second. */
const MOST_P99_MS = 1000;
/** How long a health check, or another client, may find nobody at home: mostly, and once. */
const MOST_LOOP_P99_MS = 100;
const MOST_LOOP_MS = 1000;
const MOST_RSS_BYTES = 450 * 1024 * 1024;
const routes = ['/metrics', '/api/v1/badblocks', '/api/v1/devices', '/api/v1/incidents'];

interface Second {
  readonly at: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  readonly rssBytes: number;
}

export async function benchHttp(args: string[]): Promise<boolean> {
  const { values } = parseArgs({ args, options: { seconds: { type: 'string', default: '10' } } });
  const seconds = Number(values.seconds);
  const dir = makeBenchDirectory();
  const host = layChangingHost(dir, NAMESPACES, RANGES);
  const loops = { ours: join(dir, 'loop-ours'), bare: join(dir, 'loop-bare') };
  for (const file of Object.values(loops)) {
    writeFileSync(file, '');
    chmodSync(file, 0o666);
  }
  const [port, barePort] = [await freePort(), await freePort()];
  const watch = ['--import', join(import.meta.dirname, 'watch-loop.mjs')];
  const agent = start(
    process.execPath,
    [
      ...[...watch, '--disable-sigusr1', 'dist/main.js', 'agent', '--config', laySlowPollConfig(dir)],
      ...['--path.sysfs', host.sysfs, '--path.procfs', host.procfs, '--path.dev', host.dev],
      ...['--state.file', join(dir, 'state', 'state.db'), '--web.listen-address', `127.0.0.1:${port}`],
      ...['--log.level', 'error'],
    ],
    { PMEMWATCH_BENCH_LOOP: loops.ours },
  );
  const ours = `http://127.0.0.1:${port}`;
  const bare = `http://127.0.0.1:${barePort}`;
  let peer: ReturnType<typeof start> | undefined;
  let changing: NodeJS.Timeout | undefined;
  try {
    await untilReady(`${ours}/-/ready`, 60_000);
    await compareAnswers(ours, host.change);
    writeFileSync(join(dir, 'bodies.json'), JSON.stringify(await bodiesOf(ours)));
    peer = start(
      process.execPath,
      [...watch, join(import.meta.dirname, 'bare.ts'), String(barePort), join(dir, 'bodies.json')],
      { PMEMWATCH_BENCH_LOOP: loops.bare },
    );
    await untilReady(`${bare}/metrics`, 10_000);
    changing = setInterval(host.change, 1000);
    const from = Date.now();
    console.log(
      `http, ${NAMESPACES * RANGES} ranges over ${NAMESPACES} namespaces change each second, ${REQUESTS_PER_SECOND} requests a second a route:`,
    );
    let fine = true;
    for (const route of routes) {
      const [own, other] = await Promise.all(
        [ours, bare].map((url) => fire(`${url}${route}`, { seconds, perSecond: REQUESTS_PER_SECOND })),
      );
      if (own === undefined || other === undefined) throw new Error('autocannon told nothing');
      const good = own.failed === 0 && own.p99Ms <= MOST_P99_MS;
      fine &&= good;
      console.log(
        `  ${route}: ${own.answered} answers, ${own.failed} failed, p50 ${own.p50Ms} ms, p99 ${own.p99Ms} ms (limit ${MOST_P99_MS}); bare fastify p50 ${other.p50Ms} ms, p99 ${other.p99Ms} ms; ratio ${(own.p50Ms / Math.max(1, other.p50Ms)).toFixed(1)}, ${(own.p99Ms / Math.max(1, other.p99Ms)).toFixed(1)}`,
      );
    }
    clearInterval(changing);
    const mine = secondsIn(loops.ours, from, ours);
    const theirs = secondsIn(loops.bare, from, bare);
    const p99 = median(mine.map(({ p99Ms }) => p99Ms));
    const latest = Math.max(...mine.map(({ maxMs }) => maxMs));
    const rss = Math.max(...mine.map(({ rssBytes }) => rssBytes));
    console.log(
      `  event loop: p99 of a second ${p99.toFixed(0)} ms in the middle (limit ${MOST_LOOP_P99_MS}), at most ${latest.toFixed(0)} ms late (limit ${MOST_LOOP_MS}); bare fastify ${median(theirs.map(({ p99Ms }) => p99Ms)).toFixed(0)} ms`,
    );
    console.log(
      `  RSS at most ${mib(rss)} MiB (limit ${mib(MOST_RSS_BYTES)}), at the end ${mib(mine.at(-1)?.rssBytes ?? 0)} MiB; bare fastify ${mib(Math.max(...theirs.map(({ rssBytes }) => rssBytes)))} MiB`,
    );
    return fine && p99 <= MOST_LOOP_P99_MS && latest <= MOST_LOOP_MS && rss <= MOST_RSS_BYTES;
  } finally {
    clearInterval(changing);
    await stop(agent);
    if (peer !== undefined) await stop(peer);
    rmSync(dir, { recursive: true, force: true });
  }
}

/** A fast wrong answer proves nothing: every range is told by both, and changed ones are told as changed. */
async function compareAnswers(url: string, change: () => readonly number[]): Promise<void> {
  const starts = change();
  const expected = [...starts].sort((a, b) => a - b).join();
  const deadline = Date.now() + 60_000;
  for (;;) {
    const items: { device: string; start: number }[] = [];
    for (let after = ''; ; ) {
      const page = (await (await fetch(`${url}/api/v1/badblocks?limit=1000${after}`)).json()) as {
        items: { device: string; start: number }[];
        next: string | null;
      };
      items.push(...page.items);
      if (page.next === null) break;
      after = `&after=${page.next}`;
    }
    const told = items.filter(({ device }) => device === 'pmem0').map(({ start }) => start);
    const text = await (await fetch(`${url}/metrics`)).text();
    const counted = [...text.matchAll(/^pmem_bad_ranges\{[^}]*\} (\d+)/gm)].reduce((sum, m) => sum + Number(m[1]), 0);
    const whole = items.length === NAMESPACES * RANGES && counted === NAMESPACES * RANGES;
    if (whole && told.sort((a, b) => a - b).join() === expected) return;
    if (Date.now() > deadline) throw new Error(`the list tells ${items.length} ranges, /metrics ${counted}`);
    await new Promise((done) => setTimeout(done, 200));
  }
}

async function bodiesOf(url: string): Promise<Record<string, { type: string; body: string }>> {
  const bodies = routes.map(async (route) => {
    const answer = await fetch(`${url}${route}`);
    return [route, { type: answer.headers.get('content-type') ?? '', body: await answer.text() }] as const;
  });
  return Object.fromEntries(await Promise.all(bodies));
}

/** Of the process that listens: a supervisor writes into the same file, and is never late. */
function secondsIn(file: string, from: number, url: string): readonly Second[] {
  const lines = readFileSync(file, 'utf8').trim().split('\n');
  const all = lines.map((line) => JSON.parse(line) as Second & { readonly pid: number });
  const pids = [...new Set(all.map(({ pid }) => pid))];
  const busiest = Math.max(...all.map(({ rssBytes }) => rssBytes));
  const listener = all.find(({ rssBytes }) => rssBytes === busiest)?.pid;
  const found = all.filter(({ pid, at }) => pid === listener && at >= from);
  if (found.length === 0) throw new Error(`nothing is known of the event loop behind ${url}: ${pids.join(', ')}`);
  return found;
}
function mib(bytes: number): number {
  return Math.round(bytes / 2 ** 20);
}

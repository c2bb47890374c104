/** Scrape time at 32 namespaces with 400 bad ranges each, beside prometheus-node-exporter, in one run; and what a scrape opens. */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../test/free-port.ts';
import { descendants, median, start, stop, untilQuiet, untilReady } from './processes.ts';
import { laySimulatedHost, laySlowPollConfig, makeBenchDirectory } from './simulated-host.ts';

const NAMESPACES = 32;
const RANGES = 400;
const ROUNDS = 100;
const QUIET_MS = 5_000;
const MOST_RATIO = 0.5;
/** Read once in the life of a process by V8 (absl::Mutex, when two threads of a collection meet) and by glibc's malloc. */
const RUNTIMES_OWN = '"/sys/devices/system/cpu/';

async function timed(url: string): Promise<{ ms: number; text: string }> {
  const before = performance.now();
  const text = await (await fetch(url)).text();
  return { ms: performance.now() - before, text };
}

export async function benchScrape(): Promise<boolean> {
  const exporter = '/usr/bin/prometheus-node-exporter';
  if (!existsSync(exporter))
    throw new Error('prometheus-node-exporter is missing: apt-get install prometheus-node-exporter');
  const dir = makeBenchDirectory();
  const host = laySimulatedHost(dir, NAMESPACES, RANGES);
  // the agent watches the folder of its configuration: a log that grows in there would be work for it
  const traces = makeBenchDirectory();
  const [port, peerPort] = [await freePort(), await freePort()];
  const peer = start(exporter, [`--web.listen-address=127.0.0.1:${peerPort}`, '--log.level=error']);
  const agent = start(process.execPath, [
    '--disable-sigusr1',
    'dist/main.js',
    'agent',
    ...['--config', laySlowPollConfig(dir)],
    ...['--path.sysfs', host.sysfs, '--path.procfs', host.procfs, '--path.dev', host.dev],
    ...[
      '--state.file',
      join(dir, 'state', 'state.db'),
      '--web.listen-address',
      `127.0.0.1:${port}`,
      '--log.level',
      'error',
    ],
  ]);
  try {
    const ours = `http://127.0.0.1:${port}/metrics`;
    const theirs = `http://127.0.0.1:${peerPort}/metrics`;
    await untilReady(`http://127.0.0.1:${port}/-/ready`, 60_000);
    await untilReady(theirs, 10_000);
    // owners are looked for by processes of their own: what is measured is a scrape, not these
    await untilQuiet(agent.pid as number, QUIET_MS, 120_000);
    // answers first: a fast wrong scrape proves nothing
    const { text } = await timed(ours);
    const listed = [...text.matchAll(/^pmem_bad_ranges\{[^}]*\} (\d+)/gm)].reduce((sum, m) => sum + Number(m[1]), 0);
    if (listed !== NAMESPACES * RANGES)
      throw new Error(`pmem_bad_ranges adds up to ${listed}, not ${NAMESPACES * RANGES}`);
    // while it is quiet: owners that could not be found are looked for again 15 s after the first try
    const opened = await filesOpenedDuring(
      [agent.pid as number, ...descendants(agent.pid as number)],
      traces,
      async () => {
        for (let i = 0; i < 5; i++) await timed(ours);
      },
    );
    const times: { ours: number[]; theirs: number[] } = { ours: [], theirs: [] };
    for (let i = 0; i < ROUNDS; i++) {
      times.ours.push((await timed(ours)).ms);
      times.theirs.push((await timed(theirs)).ms);
    }
    const ratio = median(times.ours) / median(times.theirs);
    console.log(`scrape, ${NAMESPACES} namespaces x ${RANGES} ranges, ${ROUNDS} rounds side by side:`);
    console.log(
      `  pmemwatch ${median(times.ours).toFixed(2)} ms median, node_exporter ${median(times.theirs).toFixed(2)} ms median, ratio ${ratio.toFixed(2)} (limit ${MOST_RATIO})`,
    );
    console.log(
      `  files opened by the agent during 5 scrapes (strace, without ${RUNTIMES_OWN}): ${opened.length}${opened.length > 0 ? `\n    ${opened.join('\n    ')}` : ''}`,
    );
    return ratio <= MOST_RATIO && opened.length === 0;
  } finally {
    await stop(agent);
    await stop(peer);
    for (const each of [dir, traces]) rmSync(each, { recursive: true, force: true });
  }
}

/** Lines of strace for calls that open a file in these processes (all threads) while `task` runs. */
async function filesOpenedDuring(pids: readonly number[], dir: string, task: () => Promise<void>): Promise<string[]> {
  const log = join(dir, 'strace.log');
  const args = [
    '-f',
    '-qq',
    '-e',
    'trace=open,openat,openat2',
    '-o',
    log,
    ...pids.flatMap((pid) => ['-p', String(pid)]),
  ];
  const tracer = spawn('strace', args, { stdio: ['ignore', 'ignore', 'pipe'] });
  await new Promise<void>((resolve, reject) => {
    tracer.once('error', () => reject(new Error('strace is missing: apt-get install strace')));
    setTimeout(resolve, 1000);
  });
  await task();
  const ended = new Promise((resolve) => tracer.once('exit', resolve));
  tracer.kill('SIGINT');
  await ended;
  return existsSync(log)
    ? readFileSync(log, 'utf8')
        .split('\n')
        .filter((line) => /\bopen(at2?)?\(/.test(line) && !line.includes(RUNTIMES_OWN))
    : [];
}

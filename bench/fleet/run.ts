/**
 * What a fleet costs a Prometheus: `npm run bench -- fleet [--hosts 1000] [--interval 15] [--measure 60] [--disk]`. Real text of the agent, a
 * real Prometheus (Debian: apt-get install prometheus) with the shipped rules; the hosts are one process that stands for all.
 */
import { execFileSync, fork } from 'node:child_process';
import { globSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { freePort } from '../../test/free-port.ts';
import { start, stop, untilReady } from '../processes.ts';
import { makeBenchDirectory } from '../simulated-host.ts';
import { hostText, MODULES } from './host-text.ts';
import { history } from './simulated-hosts.ts';

const rules = join(import.meta.dirname, '../../deploy/prometheus/pmemwatch.rules.yml');
/** A host of six modules and six namespaces; a change that makes many more series is to be seen. */
const MOST_SERIES = 420;
const DISK_HOSTS = 10;
const DISK_SECONDS = 7_200;

export async function benchFleet(args: readonly string[]): Promise<boolean> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      hosts: { type: 'string', default: '100' },
      interval: { type: 'string', default: '15' },
      measure: { type: 'string', default: '60' },
      disk: { type: 'boolean', default: false },
    },
  });
  const dir = makeBenchDirectory();
  try {
    const healthy = await hostText(false);
    const damaged = await hostText(true);
    const bytes = Buffer.byteLength(healthy.join('\n'));
    console.log(
      `a host of ${MODULES} modules and namespaces: ${healthy.length} series, with damage ${damaged.length}; ${bytes} bytes of samples a scrape`,
    );
    const isSmall = damaged.length <= MOST_SERIES;
    if (values.disk) {
      measureDisk(dir, healthy, Number(values.interval));
      return isSmall;
    }
    const texts = [healthy, damaged].map((lines, i) => {
      const file = join(dir, `${i}.txt`);
      writeFileSync(file, lines.join('\n'));
      return file;
    });
    const all = await measureScrapes(dir, texts, Number(values.hosts), Number(values.interval), Number(values.measure));
    return all && isSmall;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Two hours are one block, the smallest that Prometheus writes; its later ones are larger and not dearer. */
function measureDisk(dir: string, lines: readonly string[], step: number): void {
  const file = join(dir, 'history.om');
  const to = Math.floor(Date.UTC(2026, 0, 1) / 1000) + DISK_SECONDS - step;
  const seconds = { from: to - DISK_SECONDS + step, to, step };
  let samples = 0;
  let text = '';
  for (const part of history(lines, DISK_HOSTS, seconds)) {
    text += part;
    samples += DISK_SECONDS / step;
  }
  writeFileSync(file, `${text}# EOF\n`);
  const out = join(dir, 'blocks');
  mkdirSync(out);
  execFileSync('promtool', ['tsdb', 'create-blocks-from', 'openmetrics', '--quiet', file, out], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const sizeOf = (pattern: string): number =>
    globSync(pattern, { cwd: out }).reduce((sum, each) => sum + statSync(join(out, each)).size, 0);
  const [chunks, index] = [sizeOf('*/chunks/*'), sizeOf('*/index')];
  console.log(
    `disk: ${samples} samples of ${DISK_HOSTS} hosts over two hours: ${((chunks + index) / samples).toFixed(2)} bytes a sample (chunks ${(chunks / samples).toFixed(2)}, index ${(index / samples).toFixed(2)})`,
  );
}

async function measureScrapes(
  dir: string,
  texts: readonly string[],
  hosts: number,
  interval: number,
  measure: number,
): Promise<boolean> {
  const simulated = fork(join(import.meta.dirname, 'simulated-hosts.ts'), texts);
  const targetsPort = await new Promise<number>((resolve) =>
    simulated.once('message', (port) => resolve(Number(port))),
  );
  const targets = Array.from({ length: hosts }, (_, host) => ({
    targets: [`127.0.0.1:${targetsPort}`],
    labels: { instance: `db${host}:9915`, __metrics_path__: `/${host}/metrics` },
  }));
  writeFileSync(join(dir, 'targets.json'), JSON.stringify(targets));
  const config = {
    global: { scrape_interval: `${interval}s`, evaluation_interval: `${interval}s` },
    rule_files: [rules],
    scrape_configs: [{ job_name: 'pmemwatch', file_sd_configs: [{ files: ['targets.json'] }] }],
  };
  writeFileSync(join(dir, 'prometheus.yml'), JSON.stringify(config));
  const port = await freePort();
  const prometheus = start('prometheus', [
    ...[`--config.file=${join(dir, 'prometheus.yml')}`, `--storage.tsdb.path=${join(dir, 'data')}`],
    ...[`--web.listen-address=127.0.0.1:${port}`, '--log.level=error'],
  ]);
  try {
    await untilReady(`http://127.0.0.1:${port}/-/ready`, 60_000);
    // every host once, and the rules over all of them
    await sleep((2 * interval + 5) * 1000);
    const before = await ownMetrics(port);
    const walBefore = walBytes(dir);
    await sleep(measure * 1000);
    const after = await ownMetrics(port);
    const each = (name: string): number => (after.get(name) ?? 0) - (before.get(name) ?? 0);
    const up = await ask(port, 'sum(up{job="pmemwatch"})');
    const series = after.get('prometheus_tsdb_head_series') ?? 0;
    const gib = (bytes: number): string => (bytes / 2 ** 30).toFixed(2);
    console.log(
      `${hosts} hosts every ${interval} s, measured for ${measure} s after ${2 * interval + 5} s; ${up} answered in time:`,
    );
    console.log(`  series ${series} (${(series / hosts).toFixed(0)} a host with those of rules and scrape)`);
    console.log(`  samples ${(each('prometheus_tsdb_head_samples_appended_total') / measure).toFixed(0)} a second`);
    console.log(
      `  memory ${gib(after.get('process_resident_memory_bytes') ?? 0)} GiB resident, ${gib(after.get('go_memstats_heap_inuse_bytes') ?? 0)} GiB of heap in use`,
    );
    console.log(`  processor ${(each('process_cpu_seconds_total') / measure).toFixed(2)} cores`);
    console.log(`  write-ahead log ${((walBytes(dir) - walBefore) / measure / 1024).toFixed(0)} KiB a second`);
    console.log(
      `  a scrape ${((await ask(port, 'avg(scrape_duration_seconds{job="pmemwatch"})')) * 1000).toFixed(1)} ms, the slowest ${((await ask(port, 'max(scrape_duration_seconds{job="pmemwatch"})')) * 1000).toFixed(0)} ms`,
    );
    for (const line of await ruleTimes(port)) console.log(`  ${line}`);
    return up === hosts;
  } finally {
    await stop(prometheus);
    await stop(simulated);
  }
}

async function ownMetrics(port: number): Promise<Map<string, number>> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  const found = new Map<string, number>();
  for (const [, name = '', value] of text.matchAll(/^([^#\s]+) (\S+)$/gm)) {
    found.set(name, Number(value));
    // counters by type of sample add up
    const family = name.replace(/\{type="[^"]*"\}$/, '');
    if (family !== name) found.set(family, (found.get(family) ?? 0) + Number(value));
  }
  return found;
}
async function ask(port: number, expr: string): Promise<number> {
  const answer = await fetch(`http://127.0.0.1:${port}/api/v1/query?query=${encodeURIComponent(expr)}`);
  const { data } = (await answer.json()) as { data: { result: { value: [number, string] }[] } };
  return Number(data.result[0]?.value[1] ?? Number.NaN);
}

/** The write-ahead log as it lies on the disk, compressed. */
function walBytes(dir: string): number {
  return globSync('data/wal/*', { cwd: dir }).reduce((sum, each) => sum + statSync(join(dir, each)).size, 0);
}

interface RuleGroup {
  readonly name: string;
  readonly evaluationTime: number;
  readonly rules: readonly { readonly name: string; readonly evaluationTime: number }[];
}
/** What the last evaluation of each group took, with the rules that took the most of it. */
async function ruleTimes(port: number): Promise<string[]> {
  const answer = await fetch(`http://127.0.0.1:${port}/api/v1/rules`);
  const { data } = (await answer.json()) as { data: { groups: RuleGroup[] } };
  return data.groups.map(({ name, evaluationTime, rules: own }) => {
    const slowest = [...own].sort((a, b) => b.evaluationTime - a.evaluationTime).slice(0, 3);
    const texts = slowest.map((rule) => `${rule.name} ${(rule.evaluationTime * 1000).toFixed(0)}`);
    return `rules of ${name}: ${(evaluationTime * 1000).toFixed(0)} ms an evaluation (${texts.join(', ')})`;
  });
}

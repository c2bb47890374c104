import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../free-port.ts';

export interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [number, string];
}
export interface RangeSeries {
  readonly metric: Readonly<Record<string, string>>;
  readonly values: readonly (readonly [number, string])[];
}
export interface RunningPrometheus {
  /** what the agent's series carry as `instance` */
  readonly instance: string;
  readonly selector: string;
  /** An instant query. @throws Error with what Prometheus says is wrong with it */
  query(expr: string): Promise<readonly Series[]>;
  /** Between two times, in seconds since the epoch. */
  range(expr: string, from: number, to: number, step: number): Promise<readonly RangeSeries[]>;
  /** Waits until a query has a result. @throws after half a minute */
  until(expr: string): Promise<void>;
  expectType(metric: string, type: string): Promise<void>;
  stop(): Promise<void>;
}

const WAIT_MS = 30_000;

export interface PrometheusOptions {
  /** keys of the scrape that are needed to be let in */
  readonly credentials?: object;
  /** addresses of the same job beside the agent, by the name that they go under */
  readonly companions?: Readonly<Record<string, string>>;
  /** scrapes beside it */
  readonly others?: readonly object[];
  /** whom it tells */
  readonly alertmanagerUrl?: string;
}

/** A Prometheus of its own, with the shipped rules, that scrapes the agent twice a second. */
export async function startPrometheus(
  agentUrl: string,
  rules: string,
  { credentials = {}, companions = {}, others = [], alertmanagerUrl }: PrometheusOptions = {},
): Promise<RunningPrometheus> {
  const folder = await mkdtemp(join(tmpdir(), 'pmemwatch-prom-'));
  const instance = new URL(agentUrl).host;
  const targets = [
    { targets: [instance] },
    ...Object.entries(companions).map(([name, address]) => ({ targets: [address], labels: { instance: name } })),
  ];
  const config = {
    global: { scrape_interval: '500ms', scrape_timeout: '500ms', evaluation_interval: '1s' },
    rule_files: [rules],
    scrape_configs: [{ job_name: 'pmemwatch', static_configs: targets, ...credentials }, ...others],
    ...(alertmanagerUrl !== undefined && {
      alerting: { alertmanagers: [{ static_configs: [{ targets: [new URL(alertmanagerUrl).host] }] }] },
    }),
  };
  // JSON is YAML
  await writeFile(join(folder, 'prometheus.yml'), JSON.stringify(config));
  const port = await freePort();
  const child = spawn(
    'prometheus',
    [
      `--config.file=${folder}/prometheus.yml`,
      `--storage.tsdb.path=${folder}/data`,
      `--web.listen-address=127.0.0.1:${port}`,
      // as it is in the configuration, not once more a minute later
      '--rules.alert.resend-delay=5s',
      '--log.level=warn',
    ],
    { stdio: ['ignore', 'ignore', 'pipe'], cwd: folder },
  );
  let log = '';
  child.stderr.setEncoding('utf8');
  child.stderr.on('data', (text: string) => {
    log += text;
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const base = `http://127.0.0.1:${port}/api/v1`;

  async function ask(path: string): Promise<unknown> {
    const answer = await fetch(`${base}${path}`);
    const body = (await answer.json()) as { status: string; error?: string; data?: unknown };
    if (body.status !== 'success') throw new Error(`${path}: ${body.error ?? answer.status}`);
    return body.data;
  }
  async function query(expr: string): Promise<readonly Series[]> {
    const data = (await ask(`/query?query=${encodeURIComponent(expr)}`)) as { result: readonly Series[] };
    return data.result;
  }
  async function until(expr: string): Promise<void> {
    const deadline = Date.now() + WAIT_MS;
    for (;;) {
      if ((await query(expr)).length > 0) return;
      if (Date.now() > deadline) throw new Error(`no result after ${WAIT_MS / 1000} s: ${expr}\n${log}`);
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
  /** It refuses connections until it listens, and answers 503 in plain text until it has read its storage. */
  async function ready(): Promise<void> {
    const deadline = Date.now() + WAIT_MS;
    for (;;) {
      const status = await fetch(`http://127.0.0.1:${port}/-/ready`).then(
        (answer) => answer.status,
        () => 'no connection',
      );
      if (status === 200) return;
      if (child.exitCode !== null) throw new Error(`prometheus ended with ${child.exitCode}\n${log}`);
      if (Date.now() > deadline) throw new Error(`not ready after ${WAIT_MS / 1000} s (${status})\n${log}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
  async function stop(): Promise<void> {
    child.kill('SIGTERM');
    await ended;
    await rm(folder, { recursive: true, force: true });
  }
  try {
    await ready();
    await until('up{job="pmemwatch"} == 1');
  } catch (cause) {
    await stop();
    throw cause;
  }
  return {
    instance,
    selector: `instance="${instance}"`,
    query,
    async range(expr, from, to, step) {
      const path = `/query_range?query=${encodeURIComponent(expr)}&start=${from}&end=${to}&step=${step}`;
      return ((await ask(path)) as { result: readonly RangeSeries[] }).result;
    },
    until,
    async expectType(metric, type) {
      // in OpenMetrics, which Prometheus asks for, a counter's family has no _total
      const data = (await ask('/targets/metadata')) as readonly { metric: string; type: string }[];
      const found = data.find((entry) => entry.metric === metric);
      if (found?.type !== type) throw new Error(`${metric} is ${found?.type ?? 'unknown'} to Prometheus, not ${type}`);
    },
    stop,
  };
}

import { spawn, spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '../e2e/agent-process.ts';

/** What `GET /api/v2/alerts` says of one. */
export interface KnownAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly startsAt: string;
  readonly endsAt: string;
  readonly status: { readonly state: string; readonly inhibitedBy: readonly string[] };
}
export interface RunningAlertmanager {
  readonly url: string;
  alerts(): Promise<KnownAlert[]>;
  post(alerts: readonly object[]): Promise<void>;
  /** Ends it and forgets everything it knew, as after the loss of its host. */
  stop(): Promise<void>;
}

/** Debian calls it `prometheus-alertmanager`, everybody else `alertmanager`. */
export const program = ['prometheus-alertmanager', 'alertmanager'].find(
  (name) => spawnSync(name, ['--version'], { stdio: 'ignore' }).error === undefined,
);

const example = join(import.meta.dirname, '../../deploy/alertmanager.example.yml');

/** One that is alone, with the example configuration, telling at once and to `notifyUrl`. */
export async function startAlertmanager(notifyUrl: string, port: number): Promise<RunningAlertmanager> {
  const folder = await mkdtemp(join(tmpdir(), 'pmemwatch-am-'));
  const config = (await readFile(example, 'utf8'))
    .replace('group_wait: 10s', 'group_wait: 2s')
    .replace('group_interval: 1m', 'group_interval: 2s')
    .replaceAll('http://127.0.0.1:5001', notifyUrl);
  await writeFile(join(folder, 'alertmanager.yml'), config);
  const child = spawn(
    program ?? 'alertmanager',
    [
      `--config.file=${folder}/alertmanager.yml`,
      `--storage.path=${folder}/data`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--cluster.listen-address=',
      '--log.level=warn',
    ],
    { stdio: ['ignore', 'ignore', 'pipe'], cwd: folder },
  );
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    log += text;
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const url = `http://127.0.0.1:${port}`;
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    await ended;
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await until(
      `Alertmanager is ready ${log}`,
      async () =>
        (await fetch(`${url}/-/ready`).then(
          ({ ok }) => ok,
          () => false,
        )) || undefined,
      () => {
        if (child.exitCode !== null) throw new Error(`Alertmanager ended with ${child.exitCode}\n${log}`);
      },
    );
  } catch (cause) {
    await stop();
    throw cause;
  }
  return {
    url,
    async alerts() {
      return (await (await fetch(`${url}/api/v2/alerts`)).json()) as KnownAlert[];
    },
    async post(alerts) {
      const headers = { 'content-type': 'application/json' };
      const answer = await fetch(`${url}/api/v2/alerts`, { method: 'POST', headers, body: JSON.stringify(alerts) });
      if (!answer.ok) throw new Error(`Alertmanager: ${answer.status} ${await answer.text()}`);
    },
    stop,
  };
}

import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../../test/free-port.ts';
import { stop, untilReady } from '../processes.ts';
import type { DamageableHost } from './damageable-host.ts';

export interface RunningAgent {
  readonly pid: number;
  stop(): Promise<void>;
}

/** The shipped agent, which tells one webhook at once. Without hints it is the same agent to which no event ever comes. */
export async function startAgent(
  host: DamageableHost,
  url: string,
  way: { readonly hints: boolean; readonly poll: string },
): Promise<RunningAgent> {
  const config = join(host.dir, 'pmemwatch.yml');
  writeFileSync(
    config,
    [
      `poll: { bad_blocks: ${way.poll}, health: 1h }`,
      'notify: { group_wait: 0s }',
      'receivers:',
      `  - { name: bench, type: webhook, url: "${url}" }`,
      `api: { socket: "off" }`,
      '',
    ].join('\n'),
  );
  const port = await freePort();
  const deaf = ['--import', join(import.meta.dirname, 'without-hints.mjs')];
  const child: ChildProcess = spawn(
    process.execPath,
    [
      '--disable-sigusr1',
      'dist/main.js',
      'agent',
      ...['--config', config, '--state.file', join(host.dir, 'state', 'state.db')],
      ...['--path.sysfs', host.sysfs, '--path.procfs', host.procfs, '--path.dev', host.dev],
      ...['--web.listen-address', `127.0.0.1:${port}`, '--log.level', 'warn'],
    ],
    {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { PATH: process.env['PATH'], ...(way.hints ? {} : { NODE_OPTIONS: deaf.join(' ') }) },
    },
  );
  await untilReady(`http://127.0.0.1:${port}/-/ready`, 30_000);
  return { pid: child.pid as number, stop: () => stop(child) };
}

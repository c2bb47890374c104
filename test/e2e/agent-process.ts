import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', '..');

/** A host laid on disk, as the agent is pointed at it. */
export interface LaidHost {
  readonly sysfs: string;
  readonly procfs: string;
  readonly dev: string;
}
export interface Agent {
  readonly child: ChildProcess;
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  readonly socket: string;
  /** its log so far, one JSON document a line */
  log(): string;
  /** GET over the unix socket, where file names are shown */
  get(path: string): Promise<{ status: number; body: string }>;
  json(path: string): Promise<unknown>;
  /** POST over the unix socket, where everything may be done */
  post(path: string, body?: unknown): Promise<{ status: number; body: string }>;
  kill(signal: NodeJS.Signals): Promise<number | null>;
}

export function agentArguments(dir: string, host: LaidHost, config: string): string[] {
  mkdirSync(dir, { recursive: true });
  const file = join(dir, 'pmemwatch.yml');
  writeFileSync(file, config);
  return [
    '--disable-sigusr1',
    join(root, 'src/main.ts'),
    'agent',
    ...['--config', file, '--state.file', join(dir, 'state', 'state.db'), '--web.listen-address', '127.0.0.1:0'],
    ...['--path.sysfs', host.sysfs, '--path.procfs', host.procfs, '--path.dev', host.dev, '--log.format', 'json'],
  ];
}

/** Starts the agent as a user would, and waits until it is ready. */
export async function startAgent(dir: string, host: LaidHost, config: string): Promise<Agent> {
  const socket = join(dir, 'api.sock');
  const withSocket = `api: { socket: ${JSON.stringify(socket)} }\n${config}`;
  const child = spawn(process.execPath, agentArguments(dir, host, withSocket), { stdio: ['ignore', 'pipe', 'pipe'] });
  let log = '';
  child.stdout.on('data', (chunk: Buffer) => {
    log += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    log += chunk.toString();
  });
  const get = (path: string): Promise<{ status: number; body: string }> => ask(socket, 'GET', path);
  const alive = (): void => {
    if (child.exitCode !== null) throw new Error(`the agent ended with ${child.exitCode}`);
  };
  try {
    const url = await until(
      'it says where it listens',
      () => /"address":"(http:\/\/127\.0\.0\.1:\d+)"/.exec(log)?.[1],
      alive,
    );
    await until('its socket listens', () => log.includes(`"address":"${socket}"`) || undefined, alive);
    await until('it is ready', async () => (await get('/-/ready')).status === 200 || undefined, alive);
    return {
      child,
      url,
      socket,
      log: () => log,
      get,
      post: (path, body) => ask(socket, 'POST', path, body),
      json: async (path) => JSON.parse((await get(path)).body),
      kill: (signal) => ended(child, signal),
    };
  } catch (error) {
    child.kill('SIGKILL');
    throw new Error(`${String(error)}; its log:\n${log}`);
  }
}

export function ended(child: ChildProcess, signal?: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve(child.exitCode);
  return new Promise((resolve) => {
    child.once('exit', (code) => resolve(code));
    if (signal !== undefined) child.kill(signal);
  });
}

/** Runs the program to its end. */
export async function runProgram(
  args: readonly string[],
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const code = await ended(child);
  return { code, stdout, stderr };
}

function ask(
  socketPath: string,
  method: string,
  path: string,
  body?: unknown,
): Promise<{ status: number; body: string }> {
  const type = body === undefined ? {} : { 'content-type': 'application/json' };
  return new Promise((resolve, reject) => {
    const call = request({ socketPath, method, path, headers: { host: 'localhost', ...type } }, (answer) => {
      let body = '';
      answer.on('data', (chunk: Buffer) => {
        body += chunk.toString();
      });
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body }));
    });
    call.on('error', reject);
    call.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

/** Polls `look` until it gives a value. @throws with `what` after `patienceMs` */
export async function until<T>(
  what: string,
  look: () => T | undefined | Promise<T | undefined>,
  check: () => void = () => undefined,
  patienceMs = 20_000,
): Promise<T> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    check();
    const value = await look();
    if (value !== undefined) return value;
    if (Date.now() > deadline) throw new Error(`waited ${patienceMs / 1000} s in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
}

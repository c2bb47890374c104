import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { until } from './wait.ts';

/** All processes of one agent, started as root from a shell would start it. */
export interface Agent {
  ready(): Promise<void>;
  /** GET over its unix socket, where file names are shown. */
  get(path: string): Promise<string>;
  /** POST over its unix socket. */
  post(path: string, body: object): Promise<{ readonly status: number; readonly body: string }>;
  /** Runs a command of the agent's user against it; never throws for its exit code. */
  command(
    ...words: string[]
  ): Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }>;
  signal(name: NodeJS.Signals): void;
  log(): string;
  /** SIGKILL to every process at once, as when the machine goes down. */
  killHard(): void;
}

// An emulated processor takes its time to load a program of this size.
const readyMs = 180_000;

export function startAgent(folder: string, config: string): Agent {
  mkdirSync(folder, { recursive: true });
  chmodSync(folder, 0o777); // the listening half is an ordinary user
  const [file, socket, logFile] = ['pmemwatch.yml', 'api.sock', 'agent.log'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  writeFileSync(file, `api: { socket: "${socket}" }\n${config}\n`);
  const log = openSync(logFile, 'w');
  const entry = join(import.meta.dirname, '../../../src/main.js');
  const flags = ['agent', '--config', file, '--state.file', join(folder, 'state/state.db'), '--log.format', 'json'];
  const child = spawn(process.execPath, ['--disable-sigusr1', entry, ...flags], { stdio: ['ignore', log, log] });
  const get = async (path: string): Promise<string> => {
    const { status, body } = await ask(socket, path);
    if (status === 200) return body;
    throw new Error(`${path} answered ${status}: ${body}`);
  };
  return {
    get,
    post: (path, body) => ask(socket, path, JSON.stringify(body)),
    command: (...words) => run([entry, ...words, '--socket', socket]),
    signal: (name) => child.kill(name),
    log: () => readFileSync(logFile, 'utf8'),
    killHard: () => killTree(child.pid ?? 0),
    ready: async () => {
      // asked seldom: on the one emulated processor every question delays the answer
      const answer = until('the agent is ready', () => get('/-/ready'), readyMs, 1000);
      const end = new Promise<never>((_, reject) => {
        child.once('exit', (code, signal) => reject(new Error(`the agent ended at once: ${code ?? signal}`)));
      });
      await Promise.race([answer, end]);
    },
  };
}

/** A GET, or with a body a POST. */
function ask(
  socketPath: string,
  path: string,
  sent?: string,
): Promise<{ readonly status: number; readonly body: string }> {
  return new Promise((resolve, reject) => {
    const headers = { host: 'localhost', ...(sent !== undefined && { 'content-type': 'application/json' }) };
    const call = request({ socketPath, path, headers, method: sent === undefined ? 'GET' : 'POST' }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('end', () => {
        resolve({ status: answer.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8') });
      });
    });
    call.on('error', reject);
    call.end(sent);
  });
}

function run(words: readonly string[]) {
  return new Promise<Awaited<ReturnType<Agent['command']>>>((resolve, reject) => {
    const child = spawn(process.execPath, ['--disable-sigusr1', ...words], { stdio: ['ignore', 'pipe', 'pipe'] });
    const texts = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].on('data', (chunk: Buffer) => {
        texts[name] += chunk.toString('utf8');
      });
    }
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, ...texts }));
  });
}

function killTree(pid: number): void {
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    const parent = parentOf(name);
    if (parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  const all = [pid];
  for (const each of all) all.push(...(children.get(each) ?? [])); // grows while it is walked: down to the leaves
  for (const each of all) {
    try {
      process.kill(each, 'SIGKILL');
    } catch {
      // ended by itself in the meantime
    }
  }
}

function parentOf(pid: string): number | undefined {
  try {
    return Number(/^PPid:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
  } catch {
    return undefined; // ended between the listing and the reading
  }
}

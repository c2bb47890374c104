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
  const get = (path: string): Promise<string> => getOver(socket, path);
  return {
    get,
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

function getOver(socketPath: string, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const call = request({ socketPath, path, headers: { host: 'localhost' } }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('end', () => {
        const body = Buffer.concat(chunks).toString('utf8');
        if (answer.statusCode === 200) resolve(body);
        else reject(new Error(`${path} answered ${answer.statusCode}: ${body}`));
      });
    });
    call.on('error', reject);
    call.end();
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

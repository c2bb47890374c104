import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { open, readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { AgentError } from '../model/errors.ts';

export interface AgentProcess {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  /** Resolves with the reason when it ends by itself. */
  readonly ended: Promise<string>;
  /** SIGTERM, and SIGKILL for one that does not drain. */
  stop(): Promise<void>;
}

const START_MS = 30_000;
const DRAIN_MS = 10_000;

/**
 * Starts the agent as its users do, as a process of its own, and waits until it listens. What it logs goes to a file.
 * @throws AgentError LISTEN with the end of the log when it does not come up
 */
export async function startAgentProcess(
  args: readonly string[],
  logFile: string,
  signal: AbortSignal,
): Promise<AgentProcess> {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const entry = fileURLToPath(new URL(`../main.${extension}`, import.meta.url));
  await using log = await open(logFile, 'a');
  const [program = '', ...words] = [
    ...endsWithUs(),
    ...[process.execPath, '--disable-sigusr1', entry, 'agent', ...args, '--log.format', 'json'],
  ];
  const child = spawn(program, words, {
    stdio: ['ignore', log.fd, log.fd],
    env: withoutOurs(process.env),
    // Ctrl-C at the terminal is for the demo, which then ends the agent in order
    detached: true,
  });
  const ended = new Promise<string>((done) => {
    child.once('error', (error) => done(error.message));
    child.once('exit', (code, by) => done(by === null ? `exit code ${code}` : by));
  });
  let over: string | undefined;
  void ended.then((reason) => {
    over = reason;
  });
  try {
    const deadline = performance.now() + START_MS;
    for (;;) {
      signal.throwIfAborted();
      const url = /"address":"(http:\/\/127\.0\.0\.1:\d+)"/.exec(await readFile(logFile, 'utf8'))?.[1];
      if (url !== undefined && (await isReady(url))) return { url, ended, stop: () => stop(child, ended) };
      if (over !== undefined) throw await failure(`ended at once (${over})`, logFile);
      if (performance.now() > deadline) throw await failure(`was not ready within ${START_MS / 1000} s`, logFile);
      await sleep(25);
    }
  } catch (error) {
    await stop(child, ended);
    throw error;
  }
}

/**
 * A demo that is killed can end nothing: the kernel then does (prctl(2), PR_SET_PDEATHSIG), as setpriv(1) of util-linux
 * asks it to before it becomes the agent. Nothing where there is none, or busybox's, which cannot.
 */
function endsWithUs(): readonly string[] {
  const words = ['setpriv', '--pdeathsig', 'TERM'] as const;
  const [program, ...flags] = words;
  return spawnSync(program, [...flags, 'true'], { stdio: 'ignore' }).status === 0 ? words : [];
}

async function isReady(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/-/ready`)).ok;
  } catch {
    // it says where it listens a moment before it does
    return false;
  }
}

async function stop(child: ChildProcess, ended: Promise<string>): Promise<void> {
  child.kill('SIGTERM');
  const drained = new AbortController();
  const late = sleep(DRAIN_MS, 'late', { signal: drained.signal }).catch(() => 'cancelled');
  if ((await Promise.race([ended, late])) === 'late') {
    child.kill('SIGKILL');
    await ended;
  }
  drained.abort();
}

/** What is set for the user's own agent must not reach the demo's. */
function withoutOurs(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !name.startsWith('PMEMWATCH_')));
}

async function failure(what: string, logFile: string): Promise<AgentError> {
  const lines = (await readFile(logFile, 'utf8')).trim().split('\n');
  return new AgentError('LISTEN', `the agent ${what}; its last words: ${lines.slice(-3).join(' | ') || 'none'}`);
}

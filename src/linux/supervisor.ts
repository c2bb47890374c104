/**
 * The small parent of an agent started as root without systemd (container, shell): it starts the listening half
 * without any privilege, gives it a fresh probe process whenever it asks, and listens to nothing itself.
 */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { chownSync, constants, existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import type { Socket } from 'node:net';
import { constants as os } from 'node:os';
import { dirname, resolve } from 'node:path';
import { FIRST_PASSED, passedEnvironment } from './passed-sockets.ts';
import { type LinuxRoots, type ProbePurpose, spawnProbe } from './probe/spawn.ts';

export interface SupervisorOptions {
  /** arguments of node: its flags, the entry file, the agent's arguments */
  readonly agentArgs: readonly string[];
  /** whom the listening half runs as; `nobody` when there is no such user */
  readonly user: string;
  readonly roots: LinuxRoots;
  /** its directory is made for that user when it does not exist */
  readonly stateFile: string;
  /** the unix socket of the API, if any: its directory is made likewise */
  readonly apiSocket?: string;
  /** sockets that this process was started with, for the listening half */
  readonly passedSockets?: number;
  /** one line for people, such as about the fallback to `nobody` */
  readonly warn: (message: string) => void;
}
export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

const NOBODY: Account = { name: 'nobody', uid: 65534, gid: 65534 };
const FORWARDED = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR2'] as const;
/** A listening half that was taken over must not be able to fill the host with processes. */
const MAX_PROBES = 40;

/**
 * Runs until the agent ends. Resolves with the exit code to end with: the agent's own, or 128 + the signal that ended it.
 * @throws Error (one line, says what to do) when the agent cannot be started as that user
 */
export async function runSupervisor(options: SupervisorOptions): Promise<number> {
  const account = findAccount(options.user) ?? NOBODY;
  if (account === NOBODY) options.warn(`there is no user '${options.user}': the agent runs as 'nobody'`);
  const entry = options.agentArgs.find((argument) => !argument.startsWith('-')) ?? '';
  const hidden = firstUnreachable(process.execPath, account) ?? firstUnreachable(resolve(entry), account);
  const agent = hidden === undefined ? startAs(account, options) : startWithoutCapabilities(hidden, account, options);
  const forward = (signal: NodeJS.Signals) => agent.kill(signal);
  for (const signal of FORWARDED) process.on(signal, forward);
  serveProbes(agent, options.roots);
  try {
    return await exitCode(agent, account);
  } finally {
    for (const signal of FORWARDED) process.off(signal, forward);
  }
}

function half({ passedSockets = 0 }: SupervisorOptions): SpawnOptions {
  const passed = Array.from({ length: passedSockets }, (_, i) => FIRST_PASSED + i);
  return {
    // a signal of the terminal reaches the agent once, through here
    detached: true,
    // each has the number that it has here: after them comes the channel to us
    stdio: ['inherit', 'inherit', 'inherit', ...passed, 'ipc'],
    // glibc gives each thread a heap of its own otherwise: 5 MB of the agent
    env: { MALLOC_ARENA_MAX: '2', ...passedEnvironment(process.env, passedSockets) },
  };
}

function startAs(account: Account, options: SupervisorOptions): ChildProcess {
  const { agentArgs, stateFile, apiSocket } = options;
  prepareDirectoryOf(stateFile, account);
  if (apiSocket !== undefined) prepareDirectoryOf(apiSocket, account);
  // setting both makes libuv clear the supplementary groups too; leaving root clears the capabilities
  return spawn(process.execPath, agentArgs, { ...half(options), uid: account.uid, gid: account.gid });
}

/**
 * A checkout below /root cannot be read by anybody else. The listening half then keeps the user and loses every
 * capability for good: setpriv(1) of util-linux empties the bounding set, so that no exec brings one back.
 */
function startWithoutCapabilities(hidden: string, account: Account, options: SupervisorOptions): ChildProcess {
  options.warn(
    `user '${account.name}' cannot reach ${hidden}: the listening process stays root, without any capability; install pmemwatch where that user can read it`,
  );
  const drop = ['--bounding-set=-all', '--inh-caps=-all', '--no-new-privs'];
  return spawn('setpriv', [...drop, process.execPath, ...options.agentArgs], half(options));
}

function exitCode(agent: ChildProcess, account: Account): Promise<number> {
  return new Promise((done, fail) => {
    agent.once('error', (error: NodeJS.ErrnoException) => {
      fail(new Error(`the agent cannot be started as user '${account.name}' (${error.code}): ${agent.spawnfile}`));
    });
    agent.once('exit', (code, signal) => done(code ?? 128 + (signal === null ? 0 : os.signals[signal])));
  });
}

function serveProbes(agent: ChildProcess, roots: LinuxRoots): void {
  const probes = new Map<number, { readonly process: ChildProcess; readonly socket: Socket }>();
  let starting = 0;
  agent.once('exit', () => {
    for (const probe of probes.values()) end(probe);
  });
  agent.on('message', (message: unknown) => {
    if (typeof message !== 'object' || message === null || !('op' in message) || !('id' in message)) return;
    const { op, id } = message;
    if (typeof id !== 'number') return;
    if (op === 'kill') probes.get(id)?.process.kill('SIGKILL');
    else if (op === 'probe' && !probes.has(id)) {
      void start(id, 'purpose' in message && message.purpose === 'jobs' ? 'jobs' : 'readings');
    }
  });
  async function start(id: number, purpose: ProbePurpose): Promise<void> {
    if (probes.size + starting >= MAX_PROBES) {
      refuse(id, `${MAX_PROBES} probe processes are running`);
      return;
    }
    starting += 1;
    try {
      const probe = await spawnProbe(roots, purpose);
      probes.set(id, probe);
      probe.process.once('exit', () => probes.delete(id));
      if (agent.connected) agent.send({ id }, probe.socket, {}, (error) => error !== null && end(probe));
      else end(probe);
    } catch (error) {
      refuse(id, error instanceof Error ? error.message : String(error));
    } finally {
      starting -= 1;
    }
  }
  /** An agent that dies before it took the stream leaves both ends of it with us. */
  function end({ process: probe, socket }: { readonly process: ChildProcess; readonly socket: Socket }): void {
    socket.destroy();
    probe.kill('SIGKILL');
  }
  function refuse(id: number, reason: string): void {
    if (agent.connected) agent.send({ id, reason }, () => undefined);
  }
}

/** From /etc/passwd (passwd(5)): name, password, uid, gid, ... */
export function findAccount(name: string): Account | undefined {
  const fields = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
    .find(([candidate]) => candidate === name);
  const [uid, gid] = [Number(fields?.[2]), Number(fields?.[3])];
  return fields !== undefined && uid > 0 && gid > 0 ? { name, uid, gid } : undefined;
}

/** Makes the directory of a file for the account; one that exists is left as it is. */
function prepareDirectoryOf(file: string, account: Account): void {
  const directory = dirname(file);
  if (existsSync(directory)) return;
  // those above it belong to root and may be passed by everybody
  mkdirSync(dirname(directory), { recursive: true, mode: 0o755 });
  mkdirSync(directory, { mode: 0o750 });
  chownSync(directory, account.uid, account.gid);
}

/** The first directory or file on the way to `path` that the account may not enter or read (mode bits alone). */
export function firstUnreachable(path: string, account: Account): string | undefined {
  const parents: string[] = [];
  for (let at = path; at !== dirname(at); at = dirname(at)) parents.unshift(at);
  return parents.find((at) => {
    const { mode, uid, gid } = statSync(at);
    const wanted = at === path ? constants.R_OK : constants.X_OK;
    const shift = uid === account.uid ? 6 : gid === account.gid ? 3 : 0;
    return ((mode >> shift) & wanted) === 0;
  });
}

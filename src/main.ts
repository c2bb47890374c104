#!/usr/bin/env node
/** Entry: argv -> command, logger, linux platform, signals, exit code. The only place where the process is ended. */
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { pino } from 'pino';
import type { CommandContext, ExitCode } from './cli/command.ts';
import { runCommandLine } from './cli/command-line.ts';
import { commands } from './cli/commands.ts';
import { loadSettings, type PathRoots, type Settings, wantsColor } from './config/load.ts';
import { createClock } from './linux/clock.ts';
import { createHurry } from './linux/heap.ts';
import { nodeFlags } from './linux/node-flags.ts';
import { readPageSize } from './linux/page-size.ts';
import { countPassedSockets, describePassedSockets, passedVariables } from './linux/passed-sockets.ts';
import { createPasswords } from './linux/passwords.ts';
import { createLinuxPlatform, PROBE_SOCKET } from './linux/platform.ts';
import { isSupervised } from './linux/probe/connect.ts';
import { meetServiceManager } from './linux/sd-notify.ts';
import { createSocketFiles } from './linux/socket-files.ts';
import { createStateFile, openStateCopy } from './linux/state-file.ts';
import type { Logger } from './ports.ts';

/** A drain that takes longer is cut: the outbox keeps what was not delivered. */
const STOP_MS = 15_000;
/** sysexits.h EX_SOFTWARE: a bug, as opposed to the 2 of a question that could not be answered. */
const EXIT_BUG = 70;

const { version, revision } = readPackage();
const interrupted = new AbortController();
/** A terminal that was closed ends what was started from it; to the agent SIGHUP says something else. */
let onHangup = (): void => interrupted.abort();
let unread = false;

function readPackage(): { version: string; revision: string } {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  const { version, revision = '' } = JSON.parse(text) as { version: string; revision?: string };
  return { version, revision };
}

async function createLogger({ level, format }: Settings['log']): Promise<Logger> {
  const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime };
  const destination = format === 'json' ? pino.destination({ fd: 2, sync: true }) : await prettyDestination();
  // by its own type it would have every method there is, `then` among them
  const log: Logger = pino(options, destination);
  return log;
}
async function prettyDestination(): Promise<NodeJS.WritableStream> {
  const { prettyStream } = await import('./pretty-log.ts');
  return prettyStream(wantsColor(process.stderr.isTTY === true));
}

async function openPlatform(roots: PathRoots) {
  const log = await createLogger({ level: 'error', format: 'json' });
  const { probe } = createLinuxPlatform(roots, { deadlineMs: 30_000, log, probeSocket: null });
  const { sysfs, procfs, dsm, scrubs, resolver, check } = probe;
  return { sysfs, procfs, dsm, scrubs, resolver, check, close: () => probe.close() };
}

/** As root the listening half runs as another user, below a parent that holds the privilege and listens to nothing. */
async function supervise(settings: Settings): Promise<ExitCode> {
  const apiSocket = settings.config.api.socket;
  const passedSockets = countPassedSockets(process.env, false);
  const options = {
    agentArgs: [...new Set([...nodeFlags, ...process.execArgv]), ...process.argv.slice(1)],
    user: settings.config.agent.user,
    roots: settings.roots,
    stateFile: settings.stateFile,
    ...(apiSocket !== undefined && { apiSocket }),
    passedSockets,
  };
  if (passedSockets > 0) {
    // to become another program would close them
    const { runSupervisor } = await import('./linux/supervisor.ts');
    const warn = (message: string) => void process.stderr.write(`pmemwatch agent: ${message}\n`);
    return process.exit(await runSupervisor({ ...options, warn }));
  }
  const { becomeSupervisor } = await import('./linux/become-supervisor.ts');
  return becomeSupervisor(options);
}

async function runAgent(settings: Settings, flags: Parameters<typeof loadSettings>[0]): Promise<ExitCode> {
  if (process.getuid?.() === 0 && !isSupervised()) return supervise(settings);
  const passedSockets = countPassedSockets(process.env, isSupervised());
  const manager = meetServiceManager(process.env);
  // what we start ourselves is not to take them for its own
  for (const name of passedVariables) delete process.env[name];
  let reload = (): void => undefined;
  onHangup = () => reload();
  // it would end an agent that is not up yet
  let rescan = (): void => undefined;
  process.on('SIGUSR2', () => rescan());
  // a supervisor that was killed is started anew at once: two agents must not share a socket and a state file meanwhile
  process.on('disconnect', () => process.exit(2));
  const { createApp } = await import('./app.ts');
  const log = await createLogger(settings.log);
  log.info({ version, pid: process.pid, uid: process.getuid?.(), configFile: settings.configFile ?? null }, 'starting');
  for (const warning of settings.warnings) log.warn({ warning }, 'configuration');
  const { probe, ...linux } = createLinuxPlatform(settings.roots, {
    deadlineMs: settings.config.poll.deviceDeadlineMs,
    log: log.child({ component: 'probe' }),
    probeSocket: PROBE_SOCKET,
  });
  const bug = Promise.withResolvers<never>();
  const stopped = new Promise<void>((resolve) =>
    interrupted.signal.addEventListener('abort', () => resolve(), { once: true }),
  );
  try {
    const app = await createApp(
      {
        settings,
        reread: () => loadSettings(flags, { isTerminal: process.stderr.isTTY === true }),
        version,
        revision,
        nodeVersion: process.version,
        onBug: bug.reject,
      },
      {
        sysfs: probe.sysfs,
        procfs: probe.procfs,
        dsm: probe.dsm,
        scrubs: probe.scrubs,
        resolver: probe.resolver,
        check: probe.check,
        watchMounts: probe.watchMounts,
        blindSpots: async () => (await probe.hello())?.blind,
        clock: linux.clock,
        http: linux.http,
        hostInfo: linux.hostInfo,
        sockets: createSocketFiles(),
        passwords: createPasswords(linux.clock),
        passedSockets: describePassedSockets(passedSockets),
        stateFile: createStateFile(settings.stateFile),
        openStateCopy: () => openStateCopy(settings.stateFile),
        openMemory: () => linux.openDatabase(':memory:'),
        pageSize: readPageSize(),
        hurry: createHurry(linux.clock),
        processors: cpus().length,
        createHints: linux.createHints,
      },
      log,
    );
    reload = () => void app.reload();
    rescan = () => void app.rescan();
    manager.ready(app.passMs);
    try {
      await Promise.race([stopped, bug.promise]);
    } finally {
      log.info({}, 'stopping');
      manager.stopping();
      setTimeout(() => process.exit(2), STOP_MS).unref();
      await app.stop();
    }
    return 0;
  } finally {
    await probe.close();
  }
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => interrupted.abort());
process.on('SIGHUP', () => onHangup());
const words = process.argv.slice(2);
const context: CommandContext = {
  version,
  stdout: process.stdout,
  stderr: { write: (text) => unread || process.stderr.write(text) },
  stdin: process.stdin,
  isTerminal: process.stdout.isTTY === true,
  showsProgress: process.stderr.isTTY === true,
  color: wantsColor(process.stdout.isTTY === true),
  ...(process.stdout.isTTY === true && process.stdout.columns > 0 ? { columns: process.stdout.columns } : {}),
  signal: interrupted.signal,
  clock: createClock(),
  pageSize: readPageSize(),
  readJournal: async (signal) => (await import('./linux/journal.ts')).readJournal(signal),
  openPlatform,
  runAgent,
};
// what we wait for may hold no handle of its own, such as a probe process that is about to end
setInterval(() => undefined, 2 ** 30);
// a reader that has seen enough (`| head`) ends us without a word, and in order: the demo has an agent to end
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  const code = error.code === 'EPIPE' ? 0 : 2;
  unread = true;
  process.exitCode = code;
  interrupted.abort();
  setTimeout(() => process.exit(code), STOP_MS).unref();
});
// a terminal that is gone takes no last words
process.stderr.on('error', () => undefined);
try {
  const code = await runCommandLine(commands, words, context);
  process.exit(unread ? process.exitCode : code);
} catch (error) {
  process.stderr.write(`pmemwatch: a bug: ${error instanceof Error ? error.stack : String(error)}\n`);
  process.exit(EXIT_BUG);
}

import { writeSync } from 'node:fs';
import { errnoOf } from '../model/errors.ts';
import { FIRST_PASSED } from './passed-sockets.ts';
import { isSupervised } from './probe/connect.ts';

/** Whoever started this process and wants to know how it is (sd_notify(3)): systemd, for a unit of `Type=notify`. */
export interface ServiceManager {
  /**
   * All is up. From now on the watchdog (sd_watchdog_enabled(3)) is fed while the event loop turns and no pass has been
   * running (`passMs`) for as long as the watchdog waits.
   */
  ready(passMs: () => number): void;
  stopping(): void;
}

/** Not for what we start ourselves: it is not the process that is watched. */
const variables = ['NOTIFY_SOCKET', 'NOTIFY_FD', 'WATCHDOG_PID', 'WATCHDOG_USEC'] as const;
/** The watchdog is fed so often in the time that it waits: one that comes late does no harm. */
const FEEDS = 4;

/**
 * The messages are unix datagrams, which Node.js cannot send: but what is written to a connected socket is one. So the socket
 * is made by the native code that only probe processes are to hold, and the process then replaces itself by the same
 * program without it, which finds the socket as `NOTIFY_FD`. Its number stays, and is what systemd knows it by.
 *
 * A supervising parent is not told for: its messages would come from a process that systemd does not watch.
 */
export async function meetServiceManager(
  environment: NodeJS.ProcessEnv,
  passedSockets: number,
): Promise<{ readonly manager: ServiceManager; readonly trouble?: unknown }> {
  const { NOTIFY_SOCKET: path, NOTIFY_FD: connected } = environment;
  const watchdogMs = watchdogOf(environment);
  if (connected === undefined && path !== undefined && !isSupervised()) {
    try {
      await becomeConnected(path, passedSockets);
    } catch (trouble) {
      for (const name of variables) delete environment[name];
      return { manager: silent, trouble };
    }
  }
  for (const name of variables) delete environment[name];
  return { manager: connected === undefined ? silent : createServiceManager(Number(connected), watchdogMs) };
}

async function becomeConnected(path: string, passedSockets: number): Promise<never> {
  if (process.execve === undefined) throw new Error('this Node.js cannot replace a process');
  const { connectDatagrams, keepOverExec } = await import('./native.ts');
  const fd = connectDatagrams(path);
  for (let i = 0; i < passedSockets; i++) keepOverExec(FIRST_PASSED + i);
  const args = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  return process.execve(process.execPath, args, { ...process.env, NOTIFY_FD: String(fd) });
}

const silent: ServiceManager = { ready: () => undefined, stopping: () => undefined };

export function createServiceManager(fd: number, watchdogMs: number | undefined): ServiceManager {
  let feeding: NodeJS.Timeout | undefined;
  function tell(line: string): void {
    try {
      writeSync(fd, line);
    } catch (error) {
      // its queue is full, or it is gone: the next feed is soon, and there is nobody else to tell
      if (errnoOf(error) === undefined) throw error;
    }
  }
  return {
    ready(passMs) {
      tell('READY=1');
      if (watchdogMs === undefined) return;
      feeding = setInterval(() => {
        if (passMs() < watchdogMs) tell('WATCHDOG=1');
      }, watchdogMs / FEEDS);
      feeding.unref();
    },
    stopping() {
      clearInterval(feeding);
      tell('STOPPING=1');
    },
  };
}

/** Undefined where no watchdog waits for this process. */
function watchdogOf({ WATCHDOG_USEC: wait, WATCHDOG_PID: pid }: NodeJS.ProcessEnv): number | undefined {
  const milliseconds = Number(wait) / 1000;
  const isOurs = pid === undefined || pid === String(process.pid);
  return isOurs && Number.isFinite(milliseconds) && milliseconds > 0 ? milliseconds : undefined;
}

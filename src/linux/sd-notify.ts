import { writeSync } from 'node:fs';
import { errnoOf } from '../model/errors.ts';

/** Whoever started this process and wants to know how it is (sd_notify(3)): systemd, for a unit of `Type=notify`. */
export interface ServiceManager {
  /**
   * All is up. From now on the watchdog (sd_watchdog_enabled(3)) is fed while the event loop turns and no pass has been
   * running (`passMs`) for as long as the watchdog waits.
   */
  ready(passMs: () => number): void;
  stopping(): void;
}

/** The descriptor of the connected socket. */
export const CONNECTED = 'NOTIFY_FD';
/** Not for what we start ourselves: it is not the process that is watched. */
const variables = ['NOTIFY_SOCKET', CONNECTED, 'WATCHDOG_PID', 'WATCHDOG_USEC'] as const;
/** The watchdog is fed so often in the time that it waits: one that comes late does no harm. */
const FEEDS = 4;

/**
 * The messages are unix datagrams, which Node.js cannot send: but what is written to a connected socket is one. It was made by
 * sd-notify-entry.ts, before this process became the agent. Without it nobody is told: a supervising parent's agent is not the process
 * that systemd watches, and whoever starts the agent from a shell waits for nothing.
 */
export function meetServiceManager(environment: NodeJS.ProcessEnv): ServiceManager {
  const connected = environment[CONNECTED];
  const watchdogMs = watchdogOf(environment);
  for (const name of variables) delete environment[name];
  return connected === undefined ? silent : createServiceManager(Number(connected), watchdogMs);
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

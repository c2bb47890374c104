import type { Clock, Database, Hint, Hints, HostInfo, Http, Logger } from '../ports.ts';
import { createClock } from './clock.ts';
import { createHints } from './hints.ts';
import { createHostInfo } from './host-info.ts';
import { createHttp } from './http.ts';
import { createProbe, type Probe } from './probe/client.ts';
import {
  childConnector,
  isSupervised,
  isUsableSocket,
  supervisorConnector,
  unixSocketConnector,
} from './probe/connect.ts';
import type { ProbeConnector } from './probe/conversation.ts';
import type { LinuxRoots } from './probe/spawn.ts';
import { openDatabase } from './sqlite.ts';

export type { LinuxRoots };

/** The adapters: the only code that meets kernel, disk and network. */
export interface LinuxPlatform {
  readonly probe: Probe;
  readonly clock: Clock;
  readonly http: Http;
  readonly hostInfo: HostInfo;
  openDatabase(file: string, options?: { readonly readOnly?: boolean }): Promise<Database>;
  /** @param configFiles asked again and again: a configuration file may name others */
  createHints(configFiles: () => readonly string[], onHint: (hint: Hint) => void): Hints;
  close(): Promise<void>;
}

export interface LinuxOptions {
  /** ms of one reading, unless it has its own */
  readonly deadlineMs: number;
  readonly log: Logger;
  /** socket of a systemd unit that starts probe processes, used when it is there; null for commands, which start their own */
  readonly probeSocket: string | null;
}

/** Where the systemd unit listens. */
export const PROBE_SOCKET = '/run/pmemwatch/probe.sock';

export function createLinuxPlatform(roots: LinuxRoots, options: LinuxOptions): LinuxPlatform {
  const { deadlineMs, log } = options;
  const clock = createClock();
  const probe = createProbe({ connect: chooseConnector(roots, options.probeSocket), deadlineMs, clock, log });
  return {
    probe,
    clock,
    http: createHttp(),
    hostInfo: createHostInfo(roots),
    openDatabase,
    createHints: (configFiles, onHint) =>
      createHints({ sysfs: roots.sysfs, dev: roots.dev, configFiles, onHint, clock, log }),
    close: () => probe.close(),
  };
}

/** A supervising parent before a systemd socket before a child of our own, with our own privilege. */
function chooseConnector(roots: LinuxRoots, socket: string | null): ProbeConnector {
  if (isSupervised()) return supervisorConnector();
  if (socket !== null && isUsableSocket(socket)) return unixSocketConnector(socket);
  return childConnector(roots);
}

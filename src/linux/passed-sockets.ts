import { readFileSync, readlinkSync } from 'node:fs';
import { AgentError } from '../model/errors.ts';
import type { PassedSocket } from '../model/listen-address.ts';

/** The first descriptor that a service is started with (sd_listen_fds(3)). */
export const FIRST_PASSED = 3;
export const passedVariables = ['LISTEN_PID', 'LISTEN_FDS', 'LISTEN_FDNAMES'] as const;

/** How many sockets this process was started with: none where the variables are meant for another one. */
export function countPassedSockets(environment: NodeJS.ProcessEnv, isSupervised: boolean): number {
  const count = Number(environment['LISTEN_FDS'] ?? 0);
  // a supervising parent cannot know our number before we are; it passes on only what was meant for it
  const isOurs = isSupervised || environment['LISTEN_PID'] === String(process.pid);
  return isOurs && Number.isSafeInteger(count) && count > 0 ? count : 0;
}

/** Of a process that is started by this one: `count` sockets are for it. */
export function passedEnvironment(environment: NodeJS.ProcessEnv, count: number): NodeJS.ProcessEnv {
  const next = { ...environment };
  for (const name of passedVariables) delete next[name];
  return count === 0 ? next : { ...next, LISTEN_FDS: String(count) };
}

/**
 * What they are, from /proc/net: a socket of systemd (socket activation) or of whoever stands for it.
 * @throws AgentError LISTEN when one is no listening stream socket
 */
export function describePassedSockets(count: number): PassedSocket[] {
  if (count === 0) return [];
  const unix = listeningUnix(readFileSync('/proc/net/unix', 'utf8'));
  const tcp = listeningTcp(['tcp', 'tcp6'].map((name) => readIfThere(`/proc/net/${name}`)).join('\n'));
  return Array.from({ length: count }, (_, i) => {
    const fd = FIRST_PASSED + i;
    const inode = /^socket:\[(\d+)\]$/.exec(linkOf(fd))?.[1] ?? '';
    const path = unix.get(inode);
    if (path !== undefined) return { kind: 'passed', fd, path };
    if (tcp.has(inode)) return { kind: 'passed', fd, path: null };
    throw new AgentError(
      'LISTEN',
      `the descriptor ${fd} that the agent was started with is no listening TCP or unix stream socket: use ListenStream= and Accept=no in its socket unit`,
    );
  });
}

function linkOf(fd: number): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    // closed: told as what is no socket
    return '';
  }
}
/** A kernel without IPv6 has no file of it. */
function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    // nothing listens there then
    return '';
  }
}

/** net/unix/af_unix.c, unix_seq_show: num refcount protocol flags type state inode path; flag 0x10000 is SO_ACCEPTCON. */
export function listeningUnix(table: string): ReadonlyMap<string, string> {
  const rows = table.matchAll(/^\S+: \S+ \S+ ([0-9A-F]{8}) 0001 \S+ +(\d+)(?: (.*))?$/gm);
  return new Map(
    [...rows].flatMap(([, flags = '0', inode = '', path = '']): [string, string][] =>
      (Number.parseInt(flags, 16) & 0x10000) === 0 ? [] : [[inode, path]],
    ),
  );
}
/** net/ipv4/tcp_ipv4.c, tcp4_seq_show: the fourth column is the state, 0A is TCP_LISTEN; the tenth is the inode. */
export function listeningTcp(tables: string): ReadonlySet<string> {
  const rows = tables.matchAll(/^ *\d+: \S+ \S+ 0A (?:\S+ +){5}(\d+)/gm);
  return new Set([...rows].map(([, inode = '']) => inode));
}

import { accessSync, constants } from 'node:fs';
import { createConnection, Socket } from 'node:net';
import type { ProbeConnection, ProbeConnector } from './conversation.ts';
import { isRecord } from './protocol.ts';
import { type LinuxRoots, type ProbePurpose, spawnProbe } from './spawn.ts';

/** A child of this process, with this process' privilege: the CLI, and an agent that runs as an ordinary user. */
export function childConnector(roots: LinuxRoots): ProbeConnector {
  return async (purpose = 'readings') => {
    const { process: child, socket } = await spawnProbe(roots, purpose);
    return {
      stream: socket,
      ...(child.pid === undefined ? {} : { pid: child.pid }),
      kill: () => {
        child.kill('SIGKILL');
      },
      unref: () => socket.unref(),
    };
  };
}

/** A systemd socket unit with Accept=yes: each connection is a fresh process, all alike; what ends it is the end of the stream. */
export function unixSocketConnector(path: string): ProbeConnector {
  return () =>
    new Promise((done, fail) => {
      const socket = createConnection(path);
      socket.once('error', fail);
      socket.once('connect', () => {
        socket.off('error', fail);
        done(endedByStream(socket));
      });
    });
}

/** Whether that socket is there and may be used. */
export function isUsableSocket(path: string): boolean {
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** Whether a supervising parent started this process (src/linux/supervisor.ts). */
export function isSupervised(): boolean {
  return process.send !== undefined && process.connected;
}

/** Asks the supervising parent, which listens to nothing, over the channel it was started with. */
export function supervisorConnector(): ProbeConnector {
  const waiting = new Map<number, { done: (c: ProbeConnection) => void; fail: (e: Error) => void }>();
  let nextId = 1;
  const dropAll = () => {
    for (const { fail } of waiting.values()) fail(new Error('the supervising process is gone'));
    waiting.clear();
  };
  const forget = (id: number) => {
    waiting.delete(id);
    if (waiting.size === 0) process.channel?.unref();
  };
  const take = (message: unknown, handle: unknown) => {
    if (!isRecord(message) || typeof message['id'] !== 'number') return;
    const { id } = message;
    const asked = waiting.get(id);
    forget(id);
    if (handle instanceof Socket) {
      if (asked === undefined) handle.destroy();
      else {
        const kill = () => {
          handle.end();
          tell({ op: 'kill', id });
        };
        asked.done({ stream: handle, kill, unref: () => handle.unref() });
      }
    } else asked?.fail(new Error(typeof message['reason'] === 'string' ? message['reason'] : 'no reason given'));
  };
  process.on('message', take);
  process.on('disconnect', dropAll);
  // the channel alone is no reason to stay alive, an answer that is due is
  process.channel?.unref();
  return (purpose = 'readings') =>
    new Promise((done, fail) => {
      const id = nextId++;
      waiting.set(id, { done, fail });
      process.channel?.ref();
      if (!tell({ op: 'probe', id, purpose })) {
        forget(id);
        fail(new Error('the supervising process is gone'));
      }
    });
}

function tell(
  message: { readonly id: number } & (
    | { readonly op: 'kill' }
    | { readonly op: 'probe'; readonly purpose: ProbePurpose }
  ),
): boolean {
  if (!isSupervised()) return false;
  // a channel that breaks meanwhile is told by `disconnect`
  process.send?.(message, undefined, undefined, () => undefined);
  return true;
}
function endedByStream(socket: Socket): ProbeConnection {
  return {
    stream: socket,
    kill: () => {
      socket.end();
    },
    unref: () => socket.unref(),
  };
}

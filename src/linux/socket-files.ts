import { chmod, lstat, unlink } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { AgentError, errnoOf } from '../model/errors.ts';
import type { SocketFiles } from '../ports.ts';

export function createSocketFiles(): SocketFiles {
  return { claim, restrict: chmod };
}

async function claim(path: string): Promise<void> {
  try {
    const found = await lstat(path);
    if (!found.isSocket()) {
      throw new AgentError('LISTEN', `${path} is not a socket: move it away or choose another path with api.socket`);
    }
  } catch (cause) {
    const errno = errnoOf(cause);
    if (errno === 'ENOENT') return;
    if (errno === undefined) throw cause;
    const advice = "give the agent's user the right to it or choose another path with api.socket";
    throw new AgentError('LISTEN', `cannot listen on ${path} (${errno}): ${advice}`, { cause });
  }
  if (await answers(path)) {
    throw new AgentError(
      'LISTEN',
      `another process listens on ${path}: stop it or choose another path with api.socket`,
    );
  }
  await unlink(path);
}

/** Anything but a refused connection means that somebody is there, or that we may not know. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', (error) => resolve(errnoOf(error) !== 'ECONNREFUSED'));
  });
}

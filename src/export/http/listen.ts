import type { RequestListener, Server } from 'node:http';
import type { Socket } from 'node:net';
import { AgentError, errnoOf, messageOf } from '../../model/errors.ts';
import type { ListenAddress } from '../../model/listen-address.ts';
import type { SocketFiles } from '../../ports.ts';
import { problemOf } from './problem.ts';

/** Limits for one server; generous for a scraper, tight for anybody else. */
const limits = {
  maxHeaderSize: 16 * 1024,
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  keepAliveTimeout: 75_000,
  connectionsCheckingInterval: 5_000,
} as const;
const MOST_CONNECTIONS = 512;

export interface ListenerDeps {
  readonly handle: RequestListener;
  /** called with each connection of a unix socket */
  readonly onUnixConnection: (socket: Socket) => void;
  readonly sockets: SocketFiles;
  readonly socketMode: number;
}

/** Starts one server. @returns it and the address it really has. @throws AgentError LISTEN with what to do */
export async function listenOn(
  address: ListenAddress,
  deps: ListenerDeps,
): Promise<{ server: Server; actual: string }> {
  // not by import: the module's named exports would load undici, 10 MB for nothing
  const { createServer } = process.getBuiltinModule('node:http');
  const server = createServer(limits, deps.handle);
  server.maxConnections = MOST_CONNECTIONS;
  server.on('clientError', refuse);
  if (address.kind === 'unix') {
    await deps.sockets.claim(address.path);
    server.on('connection', deps.onUnixConnection);
  }
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(listenError(address, error)));
    server.listen(optionsOf(address), resolve);
  });
  server.removeAllListeners('error');
  if (address.kind === 'unix') await deps.sockets.restrict(address.path, deps.socketMode);
  return { server, actual: actualAddress(server, address) };
}

function optionsOf(address: ListenAddress): object {
  if (address.kind === 'unix') return { path: address.path };
  return address.host === undefined ? { port: address.port } : { host: address.host, port: address.port };
}
function actualAddress(server: Server, asked: ListenAddress): string {
  const bound = server.address();
  if (asked.kind === 'unix' || typeof bound !== 'object' || bound === null)
    return asked.kind === 'unix' ? asked.path : '';
  return `${bound.family === 'IPv6' ? `[${bound.address}]` : bound.address}:${bound.port}`;
}

function listenError(address: ListenAddress, cause: unknown): AgentError {
  const errno = errnoOf(cause);
  const where = address.kind === 'unix' ? address.path : `${address.host ?? ''}:${address.port}`;
  const setting = address.kind === 'unix' ? 'api.socket' : '--web.listen-address';
  const advice: Readonly<Record<string, string>> = {
    EADDRINUSE: `another process listens there (see "ss -lntp"): stop it or choose another address with ${setting}`,
    EADDRNOTAVAIL: `this host does not have the address: choose another with ${setting}`,
    ENOTFOUND: `the name is not known: choose an address with ${setting}`,
    EACCES: `permission denied: choose another address with ${setting}, or give the agent's user the right to it`,
    ENOENT: 'its directory does not exist: create it, owned by the user of the agent',
    EROFS: `its file system is read-only: choose another path with ${setting}`,
  };
  const what = (errno === undefined ? undefined : advice[errno]) ?? messageOf(cause);
  return new AgentError('LISTEN', `cannot listen on ${where}: ${what}`, { cause, context: { address: where, errno } });
}

/** A request that is not HTTP never reaches the routes; it is answered here, in the same form. */
function refuse(error: Error & { code?: string }, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const status = error.code === 'HPE_HEADER_OVERFLOW' ? 431 : error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : 400;
  const body = JSON.stringify(problemOf(status, 'The request could not be read as HTTP.'));
  socket.end(
    `HTTP/1.1 ${status} ${status === 431 ? 'Request Header Fields Too Large' : status === 408 ? 'Request Timeout' : 'Bad Request'}\r\n` +
      `Content-Type: application/problem+json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}

import type { RequestListener, Server } from 'node:http';
import type { Server as SecureServer } from 'node:https';
import type { Socket } from 'node:net';
import { AgentError, errnoOf, messageOf } from '../../model/errors.ts';
import type { ListenAddress, PassedSocket } from '../../model/listen-address.ts';
import type { TlsRules } from '../../model/web-rules.ts';
import type { Logger, SocketFiles } from '../../ports.ts';
import { clientNetwork } from './client-network.ts';
import { problemOf } from './problem.ts';
import { secureContextOptions, whyRefused } from './tls.ts';

/** Limits for one server; generous for a scraper, tight for anybody else. */
const limits = {
  maxHeaderSize: 16 * 1024,
  headersTimeout: 10_000,
  requestTimeout: 15_000,
  keepAliveTimeout: 75_000,
  connectionsCheckingInterval: 5_000,
} as const;
const MOST_CONNECTIONS = 512;
/** Of one address over TCP: it cannot keep everybody else out. */
const MOST_CONNECTIONS_OF_ONE = 128;
const HANDSHAKE_MS = 10_000;
const STALLED_MS = 120_000;

export interface ListenerDeps {
  readonly handle: RequestListener;
  /** called with each connection of a unix socket */
  readonly onUnixConnection: (socket: Socket) => void;
  readonly sockets: SocketFiles;
  readonly socketMode: number;
  /** of now, for TCP; whether there are any decides what is spoken */
  readonly tls: () => TlsRules | undefined;
  readonly log: Logger;
  /** one who takes nothing of an answer for so long is cut; 2 min */
  readonly stalledMs?: number;
}
export interface Listener {
  readonly server: Server;
  /** the address that it really has */
  readonly actual: string;
  /** New connections get the rules of now. */
  renew(): void;
}

/** Starts one server. @throws AgentError LISTEN with what to do */
export async function listenOn(address: ListenAddress | PassedSocket, deps: ListenerDeps): Promise<Listener> {
  const isUnix = address.kind === 'unix' || (address.kind === 'passed' && address.path !== null);
  const { server, renew } = isUnix ? plainServer(deps) : tcpServer(deps);
  server.maxConnections = MOST_CONNECTIONS;
  server.timeout = deps.stalledMs ?? STALLED_MS;
  // not one for whom an answer is still being made
  server.on('timeout', (socket: Socket) => {
    if (socket.writableLength > 0) socket.destroy();
  });
  server.on('clientError', refuse);
  // one that was passed has a file, and permissions, that are not ours
  if (address.kind === 'unix') await deps.sockets.claim(address.path);
  if (isUnix) server.on('connection', deps.onUnixConnection);
  else limitEachClient(server);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(listenError(address, error)));
    server.listen(optionsOf(address), resolve);
  });
  server.removeAllListeners('error');
  if (address.kind === 'unix') await deps.sockets.restrict(address.path, deps.socketMode);
  return { server, actual: actualAddress(server, address), renew };
}

type Made = Pick<Listener, 'server' | 'renew'>;

function plainServer({ handle }: ListenerDeps): Made {
  // not by import: the module's named exports would load undici, 10 MB for nothing
  const { createServer } = process.getBuiltinModule('node:http');
  return { server: createServer(limits, handle), renew: () => undefined };
}

function tcpServer(deps: ListenerDeps): Made {
  const first = deps.tls();
  if (first === undefined) return plainServer(deps);
  let rules = first;
  const { createServer } = process.getBuiltinModule('node:https');
  const server: SecureServer = createServer(
    // who is let in is decided below: Node's own rule cannot leave out a certificate that is optional
    { ...limits, ...secureContextOptions(rules), handshakeTimeout: HANDSHAKE_MS, rejectUnauthorized: false },
    deps.handle,
  );
  askForCertificates(server, rules);
  // before the listener that reads requests
  server.prependListener('secureConnection', (socket) => {
    const reason = whyRefused(socket, rules);
    if (reason === undefined) return;
    deps.log.debug({ address: socket.remoteAddress, reason }, 'a client was refused');
    socket.destroy();
  });
  return {
    server,
    renew() {
      // switched off means switched off at the next start: never plain where TLS was promised
      rules = deps.tls() ?? rules;
      server.setSecureContext(secureContextOptions(rules));
      askForCertificates(server, rules);
    },
  };
}

/** Node takes this from the server's own field with each connection; the option of the same name is read once. A test holds it to that. */
function askForCertificates(server: SecureServer, { clientAuth }: TlsRules): void {
  Object.assign(server, { requestCert: clientAuth !== 'none' });
}

function limitEachClient(server: Server): void {
  const open = new Map<string, number>();
  server.on('connection', (socket: Socket) => {
    const network = clientNetwork(socket.remoteAddress);
    const count = (open.get(network) ?? 0) + 1;
    open.set(network, count);
    socket.once('close', () => {
      const left = (open.get(network) ?? 1) - 1;
      if (left === 0) open.delete(network);
      else open.set(network, left);
    });
    if (count > MOST_CONNECTIONS_OF_ONE) socket.destroy();
  });
}
function optionsOf(address: ListenAddress | PassedSocket): object {
  if (address.kind === 'passed') return { fd: address.fd };
  if (address.kind === 'unix') return { path: address.path };
  return address.host === undefined ? { port: address.port } : { host: address.host, port: address.port };
}
function actualAddress(server: Server, asked: ListenAddress | PassedSocket): string {
  const bound = server.address();
  if (asked.kind !== 'tcp' && asked.path !== null) return asked.path;
  if (typeof bound !== 'object' || bound === null) return '';
  return `${bound.family === 'IPv6' ? `[${bound.address}]` : bound.address}:${bound.port}`;
}

function listenError(address: ListenAddress | PassedSocket, cause: unknown): AgentError {
  const errno = errnoOf(cause);
  const where = nameOf(address);
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

function nameOf(address: ListenAddress | PassedSocket): string {
  if (address.kind === 'passed') return `the descriptor ${address.fd}`;
  return address.kind === 'unix' ? address.path : `${address.host ?? ''}:${address.port}`;
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

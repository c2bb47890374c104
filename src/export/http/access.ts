import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';

export interface ApiToken {
  readonly name: string;
  /** `operate` includes `read` */
  readonly scope: 'read' | 'operate';
  /** `sha256:` and 64 hex digits */
  readonly hash: string;
}
/** Who may see file names, and who may change something (design 4.3). */
export interface Access {
  /** Marks a connection as one of the unix socket: its file permissions are the access rule. */
  trust(socket: Socket): void;
  isTrusted(request: IncomingMessage): boolean;
  mayRead(request: IncomingMessage): boolean;
}

/** `tokens` is asked with each request: the configuration can be read again. */
export function createAccess(options: { tokens: () => readonly ApiToken[]; openOnLoopback: boolean }): Access {
  const trusted = new WeakSet<Socket>();
  return {
    trust(socket) {
      trusted.add(socket);
    },
    isTrusted: (request) => trusted.has(request.socket),
    mayRead(request) {
      if (trusted.has(request.socket)) return true;
      if (options.openOnLoopback && isLoopback(request.socket.remoteAddress)) return true;
      const digests = options.tokens().map((token) => Buffer.from(token.hash.replace(/^sha256:/, ''), 'hex'));
      return bearerMatches(request.headers.authorization, digests);
    },
  };
}

/** Every token is compared whole, so that the time taken tells nothing about which one was nearly right. */
function bearerMatches(authorization: string | undefined, digests: readonly Buffer[]): boolean {
  const token = /^bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
  if (token === undefined) return false;
  const given = createHash('sha256').update(token).digest();
  let matches = false;
  for (const digest of digests) {
    if (digest.length === given.length && timingSafeEqual(digest, given)) matches = true;
  }
  return matches;
}

function isLoopback(address: string | undefined): boolean {
  return address === '::1' || /^(::ffff:)?127\.\d+\.\d+\.\d+$/.test(address ?? '');
}

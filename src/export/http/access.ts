import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { basicCredentials } from './basic-auth.ts';
import { HttpProblem } from './problem.ts';

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
  /** Whether the request carries a token, of whatever scope. */
  hasToken(request: IncomingMessage): boolean;
  /**
   * A bearer token that is none of ours: who sends one means to be known, and is not to take an answer without names for a whole one.
   * @throws HttpProblem 401
   */
  mustBeValid(request: IncomingMessage): void;
  mayRead(request: IncomingMessage): boolean;
  /** For what file names are in. @throws HttpProblem 401 */
  mustRead(request: IncomingMessage): void;
  mayOperate(request: IncomingMessage): boolean;
  /** How the one who asks may change something: `unix socket`, `token NAME`. @throws HttpProblem 401 or 403 */
  operator(request: IncomingMessage): string;
}

/** `tokens` is asked with each request: the configuration can be read again. */
export function createAccess(options: { tokens: () => readonly ApiToken[]; openOnLoopback: boolean }): Access {
  const trusted = new WeakSet<Socket>();
  const tokenOf = (request: IncomingMessage) => matchingToken(request.headers.authorization, options.tokens());
  function mayRead(request: IncomingMessage): boolean {
    if (trusted.has(request.socket)) return true;
    if (options.openOnLoopback && isLoopback(request.socket.remoteAddress)) return true;
    return tokenOf(request) !== undefined;
  }
  return {
    trust(socket) {
      trusted.add(socket);
    },
    isTrusted: (request) => trusted.has(request.socket),
    hasToken: (request) => tokenOf(request) !== undefined,
    mustBeValid(request) {
      if (!isBearer(request.headers.authorization) || tokenOf(request) !== undefined) return;
      throw new HttpProblem(
        401,
        'The token is none of api.tokens in the configuration, mistyped or taken back: use one of them, or the unix socket.',
        { 'www-authenticate': 'Bearer realm="pmemwatch", error="invalid_token"' },
      );
    },
    mayRead,
    mustRead(request) {
      if (mayRead(request)) return;
      throw new HttpProblem(
        401,
        'File names need "Authorization: Bearer <token>" with a token of scope read (api.tokens in the configuration); on this host, ask the unix socket instead.',
        { 'www-authenticate': 'Bearer realm="pmemwatch"' },
      );
    },
    mayOperate: (request) => trusted.has(request.socket) || tokenOf(request)?.scope === 'operate',
    operator(request) {
      if (trusted.has(request.socket)) return 'unix socket';
      const token = tokenOf(request);
      if (token?.scope === 'operate') return `token ${token.name}`;
      const advice = 'Use a token of scope operate (api.tokens in the configuration), or the unix socket.';
      throw token === undefined
        ? new HttpProblem(401, advice, { 'www-authenticate': challenge })
        : new HttpProblem(403, advice);
    },
  };
}

/** What a client is asked for; a browser asks its user for the second. */
export const challenge = 'Bearer realm="pmemwatch", Basic realm="pmemwatch", charset="UTF-8"';

/**
 * As `Bearer TOKEN`; or as the password of the user NAME, since a browser can ask for nothing else. Every token is compared
 * whole, so that the time taken tells nothing about which one was nearly right. Of several that match, the one that may
 * do most.
 */
function matchingToken(authorization: string | undefined, tokens: readonly ApiToken[]): ApiToken | undefined {
  const basic = basicCredentials(authorization);
  const token = basic?.password ?? /^bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
  if (token === undefined) return undefined;
  const given = createHash('sha256').update(token).digest();
  const matching = tokens.filter(({ name, hash }) => {
    if (basic !== undefined && basic.user !== name) return false;
    const digest = Buffer.from(hash.replace(/^sha256:/, ''), 'hex');
    return digest.length === given.length && timingSafeEqual(digest, given);
  });
  return matching.find(({ scope }) => scope === 'operate') ?? matching[0];
}

function isBearer(authorization: string | undefined): boolean {
  return /^bearer +\S/i.test(authorization ?? '');
}

function isLoopback(address: string | undefined): boolean {
  return address === '::1' || /^(::ffff:)?127\.\d+\.\d+\.\d+$/.test(address ?? '');
}

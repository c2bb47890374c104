import type { IncomingMessage } from 'node:http';
import type { WebRules } from '../../model/web-rules.ts';
import type { Passwords } from '../../ports.ts';
import { type Access, challenge } from './access.ts';
import { basicCredentials, createBasicAuth } from './basic-auth.ts';
import { hostNameOf, isServedHost } from './host-name.ts';
import { HttpProblem } from './problem.ts';
import { createRequestRate } from './request-rate.ts';

export interface GateDeps {
  readonly access: Access;
  readonly passwords: Passwords;
  /** of now */
  readonly rules: () => WebRules;
  /** names besides addresses and `localhost` that requests may be sent to */
  readonly allowedHosts: () => readonly string[];
  /** origins whose pages may ask, and change something */
  readonly corsOrigins: () => readonly string[];
}

/**
 * What every request passes before a route sees it: the same for routes that exist and for those that do not. Who may connect
 * to the unix socket is let in; but a browser that is led to it (`ssh -L`) may be led by a page from elsewhere.
 */
export function createGate({ access, passwords, rules, allowedHosts, corsOrigins }: GateDeps) {
  const rate = createRequestRate(
    () => rules().rate,
    () => performance.now(),
  );
  const logins = createBasicAuth({ users: () => rules().users, passwords });

  async function mustBeKnown(request: IncomingMessage): Promise<void> {
    if (rules().users.size === 0 || access.hasToken(request)) return;
    const given = basicCredentials(request.headers.authorization);
    if (given !== undefined && (await logins.isRight(given, request))) return;
    throw new HttpProblem(401, 'Use a user of basic_auth_users (--web.config.file), or a token.', {
      'www-authenticate': challenge,
    });
  }
  return {
    /**
     * @param anyHost whether the answer is nothing that a page elsewhere could misuse
     * @throws HttpProblem
     */
    async admit(request: IncomingMessage, anyHost: boolean): Promise<void> {
      mustBeClear(request);
      if (access.isTrusted(request)) {
        mustNotBeLured(request, allowedHosts());
        return;
      }
      const seconds = rate.take();
      if (seconds !== undefined) {
        throw new HttpProblem(429, 'More requests than rate_limit (--web.config.file) allows: ask again later.', {
          'retry-after': String(seconds),
        });
      }
      await mustBeKnown(request);
      if (!anyHost && !isServedHost(askedHost(request), allowedHosts())) {
        throw new HttpProblem(421, 'Use an address or localhost, or add the name to web.allowed_hosts.');
      }
      if (!anyHost) access.mustBeValid(request);
      if (!corsOrigins().includes(request.headers.origin ?? '')) mustNotBeForeign(request, allowedHosts());
    },
  };
}

/** Node takes the first of several hosts, a proxy before us may have taken the last (RFC 9112, 3.2); and it takes HTTP/0.9. */
function mustBeClear({ rawHeaders, httpVersion }: IncomingMessage): void {
  if (!httpVersion.startsWith('1.')) throw new HttpProblem(400, 'Use HTTP/1.1.');
  const hosts = rawHeaders.filter((name, i) => i % 2 === 0 && name.toLowerCase() === 'host');
  if (hosts.length > 1) throw new HttpProblem(400, 'The request has more than one Host header.');
}

/** A target with a host in it wins over the header, which may say anything then (RFC 9112, 3.2.2). */
function askedHost({ url = '', headers }: IncomingMessage): string | undefined {
  if (url.startsWith('/')) return headers.host;
  return URL.canParse(url) ? new URL(url).host : undefined;
}

/** A name without a dot is nobody's on the internet: programs may write what they like there. */
function mustNotBeLured(request: IncomingMessage, allowedHosts: readonly string[]): void {
  const host = askedHost(request);
  if (hostNameOf(host)?.includes('.') && !isServedHost(host, allowedHosts)) {
    throw new HttpProblem(421, 'Use localhost as the host, or add the name to web.allowed_hosts.');
  }
  mustNotBeForeign(request, allowedHosts);
}

/**
 * A browser sends along what it knows (a password, a client certificate), whichever page made it ask: what changes
 * something is taken from our own page only. Programs send neither of the two headers.
 */
function mustNotBeForeign({ method = '', headers }: IncomingMessage, allowedHosts: readonly string[]): void {
  if (/^(GET|HEAD|OPTIONS)$/.test(method)) return;
  const { origin, host, 'sec-fetch-site': site } = headers;
  if (site === 'same-origin' || site === 'none') return;
  if (site === undefined && origin === undefined) return;
  if (site === undefined && isOwnOrigin(origin ?? '', host, allowedHosts)) return;
  throw new HttpProblem(403, 'A page from elsewhere may not change anything here.');
}
function isOwnOrigin(origin: string, host: string | undefined, allowedHosts: readonly string[]): boolean {
  if (!URL.canParse(origin)) return false;
  const { host: full } = new URL(origin);
  // another port of this host is somewhere else; behind a proxy that has a name of its own only the name can be known
  const name = hostNameOf(full);
  return (
    full === host?.toLowerCase() ||
    (name !== hostNameOf(host) && allowedHosts.some((each) => each.toLowerCase() === name))
  );
}

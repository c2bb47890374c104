import type { IncomingMessage, RequestOptions } from 'node:http';
import { AgentError } from '../model/errors.ts';
import type { Http, HttpAnswer } from '../ports.ts';

const MAX_BODY_BYTES = 4 * 1024;
/** Why no answer came, in words that carry no address: Node's own messages do. */
const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  EPIPE: 'connection closed while sending',
  EHOSTUNREACH: 'host unreachable',
  ENETUNREACH: 'network unreachable',
  ETIMEDOUT: 'connection timed out',
  ENOTFOUND: 'host name not found',
  EAI_AGAIN: 'host name could not be looked up now',
  CERT_HAS_EXPIRED: 'the certificate has expired',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'the certificate is self-signed',
  SELF_SIGNED_CERT_IN_CHAIN: 'the certificate chain is self-signed',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'the certificate is of an unknown authority',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'the certificate is of an unknown authority',
  ERR_TLS_CERT_ALTNAME_INVALID: 'the certificate is for another host',
  ERR_PROXY_TUNNEL: 'the proxy did not let the connection through',
};

/** Where proxies are named: `http_proxy`, `https_proxy`, `no_proxy` and the same in capitals. */
type Environment = Readonly<Record<string, string | undefined>>;

/**
 * node:http itself: it follows no redirect, each request has a connection of its own, and certificates are verified
 * whatever the environment says (`NODE_TLS_REJECT_UNAUTHORIZED`).
 */
export function createHttp(environment: Environment = process.env): Http {
  return { post: (url, headers, body, options) => post(url, headers, body, { ...options, environment }) };
}

/**
 * What the environment says of proxies, for node: it would pass over one that it cannot use and connect directly.
 * @throws AgentError DELIVERY for an address that is none of a proxy over http or https
 */
function proxiesOf(environment: Environment, scheme: 'http' | 'https'): Record<string, string> {
  const find = (name: string): string => environment[name] || environment[name.toUpperCase()] || '';
  const named = find(`${scheme}_proxy`);
  if (named === '') return {};
  const proxy = named.includes('://') ? named : `http://${named}`;
  if (!URL.canParse(proxy) || !/^https?:$/.test(new URL(proxy).protocol)) {
    throw undelivered('EINVAL', 'the proxy that the environment names is not an http or https address');
  }
  return { [`${scheme}_proxy`]: proxy, no_proxy: find('no_proxy') };
}

async function post(
  url: string,
  headers: Readonly<Record<string, string>>,
  body: string,
  options: { readonly timeoutMs: number; readonly signal: AbortSignal; readonly environment: Environment },
): Promise<HttpAnswer> {
  const target = URL.canParse(url) ? new URL(url) : undefined;
  if (target === undefined || !/^https?:$/.test(target.protocol)) {
    throw undelivered('EINVAL', 'not an http or https address');
  }
  const scheme = target.protocol === 'https:' ? 'https' : 'http';
  const proxyEnv = proxiesOf(options.environment, scheme);
  const timeout = AbortSignal.timeout(options.timeoutMs);
  const signal = AbortSignal.any([options.signal, timeout]);
  const payload = Buffer.from(body, 'utf8');
  try {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    // not by import: the module's named exports would load undici, 10 MB for nothing
    const { Agent, request: send } = process.getBuiltinModule(scheme === 'https' ? 'node:https' : 'node:http');
    const how: RequestOptions & { rejectUnauthorized: true } = {
      method: 'POST',
      agent: new Agent({ keepAlive: false, proxyEnv, rejectUnauthorized: true }),
      rejectUnauthorized: true,
      signal,
      // while a tunnel through a proxy is made, the request has no socket that the signal could end: this ends it
      timeout: options.timeoutMs,
      headers: { ...headers, 'content-length': payload.length },
    };
    const request = send(target, how, resolve);
    // stays for as long as the body is read: a late reset must not become an uncaught error
    request.on('error', reject);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    request.end(payload);
    const response = await promise;
    const text = await readStart(response);
    request.destroy();
    return { status: response.statusCode ?? 0, headers: plain(response), body: text };
  } catch (error) {
    if (options.signal.aborted) throw undelivered('ECANCELED', 'cancelled');
    if (timeout.aborted) throw undelivered('ETIMEDOUT', `no answer within ${options.timeoutMs / 1000} s`);
    const code = codeOf(error);
    throw undelivered(code, REASONS[code] ?? `no answer (${code})`);
  }
}

/** The first 4 KiB; the rest is not waited for. */
async function readStart(response: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let held = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    parts.push(chunk);
    held += chunk.length;
    if (held >= MAX_BODY_BYTES) break;
  }
  return Buffer.concat(parts).subarray(0, MAX_BODY_BYTES).toString('utf8');
}
function plain({ headers }: IncomingMessage): Record<string, string> {
  const pairs = Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : value]);
  return Object.fromEntries(pairs.filter(([, value]) => value !== undefined));
}
/** Without the cause: it names the address. */
function undelivered(errno: string, reason: string): AgentError {
  return new AgentError('DELIVERY', reason, { context: { errno } });
}
function codeOf(error: unknown): string {
  if (error instanceof AggregateError) return codeOf(error.errors[0]);
  if (typeof error !== 'object' || error === null || !('code' in error)) return 'EIO';
  return typeof error.code === 'string' && /^[A-Z0-9_]+$/.test(error.code) ? error.code : 'EIO';
}

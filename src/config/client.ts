import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { errnoOf } from '../model/errors.ts';
import { clientSecrets, environmentName } from './flags.ts';
import { type Environment, readSecret } from './secrets.ts';

/** Where a command looks for the agent. */
export type ClientSettings =
  /** `path` is absent where the configuration is to say it */
  | { readonly kind: 'socket'; readonly path?: string }
  | {
      readonly kind: 'address';
      /** without user, query and fragment; its path ends with "/" */
      readonly url: URL;
      /** value of the header */
      readonly authorization?: string;
      /** PEM */
      readonly ca?: string;
      readonly cert?: string;
      readonly key?: string;
      /** what is allowed and unwise, one sentence each */
      readonly warnings: readonly string[];
    };

type Flags = Readonly<Record<string, readonly string[]>>;
type Read = { readonly client: ClientSettings } | { readonly problem: string };

const credentials = ['token-file', 'login-file'] as const;
const certificates = ['ca-file', 'cert-file', 'key-file'] as const;

/** Flags win over the environment: of a place that both name, what the other of the two says is passed over. */
export async function readClient(flags: Flags, environment: Environment): Promise<Read> {
  const given = (name: string): string | undefined =>
    flags[name]?.at(-1) ?? (environment[environmentName(name)] || undefined);
  const isFlag = (name: string): boolean => flags[name] !== undefined;
  if (isFlag('agent') && isFlag('socket')) return { problem: '--agent and --socket exclude each other: keep one' };
  const address = isFlag('socket') ? undefined : given('agent');
  if (address === undefined) {
    const forAddresses = [...credentials, ...certificates].find(isFlag);
    if (forAddresses !== undefined) return { problem: `--${forAddresses} goes with --agent: name the address too` };
    const path = given('socket');
    return { client: { kind: 'socket', ...(path === undefined ? {} : { path }) } };
  }
  const url = addressOf(address);
  if (typeof url === 'string') return { problem: url };
  try {
    const warnings: string[] = [];
    const authorization = await authorizationOf(given, environment, warnings);
    const [ca, cert, key] = await Promise.all(certificates.map((name) => pemOf(name, given(name))));
    if ((cert === undefined) !== (key === undefined)) {
      throw new Unusable('--cert-file and --key-file go together: name both');
    }
    if (ca !== undefined && isUnreadable(() => new X509Certificate(ca))) {
      throw new Unusable('--ca-file holds no certificate that can be read');
    }
    if (cert !== undefined && key !== undefined) checkPair(cert, key);
    if (authorization !== undefined && url.protocol === 'http:' && !isLoopback(url.hostname)) {
      warnings.push(`${url.host} is asked without TLS: everybody on the way can read the token or password: use https`);
    }
    return {
      client: {
        kind: 'address',
        url,
        warnings,
        ...(authorization === undefined ? {} : { authorization }),
        ...(ca === undefined ? {} : { ca }),
        ...(cert === undefined || key === undefined ? {} : { cert, key }),
      },
    };
  } catch (error) {
    if (error instanceof Unusable) return { problem: error.message };
    throw error;
  }
}

/** Its message says what to do, and holds no secret. */
class Unusable extends Error {}

/** The URL, or what is wrong with it; user names and passwords in it are not repeated. */
function addressOf(text: string): URL | string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.host === '') {
    return '--agent is no http or https URL such as https://db07:9915';
  }
  if (url.username !== '' || url.password !== '') {
    return '--agent holds a user name or password, which others could see: use --login-file or --token-file';
  }
  if (url.search !== '' || url.hash !== '') return '--agent ends with a query or fragment: leave it out';
  if (!url.pathname.endsWith('/')) url.pathname += '/';
  return url;
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || /^127(\.\d+){3}$/.test(host);
}

async function authorizationOf(
  given: (name: string) => string | undefined,
  environment: Environment,
  warnings: string[],
): Promise<string | undefined> {
  const token = await secretOf('token-file', given, environment[clientSecrets.token], environment, warnings);
  const login = await secretOf('login-file', given, environment[clientSecrets.login], environment, warnings);
  if (token !== undefined && login !== undefined) {
    throw new Unusable('a token and a login are given: keep the token, which lets in wherever the login does');
  }
  if (token !== undefined) {
    if (!/^[\x21-\x7e]+$/.test(token)) throw new Unusable('the token is not one word of visible characters');
    return `Bearer ${token}`;
  }
  if (login === undefined) return undefined;
  if (!/^[^:]+:./.test(login)) throw new Unusable('the login is not NAME:PASSWORD');
  return `Basic ${Buffer.from(login, 'utf8').toString('base64')}`;
}

async function secretOf(
  name: (typeof credentials)[number],
  given: (name: string) => string | undefined,
  value: string | undefined,
  environment: Environment,
  warnings: string[],
): Promise<string | undefined> {
  const file = given(name);
  if (file === undefined) return value?.trimEnd() || undefined;
  const read = await readSecret(file, environment);
  if ('wrong' in read) throw new Unusable(`--${name}: ${file} ${read.wrong}`);
  if (read.warning !== undefined) warnings.push(read.warning);
  return read.value;
}

function checkPair(cert: string, key: string): void {
  if (isUnreadable(() => new X509Certificate(cert))) {
    throw new Unusable('--cert-file holds no certificate that can be read');
  }
  if (isUnreadable(() => createPrivateKey(key))) {
    throw new Unusable('--key-file holds no key that can be read, or one with a passphrase');
  }
  if (!new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))) {
    throw new Unusable('--key-file: the key is not that of the certificate');
  }
}
function isUnreadable(read: () => unknown): boolean {
  try {
    read();
    return false;
  } catch {
    // why, OpenSSL says in words that help nobody
    return true;
  }
}

async function pemOf(name: string, file: string | undefined): Promise<string | undefined> {
  if (file === undefined) return undefined;
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw new Unusable(`--${name}: ${file} cannot be read (${errnoOf(error) ?? 'unknown error'})`);
  }
  if (!text.includes('-----BEGIN ')) throw new Unusable(`--${name}: ${file} is not PEM (-----BEGIN …-----)`);
  return text;
}

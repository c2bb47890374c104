/** Secrets of receivers: read from files and environment variables, never repeated in what is said of them. */
import { readFile, stat } from 'node:fs/promises';
import { errnoOf } from '../model/errors.ts';
import { isHeaderValue, isHttpUrl } from './receiver-keys.ts';
import { type Problem, pathText, type ReceiverConfig, type SecretSource } from './schema.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** A receiver with its secrets read; each instance of a cluster is one. */
export interface Receiver extends Omit<ReceiverConfig, 'urls' | 'isCluster'> {
  readonly url: string;
  /** as it stands in its file: signing keys one a line, the newest first, without an end of line after the last */
  readonly secret?: string;
}

interface Secrets {
  readonly url?: string;
  readonly secret?: string;
  readonly headers: Readonly<Record<string, string>>;
}

const largestSecret = 64 * 1024;
const credentials = /^\$CREDENTIALS_DIRECTORY(?=\/)/;
const defaultUrls: Partial<Record<ReceiverConfig['type'], string>> = {
  pagerduty: 'https://events.pagerduty.com/v2/enqueue',
};

export async function readSecrets(
  sources: readonly SecretSource[],
  environment: Environment,
  warnings: string[],
): Promise<{ readonly problems: readonly Problem[]; of(receiver: number): Secrets }> {
  const problems: Problem[] = [];
  const values = new Map<number, Secrets>();
  for (const source of sources) {
    const { receiver, key, header, position } = source;
    const path = pathText(['receivers', receiver, key, ...(header === undefined ? [] : [header])]);
    const read = key.endsWith('_env')
      ? readVariable(source.source, environment)
      : await readSecret(source.source, environment);
    const wrong = 'wrong' in read ? read.wrong : wrongIn(read.value, source);
    if (wrong !== undefined) problems.push({ path, ...position, message: `${source.source} ${wrong}` });
    else if ('value' in read) values.set(receiver, withSecret(values.get(receiver), source, read.value));
    if ('warning' in read && read.warning !== undefined) warnings.push(read.warning);
    if (source.type === 'pagerduty' && isSecretKey(key) && 'value' in read && read.value.length !== 32) {
      warnings.push(`${path}: ${source.source} does not hold 32 characters, as integration keys of PagerDuty have`);
    }
  }
  return { problems, of: (receiver) => values.get(receiver) ?? { headers: {} } };
}

function isSecretKey(key: SecretSource['key']): boolean {
  return key === 'secret_file' || key === 'secret_env';
}
function withSecret(before: Secrets = { headers: {} }, { key, header }: SecretSource, value: string): Secrets {
  if (header !== undefined) return { ...before, headers: { ...before.headers, [header]: value } };
  return isSecretKey(key) ? { ...before, secret: value } : { ...before, url: value };
}

/** Completes "FILE …"; never holds what the file says. */
function wrongIn(value: string, { key, type }: SecretSource): string | undefined {
  if (key === 'header_files') return isHeaderValue(value) ? undefined : 'does not hold a header value on one line';
  if (!isSecretKey(key)) {
    return isHttpUrl(value) ? undefined : 'does not hold an http or https URL without user name and password';
  }
  if (type === 'pagerduty') {
    return /^[\x21-\x7e]{1,255}$/.test(value) ? undefined : 'does not hold one integration key and nothing else';
  }
  if (value.split(/\r?\n/).every(isSigningKey)) return undefined;
  return 'does not hold "whsec_" and 24 to 64 bytes in base64, one key a line';
}

/** Standard Webhooks, specification 1.0.0: the prefix may be missing. */
function isSigningKey(line: string): boolean {
  const base64 = /^(?:whsec_)?([A-Za-z0-9+/]{32,}={0,2})$/.exec(line)?.[1];
  if (base64 === undefined) return false;
  const { length } = Buffer.from(base64, 'base64');
  return length >= 24 && length <= 64;
}

/** Of secrets that stand in the configuration file itself, where more people read them than a secret has. */
export function openSecrets(receivers: readonly ReceiverConfig[]): string[] {
  return receivers.flatMap(({ type, urls, headers }, i) => {
    const secret = Object.keys(headers).filter((header) => /authorization|cookie|token|secret|key/i.test(header));
    return [
      ...(type === 'slack' && urls.length > 0
        ? [`receivers[${i}].url: the address of a Slack webhook is its secret: keep it in a file of its own (url_file)`]
        : []),
      ...secret.map((name) => `receivers[${i}].headers.${name}: keep a secret in a file of its own (header_files)`),
    ];
  });
}

/** @param secrets of everything that the receiver names: one that could not be read has ended the start */
export function instancesOf(
  { urls, isCluster, ...receiver }: ReceiverConfig,
  { url, secret, headers }: Secrets,
): Receiver[] {
  const addresses = [...urls, url ?? defaultUrls[receiver.type]].filter((each) => each !== undefined);
  const one = {
    ...receiver,
    headers: { ...receiver.headers, ...headers },
    ...(secret === undefined ? {} : { secret }),
  };
  if (isCluster) return urls.map((address, i) => ({ ...one, name: `${one.name}-${i + 1}`, url: address }));
  if (addresses[0] === undefined) throw new Error(`receiver ${one.name} has passed the checks without a URL`);
  return [{ ...one, url: addresses[0] }];
}

type SecretRead =
  | { readonly value: string; readonly warning?: string }
  /** completes "FILE …"; never holds what the file says */
  | { readonly wrong: string };

function readVariable(name: string, environment: Environment): SecretRead {
  const value = (environment[name] ?? '').trimEnd();
  return value === '' ? { wrong: 'is not set in the environment' } : { value };
}

/** Reads a file that holds a secret. Its group may read it, as a service's files are kept; others may not. */
export async function readSecret(named: string, environment: Environment): Promise<SecretRead> {
  const folder = environment['CREDENTIALS_DIRECTORY'];
  if (credentials.test(named) && folder === undefined) {
    return { wrong: 'cannot be read: the variable is not set (see LoadCredential= of systemd)' };
  }
  const file = named.replace(credentials, () => folder ?? '');
  try {
    const found = await stat(file);
    if (!found.isFile()) return { wrong: 'is not a regular file' };
    if (found.size > largestSecret) return { wrong: `is larger than ${largestSecret} bytes` };
    const value = (await readFile(file, 'utf8')).trimEnd();
    if (value === '') return { wrong: 'is empty: write the secret into it' };
    const mode = found.mode & 0o777;
    if ((mode & 0o027) === 0) return { value };
    return {
      value,
      warning: `${file} can be ${(mode & 0o007) === 0 ? 'changed by its group' : 'used by everyone'} (mode ${mode.toString(8).padStart(4, '0')}): chmod 640 ${file}`,
    };
  } catch (error) {
    return { wrong: `cannot be read (${errnoOf(error) ?? 'unknown error'})` };
  }
}

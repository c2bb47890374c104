/** Configuration, web configuration and environment for a bug report, and the secrets that must be nowhere in it. */
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { errnoOf } from '../model/errors.ts';
import { clientSecrets } from './flags.ts';
import { type RedactedFile, redactedConfig, redactedEnvironment, redactedWebConfig } from './redacted.ts';
import { parseConfig } from './schema.ts';
import { type Environment, readSecrets } from './secrets.ts';
import { parseWebConfig } from './web-config.ts';

type Described = { readonly name: string } & (
  | { readonly file: Omit<RedactedFile, 'hidden'> }
  | { readonly unread: string }
);
export interface DescribedSettings {
  readonly config: Described;
  /** absent where none is named */
  readonly webConfig?: Described;
  readonly environment: Readonly<Record<string, string>>;
  /** secrets as far as this user can read them: values of keys, files and variables */
  readonly secrets: readonly string[];
}

/** Nothing that is wrong with the files keeps the rest back. */
export async function describeFiles(
  configFile: string,
  webFile: string | undefined,
  environment: Environment,
): Promise<DescribedSettings> {
  const ours = redactedEnvironment(environment);
  const secrets = new Set<string>(ours.hidden);
  for (const name of Object.values(clientSecrets)) secrets.add(environment[name] ?? '');
  const config = await described(configFile, redactedConfig, secrets, async (text) => {
    const { secretSources } = parseConfig(text);
    for (const { key, source } of secretSources) if (key.endsWith('_env')) secrets.add(environment[source] ?? '');
    const read = await readSecrets(secretSources, environment, []);
    for (const { receiver } of secretSources) {
      const { url = '', secret = '', headers } = read.of(receiver);
      for (const each of [url, ...secret.split(/\s+/), ...Object.values(headers)]) secrets.add(each);
    }
  });
  const webConfig =
    webFile === undefined
      ? undefined
      : await described(webFile, redactedWebConfig, secrets, async (text) => {
          const parsed = parseWebConfig(text);
          if ('problems' in parsed) return;
          const key = parsed.named.find((each) => each.key === 'key_file');
          if (key !== undefined)
            secrets.add(await readFile(resolve(dirname(webFile), key.file), 'utf8').catch(() => ''));
        });
  return {
    config,
    ...(webConfig === undefined ? {} : { webConfig }),
    environment: ours.shown,
    secrets: [...secrets].flatMap(piecesOf),
  };
}

async function described(
  name: string,
  redact: (text: string) => RedactedFile,
  secrets: Set<string>,
  look: (text: string) => Promise<void>,
): Promise<Described> {
  try {
    const text = await readFile(name, 'utf8');
    const { hidden, ...file } = redact(text);
    for (const each of hidden) secrets.add(each);
    await look(text);
    return { name, file };
  } catch (error) {
    return { name, unread: errnoOf(error) ?? 'unknown error' };
  }
}

/** Shorter ones are words that stand beside a secret. */
const LEAST_PIECE = 10;

/** A secret, and what of it would do: the lines of a key, the words of a header, the parts of an address. */
function piecesOf(secret: string): string[] {
  const pieces = [...secret.split(/[\s,]+/), ...secret.split(/[\s,;/?&=#@:"'()]+/), secret.replace(/^whsec_/, '')];
  return [secret, ...pieces.filter((piece) => piece.length >= LEAST_PIECE)];
}

import { readFile, stat } from 'node:fs/promises';
import { errnoOf } from '../model/errors.ts';
import { parseListenAddress, type TcpAddress } from '../model/listen-address.ts';
import { nearest } from '../model/nearest.ts';
import type { WebRules } from '../model/web-rules.ts';
import { agentFlags, configFlag, environmentKeys, environmentName, type SettingFlag } from './flags.ts';
import { isHttpUrl } from './keys.ts';
import {
  type Config,
  defaultConfig,
  inFileOrder,
  type Override,
  type Problem,
  parseConfig,
  pathText,
  problemText,
  type ReceiverConfig,
  type SecretFile,
} from './schema.ts';
import { loadWebRules } from './web-file.ts';

export interface PathRoots {
  readonly sysfs: string;
  readonly procfs: string;
  readonly rootfs: string;
  readonly dev: string;
}
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** A receiver with its secrets read. */
export interface Receiver extends ReceiverConfig {
  readonly url: string;
  /** signing keys as they stand in `secret_file`: one a line, the newest first, without an end of line after the last */
  readonly secret?: string;
}

/** Everything the process was told, from all four places. */
export interface Settings {
  /** the file that was read; absent when the default one does not exist */
  readonly configFile?: string;
  readonly config: Config;
  readonly receivers: readonly Receiver[];
  readonly listen: readonly TcpAddress[];
  readonly telemetryPath: string;
  /** what `--web.config.file` says */
  readonly webRules: WebRules;
  /** that file and those it names */
  readonly webFiles: readonly string[];
  readonly roots: PathRoots;
  readonly stateFile: string;
  readonly log: { readonly level: LogLevel; readonly format: 'json' | 'pretty' };
  /** what is allowed and unwise, one sentence each */
  readonly warnings: readonly string[];
}
/** What is read again when it changes. */
export function filesOf({ configFile, webFiles }: Settings): readonly string[] {
  return [...(configFile === undefined ? [] : [configFile]), ...webFiles];
}
export type Loaded = { readonly settings: Settings } | { readonly problems: readonly string[] };

/** Flags as given, by name without dashes; a flag that was not given is absent. */
export type FlagValues = Readonly<Record<string, readonly string[]>>;
export type Environment = Readonly<Record<string, string | undefined>>;

export interface LoadOptions {
  readonly isTerminal: boolean;
  readonly environment?: Environment;
  /** for commands that can do without: a default file that this user may not read is passed over with a warning */
  readonly defaultFileOptional?: boolean;
  /** the file that is read when none is named, and may be missing */
  readonly defaultFile?: string;
}

const largestFile = 1024 * 1024;
const largestSecret = 64 * 1024;

/** Flags win over environment over file over defaults. Reads the configuration file and the secrets it names. */
export async function loadSettings(flags: FlagValues, options: LoadOptions): Promise<Loaded> {
  const environment = options.environment ?? process.env;
  const problems: string[] = [];
  const warnings = unknownVariables(environment);
  const given = givenBy(flags, environment);
  const setting = (name: string): readonly string[] => given(name) ?? [defaultOf(name)];
  const one = (name: string): string => setting(name).at(-1) ?? '';

  const listen = setting('web.listen-address').flatMap((text) => {
    const address = parseListenAddress(text);
    if (address?.kind === 'tcp') return address;
    problems.push(`--web.listen-address: ${text} is not HOST:PORT, [IPV6]:PORT or :PORT`);
    return [];
  });
  // commands listen to nobody, and may not be allowed to read the key
  const web = await loadWebRules(options.defaultFileOptional === true ? '' : one('web.config.file'));
  if ('problems' in web) problems.push(...web.problems);
  else warnings.push(...web.warnings);
  const telemetryPath = one('web.telemetry-path');
  if (!/^\/[A-Za-z0-9._~/-]+$/.test(telemetryPath)) {
    problems.push(`--web.telemetry-path: ${telemetryPath} is not a path such as /metrics`);
  }
  const roots = rootsFrom(one, problems);
  const level = one('log.level');
  if (!isLogLevel(level)) problems.push(`--log.level: ${level} is not one of ${logLevels.join(', ')}`);
  const format = one('log.format') || (options.isTerminal ? 'pretty' : 'json');
  if (format !== 'json' && format !== 'pretty') problems.push(`--log.format: ${format} is not json or pretty`);

  const file = await readConfigFile(given('config')?.at(-1), options);
  if ('wrong' in file) return { problems: [...problems, file.wrong] };
  if (file.warning !== undefined) warnings.push(file.warning);
  const parsed = parseConfig(file.text, overridesFrom(environment));
  const secrets = await readSecrets(parsed.secretFiles, warnings);
  const wrong = inFileOrder([...('problems' in parsed ? parsed.problems : []), ...secrets.problems]);
  problems.push(...wrong.map((problem) => problemText(file.name ?? 'environment', problem)));
  if (problems.length > 0 || 'problems' in parsed) return { problems };
  if ('problems' in web) return { problems: web.problems };
  const { user } = parsed.config.agent;
  if (user !== defaultConfig().agent.user && !(await mayRunAs(user))) {
    warnings.push(`agent.user: ${user} is no user of this host other than root: the agent runs as nobody`);
  }
  return {
    settings: Object.freeze({
      ...(file.name === undefined ? {} : { configFile: file.name }),
      config: parsed.config,
      receivers: parsed.config.receivers.map((receiver, i) => withSecrets(receiver, secrets.of(i))),
      listen,
      telemetryPath,
      webRules: web.rules,
      webFiles: web.files,
      roots,
      stateFile: one('state.file'),
      log: { level: level as LogLevel, format: format as 'json' | 'pretty' },
      warnings,
    }),
  };
}

/** The `--path.*` settings alone, for commands that read no configuration file. */
export function loadRoots(
  flags: FlagValues,
  environment: Environment = process.env,
): { readonly roots: PathRoots; readonly warnings: readonly string[] } | { readonly problem: string } {
  const given = givenBy(flags, environment);
  const problems: string[] = [];
  const roots = rootsFrom((name) => given(name)?.at(-1) ?? defaultOf(name), problems);
  return problems[0] === undefined ? { roots, warnings: unknownVariables(environment) } : { problem: problems[0] };
}

function rootsFrom(one: (name: string) => string, problems: string[]): PathRoots {
  const roots = { sysfs: '', procfs: '', rootfs: '', dev: '' };
  for (const root of Object.keys(roots) as (keyof PathRoots)[]) {
    roots[root] = one(`path.${root}`);
    if (!roots[root].startsWith('/')) problems.push(`--path.${root}: ${roots[root]} is not an absolute path`);
  }
  return roots;
}

/** What a flag, or the variable of its name, says; undefined when neither does. */
function givenBy(flags: FlagValues, environment: Environment): (name: string) => readonly string[] | undefined {
  return (name) => {
    const variable = environment[environmentName(name)];
    const fromVariable = variable === undefined || variable === '' ? undefined : variable;
    return flags[name] ?? (fromVariable === undefined ? undefined : list(fromVariable, flagOf(name).repeatable));
  };
}
function defaultOf(name: string): string {
  return flagOf(name).default;
}
function flagOf(name: string): SettingFlag {
  return agentFlags.find((each) => each.name === name) as SettingFlag;
}

/** Whether output may be coloured: on a terminal, unless NO_COLOR (no-color.org) or TERM=dumb asks for none. */
export function wantsColor(isTerminal: boolean, environment: Environment = process.env): boolean {
  return isTerminal && (environment['NO_COLOR'] ?? '') === '' && environment['TERM'] !== 'dumb';
}

const logLevels = ['debug', 'info', 'warn', 'error'] as const;
function isLogLevel(value: string): value is LogLevel {
  return logLevels.some((level) => level === value);
}

type FileText =
  | { readonly text: string; readonly name?: string; readonly warning?: string }
  | { readonly wrong: string };

async function readConfigFile(explicit: string | undefined, options: LoadOptions): Promise<FileText> {
  const name = explicit ?? options.defaultFile ?? configFlag.default;
  try {
    const found = await stat(name);
    if (!found.isFile()) return { wrong: `${name}: is not a regular file: name a YAML file` };
    if (found.size > largestFile) return { wrong: `${name}: is larger than 1 MiB: name a configuration file` };
    const text = new TextDecoder('utf-8', { fatal: true }).decode(await readFile(name));
    return { text, name };
  } catch (error) {
    const errno = errnoOf(error);
    if (explicit === undefined && errno === 'ENOENT') return { text: '' };
    if (explicit === undefined && options.defaultFileOptional === true)
      return { text: '', warning: `${name} cannot be read (${errno}): not used` };
    if (errno === 'ENOENT') return { wrong: `${name}: does not exist: name a file that does` };
    if (error instanceof TypeError) return { wrong: `${name}: is not text (UTF-8): write it anew` };
    return { wrong: `${name}: cannot be read (${errno ?? 'unknown error'}): give its reader access` };
  }
}

type Secrets = Partial<Record<SecretFile['key'], string>>;

async function readSecrets(
  files: readonly SecretFile[],
  warnings: string[],
): Promise<{ readonly problems: readonly Problem[]; of(receiver: number): Secrets }> {
  const problems: Problem[] = [];
  const values = new Map<number, Secrets>();
  for (const { receiver, key, file, position } of files) {
    const read = await readSecret(file);
    const wrong = 'wrong' in read ? read.wrong : wrongIn(read.value, key);
    if (wrong !== undefined) {
      problems.push({ path: pathText(['receivers', receiver, key]), ...position, message: `${file} ${wrong}` });
    } else if ('value' in read) values.set(receiver, { ...values.get(receiver), [key]: read.value });
    if ('warning' in read && read.warning !== undefined) warnings.push(read.warning);
  }
  return { problems, of: (receiver) => values.get(receiver) ?? {} };
}

function wrongIn(value: string, key: SecretFile['key']): string | undefined {
  if (key === 'secret_file') {
    if (value.split(/\r?\n/).every(isSigningKey)) return undefined;
    return 'does not hold "whsec_" and 24 to 64 bytes in base64, one key a line';
  }
  return isHttpUrl(value) ? undefined : 'does not hold an http or https URL without user name and password';
}

/** @param secrets of every file that the receiver names: one that could not be read has ended the start */
function withSecrets(receiver: ReceiverConfig, { url_file, secret_file }: Secrets): Receiver {
  const url = receiver.url ?? url_file;
  if (url === undefined) throw new Error(`receiver ${receiver.name} has passed the checks without a URL`);
  return { ...receiver, url, ...(secret_file === undefined ? {} : { secret: secret_file }) };
}

/** Whether /etc/passwd has an account of this name without the rights of root, as the agent looks for it. */
async function mayRunAs(user: string): Promise<boolean> {
  const accounts = await readFile('/etc/passwd', 'utf8').catch(() => '');
  return accounts.split('\n').some((line) => {
    const [name, , uid, gid] = line.split(':');
    return name === user && Number(uid) > 0 && Number(gid) > 0;
  });
}

/** Standard Webhooks, specification 1.0.0: the prefix may be missing. */
function isSigningKey(line: string): boolean {
  const base64 = /^(?:whsec_)?([A-Za-z0-9+/]{32,}={0,2})$/.exec(line)?.[1];
  if (base64 === undefined) return false;
  const { length } = Buffer.from(base64, 'base64');
  return length >= 24 && length <= 64;
}

type SecretRead =
  | { readonly value: string; readonly warning?: string }
  /** completes "FILE …"; never holds what the file says */
  | { readonly wrong: string };

/** Reads a file that holds a secret. Its group may read it, as a service's files are kept; others may not. */
async function readSecret(file: string): Promise<SecretRead> {
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

function overridesFrom(environment: Environment): Override[] {
  return environmentKeys.flatMap(({ variable, path, list: isList }) => {
    const text = environment[variable];
    if (text === undefined || text === '') return [];
    const value = isList ? list(text, true) : /^\d+$/.test(text) ? Number(text) : text;
    return [{ path, value, source: variable }];
  });
}

function list(text: string, repeatable: boolean | undefined): string[] {
  return repeatable === true ? text.split(',').map((item) => item.trim()) : [text];
}

/** Kubernetes adds variables for a service of this name (`PMEMWATCH_PORT_9915_TCP`): those are not ours to judge. */
const kubernetes = /^PMEMWATCH_(SERVICE_(HOST|PORT.*)|PORT(_\d+_(TCP|UDP)(_\w+)?)?)$/;

function unknownVariables(environment: Environment): string[] {
  const known = [...agentFlags.map(({ name }) => environmentName(name)), ...environmentKeys.map((key) => key.variable)];
  return Object.keys(environment)
    .filter((name) => name.startsWith('PMEMWATCH_') && !known.includes(name) && !kubernetes.test(name))
    .map((name) => {
      const meant = nearest(name, known);
      return `the environment variable ${name} means nothing${meant === undefined ? '' : `: did you mean ${meant}?`}`;
    });
}

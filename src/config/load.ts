import { readFile, stat } from 'node:fs/promises';
import { errnoOf } from '../model/errors.ts';
import { parseListenAddress, type TcpAddress } from '../model/listen-address.ts';
import { nearest } from '../model/nearest.ts';
import type { WebRules } from '../model/web-rules.ts';
import { type ClientSettings, readClient } from './client.ts';
import type { DescribedSettings } from './describe.ts';
import {
  agentFlags,
  clientFlags,
  clientSecrets,
  configFlag,
  environmentKeys,
  environmentName,
  type SettingFlag,
} from './flags.ts';
import type { Override } from './overrides.ts';
import { type Config, defaultConfig, inFileOrder, parseConfig, problemText } from './schema.ts';
import { type Environment, instancesOf, openSecrets, type Receiver, readSecrets } from './secrets.ts';
import { loadWebRules } from './web-file.ts';

export interface PathRoots {
  readonly sysfs: string;
  readonly procfs: string;
  readonly rootfs: string;
  readonly dev: string;
}
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

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
export type { Environment };

export interface LoadOptions {
  readonly isTerminal: boolean;
  readonly environment?: Environment;
  /** for commands that can do without: a default file that this user may not read is passed over with a warning */
  readonly defaultFileOptional?: boolean;
  /** the file that is read when none is named, and may be missing */
  readonly defaultFile?: string;
}

const largestFile = 1024 * 1024;

/** Flags win over environment over file over defaults. Reads the configuration file and the secrets it names. */
export async function loadSettings(flags: FlagValues, options: LoadOptions): Promise<Loaded> {
  const environment = options.environment ?? process.env;
  const problems: string[] = [];
  const warnings: string[] = [];
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
  const secrets = await readSecrets(parsed.secretSources, environment, warnings);
  const named = parsed.secretSources.map(({ source }) => source);
  warnings.unshift(
    ...unknownVariables(environment)
      .filter(({ name }) => !named.includes(name))
      .map(({ text }) => text),
  );
  const wrong = inFileOrder([...('problems' in parsed ? parsed.problems : []), ...secrets.problems]);
  problems.push(...wrong.map((problem) => problemText(file.name ?? 'environment', problem)));
  if (problems.length > 0 || 'problems' in parsed) return { problems };
  if ('problems' in web) return { problems: web.problems };
  warnings.push(...openSecrets(parsed.config.receivers));
  const { user } = parsed.config.agent;
  if (user !== defaultConfig().agent.user && !(await mayRunAs(user))) {
    warnings.push(`agent.user: ${user} is no user of this host other than root: the agent runs as nobody`);
  }
  return {
    settings: Object.freeze({
      ...(file.name === undefined ? {} : { configFile: file.name }),
      config: parsed.config,
      receivers: parsed.config.receivers.flatMap((receiver, i) => instancesOf(receiver, secrets.of(i))),
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
  if (problems[0] !== undefined) return { problem: problems[0] };
  return { roots, warnings: unknownVariables(environment).map(({ text }) => text) };
}

/** How a command reaches an agent, by its flags and the environment. */
export function loadClient(
  flags: FlagValues,
  environment: Environment = process.env,
): Promise<{ readonly client: ClientSettings } | { readonly problem: string }> {
  return readClient(flags, environment);
}

/** What a bug report says of all this; nothing of it is checked, and nothing secret is in it but `secrets`. */
export async function describeSettings(
  flags: FlagValues,
  environment: Environment = process.env,
): Promise<DescribedSettings> {
  const given = givenBy(flags, environment);
  const { describeFiles } = await import('./describe.ts');
  return describeFiles(given('config')?.at(-1) ?? configFlag.default, given('web.config.file')?.at(-1), environment);
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

/** Whether /etc/passwd has an account of this name without the rights of root, as the agent looks for it. */
async function mayRunAs(user: string): Promise<boolean> {
  const accounts = await readFile('/etc/passwd', 'utf8').catch(() => '');
  return accounts.split('\n').some((line) => {
    const [name, , uid, gid] = line.split(':');
    return name === user && Number(uid) > 0 && Number(gid) > 0;
  });
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

function unknownVariables(environment: Environment): { readonly name: string; readonly text: string }[] {
  const known = [
    ...[...agentFlags, ...clientFlags].map(({ name }) => environmentName(name)),
    ...Object.values(clientSecrets),
    ...environmentKeys.map((key) => key.variable),
  ];
  return Object.keys(environment)
    .filter((name) => name.startsWith('PMEMWATCH_') && !known.includes(name) && !kubernetes.test(name))
    .map((name) => {
      const meant = nearest(name, known);
      const hint = meant === undefined ? '' : `: did you mean ${meant}?`;
      return { name, text: `the environment variable ${name} means nothing${hint}` };
    });
}

import type { Condition, Severity } from '../model/incident.ts';
import type { AdvicePolicy } from '../model/replacement-advice.ts';
import type { Schedule } from '../model/schedule.ts';
import { checkValue, type Finding, isMapping, type KeyPath, withDefaults } from './check.ts';
import { parseCron } from './cron.ts';
import { crossCheck } from './cross-check.ts';
import { durationMs } from './fields.ts';
import { type ConfigFile, configSchema, type ReceiverEntry } from './keys.ts';
import { type Override, sourceOf, withOverrides } from './overrides.ts';
import { isSecretPath, isVariable } from './receiver-keys.ts';
import { type Position, parseYaml, type YamlReading } from './yaml.ts';

export type Redaction = 'full' | 'hash' | 'off';

export interface ReceiverConfig {
  readonly name: string;
  readonly type: ReceiverEntry['type'];
  /** several for the instances of a cluster; empty where a file, a variable or the type itself says it */
  readonly urls: readonly string[];
  /** whether they were given as the instances of a cluster, even if there is one */
  readonly isCluster: boolean;
  readonly headers: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly severities: readonly Severity[];
  readonly conditions: readonly Condition[];
  readonly paths: Redaction;
  readonly timeoutMs: number;
}

export interface TokenConfig {
  readonly name: string;
  readonly scope: 'read' | 'operate';
  /** `sha256:` and 64 hex digits */
  readonly hash: string;
}

/** What the program works with: defaults filled in, durations in milliseconds, frozen. */
export interface Config {
  readonly poll: {
    readonly badBlocksMs: number;
    readonly healthMs: number;
    readonly healthAlarmMs: number;
    readonly deviceDeadlineMs: number;
  };
  readonly resolve: { readonly deadlineMs: number; readonly walkRoots: readonly string[] };
  readonly notify: {
    readonly groupWaitMs: number;
    readonly remind: 'once' | 'daily' | 'diminishing';
    readonly retryForMs: number;
    readonly runbookUrl?: string;
    /** 0: none */
    readonly heartbeatMs: number;
  };
  readonly receivers: readonly ReceiverConfig[];
  readonly metrics: { readonly paths: Redaction; readonly damagedFiles: number };
  /** `socket` is absent when switched off */
  readonly scrub: {
    /** null: never by itself */
    readonly schedule: Schedule | null;
    readonly buses: Readonly<Record<string, Schedule | null>>;
    readonly jitterMs: number;
    readonly maxLoad: number;
    readonly deadlineMs: number;
    readonly overdueAfterMs: number;
    readonly afterError: boolean;
    /** null: left as it is */
    readonly errorScrub: boolean | null;
  };
  readonly api: { readonly socket?: string; readonly tokens: readonly TokenConfig[] };
  readonly advice: AdvicePolicy;
  readonly incidents: { readonly removedAfterMs: number };
  /** `externalUrl` has no slash at its end */
  readonly web: {
    readonly externalUrl?: string;
    readonly allowedHosts: readonly string[];
    readonly corsOrigins: readonly string[];
  };
  readonly agent: { readonly user: string };
  readonly retentionMs: number;
}

/** One mistake: where (`receivers[0].url`, line and column from 1, absent outside the file), what, and what would be right. */
export interface Problem {
  readonly path: string;
  readonly line?: number;
  readonly column?: number;
  readonly message: string;
}
/** Where a receiver's secret is, and where the file says so. */
export interface SecretSource {
  readonly receiver: number;
  /** of the receiver; what it speaks decides what its secret looks like */
  readonly type: unknown;
  readonly key: (typeof secretKeys)[number] | 'header_files';
  /** for `header_files` */
  readonly header?: string;
  /** a path, or the name of a variable */
  readonly source: string;
  readonly position: Position;
}
const secretKeys = ['secret_file', 'url_file', 'secret_env', 'url_env'] as const;
/** `secretSources` are told beside the mistakes too, so that what is wrong with them need not wait. */
export type ParsedConfig = { readonly secretSources: readonly SecretSource[] } & (
  | { readonly config: Config }
  | { readonly problems: readonly Problem[] }
);

/** Reads a whole configuration file; every mistake is reported, none hides another. */
export function parseConfig(text: string, overrides: readonly Override[] = []): ParsedConfig {
  const yaml = parseYaml(text);
  const problems: Problem[] = yaml.mistakes.map((mistake) => ({ path: '', ...mistake }));
  const secretSources: SecretSource[] = [];
  const readings = yaml.readings.map(({ value, locate }) => ({ value: withOverrides(value ?? {}, overrides), locate }));
  for (const reading of readings) {
    problems.push(...mistakesIn(reading, overrides));
    secretSources.push(...secretSourcesIn(reading));
  }
  if (problems.length > 0) return { problems: inFileOrder(problems), secretSources };
  const given = readings[0]?.value;
  return { config: deepFreeze(toConfig(withDefaults(configSchema, given) as ConfigFile)), secretSources };
}

function mistakesIn({ value, locate }: YamlReading, overrides: readonly Override[]): Problem[] {
  const findings: Finding[] = [];
  if (isMapping(value)) {
    findings.push(...checkValue(configSchema, value));
    crossCheck(value, (path, message) => findings.push({ path, message }));
  } else findings.push({ path: [], message: 'the file is not a mapping of keys to values' });
  return findings.map((finding) => {
    const source = sourceOf(finding.path, overrides);
    const path = pathText(finding.path);
    if (source !== undefined) return { path, message: `${finding.message} (from ${source})` };
    return { path, ...locate(finding.path, finding.key === true), message: finding.message };
  });
}

function secretSourcesIn({ value, locate }: YamlReading): SecretSource[] {
  const receivers = isMapping(value) ? value['receivers'] : undefined;
  if (!Array.isArray(receivers)) return [];
  return receivers.flatMap((receiver: unknown, i) => {
    if (!isMapping(receiver)) return [];
    const { type, header_files: headers } = receiver;
    const plain = secretKeys.map((key) => ({ key, source: receiver[key], path: [key] }));
    const ofHeaders = Object.entries(isMapping(headers) ? headers : {}).map(([header, source]) => {
      return { key: 'header_files' as const, header, source, path: ['header_files', header] };
    });
    return [...plain, ...ofHeaders].flatMap(({ source, path, ...each }) => {
      // one that is no path or name has been reported as such
      const isRight = each.key.endsWith('_env') ? isVariable : isSecretPath;
      if (typeof source !== 'string' || !isRight(source)) return [];
      return [{ receiver: i, type, ...each, source, position: locate(['receivers', i, ...path], false) }];
    });
  });
}

/** The configuration of a host without a file. */
export function defaultConfig(): Config {
  return deepFreeze(toConfig(withDefaults(configSchema, {}) as ConfigFile));
}

/** One line for people: `pmemwatch.yml:12:9: receivers[0].url: …`. */
export function problemText(file: string, problem: Problem): string {
  const position = problem.line === undefined ? '' : `:${problem.line}:${problem.column ?? 1}`;
  return `${file}${position}: ${problem.path === '' ? '' : `${problem.path}: `}${problem.message}`;
}

function toConfig(file: ConfigFile): Config {
  return {
    poll: {
      badBlocksMs: durationMs(file.poll.bad_blocks),
      healthMs: durationMs(file.poll.health),
      healthAlarmMs: durationMs(file.poll.health_alarm),
      deviceDeadlineMs: durationMs(file.poll.device_deadline),
    },
    resolve: { deadlineMs: durationMs(file.resolve.deadline), walkRoots: file.resolve.walk_roots },
    notify: {
      groupWaitMs: durationMs(file.notify.group_wait),
      remind: file.notify.remind,
      retryForMs: durationMs(file.notify.retry_for),
      ...(file.notify.runbook_url === undefined ? {} : { runbookUrl: file.notify.runbook_url }),
      heartbeatMs: durationMs(file.notify.heartbeat),
    },
    receivers: file.receivers.map(toReceiver),
    scrub: toScrub(file.scrub),
    metrics: { paths: file.metrics.paths, damagedFiles: file.metrics.damaged_files },
    api: { ...(file.api.socket === 'off' ? {} : { socket: file.api.socket }), tokens: file.api.tokens },
    advice: {
      leftPlanPercent: file.advice.left_plan,
      leftNowPercent: file.advice.left_now,
      windowMs: durationMs(file.advice.window),
      newRangesPlan: file.advice.new_ranges_plan,
      newRangesNow: file.advice.new_ranges_now,
      longWindowMs: durationMs(file.advice.long_window),
      recurrencesPlan: file.advice.recurrences_plan,
      recurrencesNow: file.advice.recurrences_now,
      dirtyShutdownsWatch: file.advice.dirty_shutdowns_watch,
      dirtyShutdownsPlan: file.advice.dirty_shutdowns_plan,
    },
    incidents: { removedAfterMs: durationMs(file.incidents.removed_after) },
    web: toWeb(file.web),
    agent: { user: file.agent.user },
    retentionMs: durationMs(file.retention),
  };
}

function toScrub(scrub: ConfigFile['scrub']): Config['scrub'] {
  return {
    schedule: toSchedule(scrub.schedule),
    buses: Object.fromEntries(Object.entries(scrub.buses).map(([bus, text]) => [bus, toSchedule(text)])),
    jitterMs: durationMs(scrub.jitter),
    maxLoad: scrub.max_load,
    deadlineMs: durationMs(scrub.deadline),
    overdueAfterMs: durationMs(scrub.overdue_after),
    afterError: scrub.after_error,
    errorScrub: scrub.hw_error_scrub === 'keep' ? null : scrub.hw_error_scrub === 'on',
  };
}
function toSchedule(text: string): Schedule | null {
  if (text === 'off') return null;
  const schedule = parseCron(text);
  if (typeof schedule === 'string') throw new Error(`an unchecked schedule: ${text}`);
  return schedule;
}

function toWeb({ external_url, allowed_hosts, cors_origins: corsOrigins }: ConfigFile['web']): Config['web'] {
  if (external_url === undefined) return { allowedHosts: allowed_hosts, corsOrigins };
  return {
    externalUrl: external_url.replace(/\/+$/, ''),
    allowedHosts: [...allowed_hosts, new URL(external_url).hostname],
    corsOrigins,
  };
}

function toReceiver(entry: ReceiverEntry): ReceiverConfig {
  return {
    name: entry.name,
    type: entry.type,
    urls: entry.url === undefined ? entry.urls : [entry.url],
    isCluster: entry.urls.length > 0,
    headers: entry.headers,
    labels: entry.labels,
    severities: entry.severities,
    conditions: entry.conditions,
    paths: entry.paths,
    timeoutMs: durationMs(entry.timeout),
  };
}

/** `receivers[0].url` */
export function pathText(path: KeyPath): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === 'number') return `${text}[${key}]`;
    const plain = /^[A-Za-z0-9_-]+$/.test(key) ? key : JSON.stringify(key);
    return text === '' ? plain : `${text}.${plain}`;
  }, '');
}

/** Each once: what stands outside of two keys of one name is found in both readings. */
export function inFileOrder(problems: readonly Problem[]): Problem[] {
  const once = new Map(problems.map((problem) => [problemText('', problem), problem]));
  return [...once.values()].sort(
    (a, b) => (a.line ?? Infinity) - (b.line ?? Infinity) || (a.column ?? 0) - (b.column ?? 0) || 0,
  );
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const each of Object.values(value)) deepFreeze(each);
  }
  return value;
}

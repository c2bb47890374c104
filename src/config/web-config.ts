import { openRules, type RateRule, type TlsRules, type WebRules } from '../model/web-rules.ts';
import { checkValue, isMapping, type KeyPath } from './check.ts';
import { parseGoDuration } from './go-duration.ts';
import { inFileOrder, type Problem, pathText } from './schema.ts';
import { clientAuthTypes, opensslCiphers, opensslCurves, tlsVersion } from './tls-names.ts';
import { isOn, type TlsSection, type WebFile, webSchema } from './web-keys.ts';
import { type Position, parseYaml } from './yaml.ts';

/** A file that `tls_server_config` names, as it is written there. */
export interface NamedFile {
  readonly key: 'cert_file' | 'key_file' | 'client_ca_file';
  readonly file: string;
  readonly position: Position;
}
export type ParsedWebConfig =
  | { readonly problems: readonly Problem[] }
  | {
      readonly file: WebFile;
      readonly named: readonly NamedFile[];
      /** what is allowed and unwise, or cannot be done here; one sentence each */
      readonly warnings: readonly string[];
    };

/** Reads the text of a `--web.config.file`; every mistake is reported. An empty one asks for nothing. */
export function parseWebConfig(text: string): ParsedWebConfig {
  const yaml = parseYaml(text);
  const problems: Problem[] = yaml.mistakes.map((mistake) => ({ path: '', ...mistake }));
  for (const { value, locate } of yaml.readings) {
    const given = withoutEmpty(value);
    const report = (path: KeyPath, message: string, key = false): void => {
      problems.push({ path: pathText(path), ...locate(path, key), message });
    };
    if (isMapping(given)) {
      for (const { path, message, key } of checkValue(webSchema, given)) report(path, message, key);
      crossCheck(given, report);
    } else report([], 'the file is not a mapping of keys to values');
  }
  if (problems.length > 0) return { problems: inFileOrder(problems) };
  const [{ value, locate }] = yaml.readings;
  const file = withoutEmpty(value) as WebFile;
  const named = (['cert_file', 'key_file', 'client_ca_file'] as const).flatMap((key) => {
    const name = file.tls_server_config?.[key] ?? '';
    return name === '' ? [] : [{ key, file: name, position: locate(['tls_server_config', key], false) }];
  });
  return { file, named, warnings: warningsOf(file) };
}

/** Keys without a value say nothing, as to Go's reader; a user without a hash is a mistake. */
function withoutEmpty(value: unknown): unknown {
  if (value === undefined || value === null) return {};
  if (!isMapping(value)) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, each]): [string, unknown][] => {
      if (each === null) return [];
      if (!isMapping(each) || key === 'basic_auth_users') return [[key, each]];
      return [[key, key === 'headers' ? dropNull(each) : withoutEmpty(each)]];
    }),
  );
}
function dropNull(mapping: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(mapping).filter(([, value]) => value !== null));
}

function has(section: Record<string, unknown>, ...keys: readonly string[]): boolean {
  return keys.some((key) => (section[key] ?? '') !== '');
}
const tlsKeys = ['cert', 'cert_file', 'key', 'key_file', 'client_ca', 'client_ca_file', 'client_auth_type'] as const;

function crossCheck(file: Record<string, unknown>, report: (path: KeyPath, message: string) => void): void {
  const tls = file['tls_server_config'];
  if (!isMapping(tls)) return;
  const at = ['tls_server_config'];
  if (has(tls, ...tlsKeys)) {
    if (!has(tls, 'cert', 'cert_file')) report(at, 'needs cert_file or cert: the certificate of this server');
    if (!has(tls, 'key', 'key_file')) report(at, 'needs key_file or key: the key of the certificate');
  }
  const auth = tls['client_auth_type'] ?? '';
  if (has(tls, 'client_ca', 'client_ca_file') && (auth === '' || auth === 'NoClientCert')) {
    const key = has(tls, 'client_ca_file') ? 'client_ca_file' : 'client_ca';
    report([...at, key], 'has no effect without client_auth_type: set RequireAndVerifyClientCert');
  }
  const { min_version: min = 'TLS12', max_version: max = 'TLS13' } = tls;
  if (max === 'TLS10' || max === 'TLS11') {
    report([...at, 'max_version'], `nothing older than TLS12 is spoken here: use TLS12 or TLS13`);
  } else if (min === 'TLS13' && max === 'TLS12') report([...at, 'max_version'], 'is older than min_version');
}

function warningsOf(file: WebFile): string[] {
  const tls = file.tls_server_config ?? {};
  const usesTls = has(tls, ...tlsKeys);
  const auth = tls.client_auth_type ?? '';
  const costs = Object.values(file.basic_auth_users ?? {}).map((hash) => Number(hash.slice(4, 6)));
  const dearest = Math.max(0, ...costs);
  const { interval = 0, burst = 0 } = file.rate_limit ?? {};
  const found: [boolean, string][] = [
    [isOn(file.http_server_config?.http2) === true, 'http2: HTTP/2 is not spoken here: clients get HTTP/1.1'],
    [
      tls.min_version === 'TLS10' || tls.min_version === 'TLS11',
      `min_version: nothing older than TLS12 is spoken here: ${tls.min_version} is taken for TLS12`,
    ],
    [has(tls, 'cert') && has(tls, 'cert_file'), 'cert: cert_file wins over it'],
    [has(tls, 'key') && has(tls, 'key_file'), 'key: key_file wins over it'],
    [has(tls, 'client_ca') && has(tls, 'client_ca_file'), 'client_ca: client_ca_file wins over it'],
    [
      (tls.client_allowed_sans?.length ?? 0) > 0 && (auth === '' || auth === 'NoClientCert'),
      'client_allowed_sans: has no effect without client_auth_type: no certificate is asked for',
    ],
    [
      /^(VerifyClientCertIfGiven|RequireAndVerifyClientCert)$/.test(auth) && !has(tls, 'client_ca', 'client_ca_file'),
      'client_auth_type: without client_ca_file the certificates of every public authority are good',
    ],
    [
      /^Require(Any)?ClientCert$/.test(auth),
      `client_auth_type: with ${auth} anybody can make the certificate himself: RequireAndVerifyClientCert checks it`,
    ],
    [costs.length > 0 && !usesTls, 'basic_auth_users: without tls_server_config passwords can be read on the way'],
    [
      dearest > 14,
      `basic_auth_users: at cost ${dearest} the first request of each password takes seconds: 10 to 12 are usual`,
    ],
    [parseGoDuration(interval) !== 0 && burst === 0, 'rate_limit: with burst 0 no request is answered at all'],
  ];
  return found.flatMap(([applies, message]) => (applies ? [message] : []));
}

/** @param contents of the files that are named */
export function toWebRules(file: WebFile, contents: Partial<Record<NamedFile['key'], string>>): WebRules {
  const headers = Object.entries(file.http_server_config?.headers ?? {}).map(([name, value]) => [name, String(value)]);
  const section = file.tls_server_config ?? {};
  const rate = toRate(file.rate_limit);
  return {
    ...openRules,
    ...(has(section, ...tlsKeys) ? { tls: toTls(section, contents) } : {}),
    headers: Object.fromEntries(headers.filter(([, value]) => value !== '')),
    users: new Map(Object.entries(file.basic_auth_users ?? {})),
    ...(rate === undefined ? {} : { rate }),
  };
}

function toTls(tls: TlsSection, contents: Partial<Record<NamedFile['key'], string>>): TlsRules {
  const clientCa = contents.client_ca_file ?? tls.client_ca ?? '';
  const auth = (tls.client_auth_type || 'NoClientCert') as keyof typeof clientAuthTypes;
  const suites = tls.cipher_suites ?? [];
  const curves = tls.curve_preferences ?? [];
  return {
    cert: contents.cert_file ?? tls.cert ?? '',
    key: contents.key_file ?? tls.key ?? '',
    ...(clientCa === '' ? {} : { clientCa }),
    clientAuth: clientAuthTypes[auth],
    // as in Go, an empty list is one: no certificate has a name of it
    ...(tls.client_allowed_sans === undefined ? {} : { clientNames: tls.client_allowed_sans }),
    minVersion: tlsVersion(tls.min_version ?? 'TLS12'),
    maxVersion: tlsVersion(tls.max_version ?? 'TLS13'),
    ...(suites.length === 0 ? {} : { ciphers: opensslCiphers(suites) }),
    preferOwnCiphers: isOn(tls.prefer_server_cipher_suites) ?? true,
    ...(curves.length === 0 ? {} : { curves: opensslCurves(curves) }),
  };
}

function toRate(section: WebFile['rate_limit']): RateRule | undefined {
  const intervalMs = parseGoDuration(section?.interval ?? 0) ?? 0;
  return intervalMs === 0 ? undefined : { intervalMs, burst: section?.burst ?? 0 };
}

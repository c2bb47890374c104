import { type TSchema, Type } from 'typebox';
import { configSchema } from './keys.ts';

/** A setting of the process rather than of what it watches: a flag, or the environment variable of the same name. */
export interface SettingFlag {
  /** without the leading dashes: `web.listen-address` */
  readonly name: string;
  readonly value: string;
  readonly default: string;
  readonly repeatable?: true;
  readonly help: string;
  /** all that it can be, where those are few */
  readonly values?: readonly string[];
}

export const configFlag: SettingFlag = {
  name: 'config',
  value: 'FILE',
  default: '/etc/pmemwatch/pmemwatch.yml',
  help: 'configuration file; the default one may be missing',
};

/** Where the kernel's trees are: a container sees the host's under other names. */
export const pathFlags: readonly SettingFlag[] = [
  { name: 'path.sysfs', value: 'DIR', default: '/sys', help: 'where sysfs is mounted' },
  { name: 'path.procfs', value: 'DIR', default: '/proc', help: 'where procfs is mounted' },
  { name: 'path.rootfs', value: 'DIR', default: '/', help: "where the host's root directory is seen" },
  { name: 'path.dev', value: 'DIR', default: '/dev', help: 'where device nodes are' },
];

/** Flags of `pmemwatch agent` (design 4.1). */
export const agentFlags: readonly SettingFlag[] = [
  configFlag,
  {
    name: 'web.listen-address',
    value: 'ADDR',
    default: '127.0.0.1:9915',
    repeatable: true,
    help: 'where to serve metrics and API, as HOST:PORT, [IPV6]:PORT or :PORT; port 0 takes a free one',
  },
  {
    name: 'web.config.file',
    value: 'FILE',
    default: '',
    help: 'TLS, passwords, headers and a rate limit, in the format of the Prometheus exporters',
  },
  { name: 'web.telemetry-path', value: 'PATH', default: '/metrics', help: 'path of the metrics' },
  ...pathFlags,
  { name: 'state.file', value: 'FILE', default: '/var/lib/pmemwatch/state.db', help: 'what the agent remembers' },
  {
    name: 'log.level',
    value: 'LEVEL',
    default: 'info',
    help: 'debug, info, warn or error',
    values: ['debug', 'info', 'warn', 'error'],
  },
  {
    name: 'log.format',
    value: 'FORMAT',
    default: '',
    help: 'json or pretty (the default on a terminal)',
    values: ['json', 'pretty'],
  },
];

/** How commands reach a running agent. */
export const clientFlags: readonly SettingFlag[] = [
  {
    name: 'agent',
    value: 'URL',
    default: '',
    help: 'ask the agent at this address, such as https://db07:9915, in place of the socket',
  },
  {
    name: 'socket',
    value: 'FILE',
    default: '',
    help: 'ask the agent on this socket [api.socket of the configuration]',
  },
  {
    name: 'token-file',
    value: 'FILE',
    default: '',
    help: 'with --agent: a file with a token of the agent (api.tokens); PMEMWATCH_TOKEN is the token itself',
  },
  {
    name: 'login-file',
    value: 'FILE',
    default: '',
    help: 'with --agent: a file with NAME:PASSWORD (basic_auth_users); PMEMWATCH_LOGIN is the same itself',
  },
  {
    name: 'ca-file',
    value: 'FILE',
    default: '',
    help: 'with --agent: the authorities (PEM) to trust, in place of those that Node.js knows',
  },
  { name: 'cert-file', value: 'FILE', default: '', help: 'with --agent: a certificate (PEM) to show to the agent' },
  { name: 'key-file', value: 'FILE', default: '', help: 'with --agent: the key (PEM) of that certificate' },
];
/** Secrets themselves, for those who keep none in files; there is no flag, which everybody could see in the list of processes. */
export const clientSecrets = { token: 'PMEMWATCH_TOKEN', login: 'PMEMWATCH_LOGIN' } as const;

/** `web.listen-address` is PMEMWATCH_WEB_LISTEN_ADDRESS, `poll.bad_blocks` is PMEMWATCH_POLL_BAD_BLOCKS. */
export function environmentName(name: string): string {
  return `PMEMWATCH_${name.replace(/[.-]/g, '_').toUpperCase()}`;
}

export interface EnvironmentKey {
  readonly variable: string;
  readonly path: readonly string[];
  /** a list is written with commas */
  readonly list: boolean;
}

/** The keys of the file that an environment variable may set: plain values and lists of texts. */
export const environmentKeys: readonly EnvironmentKey[] = keysOf(configSchema, []).sort((a, b) =>
  a.variable < b.variable ? -1 : 1,
);

function keysOf(schema: TSchema, path: readonly string[]): EnvironmentKey[] {
  if (Type.IsRecord(schema)) return [];
  if (Type.IsObject(schema)) {
    return Object.entries(schema.properties).flatMap(([key, each]) => keysOf(each, [...path, key]));
  }
  const list = Type.IsArray(schema);
  if (list && !Type.IsString(schema.items)) return [];
  return [{ variable: environmentName(path.join('.')), path, list }];
}

import assert from 'node:assert/strict';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import {
  type Environment,
  type FlagValues,
  type LoadOptions,
  loadSettings,
  type Settings,
  wantsColor,
} from '../../src/config/load.ts';
import { pageOf } from '../../src/listening.ts';

let folder = '';
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pmemwatch-config-'));
});
after(() => rm(folder, { recursive: true }));

async function write(name: string, text: string | Uint8Array, mode = 0o600): Promise<string> {
  const file = join(folder, name);
  await writeFile(file, text);
  await chmod(file, mode);
  return file;
}
const key = `whsec_${Buffer.alloc(24, 7).toString('base64')}`;
const quiet: LoadOptions = { isTerminal: false, environment: {}, defaultFile: '/nonexistent/pmemwatch.yml' };
async function settingsOf(flags: FlagValues, environment: Environment = {}): Promise<Settings> {
  const loaded = await loadSettings(flags, { ...quiet, environment });
  assert.ok('settings' in loaded, JSON.stringify(loaded));
  return loaded.settings;
}
async function problemsOf(flags: FlagValues, environment: Environment = {}): Promise<readonly string[]> {
  const loaded = await loadSettings(flags, { ...quiet, environment });
  return 'problems' in loaded ? loaded.problems : [];
}

test('without flags, environment and file the documented defaults hold', async () => {
  const settings = await settingsOf({});
  assert.deepEqual(settings.listen, [{ kind: 'tcp', host: '127.0.0.1', port: 9915 }]);
  assert.equal(settings.telemetryPath, '/metrics');
  assert.equal(settings.stateFile, '/var/lib/pmemwatch/state.db');
  assert.deepEqual(settings.roots, { sysfs: '/sys', procfs: '/proc', rootfs: '/', dev: '/dev' });
  assert.deepEqual(settings.log, { level: 'info', format: 'json' });
  assert.deepEqual(settings.warnings, []);
});

test('a flag wins over the environment, the environment over the file', async () => {
  const config = await write('precedence.yml', 'poll: { bad_blocks: 5s }\nretention: 2d\n');
  const environment = { PMEMWATCH_CONFIG: config, PMEMWATCH_POLL_BAD_BLOCKS: '7s', PMEMWATCH_PATH_SYSFS: '/env' };
  const settings = await settingsOf({ 'path.sysfs': ['/flag'] }, environment);
  assert.equal(settings.configFile, config);
  assert.equal(settings.roots.sysfs, '/flag');
  assert.equal(settings.config.poll.badBlocksMs, 7000);
  assert.equal(settings.config.retentionMs, 2 * 86_400_000);
  assert.equal((await settingsOf({}, environment)).roots.sysfs, '/env');
});

test('lists in the environment are written with commas', async () => {
  const settings = await settingsOf(
    {},
    {
      PMEMWATCH_WEB_LISTEN_ADDRESS: ':9915, [::1]:0',
      PMEMWATCH_RESOLVE_WALK_ROOTS: '/a,/b',
      PMEMWATCH_METRICS_DAMAGED_FILES: '3',
    },
  );
  assert.deepEqual(settings.listen, [
    { kind: 'tcp', port: 9915 },
    { kind: 'tcp', host: '::1', port: 0 },
  ]);
  assert.deepEqual(settings.config.resolve.walkRoots, ['/a', '/b']);
  assert.equal(settings.config.metrics.damagedFiles, 3);
});

test('links begin with the external URL where one is configured, else with the address that is listened on', async () => {
  const config = await write('external.yml', 'web: { external_url: "https://db07.example.org/pmem/" }\n');
  const behindProxy = await settingsOf({ config: [config] });
  assert.equal(pageOf(behindProxy), 'https://db07.example.org/pmem');
  assert.deepEqual(behindProxy.config.web.allowedHosts, ['db07.example.org']);
  assert.equal(pageOf(await settingsOf({ 'web.listen-address': ['[::1]:9915'] })), 'http://[::1]:9915');
  assert.equal(pageOf(await settingsOf({ 'web.listen-address': ['127.0.0.1:0'] })), null);
  assert.match(
    (await problemsOf({}, { PMEMWATCH_WEB_EXTERNAL_URL: 'https://u:p@x/?q' })).join(),
    /web\.external_url.*http or https URL without user name/,
  );
});

test('an unknown variable of ours is a warning; those that Kubernetes makes for a service are not', async () => {
  const settings = await settingsOf(
    {},
    { PMEMWATCH_LOG_LEVL: 'debug', PMEMWATCH_PORT_9915_TCP_ADDR: '10.0.0.1', PMEMWATCH_SERVICE_HOST: '10.0.0.1' },
  );
  assert.deepEqual(settings.warnings, [
    'the environment variable PMEMWATCH_LOG_LEVL means nothing: did you mean PMEMWATCH_LOG_LEVEL?',
  ]);
});

test('mistakes in flags and in the file are reported together', async () => {
  const config = await write('both.yml', 'pol: {}\n');
  assert.deepEqual(
    await problemsOf({
      config: [config],
      'web.listen-address': ['9915', '127.0.0.1:70000'],
      'web.telemetry-path': ['metrics'],
      'web.config.file': ['/etc/web.yml'],
      'path.dev': ['dev'],
      'log.level': ['loud'],
      'log.format': ['xml'],
    }),
    [
      '--web.listen-address: 9915 is not HOST:PORT, [IPV6]:PORT or :PORT',
      '--web.listen-address: 127.0.0.1:70000 is not HOST:PORT, [IPV6]:PORT or :PORT',
      '--web.config.file is not available in this version: leave it out',
      '--web.telemetry-path: metrics is not a path such as /metrics',
      '--path.dev: dev is not an absolute path',
      '--log.level: loud is not one of debug, info, warn, error',
      '--log.format: xml is not json or pretty',
      `${config}:1:1: pol: unknown key "pol": did you mean poll?`,
    ],
  );
});

test('a config file that cannot be used is named with the reason', async () => {
  const huge = await write('huge.yml', '#'.repeat(1024 * 1024 + 1));
  const binary = await write('binary.yml', Uint8Array.of(0x70, 0xff, 0xfe));
  assert.match(
    (await problemsOf({ config: [join(folder, 'none.yml')] })).join(),
    /does not exist: name a file that does/,
  );
  assert.match((await problemsOf({ config: [folder] })).join(), /not a regular file/);
  assert.match((await problemsOf({ config: [huge] })).join(), /larger than 1 MiB/);
  assert.match((await problemsOf({ config: [binary] })).join(), /not text/);
});

test('secrets come from files, without the end of the line', async () => {
  const secret = await write('secret', `${key}\n`);
  const url = await write('url', 'https://example.org/hook\n');
  const config = await write(
    'secrets.yml',
    `receivers: [{ name: a, type: webhook, url_file: ${url}, secret_file: ${secret} }]`,
  );
  const settings = await settingsOf({ config: [config] });
  assert.equal(settings.receivers[0]?.url, 'https://example.org/hook');
  assert.equal(settings.receivers[0]?.secret, key);
  assert.deepEqual(settings.warnings, []);
});

test('each secret can come from a file, a credential of systemd or the environment', async () => {
  const token = await write('token', 'Bearer hunter2\n');
  await write('pd.key', `${'k'.repeat(32)}\n`);
  const config = await write(
    'sources.yml',
    `receivers:
  - { name: a, type: slack, url_env: SLACK_URL }
  - { name: b, type: webhook, url: http://x, secret_env: PMEMWATCH_KEY, header_files: { Authorization: ${token} } }
  - { name: c, type: pagerduty, secret_file: $CREDENTIALS_DIRECTORY/pd.key }
`,
  );
  const environment = { SLACK_URL: 'https://s.example/T/B/x', PMEMWATCH_KEY: key, CREDENTIALS_DIRECTORY: folder };
  const { receivers, warnings } = await settingsOf({ config: [config] }, environment);
  assert.deepEqual(warnings, [], 'a variable that a receiver names is known');
  assert.equal(receivers[0]?.url, 'https://s.example/T/B/x');
  assert.deepEqual([receivers[1]?.secret, receivers[1]?.headers], [key, { Authorization: 'Bearer hunter2' }]);
  assert.equal(receivers[2]?.secret, 'k'.repeat(32));
  assert.equal(receivers[2]?.url, 'https://events.pagerduty.com/v2/enqueue');
  const problems = (await problemsOf({ config: [config] }, { PMEMWATCH_KEY: 'hunter2' })).join('\n');
  assert.match(problems, /receivers\[0\]\.url_env: SLACK_URL is not set in the environment/);
  assert.match(problems, /receivers\[1\]\.secret_env: PMEMWATCH_KEY does not hold "whsec_"/);
  assert.match(
    problems,
    /receivers\[2\]\.secret_file: .* cannot be read: the variable is not set \(see LoadCredential=/,
  );
  assert.doesNotMatch(problems, /hunter2/);
});

test('the instances of a cluster are receivers of their own', async () => {
  const config = await write(
    'cluster.yml',
    'receivers: [{ name: am, type: alertmanager, urls: [http://a, http://b], severities: [critical] }]',
  );
  const { receivers } = await settingsOf({ config: [config] });
  assert.deepEqual(
    receivers.map(({ name, url, severities }) => [name, url, severities]),
    [
      ['am-1', 'http://a', ['critical']],
      ['am-2', 'http://b', ['critical']],
    ],
  );
});

test('a secret in the configuration file itself is warned of, and not repeated', async () => {
  const config = await write(
    'inline.yml',
    `receivers:
  - { name: a, type: slack, url: "https://s.example/hunter2" }
  - { name: b, type: webhook, url: http://x, headers: { Authorization: hunter2, X-Team: hunter2 } }
  - { name: c, type: pagerduty, secret_env: PD }
`,
  );
  const { warnings } = await settingsOf({ config: [config] }, { PD: 'hunter2' });
  assert.deepEqual(warnings, [
    'receivers[2].secret_env: PD does not hold 32 characters, as integration keys of PagerDuty have',
    'receivers[0].url: the address of a Slack webhook is its secret: keep it in a file of its own (url_file)',
    'receivers[1].headers.Authorization: keep a secret in a file of its own (header_files)',
  ]);
});

test('a secret that others may read works and is warned of', async () => {
  const config = async (mode: number) => {
    const secret = await write(`secret-${mode}`, key, mode);
    return write('open.yml', `receivers: [{ name: a, type: webhook, url: http://x, secret_file: ${secret} }]`);
  };
  assert.match((await settingsOf({ config: [await config(0o644)] })).warnings.join(), /used by everyone.*chmod 640/);
  assert.match((await settingsOf({ config: [await config(0o660)] })).warnings.join(), /changed by its group/);
  assert.deepEqual((await settingsOf({ config: [await config(0o640)] })).warnings, []);
});

test('a secret that cannot be used is a problem at its place in the file, and is not repeated', async () => {
  const empty = await write('empty', '\n');
  const lines = await write('lines', 'http://hunter2\nhunter3\n');
  const config = await write(
    'bad-secrets.yml',
    `receivers:
  - { name: a, type: webhook, url: http://x, secret_file: ${empty} }
  - { name: b, type: webhook, url_file: ${lines} }
  - { name: c, type: webhook, url: http://x, secret_file: /nowhere/secret }
  - { name: d, type: webhook, url_file: ${await write('no-url', 'hunter2')} }
`,
  );
  const problems = await problemsOf({ config: [config] });
  assert.equal(problems.length, 4);
  assert.match(problems[0] ?? '', /bad-secrets\.yml:2:\d+: receivers\[0\]\.secret_file: .* is empty/);
  assert.match(problems[1] ?? '', /:3:\d+: receivers\[1\]\.url_file: .* does not hold an http or https URL/);
  assert.match(problems[2] ?? '', /:4:\d+: receivers\[2\]\.secret_file: .* cannot be read \(ENOENT\)/);
  assert.match(problems[3] ?? '', /:5:\d+: receivers\[3\]\.url_file: .* does not hold an http or https URL/);
  assert.doesNotMatch(problems.join(), /hunter/);
});

test('a secret that cannot be used is reported beside every other mistake, in the order of the file', async () => {
  const config = await write(
    'together.yml',
    `receivers:
  - { name: a, type: webhook, url: http://x, secret_file: /nowhere/secret }
poll: { bad_blocks: soon }
`,
  );
  const problems = await problemsOf({ config: [config], 'log.level': ['loud'] });
  assert.deepEqual(
    problems.map((problem) => problem.replace(config, 'f')),
    [
      '--log.level: loud is not one of debug, info, warn, error',
      'f:2:59: receivers[0].secret_file: /nowhere/secret cannot be read (ENOENT)',
      'f:3:21: poll.bad_blocks: "soon" is not a duration from 1s to 1d, such as 60s',
    ],
  );
});

test('a user that the agent could not become is warned of', async () => {
  const as = async (user: string) => {
    const config = await write('user.yml', `agent: { user: ${user} }\n`);
    return (await settingsOf({ config: [config] })).warnings;
  };
  assert.deepEqual(await as('nosuchuser'), [
    'agent.user: nosuchuser is no user of this host other than root: the agent runs as nobody',
  ]);
  assert.equal((await as('root')).length, 1);
  assert.deepEqual(await as('nobody'), []);
  // the default one is made by the package; without it the agent says so itself
  assert.deepEqual(await as('pmemwatch'), []);
});

test('a signing key is refused when receivers could not check what it signs', async () => {
  const table: [text: string, fine: boolean, why: string][] = [
    [key, true, 'the prefix and 24 bytes'],
    [`${key.replace('whsec_', '')}\r\n`, true, 'the prefix may be missing'],
    [`${key}\n${key}\n`, true, 'an old key beside the new one'],
    ['whsec_c2hvcnQ=', false, 'too short to be one'],
    ['correct horse battery staple correct horse', false, 'not base64'],
    [`${key}\n\n${key}`, false, 'an empty line between'],
  ];
  for (const [text, fine, why] of table) {
    const file = await write('key', text);
    const config = await write('k.yml', `receivers: [{ name: a, type: webhook, url: http://x, secret_file: ${file} }]`);
    assert.equal((await problemsOf({ config: [config] })).length === 0, fine, why);
  }
});

test('the example that is shipped is right', async () => {
  const example = fileURLToPath(new URL('../../deploy/pmemwatch.example.yml', import.meta.url));
  assert.deepEqual(await problemsOf({ config: [example] }), []);
});

test('colour needs a terminal and the absence of NO_COLOR', () => {
  assert.equal(wantsColor(true, {}), true);
  assert.equal(wantsColor(false, {}), false);
  assert.equal(wantsColor(true, { NO_COLOR: '1' }), false);
  assert.equal(wantsColor(true, { NO_COLOR: '' }), true);
  assert.equal(wantsColor(true, { TERM: 'dumb' }), false);
});

import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { Override } from '../../src/config/overrides.ts';
import { type Config, defaultConfig, parseConfig, problemText } from '../../src/config/schema.ts';

function problemsOf(text: string, overrides: readonly Override[] = []): string[] {
  const parsed = parseConfig(text, overrides);
  if ('config' in parsed) return [];
  return parsed.problems.map((problem) => problemText('f', problem));
}
function configOf(text: string, overrides: readonly Override[] = []): Config {
  const parsed = parseConfig(text, overrides);
  assert.ok('config' in parsed, JSON.stringify(parsed));
  return parsed.config;
}

const allKeys = `
poll: { bad_blocks: 5s, health: 20m, health_alarm: 30s, device_deadline: 500ms }
resolve: { deadline: 1m, walk_roots: [/srv, "/with blank"] }
notify: { group_wait: 0, remind: once, retry_for: 1h, heartbeat: 0s }
receivers:
  - name: oncall
    type: webhook
    url: https://example.org/hook?token=x
    secret_file: /etc/secret
    headers: { Authorization: Bearer abc }
    severities: [critical]
    conditions: [media_error]
    paths: hash
    timeout: 3s
  - { name: second, type: webhook, url_file: /etc/url }
scrub: { schedule: off, buses: { ndbus1: "30 3 * * 6", ACPI.NFIT: off }, jitter: 30m, max_load: 0.5, deadline: 1d, overdue_after: 0s, after_error: true, hw_error_scrub: off }
metrics: { paths: full, damaged_files: 0 }
api:
  socket: off
  tokens: [{ name: t, scope: read, hash: "sha256:${'a'.repeat(64)}" }]
advice: { left_plan: 30, left_now: 5, window: 12h, new_ranges_plan: 2, new_ranges_now: 6, long_window: 7d, recurrences_plan: 2, recurrences_now: 4, dirty_shutdowns_watch: 2, dirty_shutdowns_plan: 5 }
incidents: { removed_after: 1h30m }
web: { allowed_hosts: [db07.example.org], cors_origins: ['https://ops.example.org'] }
agent: { user: nobody }
retention: 7d
`;

const everyCondition =
  configOf('receivers: [{ name: a, type: webhook, url: http://x }]').receivers[0]?.conditions ?? [];

test('a receiver without a filter gets every condition', () => {
  assert.equal(everyCondition.length, 22);
});

test('every key of the contract is read', () => {
  const { scrub, ...config } = configOf(allKeys);
  const { buses, ...bounds } = scrub;
  assert.equal(buses['ndbus1']?.text, '30 3 * * 6');
  assert.equal(buses['ACPI.NFIT'], null);
  assert.deepEqual(bounds, {
    schedule: null,
    jitterMs: 1_800_000,
    maxLoad: 0.5,
    deadlineMs: 86_400_000,
    overdueAfterMs: 0,
    afterError: true,
    errorScrub: false,
  });
  assert.deepEqual(config, {
    poll: { badBlocksMs: 5000, healthMs: 1_200_000, healthAlarmMs: 30_000, deviceDeadlineMs: 500 },
    resolve: { deadlineMs: 60_000, walkRoots: ['/srv', '/with blank'] },
    notify: { groupWaitMs: 0, remind: 'once', retryForMs: 3_600_000, heartbeatMs: 0 },
    receivers: [
      {
        name: 'oncall',
        type: 'webhook',
        urls: ['https://example.org/hook?token=x'],
        isCluster: false,
        headers: { Authorization: 'Bearer abc' },
        labels: {},
        severities: ['critical'],
        conditions: ['media_error'],
        paths: 'hash',
        timeoutMs: 3000,
      },
      {
        name: 'second',
        type: 'webhook',
        urls: [],
        isCluster: false,
        headers: {},
        labels: {},
        severities: ['critical', 'warning', 'info'],
        conditions: everyCondition,
        paths: 'full',
        timeoutMs: 10_000,
      },
    ],
    metrics: { paths: 'full', damagedFiles: 0 },
    api: { tokens: [{ name: 't', scope: 'read', hash: `sha256:${'a'.repeat(64)}` }] },
    advice: {
      leftPlanPercent: 30,
      leftNowPercent: 5,
      windowMs: 43_200_000,
      newRangesPlan: 2,
      newRangesNow: 6,
      longWindowMs: 604_800_000,
      recurrencesPlan: 2,
      recurrencesNow: 4,
      dirtyShutdownsWatch: 2,
      dirtyShutdownsPlan: 5,
    },
    incidents: { removedAfterMs: 5_400_000 },
    web: { allowedHosts: ['db07.example.org'], corsOrigins: ['https://ops.example.org'] },
    agent: { user: 'nobody' },
    retentionMs: 604_800_000,
  } satisfies Omit<Config, 'scrub'>);
});

test('an empty file, a file of comments and sections without keys mean the defaults', () => {
  const defaults = defaultConfig();
  assert.equal(defaults.poll.badBlocksMs, 60_000);
  assert.equal(defaults.api.socket, '/run/pmemwatch/api.sock');
  for (const text of ['', '# nothing\n', '---\n', 'poll:\nreceivers:\nadvice:\n']) {
    assert.equal(JSON.stringify(configOf(text)), JSON.stringify(defaults), JSON.stringify(text));
  }
});

test('the configuration is frozen at every depth', () => {
  const config = configOf(allKeys);
  for (const value of [config, config.poll, config.receivers, config.receivers[0], config.receivers[0]?.headers]) {
    assert.ok(Object.isFrozen(value));
  }
});

test('every mistake is reported in one go, in the order of the file, with line and column', () => {
  const text = `poll:
  bad_block: 60s
  health: 60
resolve: { deadline: 9d }
receivers:
  - name: a
    type: webhook
    url: ftp://user:hunter2@example.org/
    severities: [critical, fatal]
  - name: a
    type: webhook
metrics:
  damaged_files: -1
  paths: yes
retention: []
`;
  assert.deepEqual(problemsOf(text), [
    'f:2:3: poll.bad_block: unknown key "bad_block": did you mean bad_blocks?',
    'f:3:11: poll.health: 60 is not a duration from 10s to 1d, such as 10m',
    'f:4:22: resolve.deadline: "9d" is not a duration from 1s to 1h, such as 5m',
    'f:8:10: receivers[0].url: the value is not an http or https URL without user name and password',
    'f:9:28: receivers[0].severities[1]: "fatal" is not one of critical, warning, info',
    'f:10:5: receivers[1]: needs url, url_file or url_env: where to post',
    'f:10:11: receivers[1].name: "a" is also the name of receivers[0]: names are to differ',
    'f:13:18: metrics.damaged_files: -1 is not a whole number from 0 to 1000',
    'f:14:10: metrics.paths: "yes" is not one of off, hash, full',
    'f:15:12: retention: a list is not a duration from 1d to 3650d, such as 90d',
  ]);
});

test('more mistakes than a validator would list by itself are all reported', () => {
  const text = Array.from({ length: 40 }, (_, i) => `key${i}: 1`).join('\n');
  assert.equal(problemsOf(text).length, 40);
});

test('a key that is given twice hides nothing of what is wrong in either, each at its own line', () => {
  const text = `poll:
  bad_block: 60s
  health: 60
  device_deadline: never
poll:
  bad_blocks: soon
retention: []
`;
  assert.deepEqual(problemsOf(text), [
    'f:2:3: poll.bad_block: unknown key "bad_block": did you mean bad_blocks?',
    'f:3:11: poll.health: 60 is not a duration from 10s to 1d, such as 10m',
    'f:4:20: poll.device_deadline: "never" is not a duration from 100ms to 10m, such as 30s',
    'f:5:1: the key is given twice: keep one',
    'f:6:15: poll.bad_blocks: "soon" is not a duration from 1s to 1d, such as 60s',
    'f:7:12: retention: a list is not a duration from 1d to 3650d, such as 90d',
  ]);
});

test('one mistake is found wherever it is', () => {
  const table: [text: string, expected: RegExp, why: string][] = [
    ['[]', /^f:1:1: the file is not a mapping/, 'a list at the top'],
    ['just words', /^f:1:1: the file is not a mapping/, 'a text at the top'],
    ['poll: 5s', /^f:1:7: poll: "5s" is not a mapping/, 'a section that is a value'],
    ['poll: { bad_blocks: }', /^f:1:\d+: poll\.bad_blocks: has no value/, 'a key without value'],
    ['poll: { bad_blocks: 999ms }', /from 1s to 1d/, 'below the bound'],
    ['poll: { bad_blocks: 25h }', /from 1s to 1d/, 'above the bound'],
    ['a: 1\na: 2', /^f:2:1: the key is given twice/, 'a key given twice'],
    ['poll: { bad_blocks: 60s', /^f:1:\d+: not YAML/, 'an open bracket'],
    ['a: 1\n---\nb: 2', /not YAML/, 'two documents'],
    ['poll: !!js/function x', /not YAML/, 'a tag that YAML does not know'],
    ['receivers: {}', /^f:1:12: receivers: a mapping is not a list/, 'a mapping for a list'],
    ['receivers: [x]', /^f:1:13: receivers\[0\]: "x" is not a mapping/, 'a text for a receiver'],
    ['receivers: [{ name: a }]', /receivers\[0\]: needs type/, 'a required key is missing'],
    ['receivers: [{ name: a, type: webhok, url: http://x }]', /one of webhook/, 'a receiver type that does not exist'],
    ['receivers: [{ name: a b, type: webhook, url: http://x }]', /a name of letters/, 'a name with a blank'],
    ['receivers: [{ name: a, type: webhook, url: http://x, url_file: /x }]', /exclude each other/, 'url and url_file'],
    [
      'receivers: [{ name: a, type: webhook, url: http://x, conditions: [] }]',
      /is empty/,
      'a filter that lets nothing by',
    ],
    ['receivers: [{ name: a, type: webhook, url_file: x }]', /an absolute path/, 'a relative path'],
    ['receivers: [{ name: a, type: webhook, url: http://x, headers: { Webhook-Id: x } }]', /itself/, 'our own header'],
    [
      'receivers: [{ name: a, type: webhook, url: http://x, headers: { "a b": x } }]',
      /header name/,
      'not a header name',
    ],
    [
      'receivers: [{ name: a, type: webhook, url: http://x, headers: { a: "b\\nc" } }]',
      /one line/,
      'a header in two lines',
    ],
    ['api: { socket: run.sock }', /an absolute path/, 'a relative socket'],
    ['api: { tokens: [{ name: a, scope: root, hash: x }] }', /read, operate/, 'a scope that does not exist'],
    ['web: { allowed_hosts: ["http://x"] }', /host name/, 'a URL for a host name'],
    ['"__proto__": { x: 1 }', /unknown key "__proto__"/, 'a key that JavaScript knows'],
    ['poll: { constructor: 1 }', /unknown key "constructor"/, 'another'],
    ['a: &x [*x]', /unknown key "a"/, 'an anchor that holds itself'],
  ];
  for (const [text, expected, why] of table) {
    const problems = problemsOf(text);
    assert.ok(
      problems.some((problem) => expected.test(problem)),
      `${why}: ${JSON.stringify(problems)}`,
    );
  }
});

test('what a type of receiver cannot do without, or cannot use, is told', () => {
  const table: readonly (readonly [string, RegExp])[] = [
    ['type: pagerduty', /needs secret_file or secret_env: the integration key/],
    ['type: pagerduty, secret_file: /k, secret_env: K', /secret_env: secret_file and secret_env exclude each other/],
    ['type: slack', /needs url, url_file or url_env: where to post/],
    ['type: slack, url_file: /u, secret_file: /s', /secret_file: means nothing to slack: remove it/],
    ['type: alertmanager, url: http://x, urls: [http://y]', /url and urls exclude each other: keep one/],
    ['type: webhook, urls: [http://y]', /urls: means nothing to webhook: remove it/],
    ['type: webhook, url: http://x, labels: { a: b }', /labels: means nothing to webhook: remove it/],
    ['type: alertmanager, url: http://x, labels: { a-b: c }', /labels\.a-b: is not a label name/],
    ['type: alertmanager, url: http://x, labels: { severity: c }', /labels\.severity: is set by pmemwatch itself/],
    ['type: alertmanager, url: http://x, labels: { team: "" }', /labels\.team: .* is not a text on one line/],
    ['type: webhook, url_env: "A B"', /url_env: .* is not a name of letters/],
    [
      'type: webhook, url_file: $CREDENTIALS_DIRECTORY/../x',
      /url_file: .* is not an absolute path, or \$CREDENTIALS_DIR/,
    ],
    ['type: webhook, url: http://x, header_files: { a: x }', /header_files\.a: .* is not an absolute path/],
    ['type: webhook, url: http://x, header_files: { Host: /x }', /header_files\.Host: is set by pmemwatch itself/],
    ['type: webhook, url: http://x, headers: { A: x }, header_files: { a: /x }', /is in headers too: keep one/],
  ];
  for (const [keys, says] of table) {
    const problems = problemsOf(`receivers: [{ name: a, ${keys} }]`);
    assert.equal(problems.length, 1, `${keys}: ${JSON.stringify(problems)}`);
    assert.match(problems[0] ?? '', says, keys);
  }
  const twice =
    'receivers: [{ name: a-2, type: webhook, url: http://x }, { name: a, type: alertmanager, urls: [http://y, http://z] }]';
  assert.match(problemsOf(twice)[0] ?? '', /an instance of it is called a-2, as another receiver/);
});

test('every condition that can be asked for is raised by something', () => {
  const folder = new URL('../../src/record/', import.meta.url);
  const code = globSync('**/*.ts', { cwd: folder })
    .map((file) => readFileSync(new URL(file, folder), 'utf8'))
    .join('');
  for (const condition of everyCondition) {
    assert.ok(code.includes(`'${condition}'`), condition);
  }
});

test('a schedule that is none, or never comes, is refused', () => {
  for (const schedule of [
    'weekly',
    '"0 1 * *"',
    '"0 1 * * * *"',
    '"61 1 * * 0"',
    '"0 0 31 2 *"',
    '2026-12-01T00:00:00',
    'on',
  ]) {
    const problems = problemsOf(`scrub: { schedule: ${schedule} }`);
    assert.equal(problems.length, 1, `${schedule}: ${JSON.stringify(problems)}`);
    assert.match(problems[0] ?? '', /is not a cron expression such as/, schedule);
  }
  assert.match(problemsOf('scrub: { schedule: "0 0 31 2 *" }')[0] ?? '', /that time never comes/);
  assert.match(problemsOf('scrub: { schedule: "61 1 * * 0" }')[0] ?? '', /minute.*61/);
  for (const schedule of ['"@weekly"', '"*/5 * * * *"', '"0 1 * * sun"', 'off']) {
    assert.deepEqual(problemsOf(`scrub: { schedule: ${schedule} }`), [], schedule);
  }
  assert.equal(
    problemsOf('scrub: { max_load: -1, jitter: 7d, hw_error_scrub: maybe, buses: { ndbus0: never } }').length,
    4,
  );
});

test('a wrong secret is not repeated in the message about it', () => {
  const problems = problemsOf(
    'receivers: [{ name: a, type: webhook, url: "https://u:hunter2@x", headers: { Authorization: "hunter2\\n" } }]\napi: { tokens: [{ name: a, scope: read, hash: hunter2 }] }',
  );
  assert.equal(problems.length, 3);
  assert.doesNotMatch(problems.join(), /hunter2/);
});

test('an alias stands for what it names, and a mistake in it is still located', () => {
  assert.deepEqual(configOf('resolve: { walk_roots: &r [/a] }').resolve.walkRoots, ['/a']);
  assert.match(problemsOf('poll: &p { bad_blocks: 1 }\nnotify: *p').join('\n'), /^f:1:24: poll\.bad_blocks/);
});

test('a file of aliases of aliases is refused before it fills the memory', () => {
  const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]'];
  for (let i = 1; i < 12; i++)
    lines.push(
      `a${i}: &a${i} [${Array(10)
        .fill(`*a${i - 1}`)
        .join(', ')}]`,
    );
  assert.match(problemsOf(lines.join('\n')).join(), /not YAML: Excessive alias count/);
});

test('an override wins over the file, and a wrong one is reported with its source', () => {
  const override = (value: unknown): Override => ({ path: ['poll', 'bad_blocks'], value, source: 'PMEMWATCH_X' });
  assert.equal(configOf('poll: { bad_blocks: 5s }', [override('7s')]).poll.badBlocksMs, 7000);
  assert.equal(configOf('', [override('7s')]).poll.badBlocksMs, 7000);
  assert.deepEqual(problemsOf('poll: { bad_blocks: 5s, health: x }', [override('soon')]), [
    'f:1:33: poll.health: "x" is not a duration from 10s to 1d, such as 10m',
    'f: poll.bad_blocks: "soon" is not a duration from 1s to 1d, such as 60s (from PMEMWATCH_X)',
  ]);
});

test('limits of the replacement advice that contradict each other are refused, also against a default', () => {
  const table = [
    ['notify: { heartbeat: 1ms }', /must be 0s or at least 1s/],
    ['advice: { left_now: 30 }', /left_now \(30\) must not be above left_plan \(20\)/],
    ['advice: { new_ranges_plan: 11 }', /new_ranges_now \(10\) must not be below new_ranges_plan \(11\)/],
    ['advice: { recurrences_plan: 5, recurrences_now: 4 }', /recurrences_now \(4\) must not be below/],
    ['advice: { dirty_shutdowns_watch: 9 }', /dirty_shutdowns_plan \(3\) must not be below/],
  ] as const;
  for (const [text, expected] of table) {
    const problems = problemsOf(text);
    assert.equal(problems.length, 1, `${text}: ${JSON.stringify(problems)}`);
    assert.match(problems[0] ?? '', expected);
  }
  assert.deepEqual(problemsOf('advice: { left_plan: 10, left_now: 10 }'), []);
});

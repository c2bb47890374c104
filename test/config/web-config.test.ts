import assert from 'node:assert/strict';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { parseGoDuration } from '../../src/config/go-duration.ts';
import { problemText } from '../../src/config/schema.ts';
import { parseWebConfig, toWebRules } from '../../src/config/web-config.ts';
import { loadWebRules } from '../../src/config/web-file.ts';
import { createAuthority, noOpenssl } from '../certificates.ts';

const hash = '$2y$10$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi';
function problemsOf(text: string): readonly string[] {
  const parsed = parseWebConfig(text);
  return 'problems' in parsed ? parsed.problems.map((problem) => problemText('web.yml', problem)) : [];
}
function rulesOf(text: string) {
  const parsed = parseWebConfig(text);
  assert.ok('file' in parsed, JSON.stringify(parsed));
  return { ...toWebRules(parsed.file, {}), warnings: parsed.warnings, named: parsed.named };
}
const tls = (lines: string) => `tls_server_config:\n  cert_file: a\n  key_file: b\n${lines}`;

test('every key of the exporter toolkit is taken, and says what it says there', () => {
  const rules = rulesOf(
    tls(`  client_auth_type: RequireAndVerifyClientCert
  client_ca_file: c
  client_allowed_sans: [one, 192.0.2.1]
  min_version: TLS12
  max_version: TLS13
  cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, TLS_AES_128_GCM_SHA256]
  prefer_server_cipher_suites: no
  curve_preferences: [X25519, CurveP256]
http_server_config:
  http2: false
  headers:
    X-XSS-Protection: 1
    X-Frame-Options: deny
    Strict-Transport-Security: max-age=31536000; includeSubDomains
    Content-Security-Policy:
basic_auth_users:
  alice: ${hash}
rate_limit:
  interval: 100ms
  burst: 20
`),
  );
  const { tls: got } = rules;
  assert.deepEqual(
    [got?.clientAuth, got?.clientNames, got?.minVersion, got?.maxVersion, got?.preferOwnCiphers, got?.curves],
    ['verify', ['one', '192.0.2.1'], 'TLSv1.2', 'TLSv1.3', false, 'X25519:P-256'],
  );
  assert.equal(
    got?.ciphers,
    'TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:ECDHE-RSA-AES128-GCM-SHA256',
  );
  assert.deepEqual(rules.headers, {
    'X-XSS-Protection': '1',
    'X-Frame-Options': 'deny',
    'Strict-Transport-Security': 'max-age=31536000; includeSubDomains',
  });
  assert.deepEqual([...rules.users], [['alice', hash]]);
  assert.deepEqual(rules.rate, { intervalMs: 100, burst: 20 });
  assert.deepEqual(
    rules.named.map(({ key, file }) => [key, file]),
    [
      ['cert_file', 'a'],
      ['key_file', 'b'],
      ['client_ca_file', 'c'],
    ],
  );
  assert.deepEqual(rules.warnings, []);
});

for (const text of [
  '',
  '# nothing\n',
  'tls_server_config:\nbasic_auth_users:\n',
  'tls_server_config:\n  cert_file:\n',
]) {
  test(`a file that asks for nothing changes nothing: ${JSON.stringify(text)}`, () => {
    const { tls: got, users, headers, rate } = rulesOf(text);
    assert.deepEqual([got, users.size, headers, rate], [undefined, 0, {}, undefined]);
  });
}

const mistakes: readonly { text: string; told: RegExp; why: string }[] = [
  {
    text: 'tls_server_config:\n  cert_filse: x\n',
    told: /^web\.yml:2:3: .*did you mean cert_file\?/,
    why: 'unknown key',
  },
  {
    text: 'basic_auth: {}\n',
    told: /^web\.yml:1:1: .*unknown key "basic_auth": .*basic_auth_users/,
    why: 'unknown section',
  },
  { text: 'basic_auth_users:\n  a: x\n  a: y\n', told: /2:3|3:3.*given twice/, why: 'a user twice' },
  {
    text: 'basic_auth_users:\n  john: doe\n',
    told: /^web\.yml:2:9: basic_auth_users\.john: the value is not a bcrypt/,
    why: 'a password in the clear, which is not repeated',
  },
  { text: 'basic_auth_users:\n  john:\n', told: /2:\d+: basic_auth_users\.john/, why: 'a user without a hash' },
  { text: 'tls_server_config:\n  key_file: k\n', told: /needs cert_file or cert/, why: 'a key without a certificate' },
  {
    text: 'tls_server_config:\n  client_auth_type: RequestClientCert\n',
    told: /needs key_file or key/,
    why: 'TLS without a key',
  },
  {
    text: tls('  client_ca_file: c\n'),
    told: /^web\.yml:4:19: .*without client_auth_type/,
    why: 'authorities that nobody is asked for',
  },
  {
    text: tls('  client_auth_type: Please\n'),
    told: /^web\.yml:4:21: .*RequireAndVerifyClientCert/,
    why: 'an unknown policy',
  },
  { text: tls('  min_version: TLS111\n'), told: /^web\.yml:4:16: /, why: 'an unknown version' },
  {
    text: tls('  max_version: TLS11\n'),
    told: /^web\.yml:4:16: .*TLS12 or TLS13/,
    why: 'only versions that are not spoken',
  },
  {
    text: tls('  min_version: TLS13\n  max_version: TLS12\n'),
    told: /^web\.yml:5:16: .*older than/,
    why: 'no version left',
  },
  {
    text: tls('  cipher_suites: [TLS_RSA_WITH_RC4_128_SHA]\n'),
    told: /^web\.yml:4:19: .*cipher_suites\[0\]/,
    why: 'a broken cipher suite',
  },
  { text: tls('  curve_preferences: [CurveP257]\n'), told: /^web\.yml:4:23: .*CurveP521/, why: 'an unknown curve' },
  {
    text: 'http_server_config:\n  headers:\n    Access-Control-Allow-Origin: "*"\n',
    told: /^web\.yml:3:5: .*unknown key/,
    why: 'a header that opens the API to other pages',
  },
  {
    text: 'http_server_config:\n  headers:\n    X-Frame-Options: allow\n',
    told: /3:22: .*deny or sameorigin/,
    why: 'a value that no browser knows',
  },
  {
    text: 'http_server_config:\n  headers:\n    X-XSS-Protection: "1\\r\\nSet-Cookie: a"\n',
    told: /3:23: .*one line/,
    why: 'a header in a header',
  },
  { text: 'http_server_config:\n  http2: perhaps\n', told: /2:10: .*true or false/, why: 'neither on nor off' },
  { text: 'rate_limit:\n  interval: 1 second\n', told: /2:13: .*a duration/, why: 'no duration' },
  { text: 'rate_limit:\n  burst: -1\n', told: /2:10: .*whole number/, why: 'less than nothing' },
  { text: '- a\n', told: /1:1: .*not a mapping/, why: 'a list' },
];
for (const { text, told, why } of mistakes) {
  test(`refused with line and column: ${why}`, () => {
    const problems = problemsOf(text);
    assert.match(problems.join('\n'), told);
    assert.doesNotMatch(problems.join('\n'), /doe/);
  });
}

const unwise: readonly { text: string; told: RegExp }[] = [
  { text: tls('http_server_config:\n  http2: true\n'), told: /HTTP\/2 is not spoken/ },
  { text: tls('  min_version: TLS10\n'), told: /TLS10 is taken for TLS12/ },
  { text: tls('  client_auth_type: RequireAndVerifyClientCert\n'), told: /every public authority/ },
  { text: tls('  client_auth_type: RequireAnyClientCert\n'), told: /anybody can make/ },
  { text: tls('  client_allowed_sans: [a]\n'), told: /no effect without client_auth_type/ },
  { text: tls('  cert: "-----BEGIN CERTIFICATE-----"\n'), told: /cert_file wins/ },
  { text: `basic_auth_users: { a: ${hash} }\n`, told: /can be read on the way/ },
  { text: `basic_auth_users: { a: ${hash.replace('$10$', '$18$')} }\n`, told: /cost 18/ },
  { text: 'rate_limit: { interval: 1s }\n', told: /burst 0/ },
];
for (const { text, told } of unwise) {
  test(`taken, and told at the start: ${told.source}`, () => assert.match(rulesOf(text).warnings.join('\n'), told));
}

test('durations are those of Go', () => {
  const table: readonly [unknown, number | undefined][] = [
    ['1s', 1000],
    ['1.5s', 1500],
    ['1m30s', 90_000],
    ['500us', 0.5],
    ['0', 0],
    [0, 0],
    [1_000_000, 1],
    ['1d', undefined],
    ['-1s', undefined],
    ['', undefined],
    ['s', undefined],
    [null, undefined],
  ];
  for (const [text, ms] of table) assert.equal(parseGoDuration(text), ms, String(text));
});

test('the files it names are looked for beside it, and checked against each other', { skip: noOpenssl }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'pmemwatch-web-'));
  after(() => rmSync(folder, { recursive: true }));
  const authority = createAuthority(join(folder, 'made'));
  const [one, other] = [authority.issue('one'), authority.issue('other')];
  const past = authority.issue('past', { expired: true });
  mkdirSync(join(folder, 'etc/tls'), { recursive: true });
  const web = join(folder, 'etc/web.yml');
  const place = (name: string, from: string, mode = 0o640): void => {
    copyFileSync(from, join(folder, 'etc/tls', name));
    chmodSync(join(folder, 'etc/tls', name), mode);
  };
  writeFileSync(web, 'tls_server_config:\n  cert_file: tls/server.crt\n  key_file: tls/server.key\n');
  const load = async () => {
    const loaded = await loadWebRules(web);
    return 'problems' in loaded ? loaded.problems.join('\n') : loaded;
  };
  await t.test('missing ones are named with their line', async () => {
    assert.match(
      String(await load()),
      /web\.yml:2:14: .*\/etc\/tls\/server\.crt does not exist\n.*:3:13: .*server\.key/,
    );
  });
  await t.test('a pair is taken, and what was read is what is watched', async () => {
    place('server.crt', one.certFile);
    place('server.key', one.keyFile);
    const loaded = await load();
    assert.ok(typeof loaded === 'object', String(loaded));
    assert.equal(loaded.rules.tls?.cert, one.cert);
    assert.deepEqual(loaded.files, [web, ...['crt', 'key'].map((end) => join(folder, `etc/tls/server.${end}`))]);
    assert.deepEqual(loaded.warnings, []);
  });
  await t.test("another certificate's key is refused", async () => {
    place('server.key', other.keyFile);
    assert.match(String(await load()), /the key is not that of the certificate/);
  });
  await t.test('half a file is refused, and what it holds is not told', async () => {
    writeFileSync(join(folder, 'etc/tls/server.key'), one.key.slice(0, 80));
    assert.match(String(await load()), /the key is not PEM that can be read/);
    assert.ok(!String(await load()).includes(one.key.slice(30, 60)));
  });
  await t.test('a key for everybody and a certificate of the past are told', async () => {
    place('server.crt', past.certFile);
    place('server.key', past.keyFile, 0o644);
    const loaded = await load();
    assert.ok(typeof loaded === 'object', String(loaded));
    assert.match(loaded.warnings.join('\n'), /chmod 640[\s\S]*has expired/);
  });
});

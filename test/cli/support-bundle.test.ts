import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { parseTar } from 'nanotar';
import { createHostTree, loadHost } from '../fakes/host-tree.ts';
import { startProgram } from './program.ts';
import { platformOf, runCommand } from './run-command.ts';

/** Each in its own place; a word of its own, so that it is found wherever it went. */
const word = (what: string): string => `${what}x${randomBytes(12).toString('hex')}`;
const secrets = {
  urlToken: word('urltoken'),
  slackPath: word('slack'),
  userOfUrl: word('user'),
  passwordOfUrl: word('password'),
  headerValue: word('header'),
  headerFile: word('headerfile'),
  signingKey: Buffer.from(word('signingkeysigningkey')).toString('base64'),
  signingKeyOfVariable: Buffer.from(word('variablevariablevari')).toString('base64'),
  routingKey: randomBytes(16).toString('hex'),
  tokenHash: randomBytes(32).toString('hex'),
  unknownKey: word('unknownkey'),
  valueOfUnknownKey: word('routingkey'),
  secretInPlaceOfFile: word('misplaced'),
  bcrypt: `$2b$10$${randomBytes(40).toString('hex').slice(0, 53)}`,
  webUser: word('ada'),
  webHeader: word('csp'),
  tlsKey: randomBytes(48).toString('hex'),
  token: word('clienttoken'),
  proxyPassword: word('proxy'),
  nodeOption: word('nodeoption'),
  comment: word('comment'),
};

let folder = '';
const servers: Server[] = [];
const before_ = { ...process.env };
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'pmemwatch-bundle-'));
});
after(() => rmSync(folder, { recursive: true }));
beforeEach(() => {
  process.env['PMEMWATCH_TOKEN'] = secrets.token;
  process.env['HOOK_SECRET'] = `whsec_${secrets.signingKeyOfVariable}`;
  process.env['https_proxy'] = `http://joe:${secrets.proxyPassword}@proxy:3128`;
  process.env['NODE_EXTRA_CA_CERTS'] = `/x/${secrets.nodeOption}`;
});
afterEach(() => {
  for (const name of ['PMEMWATCH_TOKEN', 'HOOK_SECRET', 'https_proxy', 'NODE_EXTRA_CA_CERTS', 'PMEMWATCH_AGENT']) {
    if (before_[name] === undefined) delete process.env[name];
  }
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

function fileOf(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text, { mode: 0o600 });
  return file;
}
const webFile = () =>
  fileOf(
    'web.yml',
    `basic_auth_users:\n  ${secrets.webUser}: ${secrets.bcrypt}\nhttp_server_config:\n  headers:\n    Content-Security-Policy: "report-uri /${secrets.webHeader}"\ntls_server_config:\n  key: |\n    -----BEGIN PRIVATE KEY-----\n    ${secrets.tlsKey}\n    -----END PRIVATE KEY-----\n`,
  );
const rightConfig = () =>
  fileOf(
    'right.yml',
    `# ${secrets.comment}
poll: { bad_blocks: 30s }
receivers:
  - { name: hook, type: webhook, url: "https://hooks.example/in/${secrets.urlToken}", secret_file: ${fileOf('hook.secret', `whsec_${secrets.signingKey}\n`)}, headers: { X-Key: "${secrets.headerValue}" }, header_files: { Authorization: ${fileOf('authorization', `Bearer ${secrets.headerFile}\n`)} } }
  - { name: other, type: webhook, url: "https://hooks.example/", secret_env: HOOK_SECRET }
  - { name: pager, type: pagerduty, secret_file: ${fileOf('pager.key', `${secrets.routingKey}\n`)} }
  - { name: chat, type: slack, url_file: ${fileOf('slack.url', `https://hooks.slack.example/services/${secrets.slackPath}\n`)} }
api:
  tokens: [{ name: grafana, scope: read, hash: "sha256:${secrets.tokenHash}" }]
`,
  );
const wrongConfig = () =>
  fileOf(
    'wrong.yml',
    `poll: { bad_blocks: ${secrets.secretInPlaceOfFile} }
receivers:
  - { name: hook, type: webhook, url: "https://${secrets.userOfUrl}:${secrets.passwordOfUrl}@hooks.example/${secrets.urlToken}", secret_file: ${secrets.secretInPlaceOfFile} }
  - { name: pager, type: pagerduty, routing_key: ${secrets.valueOfUnknownKey}, ${secrets.unknownKey}: 1 }
`,
  );

/** What of secrets could come by way of the agent or its log, in every form that anybody would find it in. */
const forms = (secret: string): string[] => [
  secret,
  encodeURIComponent(secret),
  Buffer.from(secret).toString('base64'),
  Buffer.from(`a:${secret}`).toString('base64'),
  Buffer.from(`ab:${secret}`).toString('base64url'),
  Buffer.from(secret).toString('hex'),
  JSON.stringify(secret).slice(1, -1),
];
const {
  comment,
  nodeOption,
  webUser,
  userOfUrl,
  passwordOfUrl,
  unknownKey,
  valueOfUnknownKey,
  secretInPlaceOfFile,
  ...known
} = secrets;
const leak = Object.values(known).flatMap(forms).join(' ');
const damaged = '/pg/base/my secret file.db';
const owner = {
  kind: 'file',
  device: '/dev/pmem0',
  mountpoint: '/pg',
  paths: [damaged],
  pathsBase64: [Buffer.from(damaged).toString('base64')],
  formerPath: '/pg/former name',
  otherPaths: [{ path: '/proc/7/root/data/other', pathBase64: 'x' }],
  kernelUsers: [{ kind: 'swap', name: '/pg/swap file' }],
};
const answers: Record<string, unknown> = {
  '/api/v1/topology': {
    mounts: [{ mountpoint: '/pg', root: '/volume', options: ['rw', 'upperdir=/home/joe/x'] }],
    readAt: 'x',
  },
  '/api/v1/incidents': {
    items: [{ id: 'abc', ranges: [{ owners: [owner] }], detail: `reading ${damaged} and /home/joe/x failed` }],
    next: null,
    complete: true,
    readAt: null,
  },
  '/api/v1/deliveries?limit=1000': {
    items: [{ reason: `HTTP 400: no ${leak}` }],
    next: null,
    complete: true,
    readAt: null,
  },
  '/metrics': `pmemwatch_build_info{version="9"} 1\npmem_damaged_file_bytes{path="${damaged}"} 4096\n`,
};
async function startFakeAgent(hang = ''): Promise<string> {
  const socket = join(folder, `${randomBytes(4).toString('hex')}.sock`);
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    if (path === hang) return;
    const answer = answers[path] ?? { items: [], next: null, complete: true, readAt: null };
    response.end(typeof answer === 'string' ? answer : JSON.stringify(answer));
  });
  servers.push(server);
  await new Promise<void>((done) => server.listen(socket, done));
  return socket;
}

interface Unpacked {
  readonly files: Record<string, string>;
  readonly all: string;
}
function unpack(archive: Uint8Array): Unpacked {
  const files = Object.fromEntries(
    parseTar(new Uint8Array(gunzipSync(archive))).map(({ name, text }) => [
      name.replace('pmemwatch-support/', ''),
      text,
    ]),
  );
  return { files, all: Object.entries(files).flat().join('\n') };
}
let made = 0;
async function bundle(
  words: string[],
  given: Parameters<typeof runCommand>[1] = {},
): Promise<Unpacked & { stderr: string }> {
  const file = join(folder, `bundle-${++made}.tar.gz`);
  const readJournal = async (): Promise<string> =>
    `2026-11-23 host pmemwatch[1]: {"msg":"x","err":"${leak}","file":"${damaged}"} /home/joe/.pgpass /sys/bus/nd\n`;
  const ran = await runCommand(['support-bundle', file, ...words], {
    platform: platformOf(loadHost('qemu-mce')),
    readJournal,
    ...given,
  });
  assert.deepEqual([ran.code, ran.stdout], [0, ''], ran.stderr);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  return { ...unpack(readFileSync(file)), stderr: ran.stderr };
}
function assertNoSecret({ all }: Unpacked): void {
  for (const [name, secret] of Object.entries(secrets)) {
    for (const form of forms(secret)) assert.ok(!all.includes(form), `${name} is in it as ${form}`);
    // of base64 that begins in the midst of something else, all that is of the secret alone
    for (const before of [1, 2]) {
      const inner = Buffer.from('x'.repeat(before) + secret)
        .toString('base64')
        .slice(before + 1, -4);
      assert.ok(!all.includes(inner), `${name} is in it in base64`);
    }
  }
}

test('no secret of any kind is in it, in no encoding; what is not secret is', async () => {
  const socket = await startFakeAgent();
  const unpacked = await bundle(['--socket', socket, '--config', rightConfig(), '--web.config.file', webFile()]);
  assertNoSecret(unpacked);
  const { config, webConfig, environment } = JSON.parse(unpacked.files['config/settings.json'] ?? '');
  assert.deepEqual(config.file.content.poll, { bad_blocks: '30s' });
  assert.deepEqual(
    config.file.content.receivers.map(({ name, type, url }: Record<string, string>) => [name, type, url]),
    [
      ['hook', 'webhook', '[redacted]'],
      ['other', 'webhook', '[redacted]'],
      ['pager', 'pagerduty', undefined],
      ['chat', 'slack', undefined],
    ],
  );
  assert.deepEqual(webConfig.file.content.basic_auth_users, '[1 redacted]');
  assert.equal(environment.PMEMWATCH_TOKEN, '[set]');
  const manifest = JSON.parse(unpacked.files['manifest.json'] ?? '');
  assert.deepEqual(manifest.leftOut, []);
  assert.deepEqual(
    manifest.files.map(({ file }: { file: string }) => file).sort(),
    Object.keys(unpacked.files)
      .filter((file) => file !== 'manifest.json')
      .sort(),
  );
  assert.match(unpacked.files['agent/metrics.prom'] ?? '', /pmemwatch_build_info\{version="9"\} 1/);
  assert.match(unpacked.files['host/kernel-files.json'] ?? '', /"block\/pmem0\/badblocks": "2256 8\\n"/);
  assert.equal(JSON.parse(unpacked.files['host/versions.json'] ?? '').pmemwatch, '1.2.3');
});

test('a configuration with mistakes is in it without the values that are wrong, and without their words', async () => {
  process.env['PMEMWATCH_AGENT'] = `https://joe:${secrets.passwordOfUrl}@db07`;
  const seen = [userOfUrl, passwordOfUrl, unknownKey, valueOfUnknownKey, secretInPlaceOfFile, secrets.token];
  const unpacked = await bundle(['--config', wrongConfig()], {
    readJournal: async () => seen.flatMap(forms).join(' '),
  });
  delete process.env['PMEMWATCH_AGENT'];
  assertNoSecret(unpacked);
  const { config } = JSON.parse(unpacked.files['config/settings.json'] ?? '');
  assert.deepEqual(config.file.content, {
    poll: { bad_blocks: '[not valid, left out]' },
    receivers: [
      { name: 'hook', type: 'webhook', url: '[redacted]', secret_file: '[not valid, left out]' },
      { name: 'pager', type: 'pagerduty', '[unknown key]': '[redacted]' },
    ],
  });
  assert.deepEqual(config.file.mistakes[0], { line: 1, column: 21 });
});

test('files are hashes of their paths, wherever they are named, unless they are asked for', async () => {
  const socket = await startFakeAgent();
  const { all, files } = await bundle(['--socket', socket, '--config', rightConfig()]);
  for (const name of [
    'my secret',
    'former name',
    'swap file',
    'joe',
    'volume',
    Buffer.from(damaged).toString('base64'),
  ]) {
    assert.ok(!all.includes(name), `${name} is in it`);
  }
  const incident = JSON.parse(files['agent/incidents.json'] ?? '').items[0];
  const [hash] = incident.ranges[0].owners[0].paths;
  assert.match(hash, /^file-[0-9a-f]{12}$/);
  assert.ok(incident.detail.includes(`reading ${hash} and file-`), 'the same file has the same hash everywhere');
  assert.ok(files['log/agent.log']?.includes(hash));
  assert.match(files['log/agent.log'] ?? '', / \/sys\/bus\/nd$/m);
  assert.equal(incident.ranges[0].owners[0].mountpoint, '/pg');
  const full = await bundle([
    '--socket',
    await startFakeAgent(),
    '--config',
    rightConfig(),
    '--file-names',
    'full',
    '--web.config.file',
    webFile(),
  ]);
  assert.ok(full.all.includes(damaged));
  assertNoSecret(full);
});

test('each part may fail alone: no agent, one that hangs, a device that hangs, no journal, no configuration', async () => {
  const none = await bundle(['--config', '/nonexistent.yml', '--socket', '/nonexistent/s'], {
    readJournal: async () => ({ unread: 'no journal' }),
  });
  const manifest = JSON.parse(none.files['manifest.json'] ?? '');
  const why = Object.fromEntries(manifest.leftOut.map((each: { file: string; why: string }) => [each.file, each.why]));
  assert.match(why['agent/incidents.json'], /no answer on .* \(ENOENT\)/);
  assert.equal(why['log/agent.log'], 'no journal');
  assert.equal(JSON.parse(none.files['config/settings.json'] ?? '').config.unread, 'ENOENT');
  assert.match(none.stderr, /left out, and why: manifest\.json \(agent: no answer on/);
  assert.ok(none.files['host/listing.json'] !== undefined);

  const host = loadHost('qemu-mce');
  host.sysfs.put('bus/nd/devices/region1/badblocks', { kind: 'stuck', released: new Promise<void>(() => undefined) });
  const stuck = await bundle(['--config', rightConfig(), '--socket', '/nonexistent/s'], { platform: platformOf(host) });
  assert.deepEqual(JSON.parse(stuck.files['host/kernel-files.json'] ?? '')['bus/nd/devices/region1/badblocks'], {
    stuckAfterMs: 5000,
  });

  const broken = platformOf(createHostTree(''));
  const failed = await bundle(['--config', rightConfig(), '--socket', '/nonexistent/s'], {
    openPlatform: async () => {
      throw new Error('no probe process');
    },
    platform: broken,
  });
  assert.match(failed.files['manifest.json'] ?? '', /"file": "host\/",\s+"why": "no probe process"/);
});

test('nothing is written over, half or for others; what stands in the way is one line', async () => {
  const taken = fileOf('taken.tar.gz', 'mine');
  const run = (...words: string[]) =>
    runCommand(['support-bundle', ...words, '--config', rightConfig(), '--socket', '/nonexistent/s'], {
      platform: platformOf(loadHost('none')),
    });
  const refused = await run(taken);
  assert.deepEqual(
    [refused.code, refused.stderr],
    [2, `pmemwatch support-bundle: ${taken} exists: name another file, or say --force\n`],
  );
  assert.equal(readFileSync(taken, 'utf8'), 'mine');
  assert.equal((await run(taken, '--force')).code, 0);
  assert.ok(unpack(readFileSync(taken)).files['manifest.json'] !== undefined);
  const nowhere = await run(join(folder, 'no/such/folder.tar.gz'));
  assert.equal(nowhere.code, 2);
  assert.match(nowhere.stderr, /cannot be written \(ENOENT\): its folder is not there\n$/);
  assert.match((await run('/proc/x.tar.gz')).stderr, /cannot be written|its folder is not there/);
  assert.match((await run('x', '--file-names', 'some')).stderr, /neither hash nor full/);
  const terminal = await runCommand(['support-bundle', '-'], { isTerminal: true });
  assert.match(terminal.stderr, /an archive is nothing for a terminal/);
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.startsWith('.')),
    [],
  );
});

test('a full disk is told, and leaves nothing behind', {
  skip: existsSync('/dev/full') && process.getuid?.() === 0 ? false : 'needs root for a small file system',
}, async (t) => {
  const { spawnSync } = await import('node:child_process');
  const small = join(folder, 'small');
  mkdirSync(small);
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=4k', 'tmpfs', small]).status !== 0) {
    t.skip('a tmpfs cannot be mounted here');
    return;
  }
  try {
    const ran = await runCommand(
      ['support-bundle', join(small, 'b.tar.gz'), '--config', rightConfig(), '--socket', '/nonexistent/s'],
      {
        platform: platformOf(loadHost('qemu-mce')),
        readJournal: async () => randomBytes(100_000).toString('hex'),
      },
    );
    assert.equal(ran.code, 2);
    assert.match(ran.stderr, /was not written \(ENOSPC\): no space is left there[^\n]*\n$/);
    assert.deepEqual(readdirSync(small), []);
  } finally {
    spawnSync('umount', [small]);
  }
});

test('the program writes it to standard output, and nothing else', async () => {
  const out = join(folder, 'piped.tar.gz');
  const { spawn } = await import('node:child_process');
  const program = startProgram(['--version']);
  await program.code;
  const { spawnargs } = program.child;
  const command = `"${process.execPath}" --disable-sigusr1 "${spawnargs[2]}" support-bundle - --config "${rightConfig()}" --socket /nonexistent/s >"${out}"`;
  const child = spawn('sh', ['-c', command], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { PATH: process.env['PATH'] ?? '' },
  });
  const code = await new Promise((done) => child.on('close', done));
  assert.equal(code, 0);
  assert.ok(unpack(readFileSync(out)).files['manifest.json'] !== undefined);
});

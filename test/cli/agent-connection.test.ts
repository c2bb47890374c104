import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, createServer as createRawServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { askJson, socketConnection } from '../../src/cli/agent-connection.ts';
import { createAuthority, noOpenssl } from '../certificates.ts';
import { freePort } from '../free-port.ts';
import { type Ran, runCommand } from './run-command.ts';

let folder = '';
const open: Server[] = [];
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'pmemwatch-connection-'));
});
after(() => {
  for (const server of open) server.close();
  rmSync(folder, { recursive: true });
});
async function listening(server: Server, where: number | string = 0): Promise<number> {
  open.push(server);
  await new Promise<void>((done) =>
    typeof where === 'string' ? server.listen(where, done) : server.listen(where, '127.0.0.1', done),
  );
  return typeof where === 'string' ? 0 : (server.address() as AddressInfo).port;
}
const empty = JSON.stringify({ items: [], next: null, complete: true, readAt: null });
const asked: IncomingMessage[] = [];
const fine: RequestListener = (request, response) => {
  asked.push(request);
  response.end(empty);
};
const incidents = (...words: string[]): Promise<Ran> => runCommand(['incidents', ...words]);
const isOneLine = ({ code, stdout, stderr }: Ran): void => {
  assert.deepEqual([code, stdout], [2, '']);
  assert.match(stderr, /^pmemwatch incidents: [^\n]+\n$/);
};

test('an agent is asked at an address below its path, with the token or login of a file or of the environment', async () => {
  const url = `http://127.0.0.1:${await listening(createServer(fine))}/pmem`;
  const [token, login] = [join(folder, 'token'), join(folder, 'login')];
  writeFileSync(token, 'secret-token\n', { mode: 0o600 });
  writeFileSync(login, 'ada:pass:word\n', { mode: 0o600 });
  const authorization = async (...words: string[]): Promise<string | undefined> => {
    const ran = await incidents('--agent', url, ...words);
    assert.deepEqual([ran.code, ran.stdout, ran.stderr], [0, 'no open incidents\n', '']);
    assert.equal(asked.at(-1)?.url, '/pmem/api/v1/incidents?status=open');
    return asked.at(-1)?.headers.authorization;
  };
  assert.equal(await authorization(), undefined);
  assert.equal(await authorization('--token-file', token), 'Bearer secret-token');
  assert.equal(await authorization('--login-file', login), `Basic ${Buffer.from('ada:pass:word').toString('base64')}`);
  process.env['PMEMWATCH_TOKEN'] = 'from-environment';
  try {
    assert.equal(await authorization(), 'Bearer from-environment');
    assert.equal(await authorization('--token-file', token), 'Bearer secret-token', 'a file wins over the environment');
  } finally {
    delete process.env['PMEMWATCH_TOKEN'];
  }
});

test('a secret on the command line, in the open, or for nobody is refused or warned of, and never repeated', async () => {
  const token = join(folder, 'open-token');
  writeFileSync(token, 'secret-token\n');
  chmodSync(token, 0o644);
  const table: [words: string[], expected: RegExp][] = [
    [
      ['--agent', 'https://ada:secret@db07:9915'],
      /holds a user name or password, which others could see: use --login-file/,
    ],
    [['--agent', 'db07:9915'], /--agent is no http or https URL such as https:\/\/db07:9915/],
    [['--agent', 'https://db07/?token=secret'], /ends with a query/],
    [['--agent', 'https://db07', '--socket', '/x'], /exclude each other/],
    [['--socket', '/x', '--token-file', token], /--token-file goes with --agent/],
    [['--agent', 'https://db07', '--token-file', '/nonexistent'], /cannot be read \(ENOENT\)/],
    [['--agent', 'https://db07', '--cert-file', token, '--key-file', token], /is not PEM/],
    [
      ['--agent', 'https://db07', '--token-file', token, '--login-file', token],
      /a token and a login are given: keep the token/,
    ],
    [
      ['--agent', 'http://db07.invalid', '--token-file', token],
      /without TLS: everybody on the way can read .*can be used by everyone|can be used by everyone.*\n.*without TLS/,
    ],
  ];
  for (const [words, expected] of table) {
    const { code, stderr } = await incidents(...words);
    assert.equal(code, 2, words.join(' '));
    assert.match(stderr, expected);
    assert.doesNotMatch(stderr, /secret/);
  }
});

test('TLS: only an authority that is named, the right name and a valid certificate will do; the line says which of them is wrong', {
  skip: noOpenssl,
}, async () => {
  const authority = createAuthority(join(folder, 'ca'));
  const names = ['IP:127.0.0.1'];
  const server = authority.issue('server', { names });
  const serve = async (options: object): Promise<string> =>
    `https://127.0.0.1:${await listening(createTlsServer({ cert: server.cert, key: server.key, ...options }, fine))}`;
  const ca = ['--ca-file', authority.certFile];
  const url = await serve({});
  assert.equal((await incidents('--agent', url, ...ca)).stdout, 'no open incidents\n');

  const other = authority.issue('other', { names: ['DNS:elsewhere'] });
  const expired = authority.issue('expired', { names, expired: true });
  const foreign = createAuthority(join(folder, 'foreign'), 'foreign').issue('client');
  const client = authority.issue('client');
  const mutual = await serve({ requestCert: true, rejectUnauthorized: true, ca: authority.cert });
  const plain = `127.0.0.1:${await listening(createServer(fine))}`;
  const shown = (of: typeof client): string[] => ['--cert-file', of.certFile, '--key-file', of.keyFile];
  assert.equal((await incidents('--agent', mutual, ...ca, ...shown(client))).stdout, 'no open incidents\n');
  const table: [words: string[], expected: RegExp][] = [
    [['--agent', url], /nobody who is trusted here vouches for its certificate: name its authority with --ca-file/],
    [['--agent', await serve({ cert: other.cert, key: other.key }), ...ca], /is for another name/],
    [['--agent', await serve({ cert: expired.cert, key: expired.key }), ...ca], /has expired: have it renewed/],
    [['--agent', `https://${plain}`, ...ca], /does not speak TLS there: try http/],
    [['--agent', url.replace('https', 'http')], /does it speak TLS\? Try https/],
    [['--agent', mutual, ...ca], /lets in only who shows a certificate: name one with --cert-file and --key-file/],
    [['--agent', mutual, ...ca, ...shown(foreign)], /does not take the certificate of --cert-file/],
    [['--agent', mutual, ...ca, '--cert-file', client.certFile], /go together/],
    [
      ['--agent', mutual, ...ca, '--cert-file', client.certFile, '--key-file', foreign.keyFile],
      /the key is not that of the certificate/,
    ],
  ];
  for (const [words, expected] of table) {
    const ran = await incidents(...words);
    isOneLine(ran);
    assert.match(ran.stderr, expected);
  }
  process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
  try {
    isOneLine(await incidents('--agent', url));
  } finally {
    delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
  }
});

test('what stands in the way is one line that says what to do', async () => {
  const answering = async (status: number, body = '', headers = {}): Promise<string> =>
    `http://127.0.0.1:${await listening(createServer((_, response) => response.writeHead(status, headers).end(body)))}`;
  const problem = (detail: string): string => JSON.stringify({ status: 0, detail });
  const [left, noSocket] = [join(folder, 'left.sock'), join(folder, 'file')];
  writeFileSync(noSocket, '');
  const abandoned = createRawServer();
  await new Promise<void>((done) => abandoned.listen(left, done));
  process.env['PMEMWATCH_TOKEN'] = 'wrong';
  const refused = await incidents('--agent', await answering(401, problem('Use a token.')));
  delete process.env['PMEMWATCH_TOKEN'];
  isOneLine(refused);
  assert.match(refused.stderr, /401: it does not know this token or login.*Use a token\./);
  const table: [words: string[], expected: RegExp][] = [
    [
      ['--agent', `http://127.0.0.1:${await freePort()}`],
      /\(ECONNREFUSED\): is the agent running there, and does it listen/,
    ],
    [['--agent', 'http://nowhere.invalid'], /the name is not known|cannot be reached/],
    [['--agent', await answering(401, problem('Use a token.'))], /401: name a token with --token-file: Use a token\./],
    [['--agent', await answering(403, problem('Use a token of scope operate.'))], /403: Use a token of scope operate/],
    [
      ['--agent', await answering(404, problem('Nothing is served here; see /docs.'))],
      /does not know \/api\/v1\/incidents: it is older than this command/,
    ],
    [['--agent', await answering(404, '<html>')], /it is older than this command, or no pmemwatch agent/],
    [['--agent', await answering(302, '', { location: 'http://elsewhere/' })], /answered 302: it is elsewhere now/],
    [['--agent', await answering(200, '<html>')], /something else than a pmemwatch agent does/],
    [
      ['--agent', await answering(503, problem('The first inventory is not done yet.'))],
      /503: The first inventory is not done yet/,
    ],
    [['--agent', await answering(500, problem('a\u001b[2Jb\nc'))], /500: a\\x1b\[2Jb\\nc/],
    [['--socket', noSocket], /no answer on .*file \(ECONNREFUSED|ENOTSOCK\)/],
  ];
  for (const [words, expected] of table) {
    const ran = await incidents(...words);
    isOneLine(ran);
    assert.match(ran.stderr, expected);
  }
  abandoned.close();
});

test('a socket that this user may not use asks for root or the group', {
  skip: process.getuid?.() === 0 ? false : 'needs root to become somebody else',
}, async () => {
  const socket = join(folder, 'closed.sock');
  await listening(createServer(fine), socket);
  chmodSync(socket, 0o600);
  chmodSync(folder, 0o755);
  process.seteuid?.(65534);
  try {
    const ran = await incidents('--socket', socket);
    isOneLine(ran);
    assert.match(ran.stderr, /\(EACCES\): run it as root or as a member of the group pmemwatch/);
  } finally {
    process.seteuid?.(0);
  }
});

test('an agent that hangs, before its answer or amid it, is not waited for without end', async () => {
  const signal = new AbortController().signal;
  for (const [i, begun] of ['', '{ "items": ['].entries()) {
    const socket = join(folder, `hung-${i}.sock`);
    const server = createServer((_, response) => {
      if (begun !== '') response.write(begun);
    });
    await listening(server, socket);
    const question = { path: '/api/v1/incidents', signal, patienceMs: 200 };
    await assert.rejects(askJson(socketConnection(socket, true), question), (error: Error) => {
      assert.match(error.message, /the agent has not answered in 0\.2 s: see its log/);
      return true;
    });
    server.closeAllConnections();
  }
});

test('Ctrl-C while the agent is waited for ends at once, and says that there is no answer', async () => {
  const socket = join(folder, 'slow.sock');
  const server = createServer(() => undefined);
  await listening(server, socket);
  const ctrlC = new AbortController();
  setTimeout(() => ctrlC.abort(), 50);
  const ran = await runCommand(['incidents', '--socket', socket], { signal: ctrlC.signal });
  assert.deepEqual([ran.code, ran.stdout], [2, '']);
  assert.match(ran.stderr, /^pmemwatch: interrupted[^\n]*\n$/);
  server.closeAllConnections();
});

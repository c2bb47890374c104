/** `--web.config.file` as an agent that runs takes it: attacked, and changed under its feet. */
import assert from 'node:assert/strict';
import { chmodSync, copyFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type ConnectionOptions, connect } from 'node:tls';
import { hashSync } from 'bcryptjs';
import { type Authority, type Certificate, createAuthority, noOpenssl } from '../certificates.ts';
import { type Agent, agentArguments, runProgram, startAgent, until } from './agent-process.ts';
import { layHost } from './host-on-disk.ts';
import { sendRaw } from './raw-client.ts';

let dir: string;
let agent: Agent;
let authority: Authority;
let prometheus: Certificate;
let users: Record<string, string>;
const file = (name: string): string => join(dir, name);

/** As an editor and a certificate's renewal do it: a new file in the place of the old. */
function put(name: string, write: (path: string) => void): void {
  write(file(`${name}.new`));
  chmodSync(file(`${name}.new`), 0o644);
  renameSync(file(`${name}.new`), file(name));
}
function putWeb(more = ''): void {
  const names = Object.entries(users).map(([user, hash]) => `  ${user}: ${hash}\n`);
  const tls = ['cert_file: server.crt', 'key_file: server.key', 'client_auth_type: RequireAndVerifyClientCert'];
  const lines = [...tls, 'client_ca_file: authority.crt'].map((line) => `  ${line}\n`);
  put('web.yml', (path) =>
    writeFileSync(path, `tls_server_config:\n${lines.join('')}basic_auth_users:\n${names.join('')}${more}`),
  );
}
function putServer({ certFile, keyFile }: Certificate): void {
  put('server.key', (path) => copyFileSync(keyFile, path));
  put('server.crt', (path) => copyFileSync(certFile, path));
}

describe('an agent with a web configuration file', { skip: noOpenssl }, () => {
  before(async () => {
    dir = mkdtempSync(join(tmpdir(), 'pmemwatch-web-'));
    chmodSync(dir, 0o777);
    authority = createAuthority(file('made'));
    prometheus = authority.issue('prometheus');
    putServer(authority.issue('first', { names: ['IP:127.0.0.1'] }));
    put('authority.crt', (path) => copyFileSync(authority.certFile, path));
    users = { prometheus: hashSync('scrape', 10) };
    putWeb();
    agent = await startAgent(dir, layHost(join(dir, 'host'), 'none'), '', ['--web.config.file', file('web.yml')]);
  });
  after(async () => {
    await agent?.kill('SIGKILL');
    rmSync(dir, { recursive: true, force: true });
  });
  const known = (more: ConnectionOptions = {}): ConnectionOptions => ({
    ca: authority.cert,
    cert: prometheus.cert,
    key: prometheus.key,
    ...more,
  });
  const scrape = (password = 'scrape', { from = '127.0.0.1', user = 'prometheus', tls = known() } = {}) =>
    sendRaw(
      { port: Number(new URL(agent.url).port), from, tls },
      `GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Basic ${Buffer.from(`${user}:${password}`).toString('base64')}\r\n\r\n`,
      { waitMs: 10_000 },
    );
  const metric = async (name: string) =>
    new RegExp(`^${name} (\\S+)$`, 'm').exec((await agent.get('/metrics')).body)?.[1];
  const reloadedWell = () => metric('pmemwatch_config_last_reload_successful');

  test('it says that it speaks TLS, and lets in who has certificate and password', async () => {
    assert.match(agent.url, /^https:/);
    const got = await scrape();
    assert.deepEqual(got.statuses, [200], got.text.slice(0, 200));
    assert.match(got.text, /pmemwatch_build_info/);
  });

  const strangers: readonly { attack: string; tls: () => ConnectionOptions }[] = [
    { attack: 'no client certificate', tls: () => ({ ca: authority.cert }) },
    {
      attack: 'an expired client certificate',
      tls: () => {
        const { cert, key } = authority.issue('expired', { expired: true });
        return known({ cert, key });
      },
    },
    {
      attack: 'a certificate of another authority with the same name',
      tls: () => {
        const { cert, key } = createAuthority(file('theirs'), 'authority').issue('prometheus');
        return known({ cert, key });
      },
    },
    {
      attack: 'TLS 1.1 (downgrade)',
      tls: () => known({ minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' }),
    },
    { attack: 'a cipher without encryption', tls: () => known({ maxVersion: 'TLSv1.2', ciphers: 'NULL:@SECLEVEL=0' }) },
  ];
  for (const { attack, tls } of strangers) {
    test(`${attack}: no answer, whatever the password`, async () => {
      const got = await scrape('scrape', { tls: tls() });
      assert.deepEqual(got.statuses, []);
      assert.doesNotMatch(got.text, /pmemwatch_/);
    });
  }

  test('a flood of wrong passwords keeps no scraper waiting', async () => {
    let flooding = true;
    let guesses = 0;
    const statuses = new Set<number>();
    const flood = Array.from({ length: 20 }, async () => {
      while (flooding) {
        const { statuses: got } = await scrape(`guess-${guesses++}`, {
          user: guesses % 2 === 0 ? 'prometheus' : 'nobody',
        });
        for (const status of got) statuses.add(status);
      }
    });
    const took: number[] = [];
    for (let i = 0; i < 8; i++) {
      const { statuses: got, ms } = await scrape('scrape', { from: '127.0.0.2' });
      assert.deepEqual(got, [200]);
      took.push(ms);
      await new Promise((resolve) => setTimeout(resolve, 150));
    }
    flooding = false;
    await Promise.all(flood);
    assert.deepEqual([...statuses].sort(), [401, 429]);
    assert.ok(Math.max(...took) < 3000, `scrapes took ${took.map(Math.round)} ms beside ${guesses} guesses`);
  });

  test('a renewed certificate is shown without a restart or a signal', async () => {
    putServer(authority.issue('second', { names: ['IP:127.0.0.1'] }));
    await until('the new one is shown', async () => {
      const socket = connect({ host: '127.0.0.1', port: Number(new URL(agent.url).port), ...known() });
      await new Promise((resolve) => socket.once('secureConnect', resolve).once('error', resolve));
      const name = socket.getPeerCertificate().subject?.CN;
      socket.destroy();
      return name === 'second' || undefined;
    });
    assert.deepEqual((await scrape()).statuses, [200]);
  });

  test('a broken file keeps the old one, which is told in log and metrics; the next good one is taken', async () => {
    assert.equal(await reloadedWell(), '1');
    putWeb('tls: {}\n');
    await until('the failure shows', async () => (await reloadedWell()) === '0' || undefined);
    assert.match(
      agent.log(),
      /web\.yml:\d+:1: tls: unknown key .*"msg":"configuration not taken over: the old one stays"/,
    );
    assert.deepEqual((await scrape()).statuses, [200]);
    users = { grafana: hashSync('look', 4) };
    putWeb('http_server_config:\n  headers:\n    Strict-Transport-Security: max-age=60\n');
    await until('it is taken', async () => (await reloadedWell()) === '1' || undefined);
    const got = await scrape('look', { user: 'grafana' });
    assert.deepEqual(got.statuses, [200]);
    assert.match(got.text, /strict-transport-security: max-age=60/i);
    assert.deepEqual((await scrape()).statuses, [401], 'who was taken out is let in no longer');
  });

  test('SIGHUP reads it at once', async () => {
    users = { prometheus: hashSync('again', 4) };
    putWeb();
    agent.child.kill('SIGHUP');
    await until('it is taken', async () => (await scrape('again')).statuses[0] === 200 || undefined);
  });

  test('the unix socket asks for none of it', async () => {
    assert.equal((await agent.get('/metrics')).status, 200);
  });

  test('a file with mistakes ends the start with all of them, and with line and column', async () => {
    put('web.yml', (path) =>
      writeFileSync(path, 'tls_server_config:\n  cert_file: none.crt\n  colour: red\nbasic_auth_users:\n  a: b\n'),
    );
    const args = agentArguments(dir, layHost(join(dir, 'host2'), 'none'), 'api: { socket: off }\n');
    const { code, stderr } = await runProgram([...args, '--web.config.file', file('web.yml')]);
    assert.equal(code, 2);
    for (const told of [/web\.yml:3:3: .*colour/, /web\.yml:5:6: .*bcrypt/, /needs key_file/])
      assert.match(stderr, told);
  });
});

/** TLS as the listening server really speaks it, to clients with certificates of every kind. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:https';
import { connect as connectPlain } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { createServer } from '../../../src/export/http/server.ts';
import { namesOf } from '../../../src/export/http/tls.ts';
import { type ClientAuth, openRules, type TlsRules, type WebRules } from '../../../src/model/web-rules.ts';
import { type Certificate, createAuthority, noOpenssl } from '../../certificates.ts';
import { httpDeps, temporaryFolder } from './served.ts';

const options = { skip: noOpenssl };
const folder = mkdtempSync(join(tmpdir(), 'pmemwatch-tls-'));
after(() => rmSync(folder, { recursive: true }));

const authority = noOpenssl ? undefined : createAuthority(join(folder, 'ours'));
const made = authority && {
  server: authority.issue('server', { names: ['DNS:localhost', 'IP:127.0.0.1'] }),
  renewed: authority.issue('renewed', { names: ['DNS:localhost', 'IP:127.0.0.1'] }),
  known: authority.issue('known', { names: ['DNS:prometheus.example.org', 'IP:2001:db8::7'] }),
  expired: authority.issue('expired', { expired: true }),
  foreign: createAuthority(join(folder, 'theirs'), 'elsewhere').issue('foreign'),
};
function certificates() {
  assert.ok(made !== undefined && authority !== undefined);
  return { ...made, authority };
}

function rulesOf(more: Partial<TlsRules> = {}): WebRules {
  const { server, authority } = certificates();
  const tls: TlsRules = {
    cert: server.cert,
    key: server.key,
    clientCa: authority.cert,
    clientAuth: 'none',
    minVersion: 'TLSv1.2',
    maxVersion: 'TLSv1.3',
    preferOwnCiphers: true,
    ...more,
  };
  return { ...openRules, tls };
}

async function serve(t: TestContext, rules: WebRules) {
  let current = rules;
  const deps = httpDeps();
  const server = await createServer({
    ...deps,
    config: {
      ...deps.config,
      get rules() {
        return current;
      },
    },
  });
  t.after(() => server.close());
  const [address = ''] = await server.listen([{ kind: 'tcp', host: '127.0.0.1', port: 0 }]);
  return {
    port: Number(address.split(':')[1]),
    renew(next: WebRules) {
      current = next;
      server.renew();
    },
  };
}

/** The status of GET /-/healthy, or why there is none. */
function ask(port: number, client: Certificate | undefined, more: ConnectionOptions = {}): Promise<number | string> {
  const own = client === undefined ? {} : { cert: client.cert, key: client.key };
  return new Promise((resolve) => {
    const asked = request(
      { host: '127.0.0.1', port, path: '/-/healthy', ca: certificates().authority.cert, agent: false, ...own, ...more },
      (answer) => {
        answer.resume();
        answer.once('end', () => resolve(answer.statusCode ?? 0));
      },
    );
    asked.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    asked.end();
  });
}

type Shown = 'none' | 'known' | 'foreign' | 'expired';
const policies: readonly { auth: ClientAuth; letsIn: readonly Shown[] }[] = [
  { auth: 'none', letsIn: ['none', 'known', 'foreign', 'expired'] },
  { auth: 'request', letsIn: ['none', 'known', 'foreign', 'expired'] },
  { auth: 'any', letsIn: ['known', 'foreign', 'expired'] },
  { auth: 'if-given', letsIn: ['none', 'known'] },
  { auth: 'verify', letsIn: ['known'] },
];
for (const { auth, letsIn } of policies) {
  test(
    `with client_auth_type ${auth} those with these certificates are let in: ${letsIn.join(', ')}`,
    options,
    async (t) => {
      const { port } = await serve(t, rulesOf({ clientAuth: auth }));
      for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
        const only: ConnectionOptions = { minVersion: version, maxVersion: version };
        for (const shown of ['none', 'known', 'foreign', 'expired'] as const) {
          const answer = await ask(port, shown === 'none' ? undefined : certificates()[shown], only);
          assert.equal(answer === 200, letsIn.includes(shown), `${version}, ${shown}: ${answer}`);
        }
      }
    },
  );
}

test(
  'a certificate needs one of the allowed names, whole; one that is not asked for needs none',
  options,
  async (t) => {
    const { known } = certificates();
    const tries: readonly { names: readonly string[]; auth: ClientAuth; status: 200 | undefined }[] = [
      { names: ['prometheus.example.org'], auth: 'verify', status: 200 },
      { names: ['other', '2001:db8::7'], auth: 'verify', status: 200 },
      { names: ['example.org'], auth: 'verify', status: undefined },
      { names: ['known'], auth: 'verify', status: undefined },
      { names: [], auth: 'verify', status: undefined },
      { names: ['example.org'], auth: 'none', status: 200 },
    ];
    const { port, renew } = await serve(t, rulesOf());
    for (const { names, auth, status } of tries) {
      renew(rulesOf({ clientAuth: auth, clientNames: names }));
      const answer = await ask(port, known);
      assert.equal(answer === 200, status === 200, `${names} ${auth}: ${answer}`);
    }
  },
);

test('names are read whole, whatever is in them', () => {
  assert.deepEqual(
    namesOf('DNS:a.example.org, IP Address:192.0.2.1, IP Address:0:0:0:0:0:0:0:1, email:"a, DNS:b", URI:spiffe://x/y'),
    ['a.example.org', '192.0.2.1', '::1', 'a, DNS:b', 'spiffe://x/y'],
  );
  assert.deepEqual(namesOf(undefined), []);
});

test('a version or cipher suite that is not offered makes no connection', options, async (t) => {
  const { port, renew } = await serve(t, rulesOf({ minVersion: 'TLSv1.3' }));
  assert.equal(await ask(port, undefined, { maxVersion: 'TLSv1.3' }), 200);
  assert.notEqual(await ask(port, undefined, { maxVersion: 'TLSv1.2' }), 200);
  renew(rulesOf({ maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256', curves: 'P-256' }));
  assert.equal(await ask(port, undefined, { ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256' }), 200);
  assert.notEqual(await ask(port, undefined, { ciphers: 'ECDHE-ECDSA-CHACHA20-POLY1305' }), 200);
  assert.notEqual(await ask(port, undefined, { ecdhCurve: 'P-384' }), 200);
  assert.notEqual(await ask(port, undefined, { minVersion: 'TLSv1.3' }), 200);
  const old = await ask(port, undefined, { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL@SECLEVEL=0' });
  assert.match(String(old), /EPROTO/);
});

/** The common name that the server shows. */
async function shownBy(port: number, session?: Buffer): Promise<{ name: string; socket: TLSSocket }> {
  const socket = connect({
    host: '127.0.0.1',
    port,
    ca: certificates().authority.cert,
    ...(session === undefined ? {} : { session }),
  });
  await new Promise((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject));
  return { name: String(socket.getPeerCertificate().subject.CN), socket };
}

test('a renewed certificate is shown to new connections, and what is open goes on', options, async (t) => {
  const { renewed } = certificates();
  const { port, renew } = await serve(t, rulesOf());
  const before = await shownBy(port);
  t.after(() => before.socket.destroy());
  assert.equal(before.name, 'server');
  renew(rulesOf({ cert: renewed.cert, key: renewed.key }));
  const next = await shownBy(port);
  next.socket.destroy();
  assert.equal(next.name, 'renewed');
  before.socket.write('GET /-/healthy HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
  const answer = await new Promise<string>((resolve) => before.socket.once('data', (data) => resolve(data.toString())));
  assert.match(answer, /^HTTP\/1\.1 200/);
});

test('a certificate is asked for as soon as the rules want it, and no longer when they do not', options, async (t) => {
  const { port, renew } = await serve(t, rulesOf());
  assert.equal(await ask(port, undefined), 200);
  renew(rulesOf({ clientAuth: 'verify' }));
  assert.notEqual(await ask(port, undefined), 200);
  assert.equal(await ask(port, certificates().known), 200);
  renew(rulesOf({ clientAuth: 'none' }));
  assert.equal(await ask(port, undefined), 200);
});

test('what was found out about a certificate is not carried into a later connection', options, async (t) => {
  const { known, authority } = certificates();
  for (const [clientAuth, reused] of [
    ['verify', false],
    ['none', true],
  ] as const) {
    const { port } = await serve(t, rulesOf({ clientAuth }));
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
      let session: Buffer | undefined;
      const open = (more: ConnectionOptions) =>
        connect({ host: '127.0.0.1', port, ca: authority.cert, cert: known.cert, key: known.key, maxVersion, ...more });
      const first = open({});
      first.on('session', (given: Buffer) => {
        session = given;
      });
      first.write('GET /-/healthy HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
      first.resume();
      await new Promise((resolve) => first.once('close', resolve));
      const again = open(session === undefined ? {} : { session });
      await new Promise((resolve) => again.once('secureConnect', resolve));
      assert.equal(again.isSessionReused(), reused, `${clientAuth} ${maxVersion}`);
      again.destroy();
    }
  }
});

test('plain HTTP gets nothing where TLS is spoken, even when the rules lose it', options, async (t) => {
  const { port, renew } = await serve(t, rulesOf());
  renew(openRules);
  const socket = connectPlain(port, '127.0.0.1');
  let answer = '';
  socket.on('data', (data) => {
    answer += data.toString('latin1');
  });
  socket.on('error', () => undefined);
  socket.write('GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await new Promise((resolve) => socket.once('close', resolve));
  assert.doesNotMatch(answer, /HTTP\/1\.1 200|pmemwatch/);
  assert.equal(await ask(port, undefined), 200);
});

test('the unix socket speaks plain HTTP beside TLS', options, async (t) => {
  const path = join(await temporaryFolder(t), 'api.sock');
  const server = await createServer(httpDeps({ config: { rules: rulesOf({ clientAuth: 'verify' }) } }));
  t.after(() => server.close());
  await server.listen([{ kind: 'unix', path }]);
  const answer = await new Promise<string>((resolve) => {
    const socket = connectPlain(path);
    socket.write('GET /-/healthy HTTP/1.1\r\nHost: localhost\r\n\r\n');
    socket.once('data', (data) => {
      socket.destroy();
      resolve(data.toString());
    });
  });
  assert.match(answer, /^HTTP\/1\.1 200/);
});

/** One `--web.config.file` for the node exporter and for the agent, and one Prometheus that scrapes both by it. */
import { spawn } from 'node:child_process';
import { chmodSync, copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hashSync } from 'bcryptjs';
import { createAuthority } from '../certificates.ts';
import { ended, startAgent } from '../e2e/agent-process.ts';
import { layHost } from '../e2e/host-on-disk.ts';
import { freePort } from '../free-port.ts';
import type { Checks } from './checks.ts';
import { startPrometheus } from './running-prometheus.ts';

export async function checkSecureScrape(
  checks: Checks,
  promtool: (args: readonly string[]) => void,
  rules: string,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'pmemwatch-secure-'));
  const closers: (() => Promise<unknown>)[] = [];
  try {
    chmodSync(folder, 0o777);
    const { web, tls } = writeFiles(folder);
    await checks.run('promtool check web-config: the file that both are started with', () =>
      promtool(['check', 'web-config', web]),
    );
    const exporterPort = await freePort();
    const exporter = spawn(
      'prometheus-node-exporter',
      [
        `--web.listen-address=127.0.0.1:${exporterPort}`,
        `--web.config.file=${web}`,
        '--collector.disable-defaults',
        '--collector.uname',
      ],
      { stdio: 'ignore' },
    );
    closers.push(() => ended(exporter, 'SIGTERM'));
    const agent = await startAgent(folder, layHost(join(folder, 'host'), 'none'), '', ['--web.config.file', web]);
    closers.push(() => agent.kill('SIGTERM'));

    const by = (password: string, config: object) => ({
      scheme: 'https',
      tls_config: config,
      basic_auth: { username: 'prometheus', password },
    });
    const job = (job_name: string, port: number, credentials: object) => ({
      job_name,
      static_configs: [{ targets: [`127.0.0.1:${port}`] }],
      ...credentials,
    });
    const agentPort = Number(new URL(agent.url).port);
    const { cert_file: _cert, key_file: _key, ...nobody } = tls;
    const prometheus = await checks.run(
      'Prometheus scrapes the agent over TLS, with client certificate and password',
      () =>
        startPrometheus(agent.url, rules, {
          credentials: by('scrape', tls),
          others: [
            job('node', exporterPort, by('scrape', tls)),
            job('wrong-password', agentPort, by('guess', tls)),
            job('no-certificate', agentPort, by('scrape', nobody)),
            job('node-wrong-password', exporterPort, by('guess', tls)),
          ],
        }),
    );
    if (prometheus === undefined) return;
    closers.push(() => prometheus.stop());
    await checks.run('the node exporter is scraped with the same file and the same credentials', () =>
      prometheus.until('up{job="node"} == 1 and on() node_uname_info'),
    );
    await checks.run('what is scraped over TLS is what the agent knows', () =>
      prometheus.until('pmemwatch_build_info{job="pmemwatch"}'),
    );
    for (const refused of ['wrong-password', 'node-wrong-password', 'no-certificate']) {
      await checks.run(`not let in, and seen as down: ${refused}`, () => prometheus.until(`up{job="${refused}"} == 0`));
    }
  } finally {
    for (const close of closers.reverse()) await close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function writeFiles(folder: string) {
  const authority = createAuthority(join(folder, 'made'));
  const server = authority.issue('server', { names: ['IP:127.0.0.1'] });
  const client = authority.issue('prometheus', { names: ['DNS:prometheus.example.org'] });
  // the agent may run as another user
  for (const [file, name] of [
    [server.certFile, 'server.crt'],
    [server.keyFile, 'server.key'],
    [authority.certFile, 'clients.crt'],
  ] as const) {
    copyFileSync(file, join(folder, name));
    chmodSync(join(folder, name), 0o644);
  }
  const web = join(folder, 'web.yml');
  writeFileSync(
    web,
    `tls_server_config:
  cert_file: server.crt
  key_file: server.key
  client_auth_type: RequireAndVerifyClientCert
  client_ca_file: clients.crt
  min_version: TLS12
  max_version: TLS13
  cipher_suites:
    - TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256
    - TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384
  prefer_server_cipher_suites: true
  curve_preferences:
    - CurveP256
    - X25519
http_server_config:
  http2: true
  headers:
    X-Frame-Options: deny
    X-Content-Type-Options: nosniff
    Strict-Transport-Security: max-age=31536000
basic_auth_users:
  prometheus: ${hashSync('scrape', 10).replace(/^\$2b/, '$2y')}
`,
  );
  chmodSync(web, 0o644);
  const tls = { ca_file: authority.certFile, cert_file: client.certFile, key_file: client.keyFile };
  return { web, tls };
}

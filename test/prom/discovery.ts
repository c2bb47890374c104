/** The shipped scrape configurations: what `promtool` says of them, and which targets come of what discovery finds. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { Checks } from './checks.ts';

const folder = join(import.meta.dirname, '../../deploy/prometheus');

interface ScrapeFile {
  readonly scrape_configs: readonly Readonly<Record<string, unknown>>[];
}
interface Found {
  readonly discoveredLabels: Readonly<Record<string, string>>;
  /** none where relabelling drops it */
  readonly labels?: Readonly<Record<string, string>>;
}

export async function checkDiscovery(checks: Checks): Promise<void> {
  await checks.run('hosts from a file are scraped under the name and the labels of the file', () => {
    const hosts = [{ targets: ['db07.example.org:9915'], labels: { cluster: 'eu1' } }];
    const [only, ...others] = targetsOf('file-sd.scrape.yml', 'file_sd_configs', hosts);
    if (others.length > 0 || only?.labels === undefined) throw new Error('not one target');
    expectLabels(only.labels, { job: 'pmemwatch', instance: 'db07.example.org:9915', cluster: 'eu1' });
  });
  await checks.run('pods are scraped on their metrics port alone, as the node that they run on', () => {
    const pod = (port: string) => ({
      targets: [`10.2.3.4:${port === 'metrics' ? 9915 : 8080}`],
      labels: {
        __meta_kubernetes_pod_container_port_name: port,
        __meta_kubernetes_pod_node_name: 'node-7',
        __meta_kubernetes_pod_name: 'pmemwatch-x1z2y',
      },
    });
    const found = targetsOf('kubernetes.scrape.yml', 'kubernetes_sd_configs', [pod('metrics'), pod('other')]);
    const kept = found.filter(({ labels }) => labels !== undefined && Object.keys(labels).length > 0);
    if (kept.length !== 1) throw new Error(`${kept.length} targets of 2 ports`);
    expectLabels(kept[0]?.labels ?? {}, { job: 'pmemwatch', instance: 'node-7' });
  });
}

function expectLabels(labels: Readonly<Record<string, string>>, expected: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(expected)) {
    if (labels[name] !== value) throw new Error(`${name} is ${labels[name]}, not ${value}`);
  }
}

/**
 * `promtool check config` and `check service-discovery`, with what is found in place of the discovery: there is no API server to
 * ask, and Debian's Prometheus is built without that discovery.
 */
function targetsOf(file: string, discovery: string, found: readonly object[]): Found[] {
  const config = parse(readFileSync(join(folder, file), 'utf8')) as ScrapeFile;
  const [{ [discovery]: replaced, ...job } = {}] = config.scrape_configs;
  if (replaced === undefined) throw new Error(`${file} has no ${discovery}`);
  const scratch = mkdtempSync(join(tmpdir(), 'pmemwatch-discovery-'));
  try {
    copyFileSync(join(folder, 'pmemwatch.rules.yml'), join(scratch, 'pmemwatch.rules.yml'));
    const path = join(scratch, file);
    writeFileSync(path, JSON.stringify({ ...config, scrape_configs: [{ ...job, static_configs: found }] }));
    promtool(['check', 'config', path]);
    const text = promtool(['check', 'service-discovery', '--timeout=1s', path, 'pmemwatch']);
    return JSON.parse(text) as Found[];
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
function promtool(args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync('promtool', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`promtool ${args.join(' ')}: ${stdout}${stderr}`);
  return stdout;
}

/**
 * The metrics, rules and dashboard against Prometheus itself: `node test/prom/run.ts`. Needs promtool and prometheus
 * (Debian: apt-get install prometheus); says what it skips without them. Needs no root.
 */
import { spawnSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type Checks, createChecks } from './checks.ts';
import { dashboardQueries } from './queries.ts';
import { type RunningDemo, startDemo } from './running-demo.ts';
import { type RunningPrometheus, startPrometheus } from './running-prometheus.ts';
import { checkSecureScrape } from './secure-scrape.ts';

const root = join(import.meta.dirname, '../..');
const rules = join(root, 'deploy/prometheus/pmemwatch.rules.yml');

function isInstalled(program: string): boolean {
  return spawnSync(program, ['--version'], { stdio: 'ignore' }).error === undefined;
}
function promtool(args: readonly string[], input = ''): void {
  const { status, stdout, stderr } = spawnSync('promtool', args, { input, encoding: 'utf8' });
  // check metrics tells its findings on stderr and ends with 3 for those that are only style
  if (status !== 0 || /error/i.test(stderr)) throw new Error(`promtool ${args.join(' ')}: ${stdout}${stderr}`);
}

async function checkFiles(checks: Checks): Promise<void> {
  for (const file of globSync('test/fixtures/golden/*.prom', { cwd: root }).sort()) {
    await checks.run(`promtool check metrics: ${basename(file)}`, () =>
      promtool(['check', 'metrics'], readFileSync(join(root, file), 'utf8')),
    );
  }
  await checks.run('promtool check rules', () => promtool(['check', 'rules', rules]));
  for (const file of globSync('deploy/prometheus/tests/*.yml', { cwd: root }).sort()) {
    await checks.run(`promtool test rules: ${basename(file)}`, () => promtool(['test', 'rules', join(root, file)]));
  }
}

async function checkLive(checks: Checks, demo: RunningDemo, prometheus: RunningPrometheus): Promise<void> {
  const metrics = await (await fetch(`${demo.url}/metrics`)).text();
  await checks.run('promtool check metrics: the running agent', () => promtool(['check', 'metrics'], metrics));
  await demo.damage();
  await checks.run('Prometheus sees the damaged file of the running agent', async () => {
    await prometheus.until(`pmem_damaged_files{${prometheus.selector}} > 0`);
  });
  await checks.run('Prometheus takes counters and the histogram as such', async () => {
    await prometheus.expectType('pmem_bad_ranges_found', 'counter');
    await prometheus.expectType('pmemwatch_resolve_duration_seconds', 'histogram');
    await prometheus.expectType('pmem_bad_bytes', 'gauge');
  });
  await checks.run('the media error fires as critical', async () => {
    await prometheus.until('ALERTS{alertname="PmemMediaError",alertstate="firing",severity="critical"}');
  });
  await checks.run('an alert for an agent that is gone stays silent', async () => {
    const silent = await prometheus.query('ALERTS{alertname="PmemwatchDown"}');
    if (silent.length > 0) throw new Error(JSON.stringify(silent));
  });
  for (const { title, expr } of dashboardQueries(join(root, 'dashboards'))) {
    await checks.run(`dashboard query: ${title}`, async () => {
      const query = expr.replaceAll('$instance', prometheus.instance);
      if ((await prometheus.query(query)).length === 0) throw new Error(`no result: ${query}`);
    });
  }
}

const checks = createChecks();
if (!isInstalled('promtool') || !isInstalled('prometheus')) {
  checks.skip('everything here', 'promtool and prometheus are not installed (Debian: apt-get install prometheus)');
} else {
  await checkFiles(checks);
  if (isInstalled('prometheus-node-exporter') && isInstalled('openssl'))
    await checkSecureScrape(checks, promtool, rules);
  else
    checks.skip('scrapes over TLS', 'prometheus-node-exporter or openssl is not installed (Debian: apt-get install)');
  const demo = await checks.run('the demo starts and keeps running', startDemo);
  if (demo !== undefined) {
    try {
      const prometheus = await checks.run('Prometheus starts', () => startPrometheus(demo.url, rules));
      if (prometheus !== undefined) {
        try {
          await checkLive(checks, demo, prometheus);
        } finally {
          await prometheus.stop();
        }
      }
    } finally {
      await demo.stop();
    }
  }
}
process.exit(checks.finish());

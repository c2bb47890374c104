/**
 * The metrics, rules and dashboards against Prometheus and Alertmanager themselves: `node test/prom/run.ts`. Needs promtool,
 * prometheus, amtool and Alertmanager (Debian: apt-get install prometheus prometheus-alertmanager); says what it skips
 * without them. Needs no root. With UPDATE_GOLDEN=1 it writes the table of samples into docs/dashboards.md.
 */
import { spawnSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { program as alertmanager } from '../alerting/running-alertmanager.ts';
import { type Checks, createChecks } from './checks.ts';
import { checkDiscovery } from './discovery.ts';
import { checkLive } from './live.ts';
import { checkRoutes } from './routes.ts';
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
  await checkDiscovery(checks);
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
  if (alertmanager !== undefined && isInstalled('amtool')) {
    await checkRoutes(checks);
    await checkLive(checks, promtool, rules);
  } else {
    checks.skip(
      'alerts and dashboards',
      'Alertmanager is not installed (Debian: apt-get install prometheus-alertmanager)',
    );
  }
}
process.exit(checks.finish());

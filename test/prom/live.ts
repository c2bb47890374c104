/** One Prometheus that scrapes a damaged host, one without persistent memory, modules with health and one that is down. */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startAlertmanager } from '../alerting/running-alertmanager.ts';
import { startAgent } from '../e2e/agent-process.ts';
import { layHost } from '../e2e/host-on-disk.ts';
import { freePort } from '../free-port.ts';
import { checkDamageIsTold, checkRepairIsTold } from './alerting-through.ts';
import type { Checks } from './checks.ts';
import { startConstructedModules } from './constructed-modules.ts';
import { checkDashboards } from './dashboards.ts';
import { startOnCall } from './oncall.ts';
import { startDemo } from './running-demo.ts';
import { startPrometheus } from './running-prometheus.ts';

export async function checkLive(
  checks: Checks,
  promtool: (args: readonly string[], input?: string) => void,
  rules: string,
): Promise<void> {
  const closers: (() => unknown)[] = [];
  try {
    const folder = mkdtempSync(join(tmpdir(), 'pmemwatch-live-'));
    chmodSync(folder, 0o777);
    closers.push(() => rmSync(folder, { recursive: true, force: true }));
    const demo = await checks.run('the demo starts and keeps running', startDemo);
    if (demo === undefined) return;
    closers.push(demo.stop);
    const bare = await startAgent(folder, layHost(join(folder, 'host'), 'none'), '');
    closers.push(() => bare.kill('SIGTERM'));
    const modules = await startConstructedModules();
    closers.push(modules.close);
    const oncall = await startOnCall();
    closers.push(oncall.close);
    const alertmanager = await startAlertmanager(oncall.url, await freePort());
    closers.push(alertmanager.stop);
    const companions = {
      'bare:9915': new URL(bare.url).host,
      'modules:9915': modules.address,
      'down:9915': `127.0.0.1:${await freePort()}`,
    };
    const prometheus = await checks.run('Prometheus starts', () =>
      startPrometheus(demo.url, rules, { companions, alertmanagerUrl: alertmanager.url }),
    );
    if (prometheus === undefined) return;
    closers.push(prometheus.stop);

    const metrics = await (await fetch(`${demo.url}/metrics`)).text();
    await checks.run('promtool check metrics: the running agent', () => promtool(['check', 'metrics'], metrics));
    await checkDamageIsTold(checks, { demo, prometheus, oncall });
    await checks.run('Prometheus takes counters and the histogram as such', async () => {
      await prometheus.expectType('pmem_bad_ranges_found', 'counter');
      await prometheus.expectType('pmemwatch_resolve_duration_seconds', 'histogram');
      await prometheus.expectType('pmem_bad_bytes', 'gauge');
    });
    await checks.run('an alert for an agent that is gone stays silent about one that is there', async () => {
      const silent = await prometheus.query(`ALERTS{alertname="PmemwatchDown",${prometheus.selector}}`);
      if (silent.length > 0) throw new Error(JSON.stringify(silent));
    });
    await checkDashboards(checks, prometheus, { damaged: prometheus.instance, empty: 'bare:9915' });
    await checkRepairIsTold(checks, { demo, prometheus, oncall });
  } finally {
    for (const close of closers.reverse()) await close();
  }
}

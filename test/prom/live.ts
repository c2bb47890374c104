/** A real agent that is damaged and repaired under Prometheus and Alertmanager, and the dashboards meanwhile. */
import { checkDamageIsTold, checkRepairIsTold } from './alerting-through.ts';
import type { Checks } from './checks.ts';
import { checkDashboards } from './dashboards.ts';
import { openScene } from './scene.ts';

export async function checkLive(
  checks: Checks,
  promtool: (args: readonly string[], input?: string) => void,
  rules: string,
): Promise<void> {
  const scene = await checks.run('the demo, other agents, Alertmanager and Prometheus start', () => openScene(rules));
  if (scene === undefined) return;
  try {
    const { demo, prometheus, bare } = scene;
    const metrics = await (await fetch(`${demo.url}/metrics`)).text();
    await checks.run('promtool check metrics: the running agent', () => promtool(['check', 'metrics'], metrics));
    await checkDamageIsTold(checks, scene);
    await checks.run('Prometheus takes counters and the histogram as such', async () => {
      await prometheus.expectType('pmem_bad_ranges_found', 'counter');
      await prometheus.expectType('pmemwatch_resolve_duration_seconds', 'histogram');
      await prometheus.expectType('pmem_bad_bytes', 'gauge');
    });
    await checks.run('an alert for an agent that is gone stays silent about one that is there', async () => {
      const silent = await prometheus.query(`ALERTS{alertname="PmemwatchDown",${prometheus.selector}}`);
      if (silent.length > 0) throw new Error(JSON.stringify(silent));
    });
    await checkDashboards(checks, prometheus, { damaged: prometheus.instance, empty: bare });
    await checkRepairIsTold(checks, scene);
  } finally {
    await scene.close();
  }
}

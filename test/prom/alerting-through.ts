/** Damage on a real agent, the rules in Prometheus, Alertmanager with the example configuration, a webhook: there and back. */
import assert from 'node:assert/strict';
import { until } from '../e2e/agent-process.ts';
import type { Checks } from './checks.ts';
import type { OnCall, Told } from './oncall.ts';
import type { RunningDemo } from './running-demo.ts';
import type { RunningPrometheus } from './running-prometheus.ts';

export async function checkDamageIsTold(
  checks: Checks,
  { demo, prometheus, oncall }: { demo: RunningDemo; prometheus: RunningPrometheus; oncall: OnCall },
): Promise<void> {
  const about = (status: string) => (told: Told) =>
    told.status === status &&
    told.labels['alertname'] === 'PmemMediaError' &&
    told.labels['instance'] === prometheus.instance;
  const since = performance.now();
  await demo.damage();
  await checks.run('Prometheus sees the damaged file of the running agent', () =>
    prometheus.until(`pmem_damaged_files{${prometheus.selector}} > 0`),
  );
  await checks.run('the media error fires as critical', () =>
    prometheus.until(
      `ALERTS{alertname="PmemMediaError",alertstate="firing",severity="critical",${prometheus.selector}}`,
    ),
  );
  await checks.run('Alertmanager tells on-call of it', async () => {
    const told = await until('on-call is told', () => oncall.told.find(about('firing')));
    assert.equal(told.receiver, 'oncall');
    assert.equal(told.labels['severity'], 'critical');
    assert.equal(told.labels['device'], 'pmem0');
    console.log(
      `        ${((told.at - since) / 1000).toFixed(1)} s after the kernel listed the sectors (scrape 0.5 s, evaluation 1 s, group_wait 2 s)`,
    );
  });
}

export async function checkRepairIsTold(
  checks: Checks,
  { demo, prometheus, oncall }: { demo: RunningDemo; prometheus: RunningPrometheus; oncall: OnCall },
): Promise<void> {
  const since = performance.now();
  await demo.repair();
  await checks.run('once it is repaired Alertmanager tells on-call the end, and nothing else of it', async () => {
    const ours = () =>
      oncall.told.filter(
        ({ labels }) => labels['instance'] === prometheus.instance && labels['alertname'] === 'PmemMediaError',
      );
    const told = await until('on-call is told the end', () => ours().find(({ status }) => status === 'resolved'));
    assert.deepEqual([...new Set(ours().map(({ receiver }) => receiver))], ['oncall']);
    console.log(`        ${((told.at - since) / 1000).toFixed(1)} s after the list was empty (group_interval 2 s)`);
  });
}

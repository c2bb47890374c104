/** Where the example configuration of Alertmanager sends each alert, by `amtool config routes test`. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import type { Checks } from './checks.ts';

const example = join(import.meta.dirname, '../../deploy/alertmanager.example.yml');

const routes: readonly (readonly [labels: readonly string[], receiver: string])[] = [
  [['alertname=PmemMediaError', 'severity=critical', 'source=prometheus', 'instance=db07:9915'], 'oncall'],
  [['alertname=PmemMediaError', 'severity=critical', 'source=agent', 'instance=db07:9915'], 'oncall'],
  [['alertname=PmemMediaError', 'severity=warning', 'source=prometheus', 'instance=db07:9915'], 'tickets'],
  [['alertname=NvdimmReplace', 'severity=critical', 'source=prometheus', 'instance=db07:9915'], 'oncall'],
  [['alertname=NvdimmIncident', 'severity=warning', 'source=agent', 'instance=db07:9915'], 'tickets'],
  [['alertname=PmemScrubIncident', 'severity=warning', 'source=prometheus', 'instance=db07:9915'], 'tickets'],
  [['alertname=PmemwatchDown', 'severity=critical', 'source=prometheus'], 'oncall'],
  [['alertname=PmemMessageRejected', 'severity=critical', 'source=prometheus'], 'oncall'],
  [['alertname=PmemwatchHeartbeat', 'severity=info', 'source=agent', 'instance=db07:9915'], 'deadman'],
  [['alertname=PmemwatchTest', 'severity=info', 'source=agent', 'instance=db07:9915'], 'oncall'],
  // what is not ours goes where it went
  [['alertname=NodeFilesystemFull', 'severity=warning', 'instance=db07:9100'], 'oncall'],
];

function amtool(args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync('amtool', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`amtool ${args.join(' ')}: ${stdout}${stderr}`);
  return stdout.trim();
}

export async function checkRoutes(checks: Checks): Promise<void> {
  await checks.run('amtool check-config: the example configuration', () => amtool(['check-config', example]));
  for (const [labels, receiver] of routes) {
    await checks.run(`Alertmanager tells ${receiver} of ${labels.slice(0, 3).join(' ')}`, () => {
      const found = amtool(['config', 'routes', 'test', `--config.file=${example}`, ...labels]);
      if (found !== receiver) throw new Error(`it goes to ${found}`);
    });
  }
}

/** One Prometheus that scrapes a damaged host, one without persistent memory, modules with health and one that is down. */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startAlertmanager } from '../alerting/running-alertmanager.ts';
import { startAgent } from '../e2e/agent-process.ts';
import { layHost } from '../e2e/host-on-disk.ts';
import { freePort } from '../free-port.ts';
import { startConstructedModules } from './constructed-modules.ts';
import { type OnCall, startOnCall } from './oncall.ts';
import { type RunningDemo, startDemo } from './running-demo.ts';
import { type RunningPrometheus, startPrometheus } from './running-prometheus.ts';

export interface Scene {
  readonly demo: RunningDemo;
  readonly prometheus: RunningPrometheus;
  readonly oncall: OnCall;
  /** the instance of the host without persistent memory */
  readonly bare: string;
  close(): Promise<void>;
}

export async function openScene(rules: string): Promise<Scene> {
  const closers: (() => unknown)[] = [];
  const close = async (): Promise<void> => {
    for (const each of closers.reverse()) await each();
  };
  try {
    const folder = mkdtempSync(join(tmpdir(), 'pmemwatch-scene-'));
    chmodSync(folder, 0o777);
    closers.push(() => rmSync(folder, { recursive: true, force: true }));
    const demo = await startDemo();
    closers.push(demo.stop);
    const agent = await startAgent(folder, layHost(join(folder, 'host'), 'none'), '');
    closers.push(() => agent.kill('SIGTERM'));
    const modules = await startConstructedModules();
    closers.push(modules.close);
    const oncall = await startOnCall();
    closers.push(oncall.close);
    const alertmanager = await startAlertmanager(oncall.url, await freePort());
    closers.push(alertmanager.stop);
    const bare = 'bare:9915';
    const companions = {
      [bare]: new URL(agent.url).host,
      'modules:9915': modules.address,
      'down:9915': `127.0.0.1:${await freePort()}`,
    };
    const prometheus = await startPrometheus(demo.url, rules, { companions, alertmanagerUrl: alertmanager.url });
    closers.push(prometheus.stop);
    return { demo, prometheus, oncall, bare, close };
  } catch (cause) {
    await close();
    throw cause;
  }
}

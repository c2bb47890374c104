/** What one host shows to a scrape: the real agent over a simulated host, with the health that its modules would give. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { healthMetrics } from '../../src/export/metrics/health.ts';
import { createMetricsExporter } from '../../src/export/metrics/prometheus.ts';
import type { HealthFields } from '../../src/model/health.ts';
import { healthOf } from '../../test/export/built-health.ts';
import { stateOf, viewOf } from '../../test/export/built-state.ts';
import { freePort } from '../../test/free-port.ts';
import { start, stop, untilReady } from '../processes.ts';
import { laySimulatedHost, laySlowPollConfig, makeBenchDirectory } from '../simulated-host.ts';

/** An App Direct server with one namespace on each of its modules; interleaved ones have fewer. */
export const MODULES = 6;
/** bad ranges of each of the namespaces of a host with damage */
const RANGES = 2;

const fields: HealthFields = {
  state: 'ok',
  sparePercent: 100,
  spareThresholdPercent: 50,
  lifeUsedPercent: 7,
  alarms: { spare: false, media_temperature: false, controller_temperature: false },
  mediaTemperatureCelsius: 44,
  mediaTemperatureThresholdCelsius: 82,
  controllerTemperatureCelsius: 50,
  controllerTemperatureThresholdCelsius: 98,
  lastShutdownClean: true,
  dirtyShutdownCount: 42,
  unlatchedDirtyShutdownCount: 51,
};

/** Lines of samples in the text format, without comments. @param damaged whether its namespaces have bad ranges */
export async function hostText(damaged: boolean): Promise<string[]> {
  const dir = makeBenchDirectory();
  const host = laySimulatedHost(dir, MODULES, damaged ? RANGES : 0);
  const port = await freePort();
  const agent = start(process.execPath, [
    ...['--disable-sigusr1', 'dist/main.js', 'agent', '--config', laySlowPollConfig(dir)],
    ...['--path.sysfs', host.sysfs, '--path.procfs', host.procfs, '--path.dev', host.dev],
    ...['--state.file', join(dir, 'state', 'state.db'), '--web.listen-address', `127.0.0.1:${port}`],
    ...['--log.level', 'error'],
  ]);
  try {
    await untilReady(`http://127.0.0.1:${port}/-/ready`, 60_000);
    const own = samplesOf(await (await fetch(`http://127.0.0.1:${port}/metrics`)).text());
    const modules = own.flatMap((line) => /^nvdimm_info\{dimm="([^"]+)"/.exec(line)?.[1] ?? []);
    if (modules.length !== MODULES) throw new Error(`the agent shows ${modules.length} modules, not ${MODULES}`);
    const health = healthMetrics.metrics.map(({ name }) => name);
    const families = new Set(health);
    return [...own.filter((line) => !families.has(nameOf(line))), ...(await healthText(modules))];
  } finally {
    await stop(agent);
    rmSync(dir, { recursive: true, force: true });
  }
}

async function healthText(modules: readonly string[]): Promise<string[]> {
  const readings = modules.map((dimm, i) => healthOf(fields, { dimm, name: `nmem${i}` }));
  const advice = new Map(modules.map((dimm) => [dimm, { advice: 'ok' as const, summary: '', inputs: [] }]));
  const view = viewOf(stateOf([], { health: readings, advice }));
  const { body } = await createMetricsExporter(healthMetrics.metrics).render(view, undefined);
  return samplesOf(body);
}
function samplesOf(text: string): string[] {
  return text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}
export function nameOf(line: string): string {
  return /^[a-zA-Z_:][\w:]*/.exec(line)?.[0] ?? '';
}

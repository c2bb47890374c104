/**
 * What the exporter makes of two modules with health data, served for Prometheus to scrape. The readings are constructed: no machine
 * without such modules can answer a health command. Everything from the reading on is the agent's own code.
 */
import { createServer } from 'node:http';
import { allMetrics } from '../../src/export/metrics/metrics.ts';
import { createMetricsExporter } from '../../src/export/metrics/prometheus.ts';
import type { View } from '../../src/export/view.ts';
import type { HealthFields } from '../../src/model/health.ts';
import { bytes } from '../../src/model/units.ts';
import { goodFields, healthOf } from '../export/built-health.ts';
import { damagedState, topology, viewOf } from '../export/built-state.ts';

const good = { key: '8089-a2-1837-00000bb8', slot: 'CPU0_C1_D2' };
const worn = { key: '8089-a2-1837-00000bc1', slot: 'CPU0_C2_D2' };

export async function startConstructedModules(): Promise<{ readonly address: string; close(): Promise<void> }> {
  const exporter = createMetricsExporter(allMetrics());
  const server = createServer((request, response) => {
    void exporter.render(viewAt(Date.now()), request.headers.accept).then(({ contentType, body }) => {
      response.writeHead(200, { 'content-type': contentType }).end(body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const bound = server.address();
  return {
    address: `127.0.0.1:${typeof bound === 'object' && bound !== null ? bound.port : 0}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** The worn one gets warmer and cooler within two minutes, over its limit for some seconds. */
function viewAt(now: number): View {
  const swing = Math.sin((now / 120_000) * 2 * Math.PI);
  const warm: HealthFields = {
    ...goodFields,
    mediaTemperatureCelsius: Math.round(78 + 6 * swing),
    mediaTemperatureThresholdCelsius: 82,
    controllerTemperatureCelsius: Math.round(80 + 5 * swing),
    controllerTemperatureThresholdCelsius: 98,
    energySourceLifeUsedPercent: 41,
    alarms: { spare: true, media_temperature: swing > 0.7 },
    state: 'noncritical',
    sparePercent: 4,
    lifeUsedPercent: 88,
    dirtyShutdownCount: 7,
  };
  const cool: HealthFields = {
    ...goodFields,
    mediaTemperatureCelsius: Math.round(44 + 2 * swing),
    mediaTemperatureThresholdCelsius: 82,
    alarms: { spare: false, media_temperature: false },
  };
  const readings = [
    healthOf(cool, { dimm: good.key, name: 'nmem0', lastOkAt: now - 4_000 }),
    healthOf(warm, { dimm: worn.key, name: 'nmem1', lastOkAt: now - 9_000 }),
  ];
  const [first] = topology.dimms;
  if (first === undefined) throw new Error('the built topology has no module');
  const dimms = [
    { ...first, name: 'nmem0', key: good.key, id: good.key, locator: good.slot },
    { ...first, name: 'nmem1', key: worn.key, id: worn.key, locator: worn.slot, serial: '0x0bc1' },
  ];
  const half = bytes(512 * 1024 * 1024);
  const regions = topology.regions.map((region) => ({
    ...region,
    mappings: dimms.map(({ name }, position) => ({ dimm: name, dpaStart: bytes(0), length: half, position })),
  }));
  const advice = new Map([
    [good.key, { advice: 'ok' as const, summary: '', inputs: [] }],
    [worn.key, { advice: 'plan' as const, summary: 'spare capacity 4 %', inputs: [] }],
  ]);
  return viewOf({ ...damagedState(), topology: { ...topology, dimms, regions }, health: readings, advice });
}

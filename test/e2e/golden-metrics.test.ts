/** /metrics of fixture hosts, byte for byte, through the stages that the agent runs. `npm run golden` rewrites the files. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { diff } from '../../src/diff/diff.ts';
import { discover } from '../../src/discover/discover.ts';
import { allMetrics } from '../../src/export/metrics/metrics.ts';
import { createMetricsExporter } from '../../src/export/metrics/prometheus.ts';
import type { View } from '../../src/export/view.ts';
import type { AgentStatus } from '../../src/model/agent-status.ts';
import type { Change } from '../../src/model/change.ts';
import { run } from '../../src/model/extent.ts';
import { defaultAdvicePolicy } from '../../src/model/replacement-advice.ts';
import type { State } from '../../src/model/state.ts';
import { emptyTopology } from '../../src/model/topology.ts';
import { sector, sectorCount } from '../../src/model/units.ts';
import { createHealthObserver } from '../../src/observe/health/health-observer.ts';
import { createObserver } from '../../src/observe/observe.ts';
import { createScrubObserver } from '../../src/observe/scrub.ts';
import { recordPass } from '../../src/record/record.ts';
import { recordScrubs } from '../../src/record/scrubs.ts';
import { createFakeClock } from '../fakes/fake-clock.ts';
import { loadHost } from '../fakes/host-tree.ts';
import { createRecordingLog } from '../fakes/recording-log.ts';
import { createScriptedDsm } from '../fakes/scripted-dsm.ts';

const startedAt = Date.UTC(2026, 0, 1);
const agent: AgentStatus = {
  version: '0.0.0-golden',
  revision: 'golden',
  nodeVersion: 'v24.0.0',
  startedAt,
  collectors: [
    { collector: 'bad_blocks', success: true, durationSeconds: 0.002, lastSuccess: startedAt / 1000 },
    { collector: 'topology', success: true, durationSeconds: 0.01, lastSuccess: startedAt / 1000 },
  ],
  receivers: [{ receiver: 'oncall', pending: 0, delivered: 1, retried: 0, rejected: 0, reachable: true }],
  storeWritable: true,
  resolves: [
    {
      fsType: 'xfs',
      buckets: [
        { le: 0.1, count: 1 },
        { le: 1, count: 1 },
      ],
      count: 1,
      sumSeconds: 0.05,
    },
  ],
  configReloadOk: true,
  configReloadedAt: startedAt / 1000,
};
const beginning: State = {
  host: { name: 'golden', machineId: '0'.repeat(32), bootId: 'b', product: null, os: null, kernel: null },
  topology: emptyTopology,
  inventoried: false,
  places: new Map(),
  dimms: new Map(),
  scrubs: new Map(),
  incidents: new Map(),
  ordinals: new Map(),
  lineage: '',
  lists: [],
  stuck: [],
  health: [],
  scrubReadings: [],
  advice: new Map(),
  at: 0,
};

/** The state after one whole pass over a fixture host, and a second one with the owners found meanwhile. */
async function stateOfHost(scenario: string, owners: (state: State) => Change[]): Promise<State> {
  const host = loadHost(scenario);
  const clock = createFakeClock(startedAt);
  const topology = await discover(host);
  const observer = createObserver({
    sysfs: host.sysfs,
    clock,
    config: { badBlocksMs: 60_000, deviceDeadlineMs: 30_000, pageSize: 4096, jitter: () => 0.5 },
    onReading: () => undefined,
    log: createRecordingLog(),
  });
  const health = createHealthObserver({
    sysfs: host.sysfs,
    dsm: createScriptedDsm(),
    clock,
    config: { healthMs: 600_000, healthAlarmMs: 60_000, deviceDeadlineMs: 30_000, jitter: () => 0.5 },
    onReading: () => undefined,
    log: createRecordingLog(),
  });
  const scrubs = createScrubObserver({
    sysfs: host.sysfs,
    control: { whyNotWritable: async () => undefined },
    clock,
    config: { pollMs: 60_000, deviceDeadlineMs: 30_000, jitter: () => 0.5 },
    onEnded: () => undefined,
    onReading: () => undefined,
    log: createRecordingLog(),
  });
  for (const part of [observer, health, scrubs]) part.update(topology);
  await Promise.all([observer.settled(), health.settled(), scrubs.settled()]);
  const pass = (previous: State, found: Change[]) => {
    const snapshot = { ...observer.latest(topology), health: health.latest(), scrubs: scrubs.latest() };
    const changes = [...diff(previous.places, topology, snapshot, previous.stuck), ...found];
    const now = clock.now();
    const { state } = recordPass(
      previous,
      { topology, snapshot, changes, now, inventoried: true },
      { removedAfterMs: 3_600_000, health: { energySourceUsedPercent: 80 }, advice: defaultAdvicePolicy },
    );
    const { lists, scrubs: readings } = snapshot;
    return recordScrubs(
      state,
      { topology, readings, outcomes: [], asked: [], due: () => [], changes, lists, now },
      { overdueAfterMs: 0, deadlineMs: 86_400_000, afterError: false, removedAfterMs: 3_600_000 },
    ).state;
  };
  const first = pass(beginning, []);
  const last = pass(first, owners(first));
  for (const part of [observer, health, scrubs]) part.stop();
  return last;
}

/** What a resolver would say of every range of the host: one file. */
function oneFile(state: State): Change[] {
  return [...state.places.values()].flatMap(({ place, ranges }) =>
    ranges.map((range): Change => {
      const runs = [run(range.start, range.count)];
      const owner = {
        kind: 'file' as const,
        device: place.device,
        start: sector(range.start - (place.dataStart ?? 0)),
        count: sectorCount(range.count),
        fsType: 'xfs',
        mountpoint: '/mnt/pmem',
        inode: '131',
        offset: 0,
        length: 512,
        state: 'data' as const,
        paths: ['/mnt/pmem/base/16402/24711'],
        pathsComplete: true,
      };
      return { kind: 'owners', uid: place.uid, runs, owners: [owner], complete: true };
    }),
  );
}

const hosts: readonly { host: string; shows: string; options: View['options']; owners: (state: State) => Change[] }[] =
  [
    { host: 'none', shows: 'nothing to watch', options: { paths: 'off', damagedFiles: 20 }, owners: () => [] },
    {
      host: 'one-bad-sector',
      shows: 'one damaged file, named',
      options: { paths: 'full', damagedFiles: 20 },
      owners: oneFile,
    },
    { host: 'truncated-list', shows: 'a full list', options: { paths: 'off', damagedFiles: 20 }, owners: () => [] },
    { host: 'two-buses', shows: 'two buses', options: { paths: 'off', damagedFiles: 20 }, owners: () => [] },
    {
      host: 'btt-and-devdax',
      shows: 'devices without a list of their own',
      options: { paths: 'off', damagedFiles: 20 },
      owners: () => [],
    },
  ];
const folder = join(import.meta.dirname, '../fixtures/golden');

for (const { host, shows, options, owners } of hosts) {
  test(`/metrics of the host ${host} (${shows}) is as reviewed`, async () => {
    const state = await stateOfHost(host, owners);
    const { body } = await createMetricsExporter(allMetrics()).render(
      { state, agent, options, scrubsDue: new Map() },
      undefined,
    );
    const file = join(folder, `${host}.prom`);
    if (process.env['UPDATE_GOLDEN'] === '1') {
      mkdirSync(folder, { recursive: true });
      writeFileSync(file, body);
    }
    assert.equal(body, readFileSync(file, 'utf8'));
  });
}

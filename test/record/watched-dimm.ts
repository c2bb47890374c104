/** One module that passes of `record` look at, one reading after the other. */
import type { HealthFields, HealthReading } from '../../src/model/health.ts';
import type { Notice } from '../../src/model/incident.ts';
import { ok } from '../../src/model/observation.ts';
import type { State } from '../../src/model/state.ts';
import { emptyTopology, type Topology } from '../../src/model/topology.ts';
import { recordPass } from '../../src/record/record.ts';
import { emptyState, policy } from './timeline.ts';

export const dimm = {
  name: 'nmem0',
  key: '8089-a2-1837-00000bb8',
  bus: 'ndbus0',
  flags: [],
  serial: '0x0bb8',
  locator: 'C1-D2',
  partNumber: 'NMA1XXD128GPS',
};
const topology: Topology = { ...emptyTopology, dimms: [dimm] };

export interface Look {
  readonly fields?: HealthFields;
  /** what the kernel adds */
  readonly kernel?: HealthFields;
  readonly health?: HealthReading['health'];
  readonly failedInARow?: number;
  readonly boot?: string;
  readonly topology?: Topology;
  readonly now?: number;
  readonly none?: boolean;
}
export const good: HealthFields = { state: 'ok', dirtyShutdownCount: 42, lastShutdownClean: true };

/** Looks at the module one after the other; answers what was told after each. */
export function watch(looks: readonly Look[], start: State = emptyState()): { state: State; told: Notice[][] } {
  let state = start;
  const told = looks.map((look, i) => {
    const now = look.now ?? i * 60_000;
    const fields = look.fields ?? good;
    const reading: HealthReading = {
      name: 'nmem0',
      dimm: dimm.key,
      at: now,
      durationMs: 1,
      health: look.health ?? ok(fields),
      fields: look.health === undefined ? { ...look.kernel, ...fields } : { ...look.kernel },
      sources: [],
      failures: [],
      failedInARow: look.failedInARow ?? 0,
    };
    const snapshot = {
      at: now,
      places: new Map(),
      lists: [],
      stuck: [],
      health: look.none ? [] : [reading],
      scrubs: [],
    };
    const host = { ...state.host, bootId: look.boot ?? 'b1' };
    const input = { topology: look.topology ?? topology, snapshot, changes: [], now, inventoried: true };
    const after = recordPass({ ...state, host }, input, policy);
    state = after.state;
    // advice has tests of its own
    return after.notices.filter(({ incident }) => incident.condition !== 'dimm_replace');
  });
  return { state, told };
}
export const brief = (notices: readonly Notice[]): string[] =>
  notices.map(({ type, incident }) => `${type} ${incident.condition} ${incident.severity}`);
export const lines = (looks: readonly Look[]): string[][] => watch(looks).told.map(brief);

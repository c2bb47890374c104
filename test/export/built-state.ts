/** States built in code for the tests of what is exported. */
import type { View } from '../../src/export/view.ts';
import type { AgentStatus } from '../../src/model/agent-status.ts';
import { run } from '../../src/model/extent.ts';
import type { HostFacts } from '../../src/model/host.ts';
import type { Incident, TrackedRange } from '../../src/model/incident.ts';
import type { Owner, OwnerKind } from '../../src/model/owner.ts';
import type { BusScrubs, ScrubReading, ScrubRun } from '../../src/model/scrub.ts';
import type { PlaceState, State } from '../../src/model/state.ts';
import { emptyTopology, type Place, type Topology } from '../../src/model/topology.ts';
import { bytes, sector, sectorCount } from '../../src/model/units.ts';

export const at = Date.UTC(2024, 4, 6, 14, 2, 7);
export const host: HostFacts = {
  name: 'db07',
  machineId: '0123456789abcdef0123456789abcdef',
  bootId: 'b1',
  product: 'Example R1',
  os: 'Linux',
  kernel: '6.1.0',
};
export const uidA = 'a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f90';

export function agentStatus(more: Partial<AgentStatus> = {}): AgentStatus {
  return {
    version: '0.1.0',
    revision: 'abc',
    nodeVersion: 'v24.21.0',
    startedAt: at,
    collectors: [{ collector: 'bad_blocks', success: true, durationSeconds: 0.25, lastSuccess: 1715004127 }],
    receivers: [],
    storeWritable: true,
    resolves: [],
    configReloadOk: true,
    configReloadedAt: 1715004000,
    ...more,
  };
}
export function placeOf(more: Partial<Place> = {}): Place {
  return {
    uid: uidA,
    kind: 'namespace',
    bus: 'ndbus0',
    ndRegion: 'region0',
    ndNamespace: 'namespace0.0',
    mode: 'fsdax',
    uuid: '00000000-0000-0000-0000-00000000000a',
    device: 'pmem0',
    size: sectorCount(1_000_000),
    dataStart: sectorCount(4096),
    dataSize: sectorCount(990_000),
    dimms: [
      { id: '8089-a2-1837-00000bb8', name: 'nmem0', serial: '0x0bb8', locator: 'C1-D2', partNumber: 'NMA1XXD128GPS' },
    ],
    errorSource: 'ars',
    epoch: 'e1',
    ...more,
  };
}
export function placeState(ranges: readonly TrackedRange[] = [], more: Partial<PlaceState> = {}): PlaceState {
  return {
    place: placeOf(),
    ranges,
    foundTotal: ranges.length,
    clearedTotal: 0,
    present: true,
    goneSince: null,
    readable: true,
    complete: true,
    reasons: [],
    readAt: at,
    ...more,
  };
}
/** `start` in sectors of the place */
export function rangeOf(start: number, count: number, owners: readonly Owner[] = []): TrackedRange {
  return {
    ...run(start, count),
    firstSeen: at - 1000,
    lastSeen: at,
    foundBy: 'mce',
    epoch: 'e1',
    owners,
    ownersComplete: true,
    ...(owners.length > 0 ? { ownersAt: at } : {}),
  };
}
/** `start` in sectors of the device */
export function ownerOf(kind: OwnerKind, start: number, count: number, more: Partial<Owner> = {}): Owner {
  return { kind, device: 'pmem0', start: sector(start), count: sectorCount(count), ...more };
}
export function fileOwner(start: number, count: number, inode: string, path: string, more: Partial<Owner> = {}): Owner {
  return ownerOf('file', start, count, {
    fsType: 'xfs',
    mountpoint: '/pg',
    inode,
    offset: 8192,
    length: 4096,
    state: 'data',
    shared: false,
    dax: true,
    paths: [path],
    pathsBase64: [Buffer.from(path).toString('base64')],
    pathsComplete: true,
    linkCount: 1,
    openBy: [
      {
        pid: 4711,
        command: 'postgres',
        mapped: true,
        mapsDamaged: true,
        unit: 'postgresql@15.service',
        container: null,
        pod: null,
      },
    ],
    goodCopy: { exists: 'no', where: null },
    ...more,
  });
}
export const topology: Topology = {
  ...emptyTopology,
  buses: [
    { name: 'ndbus0', provider: 'ACPI.NFIT', errorSource: 'ars', scrubSupported: true, canClear: true, epoch: 'e1' },
  ],
  dimms: [
    {
      name: 'nmem0',
      bus: 'ndbus0',
      key: '8089-a2-1837-00000bb8',
      id: '8089-a2-1837-00000bb8',
      handle: 1,
      physicalId: 28,
      serial: '0x0bb8',
      vendor: '0x8089',
      family: 'intel',
      flags: ['smart_notify'],
      locator: 'C1-D2',
      partNumber: 'NMA1XXD128GPS',
    },
  ],
  regions: [
    {
      name: 'region0',
      bus: 'ndbus0',
      kind: 'pmem',
      size: bytes(1024 * 1024 * 1024),
      mappings: [{ dimm: 'nmem0', dpaStart: bytes(0), length: bytes(1024 * 1024 * 1024), position: 0 }],
      persistenceDomain: 'memory_controller',
      numaNode: 0,
      enabled: true,
    },
  ],
  namespaces: [
    {
      name: 'namespace0.0',
      region: 'region0',
      bus: 'ndbus0',
      mode: 'fsdax',
      size: bytes(536_870_912),
      uuid: '00000000-0000-0000-0000-00000000000a',
      device: 'pmem0',
    },
  ],
};
export function stateOf(places: readonly PlaceState[], more: Partial<State> = {}): State {
  return {
    host,
    topology,
    inventoried: true,
    places: new Map(places.map((p) => [p.place.uid, p])),
    dimms: new Map(),
    scrubs: new Map(),
    incidents: new Map(),
    ordinals: new Map(),
    lineage: '',
    lists: [],
    stuck: [],
    health: [],
    scrubReadings: [],
    scrubTicks: new Map(),
    advice: new Map(),
    at,
    ...more,
  };
}
export function incidentOf(ranges: readonly TrackedRange[], more: Partial<Incident> = {}): Incident {
  const { uid, device, ndNamespace, ndRegion, bus, dimms } = placeOf();
  return {
    id: 'inc-1',
    fingerprint: 'f1',
    ordinal: 1,
    condition: 'media_error',
    severity: 'critical',
    status: 'open',
    revision: 2,
    openedAt: at - 1000,
    updatedAt: at,
    resolvedAt: null,
    resolution: null,
    foundBy: 'mce',
    subject: { uid, device, ndNamespace, ndRegion, bus, uuid: null, dataStart: 4096, dimms },
    ranges,
    complete: true,
    detail: '',
    acknowledgement: null,
    previousIncident: null,
    ...more,
  };
}
export function viewOf(state: State, options: Partial<View['options']> = {}, agent = agentStatus()): View {
  return {
    state,
    agent,
    options: { paths: 'off', damagedFiles: 20, ...options },
    scrubsDue: new Map([...state.scrubs.keys()].map((key) => [key, at + 3_600_000])),
  };
}
export function scrubRunOf(more: Partial<ScrubRun> = {}): ScrubRun {
  return {
    id: 'scrub-1',
    bus: 'ndbus0',
    epoch: 'e1',
    asker: { author: 'ada', via: 'token ops', reason: 'after the move' },
    type: 'long',
    status: 'completed',
    requestedAt: at - 20_000,
    startedAt: at - 19_000,
    endedAt: at - 4_000,
    countBefore: 1,
    countAfter: 2,
    searchable: [placeOf().uid],
    late: false,
    foundRanges: 1,
    foundBytes: 4096,
    reason: '',
    ...more,
  };
}
/** A bus with an idle scrub that has run once. */
export function scrubbed(
  more: Partial<BusScrubs> = {},
  reading: Partial<ScrubReading> = {},
): Pick<State, 'scrubs' | 'scrubReadings'> {
  const scrubs: BusScrubs = {
    key: 'ACPI.NFIT',
    name: 'ndbus0',
    present: true,
    goneSince: null,
    firstSeen: at - 86_400_000,
    kernel: { epoch: 'e1', completed: 2 },
    total: 1,
    lastCompletedAt: at - 4_000,
    lastDurationMs: 15_000,
    lastFullAt: at - 4_000,
    scheduledUpTo: at - 86_400_000,
    wanted: null,
    ordinal: 1,
    runs: [scrubRunOf()],
    ...more,
  };
  const state = { kind: 'ok', value: { completed: 2, running: false } } as const;
  return {
    scrubs: new Map([[scrubs.key, scrubs]]),
    scrubReadings: [{ bus: 'ndbus0', epoch: 'e1', at, tick: 0, state, notWritable: '', ...reading }],
  };
}
/** A host with one damaged file: what most tests look at. */
export function damagedState(): State {
  const ranges = [rangeOf(4096 + 16, 8, [fileOwner(16, 8, '131', '/pg/base/16402/24711')])];
  return stateOf([placeState(ranges)], { incidents: new Map([['inc-1', incidentOf(ranges)]]), ...scrubbed() });
}

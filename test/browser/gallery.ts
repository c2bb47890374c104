/** States that a real host takes long to get into, built in code and served by the agent's own server. */
import { createHash } from 'node:crypto';
import { createServer, type HttpDeps } from '../../src/export/http/server.ts';
import type { DeliveryRecord } from '../../src/model/outbox.ts';
import type { State } from '../../src/model/state.ts';
import { sectorCount } from '../../src/model/units.ts';
import { describeIncident } from '../../src/notify/describe.ts';
import { goodFields, healthOf, unreadableHealth } from '../export/built-health.ts';
import {
  agentStatus,
  at,
  damagedState,
  fileOwner,
  host,
  incidentOf,
  ownerOf,
  placeOf,
  placeState,
  rangeOf,
  scrubbed,
  stateOf,
  topology,
  viewOf,
} from '../export/built-state.ts';
import { httpDeps } from '../export/http/served.ts';

export interface Scene {
  readonly name: string;
  /** of what the page must say */
  readonly says: RegExp;
  readonly deps: Partial<HttpDeps>;
}
const key = topology.dimms[0]?.key ?? '';

function record(sequence: number, more: Partial<DeliveryRecord> = {}): DeliveryRecord {
  return {
    sequence,
    receiver: 'oncall',
    noticeId: `n${sequence}`,
    incident: 'inc-1',
    condition: 'media_error',
    severity: 'critical',
    type: 'opened',
    status: 'delivered',
    attempts: 1,
    createdAt: at,
    firstAttemptAt: at,
    lastAttemptAt: at,
    finishedAt: at,
    replayedAt: null,
    reason: null,
    mergedInto: null,
    ...more,
  };
}

/** A host on which a lot is wrong at once. */
function troubledState(): State {
  const ranges = [
    rangeOf(100, 8, [ownerOf('hidden', 100, 8, { device: '', metadata: 'info block' })]),
    rangeOf(4096 + 16, 8, [fileOwner(16, 8, '131', '/pg/base/16402/24711')]),
    rangeOf(4096 + 200_000, 16, [
      fileOwner(200_000, 16, '977', '/pg/base/16402/pg_wal/00000001000000A200000041', {
        goodCopy: { exists: 'yes', where: 'md0, the other half of the mirror' },
      }),
    ]),
    rangeOf(4096 + 500_000, 8, [ownerOf('free', 500_000, 8, { fsType: 'xfs', mountpoint: '/pg' })]),
    { ...rangeOf(4096 + 700_000, 64), ownersComplete: false },
  ];
  const hot = {
    ...goodFields,
    state: 'critical' as const,
    mediaTemperatureCelsius: 84,
    mediaTemperatureThresholdCelsius: 82,
    controllerTemperatureCelsius: 71,
    controllerTemperatureThresholdCelsius: 98,
    sparePercent: 4,
    spareThresholdPercent: 5,
    lifeUsedPercent: 97,
  };
  const worn = incidentOf([], {
    id: 'inc-2',
    condition: 'dimm_spare_low',
    severity: 'warning',
    detail: 'spare 4 %, threshold 5 %',
    acknowledgement: { author: 'ada', reason: 'part is ordered', at: at - 600_000, expiresAt: null },
  });
  const gone = placeOf({ uid: 'ff'.repeat(32), device: 'pmem9', ndNamespace: 'namespace9.0', ndRegion: 'region9' });
  const e820 = placeOf({
    uid: 'ee'.repeat(32),
    device: 'pmem1',
    ndNamespace: 'namespace1.0',
    ndRegion: 'region1',
    errorSource: 'none',
    dimms: [],
  });
  const closed = placeOf({ uid: 'dd'.repeat(32), device: 'pmem2', ndNamespace: 'namespace2.0', ndRegion: 'region2' });
  return stateOf(
    [
      placeState(ranges),
      placeState([], { place: gone, present: false, goneSince: at - 3_600_000 }),
      placeState([], { place: e820 }),
      placeState([], { place: closed, readable: false, reasons: ['region2: ENXIO, no driver is bound'], readAt: null }),
    ],
    {
      incidents: new Map([
        ['inc-1', incidentOf(ranges)],
        ['inc-2', worn],
        [
          'inc-3',
          incidentOf([], { id: 'inc-3', status: 'resolved', resolution: 'cleared', resolvedAt: at - 86_400_000 }),
        ],
      ]),
      ...scrubbed(),
      health: [healthOf(hot)],
      stuck: [{ subject: 'region2', since: at - 120_000 }],
      advice: new Map([[key, { advice: 'now', summary: 'now: spare 4 % left, limit 10 %', inputs: [] }]]),
    },
  );
}

/** 25 namespaces with 400 bad ranges each. */
export function manyState(): State {
  const places = Array.from({ length: 25 }, (_, n) => {
    const place = placeOf({
      uid: n.toString(16).padStart(2, '0').repeat(32),
      device: `pmem${n}`,
      ndNamespace: `namespace${n}.0`,
      ndRegion: `region${n}`,
      size: sectorCount(2 ** 28),
      dataSize: sectorCount(2 ** 28 - 4096),
    });
    const ranges = Array.from({ length: 400 }, (_, i) => {
      const start = i * 650_000 + n * 8;
      return rangeOf(4096 + start, 8, [
        fileOwner(start, 8, `${n}${i}`, `/srv/${n}/data/segment-${String(i).padStart(6, '0')}.db`, {
          device: place.device,
          mountpoint: `/srv/${n}`,
        }),
      ]);
    });
    return placeState(ranges, { place });
  });
  const incidents = places.map(({ place, ranges }, n) =>
    incidentOf(ranges, {
      id: `inc-${n}`,
      subject: {
        ...incidentOf([]).subject,
        uid: place.uid,
        device: place.device,
        ndNamespace: place.ndNamespace,
        ndRegion: place.ndRegion,
      },
    }),
  );
  return stateOf(places, {
    incidents: new Map(incidents.map((incident) => [incident.id, incident])),
    health: [healthOf(goodFields)],
  });
}

const evil = '</script><img src=x onerror="throw 1">\u202egnp.\u2066\ud800\u0007/\n trailing ';
function hostileState(): State {
  const ranges = [
    rangeOf(4096 + 16, 8, [
      fileOwner(16, 8, '131', `/pg/${evil}`, {
        openBy: [{ pid: 1, command: evil, mapped: true, mapsDamaged: true, unit: evil, container: null, pod: null }],
      }),
    ]),
  ];
  return stateOf([placeState(ranges)], { incidents: new Map([['inc-1', incidentOf(ranges, { detail: evil })]]) });
}

const receiver = { receiver: 'oncall', pending: 0, delivered: 3, retried: 0, rejected: 0, reachable: true, tookAt: at };
const deadReceiver = {
  receiver: 'chat',
  pending: 4,
  oldest: at / 1000 - 900,
  delivered: 0,
  retried: 9,
  rejected: 1,
  reachable: false,
  trouble: { kind: 'unreachable', since: at - 900_000, forMs: 900_000, reason: 'connect ECONNREFUSED 192.0.2.7:443' },
} as const;
const told = {
  list: async () => [
    record(3, { receiver: 'chat', status: 'expired', attempts: 9, reason: 'ECONNREFUSED' }),
    record(2, { status: 'pending', finishedAt: null }),
    record(1),
  ],
};
const events = {
  newestEventId: () => 3,
  events: async () => ({
    items: [1, 2, 3].map((id) => ({
      id,
      time: at - 10_000 + id,
      type: 'range.found',
      incident: 'inc-1',
      uid: placeOf().uid,
      device: 'pmem0',
      data: {},
    })),
    next: null,
  }),
};

export const scenes: readonly Scene[] = [
  {
    name: 'empty',
    says: /no persistent memory/i,
    deps: { view: () => viewOf(stateOf([], { topology: { ...topology, dimms: [], buses: [] } })) },
  },
  {
    name: 'loading',
    says: /looking for persistent memory/i,
    deps: {
      view: () => viewOf(stateOf([], { inventoried: false, topology: { ...topology, dimms: [], buses: [] } })),
      ready: () => ({ ready: false, reason: 'the first inventory and reading are not done' }),
    },
  },
  {
    name: 'clean',
    says: /no damage known/i,
    deps: {
      view: () =>
        viewOf(
          stateOf([placeState()], { ...scrubbed(), health: [healthOf(goodFields)] }),
          {},
          agentStatus({ receivers: [receiver] }),
        ),
      ...events,
    },
  },
  {
    name: 'damaged',
    says: /1 damaged file on 1 device/,
    deps: {
      view: () =>
        viewOf({ ...damagedState(), health: [healthOf(goodFields)] }, {}, agentStatus({ receivers: [receiver] })),
      ...events,
    },
  },
  {
    name: 'troubled',
    says: /2 damaged files on 1 device.*DIMM C1-D2 critical/s,
    deps: {
      view: () =>
        viewOf(
          troubledState(),
          {},
          agentStatus({ receivers: [receiver, deadReceiver], storeWritable: false, configReloadOk: false }),
        ),
      ready: () => ({ ready: false, reason: 'the state file cannot be written: ENOSPC' }),
      ...events,
    },
  },
  {
    name: 'mute store',
    says: /cannot be read now/,
    deps: {
      view: () => viewOf(stateOf([placeState()], { health: [unreadableHealth()] })),
      newestEventId: () => 3,
      events: () => new Promise(() => undefined),
    },
  },
  { name: 'many', says: /the 50 worst of 10,000/, deps: { view: () => viewOf(manyState()) } },
  { name: 'hostile', says: /\\u202egnp/, deps: { view: () => viewOf(hostileState()) } },
];

/** Sees names and changes things. */
export const operatorToken = 'a-token-that-nobody-else-has';
const tokens = [
  { name: 'ops', scope: 'operate', hash: `sha256:${createHash('sha256').update(operatorToken).digest('hex')}` },
] as const;

export async function serveScene({ deps, name }: Scene): Promise<{ url: string; close(): Promise<void> }> {
  const silent = { list: () => new Promise<never>(() => undefined) };
  const describe: HttpDeps['describe'] = (incident, named) =>
    describeIncident(incident, host, { paths: named ? 'full' : 'off', pageBytes: 4096 });
  const base = httpDeps({ describe, ...deps, config: { tokens } });
  const server = await createServer({
    ...base,
    deliveries: { ...base.deliveries, ...(name === 'mute store' ? silent : told) },
  });
  const [address = ''] = await server.listen([{ kind: 'tcp', host: '127.0.0.1', port: 0 }]);
  return { url: `http://${address}`, close: () => server.close(0) };
}

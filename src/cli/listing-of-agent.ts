/** What `list` shows, from what a running agent knows: also what only its probe process may read. */
import type { HealthFields } from '../model/health.ts';
import type { DimmJson, MappingJson } from '../model/inventory-json.ts';
import type { ReplacementAdvice } from '../model/replacement-advice.ts';
import type { ErrorSource, NamespaceMode, Region, TopologyProblem } from '../model/topology.ts';
import type { AgentApi } from './agent-api.ts';
import type {
  ListedBus,
  ListedDimm,
  ListedHealth,
  ListedNamespace,
  ListedRange,
  ListedRanges,
  ListedRegion,
  Listing,
} from './listing.ts';

/** `GET /api/v1/topology` */
interface TopologyAnswer {
  readonly buses: readonly {
    readonly name: string;
    readonly provider: string;
    readonly errorSource: ErrorSource;
    readonly monitored: boolean;
    readonly scrubSupported: boolean;
    readonly hwErrorScrub?: boolean;
    readonly canClear?: boolean;
  }[];
  readonly regions: readonly {
    readonly name: string;
    readonly bus: string;
    readonly kind: Region['kind'];
    readonly sizeBytes: number;
    readonly enabled: boolean;
    readonly mappings: readonly MappingJson[];
  }[];
  readonly namespaces: readonly {
    readonly name: string;
    readonly region: string;
    readonly mode: NamespaceMode;
    readonly sizeBytes: number;
    readonly uuid?: string;
    readonly device?: string;
  }[];
  readonly blockDevices: readonly { readonly name: string; readonly devNumber: string }[];
  readonly mounts: readonly { readonly devNumber: string; readonly mountpoint: string; readonly fsType: string }[];
  readonly problems: readonly TopologyProblem[];
  readonly complete: boolean;
  readonly readAt: string | null;
}
/** An item of `GET /api/v1/devices` */
interface DeviceItem {
  readonly kind: 'namespace' | 'region';
  readonly ndNamespace: string;
  readonly ndRegion: string;
  readonly uid: string;
  readonly present: boolean;
  readonly readable: boolean;
  readonly complete: boolean;
  readonly reasons: readonly string[];
}
/** An item of `GET /api/v1/badblocks` */
interface RangeItem {
  readonly uid: string;
  readonly on: 'device' | 'place';
  readonly start: number;
  readonly count: number;
  readonly unconfirmed: string | null;
}
/** An item of `GET /api/v1/dimms` */
type DimmItem = DimmJson & {
  readonly health:
    | (Omit<ListedHealth, 'fields'> & {
        readonly fields: readonly { readonly name: string; readonly value: unknown }[];
      })
    | null;
  readonly advice: ReplacementAdvice | null;
};

interface Known {
  readonly topology: TopologyAnswer;
  readonly devices: readonly DeviceItem[];
  readonly ranges: readonly RangeItem[];
  readonly dimms: readonly DimmItem[];
}

/** Undefined while the agent has not looked at everything once. @throws AgentError */
export async function listingOfAgent(api: AgentApi): Promise<Listing | undefined> {
  const topology = (await api.get('/api/v1/topology')) as TopologyAnswer;
  if (topology.readAt === null) return undefined;
  const whole = (name: string) => api.list(`/api/v1/${name}?limit=10000`);
  const [devices, ranges, dimms] = await Promise.all([whole('devices'), whole('badblocks'), whole('dimms')]);
  const known: Known = {
    topology,
    devices: (devices.items as readonly DeviceItem[]).filter(({ present }) => present),
    ranges: ranges.items as readonly RangeItem[],
    dimms: dimms.items as readonly DimmItem[],
  };
  return {
    source: 'agent',
    readAt: devices.readAt,
    complete:
      topology.complete &&
      known.devices.every(({ readable, complete }) => readable && complete) &&
      known.dimms.every(({ health }) => health !== null && health.readable !== 'no'),
    buses: topology.buses.map((bus) => busOf(bus, known)),
    problems: topology.problems,
  };
}

function busOf(bus: TopologyAnswer['buses'][number], known: Known): ListedBus {
  const { name, provider, errorSource, monitored, scrubSupported, hwErrorScrub = null, canClear = null } = bus;
  return {
    ...{ name, provider, errorSource, monitored, scrubSupported, hwErrorScrub, canClear },
    dimms: known.dimms.filter((dimm) => dimm.bus === name).map(dimmOf),
    regions: known.topology.regions
      .filter((region) => region.bus === name)
      .map((region): ListedRegion => {
        const { kind, sizeBytes, enabled, mappings } = region;
        return {
          ...{ name: region.name, kind, sizeBytes, enabled, mappings },
          namespaces: known.topology.namespaces
            .filter((namespace) => namespace.region === region.name)
            .map((namespace) => namespaceOf(namespace, known)),
          badRanges: rangesOf(
            known.devices.find((device) => device.kind === 'region' && device.ndRegion === region.name),
            known,
          ),
        };
      }),
  };
}

function dimmOf({ health, ...dimm }: DimmItem): ListedDimm {
  if (health === null) return { ...dimm, health: null };
  const { state, readable, reason, doubtedAlarms, failures } = health;
  const fields = Object.fromEntries(health.fields.map(({ name, value }) => [name, value])) as HealthFields;
  return { ...dimm, health: { state, readable, reason, doubtedAlarms, failures, fields } };
}

function namespaceOf(namespace: TopologyAnswer['namespaces'][number], known: Known): ListedNamespace {
  const { name, mode, sizeBytes, uuid = null, device = null } = namespace;
  const { blockDevices, mounts } = known.topology;
  const disk = blockDevices.find((each) => each.name === device);
  const place = known.devices.find((each) => each.ndNamespace === name);
  return {
    ...{ name, mode, sizeBytes, uuid, device },
    uid: place?.uid ?? null,
    mounts: mounts
      .filter(({ devNumber }) => devNumber === disk?.devNumber)
      .map(({ mountpoint, fsType }) => ({ mountpoint, fsType })),
    badRanges: rangesOf(place, known),
  };
}

function rangesOf(place: DeviceItem | undefined, known: Known): ListedRanges | null {
  if (place === undefined) return null;
  const { uid, readable, complete, reasons } = place;
  const ranges = known.ranges
    .filter((range) => range.uid === uid)
    .map(({ on, start, count, unconfirmed }): ListedRange => {
      return { on, start, count, ...(unconfirmed === null ? {} : { unconfirmed }) };
    });
  return { readable, complete, reasons, ranges };
}

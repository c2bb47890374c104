import type { PlaceReading, Snapshot } from '../model/badblocks.ts';
import { noHistory } from '../model/dimm-state.ts';
import { clip, type Run, run, shift, subtract } from '../model/extent.ts';
import {
  type HealthFailure,
  type HealthFields,
  type HealthReading,
  type HealthState,
  stateOf,
} from '../model/health.ts';
import { doubtedAlarms } from '../model/health-judgement.ts';
import { type DimmJson, dimmJson, type MappingJson, mappingJson } from '../model/inventory-json.ts';
import { type AdvicePolicy, adviseReplacement, type ReplacementAdvice } from '../model/replacement-advice.ts';
import {
  type Bus,
  type Dimm,
  type ErrorSource,
  type Namespace,
  type NamespaceMode,
  type Place,
  type Region,
  shortUid,
  type Topology,
  type TopologyProblem,
} from '../model/topology.ts';

/** `list --json`. Sizes are bytes; sectors are 512 bytes. */
export interface Listing {
  /** who has read the lists: the running agent, or this command itself */
  readonly source: 'agent' | 'direct';
  /** end of the oldest reading that it rests on, RFC 3339; null when something was not read at all */
  readonly readAt: string | null;
  /** false when something could not be read; `problems` and `reasons` say what */
  readonly complete: boolean;
  readonly buses: readonly ListedBus[];
  readonly problems: readonly TopologyProblem[];
}
/** A module and its health, as far as one reading goes; `null` when it was not read. */
export interface ListedDimm extends DimmJson {
  readonly health: ListedHealth | null;
  /** read directly: from this reading alone; the agent also counts what it has seen happen */
  readonly advice: ReplacementAdvice | null;
}
export interface ListedHealth {
  readonly state: HealthState;
  readonly readable: 'yes' | 'no' | 'unsupported';
  /** why not readable */
  readonly reason: string | null;
  readonly doubtedAlarms: readonly string[];
  /** questions that were not answered while others were */
  readonly failures: readonly HealthFailure[];
  /** units are in the names */
  readonly fields: HealthFields;
}
export interface ListedBus {
  readonly name: string;
  readonly provider: string;
  readonly errorSource: ErrorSource;
  /** false: nothing tells the kernel of errors on it, so that an empty list proves nothing */
  readonly monitored: boolean;
  readonly scrubSupported: boolean;
  /** whether a machine check makes the kernel start a scrub; null where it has no such setting */
  readonly hwErrorScrub: boolean | null;
  /** whether a write of whole sectors clears an error there; null when that is not known */
  readonly canClear: boolean | null;
  readonly dimms: readonly ListedDimm[];
  readonly regions: readonly ListedRegion[];
}
export interface ListedRegion {
  readonly name: string;
  readonly kind: Region['kind'];
  readonly sizeBytes: number;
  readonly enabled: boolean;
  readonly mappings: readonly MappingJson[];
  readonly namespaces: readonly ListedNamespace[];
  /** of the space that no namespace uses; null when there is none */
  readonly badRanges: ListedRanges | null;
}
export interface ListedNamespace {
  readonly name: string;
  readonly mode: NamespaceMode;
  readonly sizeBytes: number;
  readonly uuid: string | null;
  readonly device: string | null;
  /** identity that stays when the kernel renumbers devices, as in the metrics */
  readonly uid: string | null;
  readonly mounts: readonly { readonly mountpoint: string; readonly fsType: string }[];
  readonly badRanges: ListedRanges | null;
}
export interface ListedRanges {
  readonly readable: boolean;
  readonly complete: boolean;
  readonly reasons: readonly string[];
  readonly ranges: readonly ListedRange[];
}
/** `on` says whether `start` counts from sector 0 of the device, or from the start of the namespace or region. */
export interface ListedRange {
  readonly on: 'device' | 'place';
  readonly start: number;
  readonly count: number;
  /** why it is not known whether it is still bad, as after a reboot; absent while the kernel lists it */
  readonly unconfirmed?: string;
}

export function listingOf(topology: Topology, snapshot: Snapshot, policy: AdvicePolicy): Listing {
  const buses = topology.buses.map((bus) => listedBus(bus, topology, snapshot, policy));
  const readings = topology.places.map(({ uid }) => snapshot.places.get(uid));
  const readAt = readings.map((reading) => reading?.readAt);
  const isRead = readAt.every((at) => at !== undefined);
  return {
    source: 'direct',
    readAt: isRead ? new Date(Math.min(snapshot.at, ...readAt)).toISOString() : null,
    complete:
      topology.problems.length === 0 &&
      readings.every((r) => r?.readable === true && r.complete) &&
      snapshot.health.every(({ health }) => health.kind !== 'failed'),
    buses,
    problems: topology.problems,
  };
}

function listedBus(bus: Bus, topology: Topology, snapshot: Snapshot, policy: AdvicePolicy): ListedBus {
  const { name, provider, errorSource, scrubSupported, hwErrorScrub = null, canClear = null } = bus;
  return {
    name,
    provider,
    errorSource,
    monitored: errorSource !== 'none',
    scrubSupported,
    hwErrorScrub,
    canClear,
    dimms: topology.dimms
      .filter((dimm) => dimm.bus === name)
      .map((dimm) =>
        listedDimm(
          dimm,
          snapshot.health.find((reading) => reading.dimm === dimm.key),
          snapshot.at,
          policy,
        ),
      ),
    regions: topology.regions
      .filter((region) => region.bus === name)
      .map((region) => listedRegion(region, topology, snapshot)),
  };
}

function listedDimm(dimm: Dimm, reading: HealthReading | undefined, now: number, policy: AdvicePolicy): ListedDimm {
  if (reading === undefined) return { ...dimmJson(dimm), health: null, advice: null };
  const unknown = { unknown: 'one reading has no history' };
  const seen = {
    ...{ health: reading.fields, history: noHistory, now },
    ...{ rangesWatched: unknown, shutdownsWatched: unknown },
  };
  return { ...dimmJson(dimm), health: listedHealth(reading), advice: adviseReplacement(seen, policy) };
}
function listedHealth(reading: HealthReading): ListedHealth {
  const { health, fields, failures } = reading;
  return {
    state: stateOf(reading),
    readable: health.kind === 'ok' ? 'yes' : health.kind === 'unsupported' ? 'unsupported' : 'no',
    reason: health.kind === 'ok' ? null : health.reason,
    doubtedAlarms: doubtedAlarms(fields),
    failures,
    fields,
  };
}

function listedRegion(region: Region, topology: Topology, snapshot: Snapshot): ListedRegion {
  const free = topology.places.find((place) => place.kind === 'region' && place.ndRegion === region.name);
  return {
    name: region.name,
    kind: region.kind,
    sizeBytes: region.size,
    enabled: region.enabled,
    mappings: region.mappings.map((mapping) => mappingJson(mapping, topology.dimms)),
    namespaces: topology.namespaces
      .filter((namespace) => namespace.region === region.name)
      .map((namespace) => listedNamespace(namespace, topology, snapshot)),
    badRanges: free === undefined ? null : listedRanges(free, snapshot.places.get(free.uid)),
  };
}

function listedNamespace(namespace: Namespace, topology: Topology, snapshot: Snapshot): ListedNamespace {
  const place = topology.places.find((each) => each.ndNamespace === namespace.name);
  const disk = topology.blockDevices.find(({ name }) => name === namespace.device);
  const mounts = topology.mounts.filter(({ devNumber }) => devNumber === disk?.devNumber);
  return {
    name: namespace.name,
    mode: namespace.mode,
    sizeBytes: namespace.size,
    uuid: namespace.uuid ?? null,
    device: namespace.device ?? null,
    uid: place === undefined ? null : shortUid(place.uid),
    mounts: mounts.map(({ mountpoint, fsType }) => ({ mountpoint: mountpoint.text, fsType })),
    badRanges: place === undefined ? null : listedRanges(place, snapshot.places.get(place.uid)),
  };
}

function listedRanges(place: Place, reading: PlaceReading | undefined): ListedRanges {
  if (reading === undefined) {
    return { readable: false, complete: false, reasons: ['its list was not read'], ranges: [] };
  }
  const { readable, complete, reasons, runs } = reading;
  return { readable, complete, reasons, ranges: runs.flatMap((each) => onDevice(each, place)) };
}

/** Sectors of the data area as the device counts them; those around it (info block) as the place does. */
function onDevice(bad: Run, place: Place): ListedRange[] {
  const { dataStart, dataSize, device, size } = place;
  const asPlace = ({ start, count }: Run): ListedRange => ({ on: 'place', start, count });
  if (device === '' || dataStart === undefined) return [asPlace(bad)];
  const window = run(dataStart, dataSize ?? size - dataStart);
  const inside = clip(bad, window);
  const moved = inside === undefined ? undefined : shift(inside, -dataStart);
  const around = subtract([bad], [window]).map(asPlace);
  return moved === undefined ? around : [...around, { on: 'device', start: moved.start, count: moved.count }];
}

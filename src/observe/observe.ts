import type { HintCause, ListReading, ReadingTrigger, Snapshot, StuckDevice } from '../model/badblocks.ts';
import type { Topology } from '../model/topology.ts';
import { createListReader, type ListReader, type ListSource, type ReaderDeps } from './list-reader.ts';
import { readPlaces } from './places.ts';

export interface Observer {
  /** Reads what exists now: lists of new devices start, those of gone ones end. */
  update(topology: Topology): void;
  /** `pmem0` or `region0` may have changed; what is not read is not looked for. */
  hint(subject: string, trigger?: HintCause): void;
  /** Reads every list now; resolves when each is read, or its device is stuck. */
  refreshAll(trigger: ReadingTrigger): Promise<void>;
  /** The last readings, put together for the places of this inventory. */
  latest(topology: Topology): Snapshot;
  /** Resolves when each list known by now has a first reading, be it that its device is stuck. */
  settled(): Promise<void>;
  stop(): void;
}

/** One reader per list, each with its own cadence and deadline: what one device does delays and hides no other. */
export function createObserver(deps: ReaderDeps): Observer {
  let readers = new Map<string, ListReader>();

  function lists(): Map<string, ListReading> {
    const found = new Map<string, ListReading>();
    for (const [subject, reader] of readers) {
      const reading = reader.latest();
      if (reading !== undefined) found.set(subject, reading);
    }
    return found;
  }
  return {
    update(topology) {
      const next = new Map<string, ListReader>();
      for (const source of sourcesOf(topology)) {
        const known = readers.get(source.subject);
        if (known?.source.instance === source.instance) next.set(source.subject, known);
        else next.set(source.subject, createListReader(source, deps));
      }
      for (const [subject, reader] of readers) if (next.get(subject) !== reader) reader.stop();
      const before = readers;
      readers = next;
      for (const [subject, reader] of readers) if (before.get(subject) !== reader) void reader.refresh('start');
    },
    hint(subject, trigger = 'hint') {
      readers.get(subject)?.hint(trigger);
    },
    async refreshAll(trigger) {
      await Promise.all([...readers.values()].map((reader) => reader.refresh(trigger)));
    },
    latest(topology) {
      const readings = lists();
      return {
        at: deps.clock.now(),
        places: readPlaces(topology, readings),
        lists: [...readings.values()].sort((a, b) => (a.subject < b.subject ? -1 : 1)),
        stuck: stuckDevices(topology, readings),
        health: [],
        scrubs: [],
      };
    },
    async settled() {
      await Promise.all([...readers.values()].map((reader) => reader.first));
    },
    stop() {
      for (const reader of readers.values()) reader.stop();
      readers = new Map();
    },
  };
}

/** The disks of namespaces that have a list, and all regions: BTT and devdax show theirs in the region's alone. */
function sourcesOf(topology: Topology): ListSource[] {
  const epochs = new Map(topology.buses.map(({ name, epoch }) => [name, epoch]));
  const buses = new Map(topology.namespaces.map(({ name, bus }) => [name, bus]));
  const disks = topology.blockDevices.filter(({ namespace, hasBadblocks }) => namespace !== undefined && hasBadblocks);
  return [
    ...disks.map(({ name, namespace, diskSequence, devNumber }): ListSource => {
      const epoch = epochs.get(buses.get(namespace ?? '') ?? '');
      const instance = `${epoch} ${namespace} ${diskSequence ?? devNumber}`;
      return { subject: name, kind: 'disk', path: `block/${name}/badblocks`, instance };
    }),
    ...topology.regions.map(({ name, bus }): ListSource => {
      return {
        subject: name,
        kind: 'region',
        path: `bus/nd/devices/${name}/badblocks`,
        instance: `${epochs.get(bus)}`,
      };
    }),
  ];
}

function stuckDevices(topology: Topology, readings: ReadonlyMap<string, ListReading>): StuckDevice[] {
  const stuck: StuckDevice[] = [];
  for (const { subject, stuckSince } of readings.values()) {
    if (stuckSince === undefined) continue;
    const place =
      topology.places.find(({ device }) => device === subject) ??
      topology.places.find(({ kind, ndRegion }) => kind === 'region' && ndRegion === subject);
    stuck.push({ subject, since: stuckSince, ...(place !== undefined && { uid: place.uid }) });
  }
  return stuck.sort((a, b) => (a.subject < b.subject ? -1 : 1));
}

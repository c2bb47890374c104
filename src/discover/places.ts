import { createHash } from 'node:crypto';
import { type Run, run, subtract } from '../model/extent.ts';
import {
  type Bus,
  type Dimm,
  type DimmRef,
  dimmRef,
  type Namespace,
  type Place,
  type Region,
} from '../model/topology.ts';
import { bytesFromSectors, wholeSectors } from '../model/units.ts';
import type { Problems } from './look.ts';
import type { NdInventory } from './nd-bus.ts';

/**
 * What is tracked: every namespace, and every region for the sectors outside its namespaces. Names change at boot, so a
 * place is told by where it physically lies (design 4.4): the mappings of its region in their order, and its offset there.
 */
export function placesOf(found: NdInventory, problems: Problems): readonly Place[] {
  const places = found.regions.flatMap((region) => {
    const bus = found.buses.find(({ name }) => name === region.bus);
    if (bus === undefined) return [];
    const context = {
      bus,
      region,
      dimms: dimmsOf(region, found.dimms),
      physical: physicalRegion(bus, region, found.dimms, problems),
    };
    const namespaces = found.namespaces.filter((namespace) => namespace.region === region.name);
    const own = namespaces.map((namespace) => namespacePlace(context, namespace, problems));
    const free = regionPlace(context, namespaces, found.partlyKnown.has(region.name), problems);
    return free === undefined ? own : [...own, free];
  });
  return withoutTwins(places, problems);
}

interface Context {
  readonly bus: Bus;
  readonly region: Region;
  readonly dimms: readonly DimmRef[];
  /** canonical text of the region's identity */
  readonly physical: string;
}

function physicalRegion(bus: Bus, region: Region, dimms: readonly Dimm[], problems: Problems): string {
  if (region.mappings.length > 0) {
    return region.mappings
      .map(({ dimm, dpaStart, length, position }) => {
        const key = dimms.find(({ name }) => name === dimm)?.key;
        if (key === undefined)
          problems.add(region.name, `its DIMM ${dimm} is not known: it is told by that name, which changes at boot`);
        return `mapping ${key ?? dimm} ${dpaStart} ${length} ${position}\n`;
      })
      .join('');
  }
  if (region.resource === undefined) {
    problems.add(
      region.name,
      'it has no DIMMs and no physical address that can be read: it is told by its name, which can change at boot',
    );
    return `region ${bus.provider} ${region.name} ${region.size}\n`;
  }
  return `region ${bus.provider} ${region.resource} ${region.size}\n`;
}

function dimmsOf(region: Region, dimms: readonly Dimm[]): DimmRef[] {
  return region.mappings.map(({ dimm: name }) => {
    const dimm = dimms.find((candidate) => candidate.name === name);
    return dimm === undefined ? { id: name, name } : dimmRef(dimm);
  });
}

function namespacePlace(context: Context, namespace: Namespace, problems: Problems): Place {
  const { region, bus, dimms, physical } = context;
  const { mode, uuid, device, dataStart, dataSize, regionOffset } = namespace;
  let where = `namespace ${regionOffset === undefined ? (uuid ?? namespace.name) : bytesFromSectors(regionOffset)}`;
  if (regionOffset === undefined) {
    where = `unplaced ${where}`;
    problems.add(
      namespace.name,
      `where it lies in ${region.name} may not be read (its \`resource\` is for root): it is told by its ${uuid === undefined ? 'name' : 'uuid'}, and ${region.name}'s list is not used for it`,
    );
  }
  return {
    uid: hash(`${physical}${where}\n`),
    kind: 'namespace',
    bus: bus.name,
    ndRegion: region.name,
    ndNamespace: namespace.name,
    mode,
    device: device ?? '',
    size: wholeSectors(namespace.size),
    dimms,
    errorSource: bus.errorSource,
    ...(bus.canClear !== undefined && { canClear: bus.canClear }),
    epoch: bus.epoch,
    ...(uuid !== undefined && { uuid }),
    ...(device !== undefined && dataStart !== undefined && { dataStart }),
    ...(device !== undefined && dataSize !== undefined && { dataSize }),
    ...(regionOffset !== undefined && { regionOffset }),
  };
}

/** Undefined when namespaces cover all of the region. Without windows when it is not known what they cover. */
function regionPlace(
  context: Context,
  namespaces: readonly Namespace[],
  partlyKnown: boolean,
  problems: Problems,
): Place | undefined {
  const { region, bus, dimms, physical } = context;
  const size = wholeSectors(region.size);
  let windows: readonly Run[] | undefined;
  if (region.enabled && !partlyKnown && namespaces.every(({ regionOffset }) => regionOffset !== undefined)) {
    const taken = namespaces.map((n) => run(n.regionOffset ?? 0, wholeSectors(n.size)));
    windows = subtract([run(0, size)], taken);
    if (windows.length === 0) return undefined;
  } else if (region.enabled) {
    problems.add(
      region.name,
      'where some of its namespaces lie is not known: errors in its free space cannot be told from theirs',
    );
  }
  return {
    uid: hash(`${physical}free\n`),
    kind: 'region',
    bus: bus.name,
    ndRegion: region.name,
    ndNamespace: '',
    device: '',
    size,
    dimms,
    errorSource: bus.errorSource,
    ...(bus.canClear !== undefined && { canClear: bus.canClear }),
    epoch: bus.epoch,
    ...(windows !== undefined && { windows }),
  };
}

/** Two places must never share a history: where the identity does not tell them apart, their names do. */
function withoutTwins(places: readonly Place[], problems: Problems): readonly Place[] {
  const uses = new Map<string, number>();
  for (const { uid } of places) uses.set(uid, (uses.get(uid) ?? 0) + 1);
  return places.map((place) => {
    if (uses.get(place.uid) === 1) return place;
    const name = place.ndNamespace === '' ? place.ndRegion : place.ndNamespace;
    problems.add(
      name,
      'another place has the same physical identity: both are told by their names, which can change at boot',
    );
    return { ...place, uid: hash(`${place.uid} ${name}\n`) };
  });
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

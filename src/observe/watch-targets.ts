import type { Topology } from '../model/topology.ts';
import type { Hint } from '../ports.ts';

export interface WatchTarget {
  /** below the sysfs root */
  readonly path: string;
  readonly hint: Hint;
}

/**
 * The attributes that the kernel notifies (kernel-abi section 2.1). Regions are watched besides disks because their
 * attributes survive a namespace that is disabled and enabled, at which a watch on the disk goes deaf without a word.
 */
export function watchTargets(topology: Topology): WatchTarget[] {
  return [
    ...topology.regions.map(
      ({ name }): WatchTarget => ({
        path: `bus/nd/devices/${name}/badblocks`,
        hint: { kind: 'list', subject: name },
      }),
    ),
    ...topology.blockDevices
      .filter(({ hasBadblocks, namespace }) => hasBadblocks && namespace !== undefined)
      .map(({ name }): WatchTarget => ({ path: `block/${name}/badblocks`, hint: { kind: 'list', subject: name } })),
    ...topology.dimms.map(
      ({ name }): WatchTarget => ({
        path: `bus/nd/devices/${name}/nfit/flags`,
        hint: { kind: 'flags', dimm: name },
      }),
    ),
    ...topology.buses
      .filter(({ scrubSupported }) => scrubSupported)
      .map(
        ({ name }): WatchTarget => ({ path: `bus/nd/devices/${name}/nfit/scrub`, hint: { kind: 'scrub', bus: name } }),
      ),
  ];
}

/** The lists a hint is about: a region's notification is also about the disks on it, and the other way round. */
export function subjectsOf(topology: Topology, subject: string): string[] {
  const region = topology.namespaces.find((n) => n.device === subject)?.region ?? subject;
  const disks = topology.namespaces.filter((n) => n.region === region && n.device !== undefined);
  return [...new Set([subject, region, ...disks.map((n) => n.device as string)])];
}
/** Every list of a bus, for a scrub that has ended. */
export function subjectsOfBus(topology: Topology, bus: string): string[] {
  return topology.regions.filter((r) => r.bus === bus).flatMap((r) => subjectsOf(topology, r.name));
}
/** The bus that a region or a disk is on. */
export function busOf(topology: Topology, subject: string): Topology['buses'][number] | undefined {
  const region = topology.regions.find((r) => r.name === subject);
  const name = region?.bus ?? topology.namespaces.find((n) => n.device === subject)?.bus;
  return topology.buses.find((b) => b.name === name);
}

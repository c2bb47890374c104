import { messageOf } from '../model/errors.ts';
import type { Topology, TopologyProblem } from '../model/topology.ts';
import type { KernelTree } from '../ports.ts';

/** Base of all of libnvdimm's objects: a folder of links into /sys/devices. */
export const ND = 'bus/nd/devices';

/** What the parts of one look at a bus share. */
export interface Look {
  readonly sysfs: KernelTree;
  readonly problems: Problems;
  /** the last inventory, of the same kernel instance: stands in for what cannot be read now */
  readonly before: Topology;
}

/** What one look collects beside what it finds. */
export interface Problems {
  add(subject: string, reason: string): void;
  readonly found: readonly TopologyProblem[];
}
export function createProblems(): Problems {
  const found: TopologyProblem[] = [];
  return {
    found,
    add(subject, reason) {
      if (!found.some((known) => known.subject === subject && known.reason === reason)) found.push({ subject, reason });
    },
  };
}

/** The object as it was last read where it cannot be read now, and a problem that says so. */
export function keepLast<T extends { readonly name: string }>(
  problems: Problems,
  before: readonly T[],
  name: string,
  faults: readonly string[],
): T | undefined {
  const last = before.find((object) => object.name === name);
  problems.add(name, `${faults.join('; ')}${last === undefined ? '' : ' (kept as it was last read)'}`);
  return last;
}

/** Names in a directory; none, and a problem, when the kernel does not tell. */
export async function listNames(
  tree: KernelTree,
  directory: string,
  problems: Problems,
  subject: string,
): Promise<readonly string[]> {
  try {
    return (await tree.list(directory)) ?? [];
  } catch (error) {
    problems.add(subject, messageOf(error));
    return [];
  }
}

/** `region2` before `region10`. */
export function byName(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true });
}

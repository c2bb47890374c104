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

/** Names in a directory, none when there is none; undefined, and a problem of `subject`, when the kernel does not tell. */
export function listNames(
  tree: KernelTree,
  directory: string,
  problems: Problems,
  subject: string,
): Promise<readonly string[] | undefined> {
  return told(async () => (await tree.list(directory)) ?? [], problems, subject);
}
/** The target of a symbolic link; undefined when there is none, or, with a problem of `subject`, when the kernel does not tell. */
export function linkTarget(
  tree: KernelTree,
  path: string,
  problems: Problems,
  subject: string,
): Promise<string | undefined> {
  return told(() => tree.link(path), problems, subject);
}
/** The inode of a path; undefined when there is none, or, with a problem of `subject`, when the kernel does not tell. */
export function inodeOf(
  tree: KernelTree,
  path: string,
  problems: Problems,
  subject: string,
): Promise<string | undefined> {
  return told(() => tree.inode(path), problems, subject);
}

async function told<T>(ask: () => Promise<T>, problems: Problems, subject: string): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    problems.add(subject, messageOf(error));
    return undefined;
  }
}

/** `region2` before `region10`. */
export function byName(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true });
}

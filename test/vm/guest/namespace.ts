import { readFileSync, realpathSync } from 'node:fs';
import { program } from './program.ts';

export interface FsdaxNamespace {
  readonly name: string;
  readonly region: string;
  readonly disk: string;
}

/** Makes the regions of a bus ready to hold namespaces with labels; those they had are gone. */
export function initialiseLabels(bus: string): void {
  for (const action of [['disable-region'], ['init-labels', '-f'], ['enable-region']]) {
    program('ndctl', ...action, '-b', bus, 'all');
  }
}

export function createFsdax(region: string): FsdaxNamespace {
  // The page map in memory: in a region this small it would take a good part of the media.
  const text = program('ndctl', 'create-namespace', '-r', region, '-m', 'fsdax', '--map=mem');
  const made = JSON.parse(text) as { readonly dev: string; readonly blockdev: string };
  return { name: made.dev, region, disk: made.blockdev };
}

/** What an earlier boot made: namespaces outlive it where their media does. */
export function findFsdax(region: string): FsdaxNamespace {
  const listed = JSON.parse(program('ndctl', 'list', '-N', '-r', region, '-m', 'fsdax')) as unknown;
  const [found] = (Array.isArray(listed) ? listed : [listed]) as { readonly dev: string; readonly blockdev: string }[];
  if (found === undefined) throw new Error(`${region} has no fsdax namespace`);
  return { name: found.dev, region, disk: found.blockdev };
}

/** Takes the block device away and brings it back, as a reconfiguration does. */
export function disableNamespace({ name }: FsdaxNamespace): void {
  program('ndctl', 'disable-namespace', name);
}

export function enableNamespace({ name }: FsdaxNamespace): void {
  program('ndctl', 'enable-namespace', name);
}

/** Where this sector of the disk is in physical memory: behind the namespace's info block and page map. */
export function physicalAddress(disk: string, sector: number): bigint {
  const device = realpathSync(`/sys/block/${disk}/device`);
  return BigInt(readFileSync(`${device}/resource`, 'utf8').trim()) + BigInt(sector) * 512n;
}

/** Sectors from the start of the region to the start of the disk. */
export function diskOffsetInRegion(disk: string, region: string): number {
  const start = BigInt(readFileSync(`/sys/bus/nd/devices/${region}/resource`, 'utf8').trim());
  return Number((physicalAddress(disk, 0) - start) / 512n);
}

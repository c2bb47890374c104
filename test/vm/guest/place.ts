import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { discover } from '../../../src/discover/discover.ts';
import { createLocalTree } from '../../../src/linux/probe/kernel-files.ts';
import type { Place } from '../../../src/model/topology.ts';
import { listsSector, regionList } from './bad-blocks.ts';
import { injectMachineCheck } from './machine-check.ts';
import { until } from './wait.ts';

export async function placeOf(mode: string): Promise<Place> {
  const trees = { sysfs: createLocalTree('/sys'), procfs: createLocalTree('/proc', 'PROCFS_READ') };
  const place = (await discover(trees)).places.find((p) => p.mode === mode);
  if (place === undefined) throw new Error(`no place of mode ${mode}`);
  return place;
}
/** By the place's own sectors, through the region's list. */
export async function makePlaceBad(place: Place, sector: number, bytes: 512 | 4096 = 4096): Promise<void> {
  injectMachineCheck(inPhysicalMemory(place, sector), bytes);
  await until('the sector in the list', () => listsSector(regionList(place.ndRegion), inRegion(place, sector)));
}
function inRegion(place: Place, sector: number): number {
  return (place.regionOffset ?? 0) + sector;
}
export function inPhysicalMemory(place: Place, sector: number): bigint {
  const start = BigInt(readFileSync(`/sys/bus/nd/devices/${place.ndRegion}/resource`, 'utf8').trim());
  return start + BigInt(inRegion(place, sector)) * 512n;
}
export function readMemory(address: bigint): void {
  const memory = openSync('/dev/mem', 'r');
  try {
    readSync(memory, new Uint8Array(8), 0, 8, address);
  } finally {
    closeSync(memory);
  }
}

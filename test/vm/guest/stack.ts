import { readFileSync, writeFileSync } from 'node:fs';
import { readStack } from '../../../src/discover/stack.ts';
import { createDeviceMapper } from '../../../src/linux/device-mapper.ts';
import { createFilesystemIo } from '../../../src/linux/filesystem-io.ts';
import { createLocalTree } from '../../../src/linux/probe/kernel-files.ts';
import { coalesce, type Run, run } from '../../../src/model/extent.ts';
import type { Owner } from '../../../src/model/owner.ts';
import { pathFromText } from '../../../src/model/path.ts';
import type { BlockDevice } from '../../../src/model/topology.ts';
import { type CheckedFile, checkFile } from '../../../src/resolve/check.ts';
import type { HostFacts } from '../../../src/resolve/climb.ts';
import { resolveRuns } from '../../../src/resolve/resolve.ts';
import type { StackLayer } from '../../../src/resolve/stack/layer.ts';
import { stackLayers } from '../../../src/resolve/stack/layers.ts';
import { diskList, readBadRanges } from './bad-blocks.ts';
import { program } from './program.ts';

// The agent's own code, called as its probe process calls it: a process for every question would cost the emulated
// processor several seconds.
const io = createFilesystemIo({ dev: '/dev', proc: '/proc', rootfs: '/' });
const trees = {
  sysfs: createLocalTree('/sys'),
  procfs: createLocalTree('/proc', 'PROCFS_READ'),
  deviceMapper: createDeviceMapper('/dev'),
};

export async function hostFacts(asked?: string): Promise<HostFacts> {
  const facts = await readStack(trees, asked);
  const listed = facts.blockDevices
    .filter((d) => d.hasBadblocks)
    .map((d): [string, Run[]] => [d.name, badRuns(d.name)]);
  return { ...facts, badRuns: new Map(listed) };
}
function badRuns(disk: string): Run[] {
  return coalesce(readBadRanges(diskList(disk)).map(({ start, count }) => run(start, count)));
}

export async function ownersOf(device: string, start: number, count = 1): Promise<readonly Owner[]> {
  const answer = await resolveRuns(
    { device, runs: [run(start, count)], deadlineMs: 60_000, walkRoots: [] },
    await hostFacts(device),
    io,
    () => undefined,
    new AbortController().signal,
  );
  return answer.results.flatMap((r) => r.owners);
}

export async function checked(path: string): Promise<CheckedFile> {
  const facts = await hostFacts();
  return checkFile(pathFromText(path), facts.badRuns ?? new Map(), facts, io);
}

export async function layerOf(name: string): Promise<{ readonly upper: BlockDevice; readonly layer: StackLayer }> {
  const { blockDevices } = await readStack(trees, name);
  const upper = blockDevices.find((d) => d.name === name);
  const layer = upper === undefined ? undefined : stackLayers.find((l) => l.matches(upper));
  if (upper === undefined || layer === undefined) {
    throw new Error(`${name} is not looked through: ${JSON.stringify(upper?.assembly)}`);
  }
  return { upper, layer };
}

/** A device-mapper device from its table's rows; its kernel name. */
export function mapDevice(name: string, ...rows: readonly string[]): string {
  writeFileSync('/tmp/table', `${rows.join('\n')}\n`);
  program('dmsetup', 'create', '--noudevsync', name, '/tmp/table');
  return kernelNameOf(name);
}
export function kernelNameOf(mapped: string): string {
  return `dm-${program('dmsetup', 'info', '-c', '--noheadings', '-o', 'minor', mapped).trim()}`;
}
export function unmapDevice(name: string): void {
  program('dmsetup', 'remove', '--noudevsync', name);
}
export function sizeOf(device: string): number {
  return Number(readFileSync(`/sys/class/block/${device}/size`, 'utf8'));
}
/** What is read next comes from the media. */
export function dropCaches(): void {
  writeFileSync('/proc/sys/vm/drop_caches', '3');
}

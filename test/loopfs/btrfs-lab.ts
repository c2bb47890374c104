import { mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { readBlockDevices } from '../../src/discover/block.ts';
import { createProblems } from '../../src/discover/look.ts';
import { readMounts } from '../../src/discover/mountinfo.ts';
import { createLocalTree } from '../../src/linux/probe/kernel-files.ts';
import type { Owner } from '../../src/model/owner.ts';
import type { HostFacts } from '../../src/resolve/climb.ts';
import { resolveSectors, tool } from './lab.ts';

/** A btrfs on loop devices. */
export interface Pool {
  /** kernel names, in the order of their device ids */
  readonly devices: readonly string[];
  readonly images: readonly string[];
  readonly mountpoint: string;
  readonly sectors: number;
}
export interface PoolOptions {
  readonly devices: number;
  readonly megabytes: number;
  readonly mkfs: readonly string[];
  readonly mountOptions?: string;
}

/** Runs `body` on a new file system and takes it away again, whatever happens. */
export async function withPool(
  t: TestContext,
  options: PoolOptions,
  body: (pool: Pool, defer: (undo: () => void) => void) => Promise<void>,
): Promise<void> {
  const undo: (() => void)[] = [];
  try {
    const folder = mkdtempSync(join(tmpdir(), 'pmemwatch-loopfs-'));
    undo.push(() => rmSync(folder, { recursive: true }));
    const mountpoint = join(folder, 'mnt');
    mkdirSync(mountpoint);
    const images = Array.from({ length: options.devices }, (_, i) => join(folder, `image${i}`));
    const devices = images.map((image) => {
      writeFileSync(image, '');
      truncateSync(image, options.megabytes * 1024 * 1024);
      const device = tool('losetup', '--show', '-f', image).toString().trim();
      undo.push(() => void tool('losetup', '-d', device));
      return device;
    });
    tool('mkfs.btrfs', '-q', '-f', ...options.mkfs, ...devices);
    try {
      tool('mount', '-o', options.mountOptions ?? 'noatime,commit=1', devices[0] as string, mountpoint);
    } catch {
      t.skip(`this kernel does not mount it: ${options.mkfs.join(' ')}`);
      return;
    }
    undo.push(() => {
      if (isMounted(mountpoint)) tool('umount', mountpoint);
    });
    const names = devices.map((d) => d.replace('/dev/', ''));
    const sectors = Number(readFileSync(`/sys/class/block/${names[0]}/size`, 'utf8'));
    await body({ devices: names, images, mountpoint, sectors }, (step) => undo.push(step));
  } finally {
    for (const step of undo.toReversed()) step();
  }
}
export function isMounted(mountpoint: string): boolean {
  return readFileSync('/proc/self/mountinfo', 'utf8').includes(` ${mountpoint} `);
}

/** As the probe reads them: the other devices of a btrfs are found through sysfs. */
export async function discoverFacts(): Promise<HostFacts> {
  const problems = createProblems();
  const mounts = await readMounts(createLocalTree('/proc', 'PROCFS_READ'), problems);
  return { mounts, blockDevices: await readBlockDevices(createLocalTree('/sys'), mounts, new Map(), problems, []) };
}

export async function resolveDevice(
  device: string,
  sectors: number,
  facts: HostFacts,
): Promise<{ readonly owners: readonly Owner[]; readonly complete: boolean }> {
  const answer = await resolveSectors(device, [[0, sectors]], { facts });
  return { owners: answer.results[0]?.owners ?? [], complete: answer.complete };
}

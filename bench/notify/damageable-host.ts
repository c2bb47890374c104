import {
  chmodSync,
  closeSync,
  ftruncateSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { IMAGES, type MountedImage } from '../resolve/lab.ts';
import { layHostOfDisk } from '../simulated-host.ts';

export interface DamageableHost {
  readonly dir: string;
  readonly sysfs: string;
  readonly procfs: string;
  readonly dev: string;
  /** one bad sector of the disk, in the list of its region and in its own, each with one write */
  damage(sector: number): void;
  /** both lists are empty again */
  repair(): void;
  remove(): void;
}

/**
 * A host whose one pmem disk is the mounted image: sysfs says so, everything else (mounts, processes, the device and its
 * file system) is that of the machine. It lies beside the images, so that the state file does not end in a file system in memory.
 */
export function makeDamageable(image: MountedImage): DamageableHost {
  const dir = mkdtempSync(join(IMAGES, 'notify-'));
  chmodSync(dir, 0o755);
  const devNumber = readFileSync(`/sys/class/block/${image.device}/dev`, 'utf8').trim();
  const { sysfs, dev, diskList, regionList, dataStart } = layHostOfDisk(dir, { devNumber, sectors: image.sectors });
  symlinkSync(`/dev/${image.device}`, join(dev, 'pmem0'));
  const lists = [
    { fd: openSync(regionList, 'r+'), offset: dataStart },
    { fd: openSync(diskList, 'r+'), offset: 0 },
  ];
  return {
    dir,
    sysfs,
    procfs: '/proc',
    dev,
    damage(sector) {
      for (const { fd, offset } of lists) writeSync(fd, `${sector + offset} 1\n`, 0);
    },
    repair() {
      for (const { fd } of [...lists].reverse()) ftruncateSync(fd);
    },
    remove() {
      for (const { fd } of lists) closeSync(fd);
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

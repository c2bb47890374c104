import { globSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hostFile, materialiseHost } from '../fakes/host-tree.ts';
import type { LaidHost } from './agent-process.ts';

/** A fixture host as real files that a test can change while the agent runs, as the kernel would. */
export interface HostOnDisk extends LaidHost {
  /** writes the bad-block list of a disk, and of its region with the offset between the two */
  setBadBlocks(disk: string, list: string, region?: { name: string; list: string }): void;
  reboot(bootId: string): void;
  /** lays another scenario in its place, as after a reboot with other names */
  become(scenario: string): void;
}

export function layHost(dir: string, scenario: string): HostOnDisk {
  const { sysfs, procfs } = materialiseHost(hostFile(scenario), dir);
  const dev = join(dir, 'dev');
  mkdirSync(dev, { recursive: true });
  const listOf = (name: string): string => {
    const [file] = globSync(`${join(sysfs, 'devices')}/**/${name}/badblocks`);
    if (file === undefined) throw new Error(`the host has no list of ${name}`);
    return file;
  };
  return {
    sysfs,
    procfs,
    dev,
    setBadBlocks(disk, list, region) {
      // the region first: a disk's list is never longer than its region's
      if (region !== undefined) writeFileSync(listOf(region.name), region.list);
      writeFileSync(listOf(disk), list);
    },
    reboot(bootId) {
      writeFileSync(join(procfs, 'sys/kernel/random/boot_id'), `${bootId}\n`);
    },
    become(other) {
      const boot = readFileSync(join(procfs, 'sys/kernel/random/boot_id'));
      rmSync(sysfs, { recursive: true });
      rmSync(procfs, { recursive: true });
      const laid = materialiseHost(hostFile(other), `${dir}-next`);
      renameSync(laid.sysfs, sysfs);
      renameSync(laid.procfs, procfs);
      rmSync(`${dir}-next`, { recursive: true });
      writeFileSync(join(procfs, 'sys/kernel/random/boot_id'), boot);
    },
  };
}

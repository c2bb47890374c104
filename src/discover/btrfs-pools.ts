import type { BlockDevice, Mount } from '../model/topology.ts';
import type { KernelTree } from '../ports.ts';
import { linkTarget, listNames, type Problems } from './look.ts';

/** Devices of one btrfs: kernel name -> target of its link, as that of `dev/block/<number>`. */
export type BtrfsPool = ReadonlyMap<string, string>;

const FOLDER = 'fs/btrfs';
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** The file systems that are in use (Documentation/filesystems/btrfs: /sys/fs/btrfs/UUID/devices); mountinfo names only one device of each. */
export async function readBtrfsPools(
  sysfs: KernelTree,
  mounts: readonly Mount[],
  problems: Problems,
): Promise<readonly BtrfsPool[]> {
  if (!mounts.some(({ fsType }) => fsType === 'btrfs')) return [];
  const list = async (directory: string) => (await listNames(sysfs, directory, problems, directory)) ?? [];
  const uuids = (await list(FOLDER)).filter((name) => UUID.test(name));
  return Promise.all(
    uuids.map(async (uuid) => {
      const folder = `${FOLDER}/${uuid}/devices`;
      const links = (await list(folder)).map(
        async (name): Promise<[string, string | undefined]> => [
          name,
          await linkTarget(sysfs, `${folder}/${name}`, problems, name),
        ],
      );
      return new Map((await Promise.all(links)).filter((link): link is [string, string] => link[1] !== undefined));
    }),
  );
}

/** Tells each member of a file system on several devices which of them its mounts name. */
export function withMountedAs(
  devices: readonly BlockDevice[],
  pools: readonly BtrfsPool[],
  mounts: readonly Mount[],
): readonly BlockDevice[] {
  if (pools.length === 0) return devices;
  const sources = new Set(mounts.filter(({ fsType }) => fsType === 'btrfs').map(({ source }) => source.text));
  const mountedAs = new Map<string, string[]>();
  for (const pool of pools) {
    const members = devices.filter(({ name }) => pool.has(name));
    const named = members.flatMap(pathsOf).filter((path) => sources.has(path));
    if (members.length > 1) for (const { name } of members) mountedAs.set(name, named);
  }
  return devices.map((device) => {
    const paths = mountedAs.get(device.name);
    return paths === undefined ? device : { ...device, mountedAs: paths };
  });
}
function pathsOf({ name, dmName }: BlockDevice): string[] {
  return [`/dev/${name}`, ...(dmName === undefined ? [] : [`/dev/mapper/${dmName}`])];
}

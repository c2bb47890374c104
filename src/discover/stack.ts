import { errnoOf, messageOf } from '../model/errors.ts';
import type { BlockDevice, Mount, TopologyProblem } from '../model/topology.ts';
import { bytes, type SectorCount, wholeSectors } from '../model/units.ts';
import type { DeviceMapper, DmRow, KernelTree } from '../ports.ts';
import { readAttributes } from './attributes.ts';
import { readBlockDevices } from './block.ts';
import { withDmTables } from './dm-table.ts';
import { createProblems } from './look.ts';
import { isOnBlockDevice, readAllMounts } from './mountinfo.ts';

/** Namespaces' disks; others are looked at when they carry a mount or are asked about. */
const PMEM_DISK = /^pmem\d/;
const DAX_DEVICE = /^dax\d+\.\d+$/;
/** What a partition's name adds to its disk's. */
const PARTITION = /^p?\d+$/;

/**
 * Block devices, what they are made of, and mounts as they are now. Not the whole inventory: an nvdimm attribute that
 * hangs must not hold up the look at another device.
 * @param asked kernel name of a device to look at in any case
 */
export async function readStack(
  from: { readonly sysfs: KernelTree; readonly procfs: KernelTree; readonly deviceMapper: DeviceMapper },
  asked?: string,
): Promise<{
  readonly blockDevices: readonly BlockDevice[];
  /** the one that was asked for */
  readonly daxDevices: readonly { readonly name: string; readonly devNumber: string; readonly size: SectorCount }[];
  readonly mounts: readonly Mount[];
  readonly problems: readonly TopologyProblem[];
}> {
  const { sysfs, procfs, deviceMapper } = from;
  const problems = createProblems();
  // all of them: what is no block device's can hide what is
  const mounts = await readAllMounts(procfs, problems);
  const disks = (await sysfs.list('block')) ?? [];
  const isAsked = (disk: string) =>
    asked === disk || (asked?.startsWith(disk) === true && PARTITION.test(asked.slice(disk.length)));
  const parents = disks
    .filter((disk) => PMEM_DISK.test(disk) || isAsked(disk))
    .map(async (disk): Promise<[string, string]> => {
      const link = await sysfs.link(`block/${disk}/device`);
      return [disk, link?.split('/').at(-1) ?? disk];
    });
  const onBlocks = mounts.filter(isOnBlockDevice);
  const devices = await readBlockDevices(sysfs, onBlocks, new Map(await Promise.all(parents)), problems, []);
  const blockDevices = withDmTables(devices, (device) => tableOf(deviceMapper, device));
  const daxDevices = asked !== undefined && DAX_DEVICE.test(asked) ? await readDaxDevice(sysfs, asked) : [];
  return { blockDevices, daxDevices, mounts, problems: problems.found };
}

/** Attributes of the dax bus (drivers/dax/bus.c): `dev`, and `size` in bytes; nothing when it is not there. */
async function readDaxDevice(sysfs: KernelTree, name: string) {
  const a = await readAttributes(sysfs, `bus/dax/devices/${name}`, ['dev', 'size']);
  const [devNumber, size] = [a.text('dev'), a.number('size')];
  if (devNumber === undefined || size === undefined) return [];
  return [{ name, devNumber, size: wholeSectors(bytes(size)) }];
}

function tableOf(deviceMapper: DeviceMapper, { devNumber }: BlockDevice): readonly DmRow[] | string {
  try {
    return deviceMapper.table(devNumber);
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return `its device-mapper table cannot be read (${messageOf(error)})`;
  }
}

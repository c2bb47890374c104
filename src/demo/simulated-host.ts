import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { type Run, shift } from '../model/extent.ts';
import { bytesFromSectors, sectorCount } from '../model/units.ts';
import { playScrub } from './simulated-scrub.ts';

/** The real block device that plays `pmem0`. */
export interface RealDevice {
  /** `254:0` */
  readonly devNumber: string;
  /** `/dev/vda` */
  readonly node: string;
  /** sectors */
  readonly size: number;
}

export interface SimulatedHost {
  readonly sysfs: string;
  readonly procfs: string;
  readonly dev: string;
  /** Lets the bus be searched on request; returns how to stop. */
  playScrub(): () => void;
  /** Makes these the bad sectors of pmem0, in the disk's list and in the region's, as the kernel does. */
  setBadSectors(runs: readonly Run[]): Promise<void>;
}

/** Sectors of info block and struct pages before the data of an fsdax namespace: 2 MiB. */
const dataOffset = sectorCount(4096);
/** Where the NFIT would put the region: above 4 GiB. */
const regionBase = 0x1_0000_0000;
const bus = 'devices/LNXSYSTM:00/LNXSYBUS:00/ACPI0012:00/ndbus0';
const disk = `${bus}/region0/pfn0.0/block/pmem0`;
const modules = [
  { handle: 0x1, physicalId: 0x26, serial: '0x00002a50', id: '8089-a2-1839-00002a50', slot: 'CPU0_C1_D2' },
  { handle: 0x101, physicalId: 0x28, serial: '0x00002a6f', id: '8089-a2-1839-00002a6f', slot: 'CPU0_C2_D2' },
] as const;

/**
 * Lays a host with one ACPI.NFIT bus, two interleaved DIMMs and an fsdax namespace, in the formats of the kernel's own
 * files (kernel-abi sections 1, 3, 4), except that the disk carries the number of a real one: the real mount table then
 * leads from `pmem0` to a real file system, and the agent cannot tell. procfs is the real one, seen from this process.
 */
export async function laySimulatedHost(folder: string, device: RealDevice): Promise<SimulatedHost> {
  const sysfs = join(folder, 'sys');
  const procfs = join(folder, 'proc');
  const dev = join(folder, 'dev');
  for (const [path, text] of sysfsFiles(device)) await writeIn(sysfs, path, text);
  for (const [path, target] of sysfsLinks(device)) await linkIn(sysfs, path, target);
  for (const [i, { physicalId, slot, serial }] of modules.entries()) {
    await writeIn(sysfs, `firmware/dmi/entries/17-${i}/raw`, memoryDeviceRecord(physicalId, slot, serial));
  }
  for (const directory of [`${disk}/holders`, `${disk}/slaves`])
    await mkdir(join(sysfs, directory), { recursive: true });
  await mkdir(dev);
  await symlink(device.node, join(dev, 'pmem0'));
  await layProcfs(procfs);
  return {
    sysfs,
    procfs,
    dev,
    playScrub: () => playScrub(join(sysfs, bus, 'nfit/scrub')),
    async setBadSectors(runs) {
      // the kernel fills the region's list and the disk's from one source; the disk's comes last, as the one people watch
      const inRegion = runs.map((each) => shift(each, dataOffset)).filter((each) => each !== undefined);
      await writeFile(join(sysfs, bus, 'region0/badblocks'), listText(inRegion));
      await writeFile(join(sysfs, disk, 'badblocks'), listText(runs));
    },
  };
}

/** block/badblocks.c badblocks_show */
function listText(runs: readonly Run[]): string {
  return runs.map(({ start, count }) => `${start} ${count}\n`).join('');
}

function sysfsFiles({ devNumber, size }: RealDevice): [path: string, text: string][] {
  const data = bytesFromSectors(sectorCount(size));
  const offset = bytesFromSectors(dataOffset);
  const whole = data + offset;
  const half = Math.ceil(whole / 2);
  const hex = (value: number) => `0x${value.toString(16)}`;
  const region = `${bus}/region0`;
  const namespace = `${region}/namespace0.0`;
  const pfn = `${region}/pfn0.0`;
  const uuid = 'c1d6fa85-6f40-4e8a-9f3f-0a5c3b9d7e21';
  const files: Record<string, string | number> = {
    [`${bus}/provider`]: 'ACPI.NFIT',
    [`${bus}/commands`]: 'ars_cap ars_start ars_status clear_error cmd_call ',
    [`${bus}/nfit/scrub`]: 1,
    [`${bus}/nfit/hw_error_scrub`]: 0,
    [`${bus}/nfit/dsm_mask`]: '0x1e',
    [`${bus}/nfit/revision`]: 1,
    [`${region}/devtype`]: 'nd_pmem',
    [`${region}/size`]: whole,
    [`${region}/align`]: '0x1000000',
    [`${region}/mappings`]: modules.length,
    [`${region}/nstype`]: 5,
    [`${region}/set_cookie`]: '0x7a3c1d5e9b2f4860',
    [`${region}/persistence_domain`]: 'memory_controller',
    [`${region}/numa_node`]: 0,
    [`${region}/read_only`]: 0,
    [`${region}/resource`]: hex(regionBase),
    [`${region}/nfit/range_index`]: 1,
    [`${namespace}/devtype`]: 'nd_namespace_pmem',
    [`${namespace}/size`]: whole,
    [`${namespace}/mode`]: 'memory',
    [`${namespace}/holder`]: 'pfn0.0',
    [`${namespace}/holder_class`]: 'pfn',
    [`${namespace}/uuid`]: uuid,
    [`${namespace}/nstype`]: 5,
    [`${namespace}/force_raw`]: 0,
    [`${namespace}/numa_node`]: 0,
    [`${namespace}/resource`]: hex(regionBase),
    [`${pfn}/devtype`]: 'nd_pfn',
    [`${pfn}/namespace`]: 'namespace0.0',
    [`${pfn}/uuid`]: '4f0b6a1e-2f5d-4c1c-8b7a-9f1d3e5c7a90',
    [`${pfn}/mode`]: 'pmem',
    [`${pfn}/align`]: 2097152,
    [`${pfn}/size`]: data,
    [`${pfn}/resource`]: hex(regionBase + offset),
    [`${disk}/dev`]: devNumber,
    [`${disk}/size`]: size,
    [`${disk}/ro`]: 0,
    [`${disk}/diskseq`]: 1,
    [`${disk}/queue/dax`]: 1,
    [`${disk}/queue/logical_block_size`]: 512,
    [`${disk}/queue/physical_block_size`]: 4096,
    ...Object.fromEntries(modules.map((_, i) => [`${region}/mapping${i}`, `nmem${i},0,${half},${i}`])),
  };
  for (const [i, module] of modules.entries()) Object.assign(files, moduleFiles(`${bus}/nmem${i}`, module));
  return [
    ...Object.entries(files).map(([path, value]): [string, string] => [path, `${value}\n`]),
    [`${region}/badblocks`, ''],
    [`${disk}/badblocks`, ''],
  ];
}

function moduleFiles(path: string, module: (typeof modules)[number]): Record<string, string | number> {
  return {
    [`${path}/devtype`]: 'nvdimm',
    [`${path}/state`]: 'active',
    [`${path}/flags`]: 'label ',
    [`${path}/nfit/handle`]: `0x${module.handle.toString(16)}`,
    [`${path}/nfit/phys_id`]: `0x${module.physicalId.toString(16)}`,
    [`${path}/nfit/vendor`]: '0x8089',
    [`${path}/nfit/device`]: '0x5141',
    [`${path}/nfit/serial`]: module.serial,
    [`${path}/nfit/id`]: module.id,
    [`${path}/nfit/family`]: 0,
    [`${path}/nfit/format`]: '0x0301',
    // a laid folder has no device that could answer: the module is one that offers no health data
    [`${path}/nfit/dsm_mask`]: '0x0',
    [`${path}/nfit/flags`]: '',
  };
}

function sysfsLinks({ devNumber }: RealDevice): [path: string, target: string][] {
  const region = `${bus}/region0`;
  const members = ['nmem0', 'nmem1', 'region0'].map((name) => `${bus}/${name}`);
  const claims = ['namespace0.0', 'pfn0.0'].map((name) => `${region}/${name}`);
  return [
    ...[bus, ...members, ...claims].map((path): [string, string] => [`bus/nd/devices/${path.split('/').at(-1)}`, path]),
    ['block/pmem0', disk],
    ['class/block/pmem0', disk],
    [`dev/block/${devNumber}`, disk],
    [`${disk}/device`, `${region}/pfn0.0`],
    [`${region}/driver`, 'bus/nd/drivers/nd_region'],
    [`${region}/pfn0.0/driver`, 'bus/nd/drivers/nd_pmem'],
  ];
}

/** Memory devices of the firmware, for the slots (SMBIOS 3 section 7.18, as in `smbios.ts`). */
function memoryDeviceRecord(physicalId: number, locator: string, serial: string): Uint8Array {
  const strings = [locator, 'NODE 0', serial, 'NMA1XBD512GQS'];
  const record = Buffer.alloc(0x28);
  record[0] = 17;
  record[1] = record.length;
  record.writeUInt16LE(physicalId, 2);
  record[0x10] = 1;
  record[0x11] = 2;
  record[0x18] = 3;
  record[0x1a] = 4;
  return Buffer.concat([record, Buffer.from(`${strings.join('\0')}\0\0`)]);
}

/** What of the real procfs the agent looks at; mounts and open files are those of this very process. */
async function layProcfs(procfs: string): Promise<void> {
  const self = `/proc/${process.pid}`;
  await linkTo(join(procfs, '1/mountinfo'), `${self}/mountinfo`);
  await linkTo(join(procfs, 'self'), self);
  await linkTo(join(procfs, String(process.pid)), self);
  for (const name of [
    'sys',
    'swaps',
    'mdstat',
    'partitions',
    'devices',
    'filesystems',
    'loadavg',
    'uptime',
    'version',
  ]) {
    await linkTo(join(procfs, name), `/proc/${name}`);
  }
}

async function writeIn(root: string, path: string, text: string | Uint8Array): Promise<void> {
  const file = join(root, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
}
/** sysfs links are relative */
async function linkIn(root: string, path: string, target: string): Promise<void> {
  await linkTo(join(root, path), relative(dirname(join(root, path)), join(root, target)));
}
async function linkTo(file: string, target: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await symlink(target, file);
}

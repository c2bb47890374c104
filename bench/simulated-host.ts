import { chmodSync, mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A fresh folder that the agent's listening half can enter too: started by root it runs as another user. */
export function makeBenchDirectory(): string {
  const dir = mkdtempSync(join(tmpdir(), 'pmemwatch-bench-'));
  chmodSync(dir, 0o755);
  return dir;
}

const BUS = 'devices/LNXSYSTM:00/ndbus0';
const DATA_OFFSET = 2 << 20;

export interface SimulatedDisk {
  /** `major:minor` */
  readonly devNumber: string;
  readonly sectors: number;
}

/**
 * Lays a sysfs and procfs tree of one NFIT bus with `namespaces` fsdax namespaces, each with `ranges` bad ranges of one
 * sector, as the kernel formats them (lists under one page, so that they are complete).
 */
export function laySimulatedHost(
  root: string,
  namespaces: number,
  ranges: number,
  disk?: SimulatedDisk,
): { sysfs: string; procfs: string; dev: string } {
  const sysfs = join(root, 'sys');
  const procfs = join(root, 'proc');
  const dev = join(root, 'dev');
  const bus = BUS;
  const put = (path: string, value: string): void => {
    mkdirSync(join(sysfs, path, '..'), { recursive: true });
    writeFileSync(join(sysfs, path), value);
  };
  const link = (path: string, target: string): void => {
    mkdirSync(join(sysfs, path, '..'), { recursive: true });
    symlinkSync(target, join(sysfs, path));
  };
  put(`${bus}/provider`, 'ACPI.NFIT\n');
  put(`${bus}/commands`, 'ars_cap ars_start ars_status clear_error cmd_call \n');
  put(`${bus}/nfit/scrub`, '1\n');
  put(`${bus}/nfit/hw_error_scrub`, '0\n');
  put(`${bus}/nfit/revision`, '1\n');
  link('bus/nd/devices/ndbus0', '../../../devices/LNXSYSTM:00/ndbus0');
  link('class/nd/.keep', '.');
  const size = disk === undefined ? 1 << 30 : disk.sectors * 512 + DATA_OFFSET;
  for (let i = 0; i < namespaces; i++) {
    const base = 0x100000000 + i * size;
    const dimm = `${bus}/nmem${i}`;
    put(`${dimm}/nfit/id`, `8089-a2-1836-${(0x1000 + i).toString(16).padStart(8, '0')}\n`);
    put(`${dimm}/nfit/handle`, `0x${(i + 1).toString(16)}\n`);
    put(`${dimm}/nfit/phys_id`, `0x${(0x20 + i).toString(16)}\n`);
    put(`${dimm}/nfit/serial`, `0x${(0x1000 + i).toString(16).padStart(8, '0')}\n`);
    put(`${dimm}/nfit/vendor`, '0x8089\n');
    put(`${dimm}/nfit/family`, '0\n');
    put(`${dimm}/nfit/flags`, '\n');
    put(`${dimm}/state`, 'active\n');
    put(`${dimm}/devtype`, 'nvdimm\n');
    link(`bus/nd/devices/nmem${i}`, `../../../${dimm}`);
    const region = `${bus}/region${i}`;
    put(`${region}/devtype`, 'nd_pmem\n');
    put(`${region}/size`, `${size}\n`);
    put(`${region}/resource`, `0x${base.toString(16)}\n`);
    put(`${region}/mappings`, '1\n');
    put(`${region}/mapping0`, `nmem${i},0,${size},0\n`);
    put(`${region}/persistence_domain`, 'memory_controller\n');
    put(`${region}/numa_node`, '0\n');
    put(`${region}/read_only`, '0\n');
    put(`${region}/set_cookie`, '0x1\n');
    // 8 bytes a line keep 400 lines under the page limit of 4095 bytes
    const runs = Array.from({ length: ranges }, (_, k) => 10_000 + k * 20);
    put(`${region}/badblocks`, runs.map((s) => `${s + DATA_OFFSET / 512} 1\n`).join(''));
    mkdirSync(join(sysfs, 'bus/nd/drivers/nd_region'), { recursive: true });
    mkdirSync(join(sysfs, 'bus/nd/drivers/nd_pmem'), { recursive: true });
    link(`${region}/driver`, '../../../../bus/nd/drivers/nd_region');
    link(`bus/nd/devices/region${i}`, `../../../${region}`);
    const ns = `${region}/namespace${i}.0`;
    put(`${ns}/devtype`, 'nd_namespace_pmem\n');
    put(`${ns}/size`, `${size}\n`);
    put(`${ns}/mode`, 'memory\n');
    put(`${ns}/holder`, `pfn${i}.0\n`);
    put(`${ns}/holder_class`, 'pfn\n');
    put(`${ns}/uuid`, `00000000-0000-4000-8000-${i.toString(16).padStart(12, '0')}\n`);
    put(`${ns}/resource`, `0x${base.toString(16)}\n`);
    put(`${ns}/numa_node`, '0\n');
    link(`bus/nd/devices/namespace${i}.0`, `../../../${ns}`);
    const pfn = `${region}/pfn${i}.0`;
    put(`${pfn}/namespace`, `namespace${i}.0\n`);
    put(`${pfn}/mode`, 'pmem\n');
    put(`${pfn}/resource`, `0x${(base + DATA_OFFSET).toString(16)}\n`);
    put(`${pfn}/size`, `${size - DATA_OFFSET}\n`);
    link(`${pfn}/driver`, '../../../../../bus/nd/drivers/nd_pmem');
    link(`bus/nd/devices/pfn${i}.0`, `../../../${pfn}`);
    const node = `${pfn}/block/pmem${i}`;
    const devNumber = disk?.devNumber ?? `259:${i}`;
    put(`${node}/size`, `${(size - DATA_OFFSET) / 512}\n`);
    put(`${node}/dev`, `${devNumber}\n`);
    put(`${node}/badblocks`, runs.map((s) => `${s} 1\n`).join(''));
    put(`${node}/queue/dax`, '1\n');
    put(`${node}/queue/logical_block_size`, '512\n');
    put(`${node}/diskseq`, `${i + 1}\n`);
    mkdirSync(join(sysfs, node, 'holders'), { recursive: true });
    mkdirSync(join(sysfs, node, 'slaves'), { recursive: true });
    link(`${node}/device`, '../..');
    link(`block/pmem${i}`, `../${node}`);
    link(`dev/block/${devNumber}`, `../../${node}`);
  }
  mkdirSync(dev, { recursive: true });
  for (const [path, value] of [
    ['sys/kernel/random/boot_id', '11111111-2222-4333-8444-555555555555\n'],
    ['1/mountinfo', '21 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw\n'],
    ['self/mountinfo', '21 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw\n'],
    ['swaps', 'Filename\tType\tSize\tUsed\tPriority\n'],
  ] as const) {
    mkdirSync(join(procfs, path, '..'), { recursive: true });
    writeFileSync(join(procfs, path), value);
  }
  return { sysfs, procfs, dev };
}

/**
 * A host of one namespace whose disk has this number and size, so that its mounts are found; both lists are empty.
 * `dataStart` is where the disk begins in its region, in sectors.
 */
export function layHostOfDisk(
  root: string,
  disk: SimulatedDisk,
): { sysfs: string; dev: string; diskList: string; regionList: string; dataStart: number } {
  const { sysfs, dev } = laySimulatedHost(root, 1, 0, disk);
  const region = join(sysfs, BUS, 'region0');
  return {
    sysfs,
    dev,
    diskList: join(region, 'pfn0.0/block/pmem0/badblocks'),
    regionList: join(region, 'badblocks'),
    dataStart: DATA_OFFSET / 512,
  };
}

/** A host whose lists all change with each call of `change`, as the kernel announces it; it returns the starts that each disk has then. */
export function layChangingHost(root: string, namespaces: number, ranges: number) {
  const { sysfs, procfs, dev } = laySimulatedHost(root, namespaces, ranges);
  let round = 0;
  function change(): readonly number[] {
    round++;
    const starts = Array.from({ length: ranges }, (_, k) => 10_000 + k * 20 + (round % 2) * 10);
    for (let i = 0; i < namespaces; i++) {
      const region = join(sysfs, BUS, `region${i}`);
      // the region first: a disk's list is never longer than its region's
      writeFileSync(join(region, 'badblocks'), starts.map((s) => `${s + DATA_OFFSET / 512} 1\n`).join(''));
      writeFileSync(join(region, `pfn${i}.0/block/pmem${i}/badblocks`), starts.map((s) => `${s} 1\n`).join(''));
    }
    return starts;
  }
  return { sysfs, procfs, dev, change };
}

/** A configuration whose polls do not fall into a measurement. */
export function laySlowPollConfig(root: string): string {
  const file = join(root, 'pmemwatch.yml');
  writeFileSync(file, 'poll: { bad_blocks: 1h, health: 1h }\n');
  return file;
}

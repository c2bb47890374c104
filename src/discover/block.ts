import type { LoopBacking } from '../model/stack.ts';
import type { BlockDevice, Mount } from '../model/topology.ts';
import { bytes, sector, sectorCount } from '../model/units.ts';
import type { KernelTree } from '../ports.ts';
import { readAttributes } from './attributes.ts';
import { readBtrfsPools, withMountedAs } from './btrfs-pools.ts';
import { byName, keepLast, linkTarget, listNames, type Problems } from './look.ts';
import { readLoopBacking } from './loop.ts';
import { readMdArray } from './md.ts';

/** Where a device lies below `block`: a disk's folder, or a partition's inside its disk's. */
interface Location {
  readonly name: string;
  /** the whole disk of a partition */
  readonly disk?: string;
}

interface Graph {
  readonly sysfs: KernelTree;
  readonly problems: Problems;
  readonly disks: ReadonlySet<string>;
  readonly previous: readonly BlockDevice[];
}

/** `sda1`, `pmem0p1`: what a partition's name adds to its disk's */
const partitionSuffix = /^p?\d+$/;
const diskAttributes = ['dev', 'size', 'diskseq', 'queue/logical_block_size', 'queue/dax', 'dm/name', 'dm/uuid'];
const partitionAttributes = ['dev', 'size', 'start'];

interface Seen {
  readonly device: BlockDevice;
  readonly partitions: readonly Location[];
  /** what it stands on */
  readonly below: readonly Location[];
  /** what stands on it, partitions aside */
  readonly above: readonly Location[];
}

/**
 * Block devices that matter: the disks of namespaces with all that stands on them (partitions, dm, md, through `holders`),
 * every device that carries a mount, all devices of a btrfs among them, and what those stand on. A host's other disks are
 * not looked at. What md arrays and loop devices are made of is read with them; device-mapper tables need an ioctl and are
 * added by the probe.
 * Attributes: Documentation/ABI/stable/sysfs-block; `badblocks` is not read here, only seen to be there.
 */
export async function readBlockDevices(
  sysfs: KernelTree,
  mounts: readonly Mount[],
  namespaceOfDisk: ReadonlyMap<string, string>,
  problems: Problems,
  previous: readonly BlockDevice[],
): Promise<readonly BlockDevice[]> {
  const disks = new Set((await listNames(sysfs, 'block', problems, 'block')) ?? []);
  const graph: Graph = { sysfs, problems, disks, previous };
  const found = new Map<string, Seen>();
  const onPmem = [...namespaceOfDisk.keys()].filter((name) => disks.has(name)).map((name) => ({ name }));
  await walk(graph, found, onPmem, ({ partitions, above }) => [...partitions, ...above]);
  const pools = await readBtrfsPools(sysfs, mounts, problems);
  const members = pools.flatMap((pool) => [...pool.values()].flatMap((target) => locate(graph, target) ?? []));
  const mounted = [...(await mountedDevices(graph, mounts)), ...members];
  const rest = [...mounted, ...[...found.values()].flatMap(({ below }) => below)];
  await walk(graph, found, rest, ({ partitions, below }) => [...partitions, ...below]);
  const devices = [...found.values()]
    .map(({ device }): BlockDevice => {
      const namespace = namespaceOfDisk.get(device.name);
      const { assembly } = device;
      return {
        ...device,
        ...(namespace !== undefined && { namespace }),
        ...(assembly?.kind === 'loop' && { assembly: onDevice(assembly, found) }),
      };
    })
    .sort((a, b) => byName(a.name, b.name));
  return withMountedAs(devices, pools, mounts);
}

async function walk(
  graph: Graph,
  found: Map<string, Seen>,
  from: readonly Location[],
  onwards: (seen: Seen) => readonly Location[],
): Promise<void> {
  const asked = new Set(found.keys());
  for (let next = from; next.length > 0; ) {
    const wave: Location[] = [];
    for (const location of next) {
      if (asked.has(location.name)) continue;
      asked.add(location.name);
      wave.push(location);
    }
    const seen = (await Promise.all(wave.map((location) => readDevice(graph, location)))).filter(
      (s) => s !== undefined,
    );
    for (const one of seen) found.set(one.device.name, one);
    next = seen.flatMap(onwards);
  }
}

/** By number through `dev/block`, else (btrfs has anonymous numbers) by the name the mount gives as its source. */
async function mountedDevices(graph: Graph, mounts: readonly Mount[]): Promise<Location[]> {
  const wanted = new Map(mounts.map((mount) => [`${mount.devNumber} ${mount.source.text}`, mount]));
  const locations = await Promise.all(
    [...wanted.values()].map(async ({ devNumber, source }) => {
      const target = await linkTarget(graph.sysfs, `dev/block/${devNumber}`, graph.problems, devNumber);
      return target === undefined ? bySource(graph, source.text) : locate(graph, target);
    }),
  );
  return locations.filter((location) => location !== undefined);
}

async function bySource(graph: Graph, source: string): Promise<Location | undefined> {
  const mapped = /^\/dev\/mapper\/(.+)$/.exec(source)?.[1];
  if (mapped !== undefined) {
    for (const name of graph.disks) {
      if (!name.startsWith('dm-')) continue;
      const dm = await readAttributes(graph.sysfs, `block/${name}`, ['dm/name']);
      if (dm.text('dm/name') === mapped) return { name };
    }
    return undefined;
  }
  const name = /^\/dev\/([^/]+)$/.exec(source)?.[1];
  if (name === undefined) return undefined;
  if (graph.disks.has(name)) return { name };
  const disk = [...graph.disks].find((candidate) => partitionSuffix.test(afterPrefix(name, candidate)));
  return disk === undefined ? undefined : { name, disk };
}
function afterPrefix(name: string, prefix: string): string {
  return name.startsWith(prefix) ? name.slice(prefix.length) : '';
}

/** `../../devices/.../block/pmem0/pmem0p1`: a partition's folder lies in its disk's. */
function locate(graph: Graph, target: string): Location | undefined {
  const [disk, name] = target.split('/').slice(-2);
  if (name === undefined || disk === undefined) return undefined;
  if (graph.disks.has(name)) return { name };
  return graph.disks.has(disk) ? { name, disk } : undefined;
}

async function readDevice(graph: Graph, location: Location): Promise<Seen | undefined> {
  const { sysfs, problems } = graph;
  const { name, disk } = location;
  const path = disk === undefined ? `block/${name}` : `block/${disk}/${name}`;
  const list = async (directory: string) => (await listNames(sysfs, directory, problems, name)) ?? [];
  const [a, entries, holders, slaves] = await Promise.all([
    readAttributes(sysfs, path, disk === undefined ? diskAttributes : partitionAttributes),
    list(path),
    list(`${path}/holders`),
    disk === undefined ? list(`${path}/slaves`) : [],
  ]);
  if (a.gone) return undefined;
  const below = (
    await Promise.all(
      slaves.map(async (slave) =>
        locate(graph, (await linkTarget(sysfs, `${path}/slaves/${slave}`, problems, name)) ?? `block/${slave}`),
      ),
    )
  ).filter((l) => l !== undefined);
  if (disk !== undefined) below.push({ name: disk });
  const partitions =
    disk !== undefined
      ? []
      : entries.filter((e) => partitionSuffix.test(afterPrefix(e, name))).map((e) => ({ name: e, disk: name }));
  const above = holders.filter((holder) => graph.disks.has(holder)).map((holder) => ({ name: holder }));

  const devNumber = a.need('dev', a.text('dev'));
  const size = a.need('size', a.number('size'));
  const start = disk === undefined ? undefined : a.need('start', a.number('start'));
  const logicalBlock = a.number('queue/logical_block_size');
  const diskSequence = a.number('diskseq');
  const dmName = a.text('dm/name');
  if (a.faults.length > 0 || devNumber === undefined || size === undefined) {
    const last = keepLast(problems, graph.previous, name, a.faults);
    return last === undefined ? undefined : { device: last, partitions, below, above };
  }
  const kind = disk !== undefined ? 'partition' : kindOf(name, dmName);
  const assembly =
    kind === 'md'
      ? await readMdArray(sysfs, name, sectorCount(size), problems)
      : kind === 'loop'
        ? await readLoopBacking(sysfs, name)
        : undefined;
  const label = labelOf(dmName, a.text('dm/uuid'));
  const device: BlockDevice = {
    name,
    devNumber,
    size: sectorCount(size),
    logicalBlockBytes: bytes(logicalBlock ?? (await diskAttribute(sysfs, disk, 'queue/logical_block_size')) ?? 512),
    kind,
    holders: [...holders].sort(byName),
    slaves: [...slaves].sort(byName),
    hasBadblocks: entries.includes('badblocks'),
    dax: (a.number('queue/dax') ?? (await diskAttribute(sysfs, disk, 'queue/dax'))) === 1,
    ...(disk !== undefined && start !== undefined && { partitionOf: { disk, start: sector(start) } }),
    ...(diskSequence !== undefined && { diskSequence }),
    ...(dmName !== undefined && { dmName }),
    ...(label !== undefined && { label }),
    ...(assembly !== undefined && { assembly }),
  };
  return { device, partitions, below, above };
}

/** A loop device can stand on a block device as well; the kernel then tells its node as the file, and no holder. */
function onDevice(backing: LoopBacking, found: ReadonlyMap<string, Seen>): LoopBacking {
  const name = /^\/dev\/([^/]+)$/.exec(backing.file.text)?.[1];
  return name !== undefined && found.has(name) ? { ...backing, device: name } : backing;
}

function kindOf(name: string, dmName: string | undefined): BlockDevice['kind'] {
  if (dmName !== undefined) return 'dm';
  if (/^md[\d_]/.test(name)) return 'md';
  return /^loop\d+$/.test(name) ? 'loop' : 'disk';
}

/** `vg/lv` for LVM's (whose names have `-` twice where it is part of one; libdevmapper dm_split_lvm_name), else the name. */
function labelOf(dmName: string | undefined, uuid: string | undefined): string | undefined {
  if (dmName === undefined || uuid?.startsWith('LVM-') !== true) return dmName;
  const parts = /^((?:[^-]|--)+)-((?:[^-]|--)+)((?:-.*)?)$/.exec(dmName);
  if (parts === null) return dmName;
  const [, group, volume, layer] = parts as unknown as [string, string, string, string];
  return `${group.replaceAll('--', '-')}/${volume.replaceAll('--', '-')}${layer}`;
}

/** Partitions have no queue of their own. */
async function diskAttribute(sysfs: KernelTree, disk: string | undefined, name: string): Promise<number | undefined> {
  return disk === undefined ? undefined : (await readAttributes(sysfs, `block/${disk}`, [name])).number(name);
}

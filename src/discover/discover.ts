import { AgentError } from '../model/errors.ts';
import { type Dimm, emptyTopology, type Topology } from '../model/topology.ts';
import type { KernelTree } from '../ports.ts';
import { readBlockDevices } from './block.ts';
import { byName, createProblems, listNames, type Problems } from './look.ts';
import { readMounts } from './mountinfo.ts';
import { readNdBuses } from './nd-bus.ts';
import { placesOf } from './places.ts';
import { type MemoryDevice, parseMemoryDevice } from './smbios.ts';

/**
 * What exists: nvdimm buses with all that is on them, block devices, mounts, and the places to track. Each object that
 * cannot be read is a problem of its own and hides nothing else; where `previous` has it, of the same kernel instance,
 * it stays as it was. A host with nothing to watch is an empty inventory without problems.
 * @throws AgentError SYSFS_READ where there is no sysfs at all: a wrong mount in a container must not look like such a host
 */
export async function discover(
  roots: { readonly sysfs: KernelTree; readonly procfs: KernelTree },
  previous: Topology = emptyTopology,
): Promise<Topology> {
  const { sysfs, procfs } = roots;
  await expectSysfs(sysfs);
  const problems = createProblems();
  const [bootId, mounts] = await Promise.all([readBootId(procfs, problems, previous), readMounts(procfs, problems)]);
  const nd = await readNdBuses(sysfs, bootId, problems, previous);
  const disks = new Map(nd.namespaces.filter((n) => n.mode !== 'devdax').map((n) => [n.device ?? '', n.name]));
  const [dimms, blockDevices] = await Promise.all([
    withSlots(sysfs, nd.dimms, previous.dimms, problems),
    readBlockDevices(sysfs, mounts, disks, problems, previous.blockDevices),
  ]);
  const places = placesOf({ ...nd, dimms }, problems);
  const { buses, regions, namespaces } = nd;
  return { buses, dimms, regions, namespaces, blockDevices, mounts, places, problems: inOrder(problems) };
}

/** Every kernel has `block`, be there persistent memory or not. */
async function expectSysfs(sysfs: KernelTree): Promise<void> {
  if ((await sysfs.list('block')) !== undefined) return;
  const advice = 'sysfs is not mounted there, or --path.sysfs names another place';
  throw new AgentError('SYSFS_READ', `the sysfs folder has no directory 'block': ${advice}`);
}

/** Reads end in any order; the same look twice is the same inventory. */
function inOrder(problems: Problems): Topology['problems'] {
  return problems.found.toSorted((a, b) => byName(a.subject, b.subject) || byName(a.reason, b.reason));
}

/** Random per boot (random(4)); it makes a bus's epoch differ after a reboot. */
async function readBootId(procfs: KernelTree, problems: Problems, previous: Topology): Promise<string> {
  const path = 'sys/kernel/random/boot_id';
  const file = await procfs.read(path);
  if (file.kind === 'ok') return Buffer.from(file.data).toString('utf8').trim();
  const why = file.kind === 'stuck' ? 'it has not answered in time' : file.reason;
  problems.add(path, `cannot be read (${why}): a reboot is told by the buses alone`);
  // no process outlives a boot: what an earlier look has read still holds
  return previous.buses[0]?.epoch.split(':')[0] ?? 'unknown';
}

const ENTRIES = 'firmware/dmi/entries';

/** Joins DIMMs with the firmware's memory devices by handle. A physical id that two DIMMs claim says nothing about either. */
async function withSlots(
  sysfs: KernelTree,
  dimms: readonly Dimm[],
  before: readonly Dimm[],
  problems: Problems,
): Promise<readonly Dimm[]> {
  const known = new Map(before.filter((d) => d.locator !== undefined).map((d) => [`${d.key} ${d.physicalId}`, d]));
  const isUnknown = (d: Dimm): boolean => d.physicalId !== undefined && !known.has(`${d.key} ${d.physicalId}`);
  const devices = dimms.some(isUnknown) ? await readMemoryDevices(sysfs, problems) : new Map<number, MemoryDevice>();
  return dimms.map((dimm) => {
    if (dimm.physicalId === undefined) return dimm;
    if (dimms.some((other) => other !== dimm && other.physicalId === dimm.physicalId)) return dimm;
    const slot = known.get(`${dimm.key} ${dimm.physicalId}`) ?? devices.get(dimm.physicalId);
    return {
      ...dimm,
      ...(slot?.locator !== undefined && { locator: slot.locator }),
      ...(slot?.partNumber !== undefined && { partNumber: slot.partNumber }),
    };
  });
}

async function readMemoryDevices(sysfs: KernelTree, problems: Problems): Promise<ReadonlyMap<number, MemoryDevice>> {
  const names = ((await listNames(sysfs, ENTRIES, problems, ENTRIES)) ?? []).filter((name) => name.startsWith('17-'));
  const files = await Promise.all(names.map((name) => sysfs.read(`${ENTRIES}/${name}/raw`)));
  const devices = new Map<number, MemoryDevice>();
  for (const file of files) {
    const device = file.kind === 'ok' ? parseMemoryDevice(file.data) : undefined;
    if (device !== undefined) devices.set(device.handle, device);
  }
  const refused = files.find((file) => file.kind === 'failed');
  if (refused?.kind === 'failed') problems.add(ENTRIES, `DIMM slots are not known: ${refused.reason}`);
  return devices;
}

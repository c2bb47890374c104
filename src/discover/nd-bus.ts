import {
  type Bus,
  type Dimm,
  type ErrorSource,
  emptyTopology,
  type Namespace,
  type Region,
  type Topology,
} from '../model/topology.ts';
import type { KernelTree } from '../ports.ts';
import { type Attributes, readAttributes } from './attributes.ts';
import { byName, inodeOf, keepLast, type Look, listNames, ND, type Problems } from './look.ts';
import { readNamespaces } from './namespace.ts';
import { readRegion } from './region.ts';

export interface NdInventory {
  readonly buses: readonly Bus[];
  readonly dimms: readonly Dimm[];
  readonly regions: readonly Region[];
  readonly namespaces: readonly Namespace[];
  /** regions of which a namespace could not be read: what is free in them is not known */
  readonly partlyKnown: ReadonlySet<string>;
}

/** NVDIMM_FAMILY_* of include/uapi/linux/ndctl.h. */
const families = ['intel', 'hpe1', 'hpe2', 'msft', 'hyperv', 'papr'];

/**
 * The nvdimm buses and what is on them (drivers/nvdimm, drivers/acpi/nfit/core.c; Documentation/ABI/obsolete/sysfs-class-dax,
 * testing/sysfs-bus-nvdimm, testing/sysfs-bus-nfit, testing/sysfs-bus-papr-pmem). Never reads `wait_probe`, which blocks.
 * A host without libnvdimm has none of it, and no problem.
 */
export async function readNdBuses(
  sysfs: KernelTree,
  bootId: string,
  problems: Problems,
  previous: Topology,
): Promise<NdInventory> {
  const listed = (await listNames(sysfs, ND, problems, ND)) ?? previous.buses.map(({ name }) => name);
  const names = listed.filter((name) => /^ndbus\d+$/.test(name)).sort(byName);
  const found = await Promise.all(names.map((name) => readBus(sysfs, name, bootId, problems, previous)));
  return {
    buses: found.map(({ bus }) => bus),
    dimms: withKeys(found.flatMap(({ dimms }) => dimms)),
    regions: found.flatMap(({ regions }) => regions),
    namespaces: found.flatMap(({ namespaces }) => namespaces),
    partlyKnown: new Set(found.flatMap(({ partlyKnown }) => partlyKnown)),
  };
}

async function readBus(sysfs: KernelTree, name: string, bootId: string, problems: Problems, previous: Topology) {
  const path = `${ND}/${name}`;
  const [a, listed, nfit, inode] = await Promise.all([
    readAttributes(sysfs, path, ['provider', 'commands', 'nfit/hw_error_scrub']),
    listNames(sysfs, path, problems, name),
    listNames(sysfs, `${path}/nfit`, problems, name),
    inodeOf(sysfs, path, problems, name),
  ]);
  const last = previous.buses.find((bus) => bus.name === name && bus.epoch.startsWith(`${bootId}:`));
  const epoch = inode === undefined ? (last?.epoch ?? `${bootId}:unknown`) : `${bootId}:${inode}`;
  const known = last?.epoch === epoch ? last : undefined;
  const look: Look = { sysfs, problems, before: known === undefined ? emptyTopology : previous };

  const before = [...look.before.dimms, ...look.before.regions].filter((object) => object.bus === name);
  const children = listed ?? before.map((object) => object.name);
  const nmems = children.filter((child) => /^nmem\d+$/.test(child)).sort(byName);
  const regionNames = children.filter((child) => /^region\d+$/.test(child)).sort(byName);
  const [dimms, regions] = await Promise.all([
    Promise.all(nmems.map((nmem) => readDimm(look, nmem, name))),
    Promise.all(regionNames.map((region) => readRegion(look, region, name))),
  ]);
  const provider = a.need('provider', a.text('provider'));
  if (a.faults.length > 0) problems.add(name, a.faults.join('; '));
  const hwErrorScrub = a.number('nfit/hw_error_scrub');
  const scrubSupported = nfit?.includes('scrub') ?? known?.scrubSupported ?? false;
  const papr = dimms.some((dimm) => dimm?.family === 'papr');
  const knownProvider = provider ?? known?.provider ?? 'unknown';
  const unread = nfit === undefined || a.faults.length > 0;
  const canClear = unread
    ? known?.canClear
    : clearsErrors(a.text('commands') ?? '', knownProvider, papr || nfit.length > 0);
  const bus: Bus = {
    name,
    provider: knownProvider,
    errorSource: (nfit === undefined ? known?.errorSource : undefined) ?? errorSourceOf(nfit, scrubSupported, papr),
    scrubSupported,
    epoch,
    ...(canClear !== undefined && { canClear }),
    ...(hwErrorScrub !== undefined && { hwErrorScrub: hwErrorScrub === 1 }),
  };
  const namespaces = await Promise.all(regions.filter((r) => r !== undefined).map((r) => readNamespaces(look, r)));
  return {
    bus,
    dimms: dimms.filter((dimm) => dimm !== undefined),
    regions: regions.filter((r) => r !== undefined).map(({ region }) => region),
    namespaces: namespaces.flatMap((n) => n.namespaces),
    partlyKnown: namespaces.filter((n) => !n.allKnown).map((n) => n.region),
  };
}

/**
 * Who adds to a bus's bad-block lists (kernel-abi 2.3): scrub and machine checks where the bus has ARS, machine checks alone
 * on an NFIT bus without, the hypervisor's machine check on PAPR, and nobody on e820, virtio-pmem, CXL and others.
 */
function errorSourceOf(nfit: readonly string[] | undefined, scrub: boolean, papr: boolean): ErrorSource {
  if (scrub) return 'ars';
  if (nfit !== undefined && nfit.length > 0) return 'mce';
  return papr ? 'papr' : 'none';
}

/**
 * What nvdimm_clear_poison of drivers/nvdimm/bus.c does for a write on this bus: asks firmware with two of its `commands`;
 * fails where the provider speaks to firmware and these are missing; forgets the entry where there is none to speak to.
 */
function clearsErrors(commands: string, provider: string, asksFirmware: boolean): boolean | undefined {
  const names = commands.split(/\s+/);
  if (names.includes('ars_cap') && names.includes('clear_error')) return true;
  if (asksFirmware || provider === 'CXL') return false;
  return provider === 'e820' || provider === 'virtio-pmem' ? true : undefined;
}

async function readDimm(look: Look, name: string, bus: string): Promise<Dimm | undefined> {
  const a = await readAttributes(look.sysfs, `${ND}/${name}`, [
    'devtype',
    'nfit/id',
    'nfit/handle',
    'nfit/phys_id',
    'nfit/serial',
    'nfit/vendor',
    'nfit/family',
    'nfit/flags',
    'papr/flags',
  ]);
  if (a.gone) return undefined;
  const found = dimmOf(a, name, bus);
  if (a.faults.length === 0) return found;
  return keepLast(look.problems, look.before.dimms, name, a.faults) ?? found;
}

function dimmOf(a: Attributes, name: string, bus: string): Dimm {
  const id = a.text('nfit/id');
  const handle = a.number('nfit/handle');
  const physicalId = a.number('nfit/phys_id');
  const serial = a.text('nfit/serial');
  const vendor = a.text('nfit/vendor');
  const familyNumber = a.number('nfit/family');
  const family = a.exists('papr/flags')
    ? 'papr'
    : familyNumber === undefined
      ? undefined
      : (families[familyNumber] ?? String(familyNumber));
  return {
    name,
    bus,
    key: id ?? name,
    flags: (a.text('nfit/flags') ?? a.text('papr/flags') ?? '').split(/\s+/).filter((flag) => flag !== ''),
    ...(id !== undefined && { id }),
    ...(handle !== undefined && { handle }),
    ...(physicalId !== undefined && { physicalId }),
    ...(serial !== undefined && { serial }),
    ...(vendor !== undefined && { vendor }),
    ...(family !== undefined && { family }),
  };
}

/** `nfit/id` is not unique in every virtual machine: where it repeats on the host, the handle is part of the key. */
function withKeys(dimms: readonly Dimm[]): Dimm[] {
  const uses = new Map<string, number>();
  for (const { id } of dimms) if (id !== undefined) uses.set(id, (uses.get(id) ?? 0) + 1);
  return dimms.map((dimm) => {
    if (dimm.id === undefined) return { ...dimm, key: dimm.name };
    if (uses.get(dimm.id) === 1 || dimm.handle === undefined) return { ...dimm, key: dimm.id };
    return { ...dimm, key: `${dimm.id}-0x${dimm.handle.toString(16)}` };
  });
}

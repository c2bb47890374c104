import type { Namespace, NamespaceMode } from '../model/topology.ts';
import { bytes, type SectorCount, sectorCount, wholeSectors } from '../model/units.ts';
import { type Attributes, readAttributes } from './attributes.ts';
import { byName, keepLast, type Look, listNames, ND } from './look.ts';
import type { FoundRegion } from './region.ts';

/** sysfs names of the modes (drivers/nvdimm/namespace_devs.c mode_show); `memory` without a holder is label-less page-mapped memory. */
const modes: Readonly<Record<string, NamespaceMode>> = { raw: 'raw', safe: 'sector', memory: 'fsdax', dax: 'devdax' };

/** The active namespaces of a region; seeds (size 0) are none. A namespace that cannot be read is a problem of its own. */
export async function readNamespaces(
  look: Look,
  found: FoundRegion,
): Promise<{ region: string; namespaces: readonly Namespace[]; allKnown: boolean }> {
  const names = found.children.filter((child) => /^namespace\d+\.\d+$/.test(child)).sort(byName);
  const read = await Promise.all(names.map((name) => readNamespace(look, found, name)));
  const namespaces = read.filter((n) => typeof n === 'object');
  const allKnown = !read.includes('unreadable');
  const [only] = namespaces;
  const fillsRegion = namespaces.length === 1 && allKnown && only?.size === found.region.size;
  return {
    region: found.region.name,
    allKnown,
    namespaces: namespaces.map((namespace) =>
      namespace.regionOffset === undefined && fillsRegion ? { ...namespace, regionOffset: sectorCount(0) } : namespace,
    ),
  };
}

async function readNamespace(look: Look, found: FoundRegion, name: string): Promise<Namespace | 'seed' | 'unreadable'> {
  const path = `${ND}/${name}`;
  const a = await readAttributes(look.sysfs, path, ['size', 'mode', 'holder', 'uuid', 'resource']);
  const size = a.number('size');
  // a seed, or gone since it was listed
  if (a.gone || size === 0) return 'seed';
  const holder = a.text('holder');
  const modeName = a.text('mode');
  const mode = modes[modeName ?? ''];
  a.need('size', size);
  a.need('mode', modeName);
  const claim =
    holder === undefined ? undefined : await readAttributes(look.sysfs, `${ND}/${holder}`, ['size', 'resource']);
  const resource = a.address('resource');
  const layout = mode === undefined ? {} : layoutOf(mode, size ?? 0, resource, claim);
  const faults = [...a.faults, ...(claim?.faults ?? []).map((fault) => `${holder}/${fault}`)];
  if (faults.length === 0 && mode === undefined) faults.push(`mode is none that is known: ${JSON.stringify(modeName)}`);
  if (faults.length > 0 || mode === undefined || size === undefined) {
    return keepLast(look.problems, look.before.namespaces, name, faults) ?? 'unreadable';
  }
  const device = await deviceOf(look, name, mode, holder ?? name);
  const uuid = a.text('uuid');
  const regionOffset = distance(found.resource, resource);
  return {
    name,
    region: found.region.name,
    bus: found.region.bus,
    mode,
    size: bytes(size),
    ...layout,
    ...(uuid !== undefined && { uuid }),
    ...(regionOffset !== undefined && { regionOffset }),
    ...(device !== undefined && { device }),
  };
}

/**
 * Where the data area lies (kernel-abi section 7): at the pfn or dax device's `resource`; where that may not be read, behind
 * what the namespace has more than its data, for the info block and struct pages come first. BTT has no one window, only
 * the size of what its disk shows.
 */
function layoutOf(
  mode: NamespaceMode,
  size: number,
  resource: bigint | undefined,
  claim: Attributes | undefined,
): { dataStart?: SectorCount; dataSize?: SectorCount } {
  if (mode === 'sector' && claim === undefined) return {};
  if (claim === undefined) return { dataStart: sectorCount(0), dataSize: wholeSectors(size) };
  const dataSize = claim.number('size');
  if (mode === 'sector') return dataSize === undefined ? {} : { dataSize: wholeSectors(dataSize) };
  const start = distance(resource, claim.address('resource'));
  if (dataSize === undefined) return {};
  const dataStart = start ?? (dataSize <= size ? wholeSectors(size - dataSize) : undefined);
  return { dataSize: wholeSectors(dataSize), ...(dataStart !== undefined && { dataStart }) };
}

function distance(from: bigint | undefined, to: bigint | undefined): SectorCount | undefined {
  if (from === undefined || to === undefined || to < from) return undefined;
  return wholeSectors(Number(to - from));
}

/** The disk below whatever holds the namespace; for devdax the character device, a child of the nd device of a similar name. */
async function deviceOf(look: Look, name: string, mode: NamespaceMode, holder: string): Promise<string | undefined> {
  const directory = mode === 'devdax' ? `${ND}/${holder}` : `${ND}/${holder}/block`;
  const names = (await listNames(look.sysfs, directory, look.problems, name)) ?? [];
  return mode === 'devdax' ? names.find((name) => /^dax\d+\.\d+$/.test(name)) : names[0];
}

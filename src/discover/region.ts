import type { Mapping, Region } from '../model/topology.ts';
import { bytes } from '../model/units.ts';
import { readAttributes } from './attributes.ts';
import { keepLast, type Look, listNames, ND } from './look.ts';

export interface FoundRegion {
  readonly region: Region;
  /** names of what it holds: namespaces and the btt, pfn and dax devices that claim them */
  readonly children: readonly string[];
  /** start in physical address space, exact; also where it is no physical address (nfit_test's are kernel addresses) */
  readonly resource?: bigint;
}

/** `regionN` (drivers/nvdimm/region_devs.c). Undefined when it cannot be known, which is a problem, or went away, which is none. */
export async function readRegion(look: Look, name: string, bus: string): Promise<FoundRegion | undefined> {
  const path = `${ND}/${name}`;
  const [a, listed] = await Promise.all([
    readAttributes(look.sysfs, path, [
      'devtype',
      'size',
      'resource',
      'mappings',
      'persistence_domain',
      'numa_node',
      'read_only',
    ]),
    listNames(look.sysfs, path, look.problems, name),
  ]);
  if (a.gone) return undefined;
  const size = a.need('size', a.number('size'));
  const devtype = a.need('devtype', a.text('devtype'));
  const resource = a.address('resource');
  const { mappings, fault } = await readMappings(look, path, a.number('mappings') ?? 0);
  const faults = [...a.faults, ...(fault === undefined ? [] : [fault])];
  if (listed === undefined) faults.push('what it holds cannot be listed');
  const held = look.before.namespaces.filter((namespace) => namespace.region === name);
  const children = listed ?? held.map((namespace) => namespace.name);
  if (faults.length > 0 || size === undefined) {
    const last = keepLast(look.problems, look.before.regions, name, faults);
    if (last === undefined) return undefined;
    return { region: last, children, ...(last.resource !== undefined && { resource: BigInt(last.resource) }) };
  }
  const persistenceDomain = a.text('persistence_domain');
  const numaNode = Number(a.text('numa_node') ?? '-1');
  const readOnly = a.number('read_only');
  const region: Region = {
    name,
    bus,
    kind: devtype === 'nd_volatile' ? 'volatile' : 'pmem',
    size: bytes(size),
    mappings,
    // an unbound region's list answers ENXIO
    enabled: children.includes('driver'),
    ...(resource !== undefined && resource <= BigInt(Number.MAX_SAFE_INTEGER) && { resource: bytes(Number(resource)) }),
    ...(persistenceDomain !== undefined && { persistenceDomain }),
    ...(numaNode >= 0 && { numaNode }),
    ...(readOnly !== undefined && { readOnly: readOnly === 1 }),
  };
  return { region, children, ...(resource !== undefined && { resource }) };
}

/** `mappingK` = `nmem0,<DPA start>,<length>,<position>` in bytes. */
async function readMappings(
  look: Look,
  path: string,
  count: number,
): Promise<{ mappings: readonly Mapping[]; fault?: string }> {
  const names = Array.from({ length: Math.min(count, 32) }, (_, k) => `mapping${k}`);
  if (names.length === 0) return { mappings: [] };
  const a = await readAttributes(look.sysfs, path, names);
  const mappings: Mapping[] = [];
  for (const name of names) {
    const text = a.need(name, a.text(name));
    const match = /^(nmem\d+),(\d{1,15}),(\d{1,15}),(\d{1,3})$/.exec(text ?? '');
    if (match === null)
      return { mappings: [], fault: a.faults[0] ?? `${name} is not a mapping: ${JSON.stringify(text?.slice(0, 60))}` };
    mappings.push({
      dimm: match[1] as string,
      dpaStart: bytes(Number(match[2])),
      length: bytes(Number(match[3])),
      position: Number(match[4]),
    });
  }
  return { mappings: mappings.sort((x, y) => x.position - y.position) };
}

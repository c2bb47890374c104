/** What the API and `list --json` both show of the inventory, in one dialect: units are in the names, sectors are 512 bytes. */
import type { BlockDevice, Dimm, Mapping, Namespace } from './topology.ts';

export interface DimmJson extends Omit<Dimm, 'key' | 'flags'> {
  /** the label of its series: stays with the module */
  readonly dimm: string;
  readonly flags: string[];
}
export function dimmJson({ key, flags, ...rest }: Dimm): DimmJson {
  return { dimm: key, ...rest, flags: [...flags] };
}

export interface MappingJson {
  /** kernel name */
  readonly dimm: string;
  /** `dimm` of the module among `dimms`; absent when it is not among them */
  readonly dimmId?: string;
  readonly dpaStartBytes: number;
  readonly lengthBytes: number;
  readonly position: number;
}
export function mappingJson({ dimm, dpaStart, length, position }: Mapping, dimms: readonly Dimm[]): MappingJson {
  const id = dimms.find(({ name }) => name === dimm)?.key;
  return { dimm, ...(id !== undefined && { dimmId: id }), dpaStartBytes: dpaStart, lengthBytes: length, position };
}

export function namespaceJson({ size, regionOffset, dataStart, dataSize, ...rest }: Namespace) {
  return {
    ...rest,
    sizeBytes: size,
    ...(regionOffset !== undefined && { regionOffsetSectors: regionOffset }),
    ...(dataStart !== undefined && { dataStartSectors: dataStart }),
    ...(dataSize !== undefined && { dataSizeSectors: dataSize }),
  };
}

/** How it is assembled is told by the owners of what lies on it. */
export function blockDeviceJson({ size, diskSequence, partitionOf, assembly, holders, slaves, ...rest }: BlockDevice) {
  return {
    ...rest,
    sizeSectors: size,
    ...(partitionOf !== undefined && {
      partitionOf: { disk: partitionOf.disk, startSectors: partitionOf.start },
    }),
    holders: [...holders],
    slaves: [...slaves],
  };
}

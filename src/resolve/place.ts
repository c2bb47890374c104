import { clip, coalesce, type Extent, endOf, extent, type Run, run, subtract } from '../model/extent.ts';
import type { Owner } from '../model/owner.ts';
import type { Place } from '../model/topology.ts';
import { sectorCount } from '../model/units.ts';
import { type BttPart, bttParts, mediaBlocks, shownByEntries } from './stack/btt.ts';

/** A place's bad runs, split into what its block device shows and what belongs to something below or beside it. */
export interface SplitRuns {
  /** sectors on `place.device`, for the resolver */
  readonly onDevice: readonly Extent[];
  /** what needs no look at a file system */
  readonly known: readonly Owner[];
}

/**
 * Place sectors -> device sectors (kernel-abi section 7): the data area of fsdax and devdax starts behind the info
 * block and the struct pages; a BTT device shows none of its raw sectors at their own address; free region space has
 * no device. Owners told here have `device` '' and place sectors where no device shows them.
 */
export function splitPlace(place: Place, runs: readonly Run[]): SplitRuns {
  if (place.kind === 'region') {
    return { onDevice: [], known: offDevice(runs, { kind: 'free', reason: 'region space that no namespace uses' }) };
  }
  if (place.mode === 'sector') {
    return { onDevice: [], known: inArena(place, runs) };
  }
  const { device, dataStart, dataSize } = place;
  if (device === '' || dataStart === undefined) {
    const reason = 'the namespace is disabled or its layout cannot be read: no device shows these sectors';
    return { onDevice: [], known: offDevice(runs, { kind: 'unknown', reason }) };
  }
  const window = run(dataStart, dataSize ?? Math.max(0, place.size - dataStart));
  const inside = runs.map((r) => clip(r, window)).filter((r) => r !== undefined);
  const onDevice = inside.map((r) => extent(device, r.start - dataStart, r.count));
  const outside = subtract(runs, inside);
  const before = outside.filter((r) => r.start < window.start);
  const after = outside.filter((r) => r.start >= endOf(window));
  const known = [
    ...offDevice(before, { kind: 'hidden', metadata: 'info block' }),
    ...offDevice(after, { kind: 'hidden', metadata: 'namespace padding' }),
  ];
  return { onDevice, known };
}

/**
 * Sectors of a BTT namespace: data is reached through a map, and that lies on the media of a namespace that nothing but
 * its own driver can read while it is in use (docs/decisions/0005-btt-map.md). So the part of the arena is told, with the
 * blocks of the media; entries of the map are for blocks of the device that can be told.
 */
function inArena({ size, dataSize, device }: Place, runs: readonly Run[]): Owner[] {
  return coalesce(runs).flatMap((r): Owner[] => {
    const parts = dataSize === undefined ? [] : (bttParts(size, dataSize, r) ?? []);
    const told = parts.flatMap((part) => {
      const reason = reasonIn(part, device);
      const why = reason === undefined ? {} : { reason };
      return offDevice([part], { kind: 'hidden', metadata: `BTT ${part.part}`, ...why });
    });
    return [
      ...told,
      ...offDevice(subtract([r], parts), { kind: 'hidden', metadata: 'BTT arena', reason: unknownLayout }),
    ];
  });
}
function reasonIn({ part, arena, ...place }: BttPart, device: string): string | undefined {
  if (part === 'data') {
    const blocks = arena === undefined ? undefined : mediaBlocks(arena, place);
    const which =
      blocks === undefined ? '' : `block ${[...new Set(blocks)].join(' to ')} of the media in arena ${arena?.index}: `;
    return `${which}${inData}`;
  }
  const shown = part === 'map' && arena !== undefined ? shownByEntries(arena, place) : undefined;
  if (shown === undefined) return undefined;
  return `its entries lead to sectors ${shown.start}+${shown.count} of /dev/${device}, which can be neither read nor written without them`;
}
const inData =
  'which block of the device it holds, if any, is in the BTT map, which cannot be read while the BTT is in use';
const unknownLayout = 'how the BTT is laid out here is not known';

function offDevice(runs: readonly Run[], what: Pick<Owner, 'kind' | 'metadata' | 'reason'>): Owner[] {
  return runs.map((r) => ({ device: '', start: r.start, count: sectorCount(r.count), ...what }));
}

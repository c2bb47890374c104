import { clip, type Extent, endOf, extent, type Run, run, subtract } from '../model/extent.ts';
import type { Owner } from '../model/owner.ts';
import type { Place } from '../model/topology.ts';
import { sectorCount } from '../model/units.ts';

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
    const metadata = 'BTT arena';
    const reason = 'sectors of a BTT namespace are reached through its map, which is not read in this version';
    return { onDevice: [], known: offDevice(runs, { kind: 'hidden', metadata, reason }) };
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
  if (place.mode !== 'devdax') return { onDevice, known };
  const raw = onDevice.map((e): Owner => ({ kind: 'raw', ...e, metadata: 'device-dax' }));
  return { onDevice: [], known: [...known, ...raw] };
}

function offDevice(runs: readonly Run[], what: Pick<Owner, 'kind' | 'metadata' | 'reason'>): Owner[] {
  return runs.map((r) => ({ device: '', start: r.start, count: sectorCount(r.count), ...what }));
}

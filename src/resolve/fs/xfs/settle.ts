import { intersect, type Run, run, subtract } from '../../../model/extent.ts';
import type { Owner } from '../../../model/owner.ts';
import { bytesFromSectors, wholeSectors } from '../../../model/units.ts';
import { FSMAP } from '../getfsmap.ts';
import type { Claim } from './claims.ts';
import type { XfsGeometry } from './geometry.ts';
import type { MappedRecord } from './reverse-map.ts';
import type { XfsRole } from './side-devices.ts';
import { headerParts, isStaticOwner, specialOwner } from './special-owners.ts';

export interface Sorted {
  readonly claims: Claim[];
  readonly settled: Owner[];
  /** what the map does not name */
  readonly unnamed: Run[];
}

/** Records of the reverse map: inodes to be named, everything else told at once. */
export function sortRecords(device: string, role: XfsRole, g: XfsGeometry, records: readonly MappedRecord[]): Sorted {
  const sorted: Sorted = { claims: [], settled: [], unnamed: [] };
  const parts = role === 'data' ? headerParts(g) : undefined;
  for (const { where, record } of records) {
    if ((record.flags & FSMAP.SPECIAL) === 0) {
      const offset = record.offset + bytesFromSectors(where.start) - record.physical;
      sorted.claims.push({ where, inode: record.owner, offset, flags: record.flags });
    } else if (isStaticOwner(record.owner)) {
      if (parts !== undefined) sorted.settled.push(...headersIn(device, parts, [where]));
      else sorted.settled.push({ kind: 'metadata', device, ...where, metadata: 'realtime superblock' });
    } else {
      const from = bytesFromSectors(where.start);
      const what = specialOwner(g, record.owner, from, from + bytesFromSectors(where.count));
      if (what === undefined) sorted.unnamed.push(where);
      else sorted.settled.push({ device, ...where, ...what });
    }
  }
  return sorted;
}

function headersIn(device: string, parts: ReturnType<typeof headerParts>, where: readonly Run[]): Owner[] {
  const named = parts.flatMap(({ where: part, metadata }) =>
    intersect(where, [part]).map((r): Owner => ({ kind: 'metadata', device, ...r, metadata })),
  );
  const rest = subtract(
    where,
    parts.map((p) => p.where),
  );
  return [
    ...named,
    ...rest.map((r): Owner => ({ kind: 'metadata', device, ...r, metadata: 'allocation group header' })),
  ];
}

/** What is known of sectors that nobody was told to own: the places that the geometry alone gives away. */
export function settleByGeometry(device: string, g: XfsGeometry, rest: readonly Run[], reason: string): Owner[] {
  const parts = headerParts(g);
  const fixed = parts.map((p) => p.where);
  const perBlock = wholeSectors(g.blockBytes);
  const log = g.log === undefined ? [] : [run(g.log.block * perBlock, g.log.count * perBlock)];
  return [
    ...headersIn(device, parts, intersect(rest, fixed)),
    ...intersect(rest, log).map((r): Owner => ({ kind: 'metadata', device, ...r, metadata: 'journal' })),
    ...subtract(rest, [...fixed, ...log]).map((r): Owner => ({ kind: 'unknown', device, ...r, reason })),
  ];
}

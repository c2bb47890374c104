import { endOf, type Run, run, subtract } from '../../../model/extent.ts';
import type { Owner } from '../../../model/owner.ts';
import { bytes, bytesFromSectors, sectorsCovering, wholeSectors } from '../../../model/units.ts';
import type { FilesystemOwner } from '../resolver.ts';
import type { FoundFile } from './extent-files.ts';
import type { FileExtent } from './inodes.ts';
import type { Look } from './look.ts';
import type { Described } from './names.ts';
import { overlapping } from './place.ts';

interface Claim extends Run {
  readonly file: FoundFile;
  shared: boolean;
}

/** Tells the files; returns what of `asked`, sorted, is in none of them. */
export function tellFiles(
  look: Look,
  files: readonly FoundFile[],
  asked: readonly Run[],
  missing: number,
  out: FilesystemOwner[],
): Run[] {
  const claims = files.map((file): Claim => ({ ...claimed(file.run), file, shared: missing > 0 }));
  markShared(claims);
  let covered = false;
  for (const claim of claims) {
    const parts = overlapping(asked, claim);
    if (parts.length === 0) continue;
    covered ||= isWithin(asked, claim);
    const { tree, inode, what, run: bytesOfFile } = claim.file;
    const named = withMissing(look.names.describe(tree, inode, what), missing);
    if (bytesOfFile.packed) tellPacked(look, claim, named, parts, out);
    else for (const part of parts) tellPart(look, claim, named, part, out);
  }
  return covered ? [] : subtract(asked, claims);
}
function tellPacked(
  look: Look,
  { file, shared }: Claim,
  named: Described,
  parts: readonly Run[],
  out: FilesystemOwner[],
) {
  const { offset, length, unwritten } = file.run;
  const packed = { state: unwritten ? 'unwritten' : 'data', offset, length: bytes(length), packed: true } as const;
  place(look, parts, { ...named, ...(shared ? { shared } : {}), ...packed }, out);
}
function tellPart(
  look: Look,
  { start: first, file, shared }: Claim,
  named: Described,
  part: Run,
  out: FilesystemOwner[],
) {
  const { offset, unwritten } = file.run;
  const begins = offset + bytesFromSectors(part.start) - bytesFromSectors(first);
  for (const { start, count, into, goodCopy } of look.spotsOf(part)) {
    const owner = ownerOf(named, {
      device: look.task.device.name,
      start,
      count,
      offset: begins + into,
      length: bytesFromSectors(count),
      state: unwritten ? 'unwritten' : 'data',
      goodCopy,
    });
    if (shared) owner.shared = true;
    out.push(owner);
  }
}

type PlaceInFile = Pick<Owner, 'device' | 'start' | 'count'> &
  Required<Pick<Owner, 'offset' | 'length' | 'state' | 'goodCopy'>>;

/** By far the most of all owners have all of this: to make them in one piece costs half of what it costs to add to a copy. */
function ownerOf(named: Described, at: PlaceInFile): FilesystemOwner {
  const { kind, inode, subvolume, paths, pathsBase64, pathsComplete, linkCount, reason, otherPaths } = named;
  if (
    inode === undefined ||
    subvolume === undefined ||
    paths === undefined ||
    pathsBase64 === undefined ||
    pathsComplete === undefined ||
    linkCount === undefined
  ) {
    return { ...named, ...at };
  }
  const { device, start, count, offset, length, state, goodCopy } = at;
  const owner: FilesystemOwner = {
    kind,
    device,
    start,
    count,
    inode,
    subvolume,
    offset,
    length,
    state,
    paths,
    pathsBase64,
    pathsComplete,
    linkCount,
    goodCopy,
  };
  if (reason !== undefined) owner.reason = reason;
  if (otherPaths !== undefined) owner.otherPaths = otherPaths;
  return owner;
}
function isWithin(asked: readonly Run[], claim: Run): boolean {
  return (asked[0] as Run).start >= claim.start && endOf(asked[asked.length - 1] as Run) <= endOf(claim);
}
/** Of a packed extent, every sector is needed for every byte. */
function claimed({ extent, extentBytes, into, length, packed }: FileExtent): Run {
  return packed ? sectorsOf(extent, extentBytes) : sectorsOf(extent + into, length);
}
function markShared(claims: Claim[]): void {
  claims.sort((a, b) => a.start - b.start);
  let furthest: Claim | undefined;
  for (const claim of claims) {
    if (furthest !== undefined && claim.start < furthest.start + furthest.count) {
      claim.shared = true;
      furthest.shared = true;
    }
    if (furthest === undefined || claim.start + claim.count > furthest.start + furthest.count) furthest = claim;
  }
}
function withMissing(what: Described, missing: number): Described {
  if (missing === 0) return what;
  return { ...what, pathsComplete: false, reason: `${missing} more files share it that the kernel does not tell` };
}

/** Tells owners of logical sectors on the device asked about, each with what is known of its other copies. */
export function place(look: Look, asked: readonly Run[], what: Described, out: FilesystemOwner[]): void {
  const { name } = look.task.device;
  for (const r of asked) {
    for (const { start, count, goodCopy } of look.spotsOf(r)) {
      if (what.kind === 'free') look.free.push(run(start, count));
      else if (what.kind === 'unknown') out.push({ ...what, device: name, start, count });
      else out.push({ ...what, device: name, start, count, goodCopy });
    }
  }
}

export function sectorsOf(logical: number, length: number): Run {
  return run(wholeSectors(logical), sectorsCovering(logical, length));
}

import { AgentError, errnoOf, messageOf } from '../../../model/errors.ts';
import { clip, endOf, type Run, run, subtract, totalSectors } from '../../../model/extent.ts';
import { bytes, bytesFromSectors, sector, sectorsCovering, wholeSectors } from '../../../model/units.ts';
import type { FilesystemOwner } from '../resolver.ts';
import { CHUNK_TYPE, type Chunk } from './chunks.ts';
import { goodCopies } from './copies.ts';
import type { FoundFile } from './extent-files.ts';
import { type Extent, readExtents } from './extents.ts';
import type { FileExtent } from './inodes.ts';
import type { Look } from './look.ts';
import type { Described } from './names.ts';
import { overlapping } from './place.ts';
import { rangeOf, type Window, windowsOf } from './windows.ts';

/** extents whose files are looked up together */
const EXTENTS_TOGETHER = 512;
/** extents between two questions whether it is time to stop */
const EXTENTS_PER_TURN = 128;

/** A window whose part of the extent tree has been read. */
interface ReadWindow extends Window {
  readonly extents: readonly Extent[];
}

/** Owners of all that was placed in chunks; false when it was time to stop before all of them were found. */
export async function tellPlaced(look: Look, out: FilesystemOwner[]): Promise<boolean> {
  let together: ReadWindow[] = [];
  let waiting = 0;
  for (const window of windowsOf(look.placing.placed)) {
    const extents = attempt(() => readExtents(look.search, look.volume.nodeBytes, rangeOf(window)));
    if (extents.kind === 'failed') {
      const reason = `the extent tree cannot be read (${extents.reason})`;
      place(look, window.wanted, { kind: 'unknown', reason }, out);
      continue;
    }
    together.push({ ...window, extents: extents.value });
    waiting += 1 + extents.value.length;
    if (waiting < EXTENTS_TOGETHER) continue;
    if (!(await tellTogether(look, together, out))) return false;
    together = [];
    waiting = 0;
  }
  return tellTogether(look, together, out);
}

async function tellTogether(look: Look, windows: readonly ReadWindow[], out: FilesystemOwner[]): Promise<boolean> {
  // what cannot be read now is told below, where it is missing
  attempt(() => look.files.expect(windows.flatMap((w) => w.extents)));
  for (const { chunk, wanted, extents } of windows) {
    const held: Run[] = [];
    let left: number = totalSectors(wanted);
    for (const [i, extent] of extents.entries()) {
      const where = sectorsOf(extent.logical, extent.length);
      const asked = overlapping(wanted, where);
      if (asked.length === 0) continue;
      held.push(where);
      left -= totalSectors(asked);
      if (extent.isTreeBlock) tellTreeBlock(look, extent, asked, out);
      else tellData(look, extent, asked, out);
      if (i % EXTENTS_PER_TURN === 0 && !(await look.turn(out.length))) return false;
    }
    if (left > 0) tellUnheld(look, chunk, subtract(wanted, held), out);
  }
  return look.turn(out.length);
}

function tellTreeBlock(look: Look, block: Extent, asked: readonly Run[], out: FilesystemOwner[]): void {
  const name = attempt(() => look.treeName(block));
  const metadata = name.kind === 'ok' ? name.value : `tree block (which tree cannot be read: ${name.reason})`;
  place(look, asked, { kind: 'metadata', metadata }, out);
}

function tellData(look: Look, extent: Extent, asked: readonly Run[], out: FilesystemOwner[]): void {
  const first = out.length;
  const told = attempt(() => {
    const { files, internal, missing } = look.files.of(extent);
    const left = tellFiles(look, files, asked, missing, out);
    if (left.length === 0) return;
    if (internal !== undefined) place(look, left, { kind: 'metadata', metadata: internal }, out);
    else if (missing > 0) {
      const reason = `${missing} files refer to it that the kernel does not tell`;
      place(look, left, { kind: 'unknown', reason }, out);
    } else tellUnused(look, extent, left, out);
  });
  if (told.kind === 'ok') return;
  out.length = first;
  place(look, asked, { kind: 'unknown', reason: `its files cannot be told: ${told.reason}` }, out);
}

/** No file shows it: looked at once more, since it may have changed since its extent was read. */
function tellUnused(look: Look, extent: Extent, asked: readonly Run[], out: FilesystemOwner[]): void {
  const { logical, length, generation } = extent;
  const range = { from: logical, to: logical + length, floor: logical, wants: () => true };
  const [first] = readExtents(look.search, look.volume.nodeBytes, range);
  if (first === undefined) place(look, asked, { kind: 'free' }, out);
  else if (first.logical === logical && first.length === length && first.generation === generation) {
    place(look, asked, { kind: 'unreferenced' }, out);
  } else place(look, asked, { kind: 'unknown', reason: 'it changed while it was looked at' }, out);
}

/** In no extent of the last commit: free, unless a file has taken it since. */
function tellUnheld(look: Look, chunk: Chunk, gaps: readonly Run[], out: FilesystemOwner[]): void {
  if ((chunk.type & CHUNK_TYPE.data) === 0) {
    place(look, gaps, { kind: 'free' }, out);
    return;
  }
  for (const gap of gaps) {
    const told = attempt(() => tellFiles(look, freshIn(look, gap), [gap], 0, out));
    if (told.kind === 'ok') place(look, told.value, { kind: 'free' }, out);
    else place(look, [gap], { kind: 'unknown', reason: `its files cannot be told: ${told.reason}` }, out);
  }
}

function freshIn(look: Look, gap: Run): FoundFile[] {
  return look.uncommitted.overlapping(gap).flatMap(({ tree, inode, run: bytesOfFile }) => {
    const what = look.files.inode(tree, inode);
    return what === undefined ? [] : [{ tree, inode, run: bytesOfFile, what }];
  });
}

interface Claim extends Run {
  readonly file: FoundFile;
  shared: boolean;
}

/** Tells the files; returns what of `asked`, sorted, is in none of them. */
function tellFiles(
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
    const described = withMissing(look.names.describe(tree, inode, what), missing);
    const state = bytesOfFile.unwritten ? 'unwritten' : 'data';
    const told: Described = claim.shared ? { ...described, shared: true, state } : { ...described, state };
    if (bytesOfFile.packed) {
      const { offset, length } = bytesOfFile;
      place(look, parts, { ...told, offset, length: bytes(length), packed: true }, out);
      continue;
    }
    const origin = bytesOfFile.offset - bytesFromSectors(claim.start);
    for (const part of parts) placePart(look, part, told, out, origin + bytesFromSectors(part.start));
  }
  return covered ? [] : subtract(asked, claims);
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
function place(look: Look, asked: readonly Run[], what: Described, out: FilesystemOwner[]): void {
  for (const r of asked) placePart(look, r, what, out);
}
/** `offset`: the byte of the file that the part begins with, where each byte has a place of its own. */
function placePart(look: Look, asked: Run, what: Described, out: FilesystemOwner[], offset?: number): void {
  const { name } = look.task.device;
  for (const placed of look.placed.overlapping(asked)) {
    const part = clip(placed, asked);
    if (part === undefined) continue;
    const physical = placed.physical + part.start - placed.start;
    if (what.kind === 'free') {
      look.free.push(run(physical, part.count));
      continue;
    }
    const from = bytesFromSectors(part.start);
    const to = from + bytesFromSectors(part.count);
    const at = bytesFromSectors(sector(physical));
    for (const { logical, length, goodCopy } of goodCopies(placed.chunk, from, to, at, look.copies)) {
      const count = sectorsCovering(0, length);
      const start = sector(physical + wholeSectors(logical - from));
      const where = { device: name, start, count };
      if (what.kind === 'unknown') out.push({ ...what, ...where });
      else if (offset === undefined) out.push({ ...what, ...where, goodCopy });
      else {
        const bytesIn = offset + logical - bytesFromSectors(asked.start);
        out.push({ ...what, ...where, offset: bytesIn, length: bytesFromSectors(count), goodCopy });
      }
    }
  }
}

function sectorsOf(logical: number, length: number): Run {
  return run(wholeSectors(logical), sectorsCovering(logical, length));
}

/** What the kernel cannot read or answers wrongly concerns what was asked, not the rest. */
function attempt<T>(
  read: () => T,
): { readonly kind: 'ok'; readonly value: T } | { readonly kind: 'failed'; readonly reason: string } {
  try {
    return { kind: 'ok', value: read() };
  } catch (error) {
    if (errnoOf(error) === undefined && !(error instanceof AgentError)) throw error;
    return { kind: 'failed', reason: messageOf(error) };
  }
}

import { AgentError, errnoOf, messageOf } from '../../../model/errors.ts';
import { clip, coalesce, intersect, type Run, run, subtract } from '../../../model/extent.ts';
import { bytes, bytesFromSectors, sector, sectorCount, sectorsCovering, wholeSectors } from '../../../model/units.ts';
import type { FilesystemOwner } from '../resolver.ts';
import { CHUNK_TYPE, type Chunk } from './chunks.ts';
import { goodCopies } from './copies.ts';
import { type Extent, readExtents } from './extents.ts';
import type { Look } from './look.ts';
import type { Described } from './names.ts';
import { overlapping } from './place.ts';
import type { FileRun } from './uncommitted.ts';

/** Logical sectors of one chunk that are looked at together. */
export interface Window {
  readonly chunk: Chunk;
  /** bytes of logical space */
  readonly from: number;
  readonly to: number;
  /** the wanted sectors in it, in order */
  readonly wanted: readonly Run[];
}
/** What lies nearer than this is read with one search. */
const GAP_BYTES = 128 * 1024;
const WINDOW_BYTES = 16 * 1024 * 1024;
/** extents between two questions whether it is time to stop */
const EXTENTS_PER_TURN = 32;

export function* windowsOf(look: Look): Generator<Window> {
  const byChunk = new Map<Chunk, Run[]>();
  for (const p of look.placing.placed) {
    const runs = byChunk.get(p.chunk);
    if (runs === undefined) byChunk.set(p.chunk, [p]);
    else runs.push(p);
  }
  for (const [chunk, runs] of byChunk) {
    let wanted: Run[] = [];
    let from = 0;
    let to = 0;
    for (const r of slices(coalesce(runs))) {
      const start = bytesFromSectors(r.start);
      if (wanted.length > 0 && (start - to > GAP_BYTES || to - from >= WINDOW_BYTES)) {
        yield { chunk, from, to, wanted };
        wanted = [];
      }
      if (wanted.length === 0) from = start;
      wanted.push(r);
      to = start + bytesFromSectors(r.count);
    }
    if (wanted.length > 0) yield { chunk, from, to, wanted };
  }
}
function* slices(runs: readonly Run[]): Generator<Run> {
  const most = wholeSectors(WINDOW_BYTES);
  for (const r of runs) {
    for (let at = 0; at < r.count; at += most) yield run(r.start + at, Math.min(most, r.count - at));
  }
}

/** Owners of the wanted sectors of a window; false when it was time to stop before all of them were found. */
export async function tellWindow(look: Look, window: Window, out: FilesystemOwner[]): Promise<boolean> {
  const { chunk, from, to, wanted } = window;
  const extents = attempt(() => readExtents(look.search, look.volume.nodeBytes, from, to, chunk.logical));
  if (extents.kind === 'failed') {
    place(look, wanted, { kind: 'unknown', reason: `the extent tree cannot be read (${extents.reason})` }, out);
    return true;
  }
  const held: Run[] = [];
  for (const [i, extent] of extents.value.entries()) {
    const where = sectorsOf(extent.logical, extent.length);
    const asked = overlapping(wanted, where);
    if (asked.length === 0) continue;
    held.push(where);
    if (extent.isTreeBlock) tellTreeBlock(look, extent, asked, out);
    else tellData(look, extent, asked, out);
    if (i % EXTENTS_PER_TURN === 0 && !(await look.turn(out.length))) return false;
  }
  tellUnheld(look, chunk, subtract(wanted, held), out);
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
  const now = readExtents(look.search, look.volume.nodeBytes, logical, logical + length, logical);
  const [first] = now;
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
    const fresh = look.uncommitted.overlapping(gap);
    const told = attempt(() => tellFiles(look, fresh, [gap], 0, out));
    if (told.kind === 'ok') place(look, told.value, { kind: 'free' }, out);
    else place(look, [gap], { kind: 'unknown', reason: `its files cannot be told: ${told.reason}` }, out);
  }
}

interface Claim extends Run {
  readonly file: FileRun;
  shared: boolean;
}

/** Tells the files; returns what of `asked` is in none of them. */
function tellFiles(
  look: Look,
  files: readonly FileRun[],
  asked: readonly Run[],
  missing: number,
  out: FilesystemOwner[],
): Run[] {
  const claims = files.map((file): Claim => ({ ...claimed(file), file, shared: missing > 0 }));
  markShared(claims);
  for (const claim of claims) {
    const { tree, inode, run: bytesOfFile } = claim.file;
    const what = look.files.inode(tree, inode);
    const parts = intersect(asked, [claim]);
    if (what === undefined || parts.length === 0) continue;
    const described = withMissing(look.names.describe(tree, inode, what), missing);
    const state = bytesOfFile.unwritten ? 'unwritten' : 'data';
    const shared = claim.shared ? { shared: true } : {};
    if (bytesOfFile.packed) {
      const { offset, length } = bytesOfFile;
      place(look, parts, { ...described, ...shared, state, offset, length: bytes(length), packed: true }, out);
      continue;
    }
    for (const part of parts) {
      const offset = bytesOfFile.offset + bytesFromSectors(part.start) - bytesFromSectors(claim.start);
      place(look, [part], { ...described, ...shared, state }, out, offset);
    }
  }
  return subtract(asked, claims);
}
/** Of a packed extent, every sector is needed for every byte. */
function claimed({ run: { extent, extentBytes, into, length, packed } }: FileRun): Run {
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
function place(look: Look, asked: readonly Run[], what: Described, out: FilesystemOwner[], offset?: number): void {
  const { device } = look.task;
  for (const r of asked) {
    for (const placed of look.placed.overlapping(r)) {
      const part = clip(placed, r);
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
        const inFile =
          offset === undefined
            ? {}
            : { offset: offset + logical - bytesFromSectors(r.start), length: bytesFromSectors(sectorCount(count)) };
        const copy = what.kind === 'unknown' ? {} : { goodCopy };
        out.push({ ...what, device: device.name, start, count, ...inFile, ...copy });
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

import { AgentError, errnoOf, messageOf } from '../../../model/errors.ts';
import { type Run, subtract, totalSectors } from '../../../model/extent.ts';
import type { FilesystemOwner } from '../resolver.ts';
import { CHUNK_TYPE, type Chunk } from './chunks.ts';
import type { FoundFile } from './extent-files.ts';
import { type Extent, readExtents } from './extents.ts';
import type { Look } from './look.ts';
import { overlapping } from './place.ts';
import { place, sectorsOf, tellFiles } from './tell-files.ts';
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

import { coalesce, type Run, run, subtract } from '../../../model/extent.ts';
import type { FilesystemIo } from '../../../ports.ts';
import type { Wanted } from '../wanted.ts';
import { type BitmapPart, inodeInUse, splitByBitmap } from './bitmaps.ts';
import { HIT } from './hits.ts';
import { type FixedPart, fixedParts } from './layout.ts';
import { type Names, readNames } from './names.ts';
import { type Ext4Volume, type Scan, scanInodes } from './scan.ts';
import { isNamed, RESIZE_INODE } from './special-inodes.ts';
import { verifyHits } from './verify.ts';

/** What one look at the device says. Blocks are the file system's. */
export interface Attempt {
  readonly fixed: readonly FixedPart[];
  readonly scan: Scan;
  /** hits that count: indexes into the hit table */
  readonly kept: readonly number[];
  readonly names: Names;
  readonly unclaimed: readonly BitmapPart[];
  /** blocks whose owner changed while it was being looked at */
  readonly moved: readonly Run[];
  /** blocks of the resize inode beyond the reserved descriptors: its own map */
  readonly resizeBlocks: readonly Run[];
  readonly unchecked: string | undefined;
}
export interface AttemptContext {
  readonly io: FilesystemIo;
  readonly mountFd: number;
  readonly phase: (name: string, done: number, total?: number) => Promise<void>;
}

export async function lookOnce(volume: Ext4Volume, wanted: Wanted, context: AttemptContext): Promise<Attempt> {
  const { superblock: sb } = volume;
  const fixed = fixedParts(sb, volume.groups, wanted);
  const scan = await scanInodes(volume, wanted, (done) => context.phase('reading inode tables', done, sb.inodesCount));
  const stale = freedInodes(volume, scan);
  const access = { io: context.io, mountFd: context.mountFd, blockBytes: sb.blockBytes };
  const skip = (inode: number): boolean => !isNamed(sb, inode) || stale.has(inode);
  const { moved, unchecked } = await verifyHits(scan, access, skip, () => context.phase('asking the kernel again', 0));

  const { hits } = scan;
  const kept: number[] = [];
  const resize: Run[] = [];
  const claimed: Run[] = fixed.map((p) => run(p.block, p.count));
  const fixedRuns = [...claimed];
  const movedRuns: Run[] = [];
  const needed = new Set<number>();
  for (let i = 0; i < hits.length; i++) {
    const inode = hits.inode[i] as number;
    if (stale.has(inode)) continue;
    const blocks = run(hits.physical[i] as number, hits.count[i] as number);
    claimed.push(blocks);
    if (moved.has(i)) movedRuns.push(blocks);
    else if (inode === RESIZE_INODE) resize.push(blocks);
    else {
      kept.push(i);
      if (isNamed(sb, inode) && (scan.inodes.get(inode)?.links ?? 0) > 0) needed.add(inode);
    }
  }
  const asked = Array.from(wanted.from, (from, i) => run(from, (wanted.to[i] as number) - from));
  const inside = subtract(asked, [run(sb.blocksCount, Number.MAX_SAFE_INTEGER - sb.blocksCount)]);
  const unclaimed = splitByBitmap(volume, subtract(inside, claimed));
  const pause = (): Promise<void> => context.phase('reading directories', 0);
  const names = needed.size > 0 ? await readNames(volume, scan, needed, access, pause) : { pathsOf: () => [] };
  return {
    fixed,
    scan,
    kept,
    names,
    unclaimed,
    moved: coalesce(movedRuns),
    // the reserved descriptors that it maps are told as such already
    resizeBlocks: subtract(resize, fixedRuns),
    unchecked,
  };
}

/** Inodes without links are freed ones, unless the bitmap says that they still wait to be. */
function freedInodes(volume: Ext4Volume, scan: Scan): Set<number> {
  const freed = new Set<number>();
  for (const [number, inode] of scan.inodes) {
    const unlinked = inode.links === 0 && isNamed(volume.superblock, number);
    if (unlinked && inodeInUse(volume, number) === false) freed.add(number);
  }
  return freed;
}

/** Whether a hit is data of the file rather than a block that serves it. */
export function isData(what: number): boolean {
  return what === HIT.data || what === HIT.unwritten;
}

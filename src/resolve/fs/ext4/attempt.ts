import { type Run, run, subtract } from '../../../model/extent.ts';
import type { FilesystemIo } from '../../../ports.ts';
import type { BytePath } from '../visible-path.ts';
import type { Wanted } from '../wanted.ts';
import { type BitmapPart, inodeInUse, splitByBitmap } from './bitmaps.ts';
import { type FixedPart, fixedParts } from './layout.ts';
import { type Names, readNames } from './names.ts';
import { askDirectoryPath, groupsNearby } from './nearby.ts';
import { createScanner, type Ext4Volume, type Scan, type Scanner } from './scan.ts';
import { isNamed, RESIZE_INODE } from './special-inodes.ts';
import { isData, type Verdicts, verifyHits } from './verify.ts';

/** What one look at the device says. Blocks are the file system's. */
export interface Attempt {
  readonly fixed: readonly FixedPart[];
  readonly scan: Scan;
  /** hits that count: indexes into the hit table */
  readonly kept: readonly number[];
  readonly names: Verdicts['names'];
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
  readonly mountRoot: BytePath;
  readonly phase: (name: string, done: number, total?: number) => Promise<void>;
}
/** What the device says, before the kernel is asked. */
interface Found {
  readonly scan: Scan;
  readonly stale: ReadonlySet<number>;
  readonly names: Names;
}

/** Groups that are read in one go where there are no flexible ones. */
const FEWEST_GROUPS = 16;

export async function lookOnce(volume: Ext4Volume, wanted: Wanted, context: AttemptContext): Promise<Attempt> {
  const { superblock: sb } = volume;
  const fixed = fixedParts(sb, volume.groups, wanted);
  const asked = Array.from(wanted.from, (from, i) => run(from, (wanted.to[i] as number) - from));
  const inside = subtract(asked, [run(sb.blocksCount, Number.MAX_SAFE_INTEGER - sb.blocksCount)]);
  const fixedRuns = fixed.map((p) => run(p.block, p.count));
  const scanner = createScanner(volume, wanted);
  const unexplained = subtract(inside, fixedRuns);
  const near = groupsNearby(volume, unexplained);
  const read = new Set<number>();
  const found =
    (near === undefined ? undefined : await lookUntilFound(volume, scanner, near, read, unexplained, context)) ??
    (await lookEverywhere(volume, scanner, read, context));
  const { scan, stale } = found;
  const pause = (): Promise<void> => context.phase('asking the kernel again', 0);
  const skip = (inode: number): boolean => !isNamed(sb, inode) || stale.has(inode);
  const { moved, names, unchecked } = await verifyHits(volume, scan, found.names, skip, { ...context, pause });

  const { hits } = scan;
  const kept: number[] = [];
  const keptRuns: Run[] = [];
  const resize: Run[] = [];
  const claimed: Run[] = [...fixedRuns];
  const movedRuns: Run[] = [];
  for (let i = 0; i < hits.length; i++) {
    const inode = hits.inode[i] as number;
    if (stale.has(inode)) continue;
    const blocks = run(hits.physical[i] as number, hits.count[i] as number);
    claimed.push(blocks);
    if (moved.has(i)) movedRuns.push(blocks);
    else if (inode === RESIZE_INODE) resize.push(blocks);
    else {
      kept.push(i);
      keptRuns.push(blocks);
    }
  }
  return {
    fixed,
    scan,
    kept,
    names,
    unclaimed: splitByBitmap(volume, subtract(inside, claimed)),
    // a block that has changed hands is found with its new owner, too
    moved: subtract(movedRuns, keptRuns),
    // the reserved descriptors that it maps are told as such already
    resizeBlocks: subtract(resize, fixedRuns),
    unchecked,
  };
}

/** Reads what was not read nearby already. */
async function lookEverywhere(
  volume: Ext4Volume,
  scanner: Scanner,
  done: ReadonlySet<number>,
  context: AttemptContext,
): Promise<Found> {
  const { superblock: sb, groups } = volume;
  const rest = [...groups.keys()].filter((group) => !done.has(group));
  await scanner.read(rest, (inodes) => context.phase('reading inode tables', inodes, sb.inodesCount));
  const { scan } = scanner;
  const stale = freedInodes(volume, scan);
  const pause = (): Promise<void> => context.phase('reading directories', 0);
  const needed = namedInodes(volume, scan, stale);
  const names =
    needed.size === 0 ? new Map() : await readNames(volume, scan, needed, { ...context, pause, askPath: undefined });
  return { scan, stale, names };
}

/**
 * A few blocks are mostly owned by inodes near them, in directories near those; where they are not, the other inodes are read until
 * each block has its one owner. Undefined unless that leads to all names. Adds what was read to `read`.
 */
async function lookUntilFound(
  volume: Ext4Volume,
  scanner: Scanner,
  near: readonly number[],
  read: Set<number>,
  unexplained: readonly Run[],
  context: AttemptContext,
): Promise<Found | undefined> {
  const { scan } = scanner;
  const { hits } = scan;
  const { superblock: sb, groups } = volume;
  const readSome = async (some: readonly number[]): Promise<void> => {
    await scanner.read(some, (done) => context.phase('reading inode tables', done, sb.inodesCount));
    for (const group of some) read.add(group);
  };
  const isFound = (): boolean => {
    const claimed = hits.physical.map((physical, i) => run(physical, hits.count[i] as number));
    return subtract(unexplained, claimed).length === 0;
  };
  await readSome(near);
  const others = [...groups.keys()].filter((group) => !read.has(group));
  while (others.length > 0 && !isFound()) await readSome(others.splice(0, Math.max(FEWEST_GROUPS, sb.groupsPerFlex)));
  // blocks of attributes may have owners elsewhere too
  if (scan.problems.length > 0 || hits.what.some((what, i) => !isData(what) || hits.inode[i] === RESIZE_INODE))
    return undefined;
  if (!isFound()) return undefined;
  const stale = freedInodes(volume, scan);
  if (stale.size > 0) return undefined;
  const needed = namedInodes(volume, scan, stale);
  const askPath = (directory: number) => askDirectoryPath(directory, context);
  const pause = (): Promise<void> => context.phase('reading directories nearby', 0);
  const names = needed.size === 0 ? new Map() : await readNames(volume, scan, needed, { ...context, pause, askPath });
  for (const inode of needed) {
    const links = scan.directories.has(inode) ? 1 : (scan.inodes.get(inode)?.links ?? 0);
    if ((names.get(inode)?.length ?? 0) < links) return undefined;
  }
  return scan.problems.length > 0 ? undefined : { scan, stale, names };
}

/** Inodes of the hits that have names to be found. */
function namedInodes(volume: Ext4Volume, scan: Scan, stale: ReadonlySet<number>): Set<number> {
  const needed = new Set<number>();
  for (const [number, { links }] of scan.inodes) {
    if (links > 0 && isNamed(volume.superblock, number) && !stale.has(number)) needed.add(number);
  }
  return needed;
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

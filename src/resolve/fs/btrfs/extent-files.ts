import type { FilesystemIo } from '../../../ports.ts';
import type { DataReference, Extent } from './extents.ts';
import { type FileExtent, type Inode, readFileExtents, readInode } from './inodes.ts';
import { readReferences } from './references.ts';
import { type Subvolume, TOP_LEVEL } from './subvolumes.ts';
import type { TreeSearch } from './tree-search.ts';
import { treeName } from './trees.ts';
import type { FileRun } from './uncommitted.ts';

const FIRST_SUBVOLUME = 256;
/** a compressed extent holds at most this much, unpacked */
const MOST_PACKED = 128 * 1024;
/** Looking into each subvolume costs a fifth of what it costs the kernel to follow references through all trees. */
const MOST_SEARCHED = 4;
const MOST_REMEMBERED = 50_000;

/** Who refers to a data extent. */
export interface ExtentFiles {
  /** each was seen in its tree, pointing to this extent */
  readonly files: readonly FileRun[];
  /** what of the file system itself uses it; undefined where files do */
  readonly internal: string | undefined;
  /** references that the kernel has no room to tell */
  readonly missing: number;
  /** by now it is no data extent any more */
  readonly gone: boolean;
}
export interface ExtentFilesReader {
  of(extent: Extent): ExtentFiles;
  inode(tree: number, inode: number): Inode | undefined;
}
export interface ExtentFilesSources {
  readonly io: FilesystemIo;
  readonly fd: number;
  readonly search: TreeSearch;
  readonly subvolumes: ReadonlyMap<number, Subvolume>;
  /** by extent */
  readonly uncommitted: ReadonlyMap<number, readonly FileRun[]>;
}

export function createExtentFiles({ io, fd, search, subvolumes, uncommitted }: ExtentFilesSources): ExtentFilesReader {
  const live = [...subvolumes.values()].filter((s) => !s.deleted).map((s) => s.id);
  let inodes = new Map<string, Inode | undefined>();

  const inodeOf = (tree: number, inode: number): Inode | undefined => {
    const key = `${tree}/${inode}`;
    const known = inodes.get(key);
    if (known !== undefined || inodes.has(key)) return known;
    if (inodes.size >= MOST_REMEMBERED) inodes = new Map();
    const found = readInode(search, tree, inode);
    inodes.set(key, found);
    return found;
  };
  /** Runs of a file that begin in `[from, to)` and lie in the extent. */
  const runsIn = (tree: number, inode: number, extent: Extent, from: number, to: number): FileExtent[] => {
    const known = inodeOf(tree, inode);
    if (known === undefined) return [];
    const some = known.whole ? known.extents : readFileExtents(search, tree, inode, from, to);
    return some.filter(
      (r) => r.offset >= from && r.offset < to && r.extent === extent.logical && r.extentBytes === extent.length,
    );
  };

  /** Runs that a reference stands for, which begin at most `length` bytes behind its offset. */
  const runsNear = (tree: number, { inode, offset }: DataReference, extent: Extent, length: number): FileExtent[] =>
    runsIn(tree, inode, extent, Math.max(0, offset), offset + length).filter((r) => r.offset - r.into === offset);

  /**
   * A snapshot shares the leaves of its origin without a reference of its own, but always under the same inode and
   * offset: whoever reaches the leaf that a reference names is found by looking there in every subvolume.
   */
  const searchSubvolumes = (extent: Extent): FileRun[] =>
    extent.references.flatMap((reference) => {
      const { tree: owner, inode, count } = reference;
      if (!isSubvolume(owner)) return [];
      // what is packed is longer in the file: looked for there if not all was found
      const own = runsNear(owner, reference, extent, extent.length);
      const all = own.length === count;
      const length = all ? extent.length : Math.max(extent.length, MOST_PACKED);
      return live.flatMap((tree) => {
        const runs = all && tree === owner ? own : runsNear(tree, reference, extent, length);
        return runs.map((run) => ({ tree, inode, run }));
      });
    });

  const askKernel = (extent: Extent) => {
    const answer = readReferences(io, fd, extent.logical);
    const files = (answer?.found ?? []).flatMap(({ tree, inode, offset }) =>
      isSubvolume(tree)
        ? runsIn(tree, inode, extent, offset, offset + 1).map((run): FileRun => ({ tree, inode, run }))
        : [],
    );
    const internal = answer?.found.find((f) => !isSubvolume(f.tree))?.tree;
    return { files, internal, missing: answer?.missing ?? 0, gone: answer === undefined };
  };

  return {
    inode: inodeOf,
    of(extent) {
      const fresh = (uncommitted.get(extent.logical) ?? []).filter((f) => f.run.extentBytes === extent.length);
      const few = extent.whole && live.length <= MOST_SEARCHED;
      const owner = extent.references.find((r) => !isSubvolume(r.tree))?.tree;
      const searched = few ? searchSubvolumes(extent) : [];
      const settled = few && (searched.length > 0 || (fresh.length === 0 && owner !== undefined));
      const found = settled ? { files: searched, internal: owner, missing: 0, gone: false } : askKernel(extent);
      const files = withoutRepeats([...found.files, ...fresh]);
      const internal = files.length > 0 || found.internal === undefined ? undefined : internalUse(found.internal);
      return { files, internal, missing: found.missing, gone: found.gone };
    },
  };
}

function isSubvolume(tree: number): boolean {
  return tree === TOP_LEVEL || tree >= FIRST_SUBVOLUME;
}
function internalUse(tree: number): string {
  return tree === 1 ? 'free-space cache' : `data of the ${treeName(tree, () => undefined)}`;
}
function withoutRepeats(files: readonly FileRun[]): FileRun[] {
  if (files.length < 2) return [...files];
  const seen = new Map<string, FileRun>();
  for (const f of files) seen.set(`${f.tree}/${f.inode}/${f.run.offset}`, f);
  return [...seen.values()];
}

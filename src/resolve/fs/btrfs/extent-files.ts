import type { FilesystemIo } from '../../../ports.ts';
import type { DataReference, Extent } from './extents.ts';
import { type FileExtent, type Inode, readFileExtents, readInode, readInodes } from './inodes.ts';
import { readReferences } from './references.ts';
import type { Snapshots } from './snapshots.ts';
import { type Subvolume, TOP_LEVEL } from './subvolumes.ts';
import { createTable } from './table.ts';
import type { TreeSearch } from './tree-search.ts';
import { treeName } from './trees.ts';
import type { FileRun } from './uncommitted.ts';

const FIRST_SUBVOLUME = 256;
/** a compressed extent holds at most this much, unpacked */
const MOST_PACKED = 128 * 1024;
/**
 * Looking into each subvolume costs a fifth of what it costs the kernel to follow references through all trees. Unchanged
 * snapshots do not count: mostly nothing of theirs has to be read.
 */
const MOST_SEARCHED = 4;
/** those of the extents that are looked up together, and some before them */
const MOST_REMEMBERED = 8192;

/** A run of a file, and the file. */
export interface FoundFile extends FileRun {
  readonly what: Inode;
}
/** Who refers to a data extent. */
export interface ExtentFiles {
  /** each was seen in its tree, pointing to this extent */
  readonly files: readonly FoundFile[];
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
  /** Reads together what `of` will need for these. */
  expect(extents: readonly Extent[]): void;
}
export interface ExtentFilesSources {
  readonly io: FilesystemIo;
  readonly fd: number;
  readonly search: TreeSearch;
  readonly subvolumes: ReadonlyMap<number, Subvolume>;
  readonly snapshots: Snapshots;
  /** by extent */
  readonly uncommitted: ReadonlyMap<number, readonly FileRun[]>;
}

/** Runs of one file of a tree that a reference stands for. */
interface Seen {
  readonly what: Inode;
  readonly runs: readonly FileExtent[];
}
const NOTHING: readonly never[] = [];

/** A subvolume where files are looked for. */
interface Site {
  readonly tree: number;
  /** of an unchanged snapshot, where what it shares is looked up: in leaves older than `since`, in which it was made */
  readonly origin: Site | undefined;
  readonly since: number;
  /** what was seen for the question with this number */
  question: number;
  seen: Seen | undefined;
}

export function createExtentFiles(sources: ExtentFilesSources): ExtentFilesReader {
  const { io, fd, search, subvolumes, snapshots, uncommitted } = sources;
  const live = new Set([...subvolumes.values()].filter((s) => !s.deleted).map((s) => s.id));
  const few = [...live].filter((tree) => !snapshots.isUnchanged(tree)).length <= MOST_SEARCHED;
  const inodes = createTable<Inode | undefined>(MOST_REMEMBERED);
  let sites: ReadonlyMap<number, Site> | undefined;

  const inodeOf = (tree: number, inode: number): Inode | undefined => {
    const known = inodes.get(tree, inode);
    if (known !== undefined || inodes.has(tree, inode)) return known;
    const found = readInode(search, tree, inode);
    inodes.set(tree, inode, found);
    return found;
  };
  /** Runs of a file that begin in `[from, to)` and lie in the extent; where `enough` are known no others are looked for. */
  const runsIn = (
    tree: number,
    inode: number,
    extent: Extent,
    from: number,
    to: number,
    enough: number,
  ): Seen | undefined => {
    const what = inodeOf(tree, inode);
    if (what === undefined) return undefined;
    const fits = (r: FileExtent): boolean =>
      r.offset >= from && r.offset < to && r.extent === extent.logical && r.extentBytes === extent.length;
    const runs = what.extents.filter(fits);
    if (what.whole || runs.length >= enough) return { what, runs };
    return { what, runs: readFileExtents(search, tree, inode, from, to).filter(fits) };
  };
  /** Runs that a reference stands for, which begin at most `length` bytes behind its offset. */
  const runsNear = (tree: number, reference: DataReference, extent: Extent, length: number): Seen | undefined => {
    const { inode, offset, count } = reference;
    const seen = runsIn(tree, inode, extent, Math.max(0, offset), offset + length, count);
    if (seen === undefined || seen.runs.every((r) => r.offset - r.into === offset)) return seen;
    return { what: seen.what, runs: seen.runs.filter((r) => r.offset - r.into === offset) };
  };

  let question = 0;
  const seenIn = (site: Site, reference: DataReference, extent: Extent, length: number): Seen | undefined => {
    if (site.question === question) return site.seen;
    const { origin } = site;
    const theirs = origin === undefined ? undefined : seenIn(origin, reference, extent, length);
    const same = theirs !== undefined && isOlder(theirs, reference.count, site.since);
    site.seen = same ? theirs : runsNear(site.tree, reference, extent, length);
    site.question = question;
    return site.seen;
  };
  /**
   * A snapshot shares the leaves of its origin without a reference of its own, but always under the same inode and
   * offset: whoever reaches the leaf that a reference names is found by looking there in every subvolume.
   */
  const addFiles = (extent: Extent, reference: DataReference, files: FoundFile[]): void => {
    const { tree: owner, inode, count } = reference;
    if (!isSubvolume(owner)) return;
    sites ??= createSites(live, snapshots);
    question++;
    // what is packed is longer in the file: looked for there if not all was found
    const ownSite = sites.get(owner);
    const own = ownSite === undefined ? undefined : seenIn(ownSite, reference, extent, extent.length);
    const all = own?.runs.length === count;
    if (!all) question++;
    const length = all ? extent.length : Math.max(extent.length, MOST_PACKED);
    for (const site of sites.values()) {
      // unchanged since before there was this extent
      if (site.origin !== undefined && site.since < extent.generation) continue;
      const seen = seenIn(site, reference, extent, length);
      if (seen === undefined) continue;
      for (const run of seen.runs) files.push({ tree: site.tree, inode, run, what: seen.what });
    }
  };

  const askKernel = (extent: Extent) => {
    const answer = readReferences(io, fd, extent.logical);
    const files = (answer?.found ?? []).flatMap(({ tree, inode, offset }): FoundFile[] => {
      const seen = isSubvolume(tree) ? runsIn(tree, inode, extent, offset, offset + 1, 1) : undefined;
      return seen === undefined ? [] : seen.runs.map((run) => ({ tree, inode, run, what: seen.what }));
    });
    const internal = answer?.found.find((f) => !isSubvolume(f.tree))?.tree;
    return { files, internal, missing: answer?.missing ?? 0, gone: answer === undefined };
  };
  const withInode = (file: FileRun): FoundFile[] => {
    const what = inodeOf(file.tree, file.inode);
    return what === undefined ? [] : [{ ...file, what }];
  };

  return {
    inode: inodeOf,
    expect(extents) {
      if (!few) return;
      for (const [tree, wanted] of referredInodes(extents)) {
        if (!live.has(tree)) continue;
        const unread = [...wanted].filter((inode) => !inodes.has(tree, inode)).sort((a, b) => a - b);
        readInodes(search, tree, unread, (inode, what) => inodes.set(tree, inode, what));
      }
    },
    of(extent) {
      const fresh = uncommitted.get(extent.logical)?.filter((f) => f.run.extentBytes === extent.length) ?? NOTHING;
      const simple = extent.whole && few;
      const found: FoundFile[] = [];
      if (simple) for (const reference of extent.references) addFiles(extent, reference, found);
      const owner = simple ? extent.references.find((r) => !isSubvolume(r.tree))?.tree : undefined;
      const settled = simple && (found.length > 0 || (fresh.length === 0 && owner !== undefined));
      const answer = settled ? { files: found, internal: owner, missing: 0, gone: false } : askKernel(extent);
      const once = settled && fresh.length === 0 && extent.references.length === 1;
      const files = once ? answer.files : withoutRepeats([...answer.files, ...fresh.flatMap(withInode)]);
      const internal = files.length > 0 || answer.internal === undefined ? undefined : internalUse(answer.internal);
      return { files, internal, missing: answer.missing, gone: answer.gone };
    },
  };
}

/** Whether all that was seen comes from leaves older than a generation: the inode, all of its names, all of the runs. */
function isOlder({ what, runs }: Seen, count: number, generation: number): boolean {
  return (
    runs.length === count &&
    what.generation < generation &&
    what.links > 0 &&
    what.names.length === what.links &&
    runs.every((r) => r.generation < generation)
  );
}

function createSites(live: Iterable<number>, snapshots: Snapshots): ReadonlyMap<number, Site> {
  const sites = new Map<number, Site>();
  const siteOf = (tree: number): Site => {
    const known = sites.get(tree);
    if (known !== undefined) return known;
    const origin = snapshots.originOf(tree);
    const site: Site = {
      tree,
      origin: origin === undefined ? undefined : siteOf(origin.tree),
      since: origin?.since ?? 0,
      question: 0,
      seen: undefined,
    };
    sites.set(tree, site);
    return site;
  };
  for (const tree of live) siteOf(tree);
  return sites;
}

function referredInodes(extents: readonly Extent[]): Map<number, Set<number>> {
  const wanted = new Map<number, Set<number>>();
  for (const { whole, references } of extents) {
    for (const { tree, inode } of whole ? references : NOTHING) {
      if (!isSubvolume(tree)) continue;
      const inodes = wanted.get(tree);
      if (inodes === undefined) wanted.set(tree, new Set([inode]));
      else inodes.add(inode);
    }
  }
  return wanted;
}

function isSubvolume(tree: number): boolean {
  return tree === TOP_LEVEL || tree >= FIRST_SUBVOLUME;
}
function internalUse(tree: number): string {
  return tree === 1 ? 'free-space cache' : `data of the ${treeName(tree, () => undefined)}`;
}
function withoutRepeats(files: readonly FoundFile[]): readonly FoundFile[] {
  if (files.length < 2) return files;
  const seen = new Set<string>();
  return files.filter((f) => {
    const key = `${f.tree}/${f.inode}/${f.run.offset}`;
    return seen.size < seen.add(key).size;
  });
}

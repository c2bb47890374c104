import { errnoOf, messageOf } from '../../../model/errors.ts';
import type { Owner } from '../../../model/owner.ts';
import type { FilesystemIo } from '../../../ports.ts';
import { ownerPaths } from '../owner-paths.ts';
import type { FilesystemOwner } from '../resolver.ts';
import { type BytePath, joinPath, type PathSpace } from '../visible-path.ts';
import { type Inode, type InodeName, readNames } from './inodes.ts';
import { inSubvolume, type Snapshots } from './snapshots.ts';
import { ROOT_DIRECTORY, type Subvolume, TOP_LEVEL } from './subvolumes.ts';
import { createTable } from './table.ts';
import type { TreeSearch } from './tree-search.ts';

const S_IFMT = 0xf000;
const S_IFDIR = 0x4000;
const S_IFLNK = 0xa000;
/** subvolumes and directories that are nested deeper have no path that could be used */
const DEEPEST = 2048;
/** files that are described again without being looked at: those of which many parts are asked about */
const MOST_REMEMBERED = 4096;
const MOST_DIRECTORIES = 50_000;

export type Described = Omit<FilesystemOwner, 'device' | 'start' | 'count'>;

/** Paths from the top level of the file system down, by the names that trees hold. */
export interface Names {
  /** the kind, names and number of an inode, as people find it */
  describe(tree: number, inode: number, what: Inode): Described;
  /** undefined for deleted ones */
  subvolumePath(id: number): BytePath | undefined;
  /** Each subvolume has a device number of its own, by which processes that have its files open are found: of all described. */
  readonly statDevices: ReadonlyMap<string, string>;
}

export interface NameSources {
  readonly io: FilesystemIo;
  readonly fd: number;
  readonly search: TreeSearch;
  readonly subvolumes: ReadonlyMap<number, Subvolume>;
  readonly snapshots: Snapshots;
  readonly space: PathSpace;
}

/** What a tree holds of one directory. */
interface Directory {
  /** undefined: it is not there */
  readonly name: InodeName | undefined;
  readonly generation: number;
  /** absent until asked for; undefined when it has none */
  path?: BytePath | undefined;
}

export function createNames({ io, fd, search, subvolumes, snapshots, space }: NameSources): Names {
  const directories = createTable<Directory>(MOST_DIRECTORIES);
  const paths = new Map<number, BytePath | undefined>();
  const seen = new Set<number>();
  const statDevices = new Map<string, string>();
  const described = createTable<{ readonly of: Inode; readonly told: Described }>(MOST_REMEMBERED);

  const directoryOf = (tree: number, inode: number): Directory => {
    const known = directories.get(tree, inode);
    if (known !== undefined) return known;
    const origin = snapshots.originOf(tree);
    const theirs = origin === undefined ? undefined : directoryOf(origin.tree, inode);
    const same = theirs?.name !== undefined && origin !== undefined && theirs.generation < origin.since;
    const found: Directory = same ? { name: theirs.name, generation: theirs.generation } : readDirectory(tree, inode);
    directories.set(tree, inode, found);
    return found;
  };
  const readDirectory = (tree: number, inode: number): Directory => {
    const { names, generation } = readNames(search, tree, inode);
    return { name: names[0], generation };
  };
  const directoryPath = (tree: number, inode: number, depth = 0): BytePath | undefined => {
    if (depth > DEEPEST) return undefined;
    if (inode === ROOT_DIRECTORY) return subvolumePath(tree, depth + 1);
    const directory = directoryOf(tree, inode);
    const { name } = directory;
    if (name === undefined || 'path' in directory) return directory.path;
    const above = directoryPath(tree, name.directory, depth + 1);
    directory.path = above === undefined ? undefined : joinPath(above, name.name);
    return directory.path;
  };
  const subvolumePath = (id: number, depth = 0): BytePath | undefined => {
    if (id === TOP_LEVEL) return '/';
    if (paths.has(id)) return paths.get(id);
    const place = subvolumes.get(id)?.place;
    const above = place === undefined ? undefined : directoryPath(place.subvolume, place.directory, depth + 1);
    const path = place === undefined || above === undefined ? undefined : joinPath(above, place.name);
    paths.set(id, path);
    return path;
  };
  const noteDevice = (tree: number): void => {
    if (seen.has(tree)) return;
    seen.add(tree);
    const device = inSubvolume(io, fd, tree, (root) => io.status(root).devNumber);
    if (device !== undefined) statDevices.set(String(tree), device);
  };

  const describe = (tree: number, inode: number, what: Inode): Described => {
    noteDevice(tree);
    const base = { inode: String(inode), subvolume: String(tree) };
    if (what.links === 0) return { ...base, kind: 'deleted', linkCount: 0 };
    const found: BytePath[] = [];
    let trouble: string | undefined;
    for (const { directory, name } of what.names) {
      try {
        const above = directoryPath(tree, directory);
        if (above === undefined) trouble = 'a directory above it was not found';
        else found.push(joinPath(above, name));
      } catch (error) {
        if (errnoOf(error) === undefined) throw error;
        trouble = `a directory above it cannot be read (${messageOf(error)})`;
      }
    }
    const kind = kindOf(what.mode);
    return { ...base, kind, ...ownerPaths(found, kind === 'directory' ? 'directory' : what.links, space, trouble) };
  };

  return {
    subvolumePath,
    statDevices,
    describe(tree, inode, what) {
      // seldom asked for twice
      if (what.whole) return describe(tree, inode, what);
      const known = described.get(tree, inode);
      if (known?.of === what) return known.told;
      const told = describe(tree, inode, what);
      described.set(tree, inode, { of: what, told });
      return told;
    },
  };
}

function kindOf(mode: number): Owner['kind'] {
  if ((mode & S_IFMT) === S_IFDIR) return 'directory';
  return (mode & S_IFMT) === S_IFLNK ? 'symlink' : 'file';
}

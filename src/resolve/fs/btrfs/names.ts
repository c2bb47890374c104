import { errnoOf, messageOf } from '../../../model/errors.ts';
import type { Owner } from '../../../model/owner.ts';
import type { FilesystemIo } from '../../../ports.ts';
import { viewOf, write64 } from '../little-endian.ts';
import { ownerPaths } from '../owner-paths.ts';
import type { FilesystemOwner } from '../resolver.ts';
import { type BytePath, joinPath, type PathSpace } from '../visible-path.ts';
import { type Inode, readDirectoryName } from './inodes.ts';
import { ROOT_DIRECTORY, type Subvolume, TOP_LEVEL } from './subvolumes.ts';
import type { TreeSearch } from './tree-search.ts';

const S_IFMT = 0xf000;
const S_IFDIR = 0x4000;
const S_IFLNK = 0xa000;
/** FILEID_BTRFS_WITHOUT_PARENT (include/linux/exportfs.h): u64 inode, u64 subvolume, u32 generation, 0 for any */
const HANDLE_TYPE = 0x4d;
/** subvolumes and directories that are nested deeper have no path that could be used */
const DEEPEST = 2048;

export type Described = Omit<FilesystemOwner, 'device' | 'start' | 'count'>;

/** Paths from the top level of the file system down, by the names that trees hold. */
export interface Names {
  /** the kind, names and number of an inode, as people find it */
  describe(tree: number, inode: number, what: Inode): Described;
  /** undefined for deleted ones */
  subvolumePath(id: number): BytePath | undefined;
}

export interface NameSources {
  readonly io: FilesystemIo;
  readonly fd: number;
  readonly search: TreeSearch;
  readonly subvolumes: ReadonlyMap<number, Subvolume>;
  readonly space: PathSpace;
}

export function createNames({ io, fd, search, subvolumes, space }: NameSources): Names {
  const directories = new Map<string, BytePath | undefined>();
  const devices = new Map<number, string | undefined>();

  const directoryPath = (tree: number, directory: number, depth = 0): BytePath | undefined => {
    if (depth > DEEPEST) return undefined;
    if (directory === ROOT_DIRECTORY) return subvolumePath(tree, depth + 1);
    const key = `${tree}/${directory}`;
    if (directories.has(key)) return directories.get(key);
    const found = readDirectoryName(search, tree, directory);
    const above = found === undefined ? undefined : directoryPath(tree, found.directory, depth + 1);
    const path = found === undefined || above === undefined ? undefined : joinPath(above, found.name);
    directories.set(key, path);
    return path;
  };
  const subvolumePath = (id: number, depth = 0): BytePath | undefined => {
    if (id === TOP_LEVEL) return '/';
    const key = `${id}`;
    if (directories.has(key)) return directories.get(key);
    const place = subvolumes.get(id)?.place;
    const above = place === undefined ? undefined : directoryPath(place.subvolume, place.directory, depth + 1);
    const path = place === undefined || above === undefined ? undefined : joinPath(above, place.name);
    directories.set(key, path);
    return path;
  };
  const inodeDevice = (tree: number): string | undefined => {
    if (!devices.has(tree)) devices.set(tree, readInodeDevice(io, fd, tree));
    return devices.get(tree);
  };

  return {
    subvolumePath,
    describe(tree, inode, what) {
      const device = inodeDevice(tree);
      const base = {
        inode: String(inode),
        subvolume: String(tree),
        ...(device === undefined ? {} : { inodeDevice: device }),
      };
      if (what.links === 0) return { ...base, kind: 'deleted', linkCount: 0 };
      const paths: BytePath[] = [];
      let trouble: string | undefined;
      for (const { directory, name } of what.names) {
        try {
          const above = directoryPath(tree, directory);
          if (above === undefined) trouble = 'a directory above it was not found';
          else paths.push(joinPath(above, name));
        } catch (error) {
          if (errnoOf(error) === undefined) throw error;
          trouble = `a directory above it cannot be read (${messageOf(error)})`;
        }
      }
      const kind = kindOf(what.mode);
      return { ...base, kind, ...ownerPaths(paths, kind === 'directory' ? 'directory' : what.links, space, trouble) };
    },
  };
}

function kindOf(mode: number): Owner['kind'] {
  if ((mode & S_IFMT) === S_IFDIR) return 'directory';
  return (mode & S_IFMT) === S_IFLNK ? 'symlink' : 'file';
}

/** Each subvolume has a device number of its own, by which processes that have its files open are found. */
function readInodeDevice(io: FilesystemIo, fd: number, tree: number): string | undefined {
  const handle = Buffer.alloc(20);
  write64(viewOf(handle), 0, ROOT_DIRECTORY);
  write64(viewOf(handle), 8, tree);
  try {
    const root = io.openHandle(fd, HANDLE_TYPE, handle, 'directory');
    try {
      return io.status(root).devNumber;
    } finally {
      io.close(root);
    }
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return undefined;
  }
}

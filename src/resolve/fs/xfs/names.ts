import { errnoOf } from '../../../model/errors.ts';
import type { FilesystemIo } from '../../../ports.ts';
import { searchTrees, type TreeSearch } from '../tree-search.ts';
import { type BytePath, joinPath } from '../visible-path.ts';
import type { XfsInode } from './bulkstat.ts';
import { openXfsInode, type XfsHandle } from './handle.ts';
import { searchNearby } from './nearby.ts';
import { readParents } from './parents.ts';

const S_IFMT = 0xf000;
const S_IFDIR = 0x4000;
/** With more inodes than this one walk of all directories is quicker than looking around each. */
const FEW_INODES = 50;

export interface NameSources {
  readonly io: FilesystemIo;
  readonly mountFd: number;
  /** where the mount's root lies in the file system */
  readonly mountRoot: BytePath;
  readonly parentPointers: boolean;
  readonly signal: AbortSignal;
  /** where it is mounted, once that was asked */
  mounted?: BytePath;
}
/** What a long search does now and then. */
export interface Pause {
  /** lets the event loop turn */
  turn(): Promise<void>;
  tell(directories: number): void;
}

export function isDirectory(inode: XfsInode): boolean {
  return (inode.mode & S_IFMT) === S_IFDIR;
}

/** Absolute paths within the file system by inode, as far as they could be found. */
export interface XfsNames {
  readonly paths: ReadonlyMap<number, ReadonlySet<BytePath>>;
  /** why some may be missing; undefined when every directory could be looked through */
  readonly fewer: string | undefined;
}

export async function readXfsNames(inodes: readonly XfsInode[], sources: NameSources, pause: Pause): Promise<XfsNames> {
  const paths = new Map<number, Set<BytePath>>();
  const add = (inode: number, path: BytePath): void => {
    paths.get(inode)?.add(path);
  };
  const open = new Map<number, XfsInode>();
  for (const inode of inodes) {
    paths.set(inode.inode, new Set());
    const path = isDirectory(inode) ? directoryPath(sources, inode) : undefined;
    if (path === undefined) open.set(inode.inode, inode);
    else add(inode.inode, path);
  }
  const missing = (): XfsInode[] => {
    for (const [number, inode] of open) if ((paths.get(number)?.size ?? 0) >= namesOf(inode)) open.delete(number);
    return [...open.values()];
  };
  if (sources.parentPointers) await readParents(sources, missing(), add, pause.turn);
  const few = missing();
  if (few.length > 0 && few.length <= FEW_INODES) await searchNearby(sources, few, add, pause.turn);
  const rest = missing();
  return { paths, fewer: rest.length === 0 ? undefined : await walkNames(sources, rest, paths, pause) };
}
/** A directory has one name, whatever its links. */
function namesOf(inode: XfsInode): number {
  return isDirectory(inode) ? 1 : inode.links;
}

/** What the kernel says of an open directory, which is always its true path; as a path within the file system. */
export function directoryPath(sources: NameSources, inode: XfsHandle): BytePath | undefined {
  const { io, mountFd, mountRoot } = sources;
  let fd: number | undefined;
  try {
    fd = openXfsInode(io, mountFd, inode, 'directory');
    if (fd === undefined) return undefined;
    sources.mounted ??= textOf(io.pathOf(mountFd));
    const { mounted } = sources;
    const path = textOf(io.pathOf(fd));
    const prefix = mounted === '/' ? '' : mounted;
    // nor where the mount has been moved meanwhile
    if (path !== mounted && !path.startsWith(`${prefix}/`)) return undefined;
    return joinPath(mountRoot, path.slice(prefix.length));
  } catch (error) {
    // longer than PATH_MAX, or gone: the name is missing, which the link count tells
    if (errnoOf(error) === undefined) throw error;
    return undefined;
  } finally {
    if (fd !== undefined) io.close(fd);
  }
}

function textOf({ buffer, byteOffset, length }: Uint8Array): BytePath {
  return Buffer.from(buffer, byteOffset, length).toString('latin1');
}

/** One walk over all directories, comparing inode numbers only; what it says of names that it could not see. */
async function walkNames(
  { io, mountFd, mountRoot, signal }: NameSources,
  missing: readonly XfsInode[],
  names: Map<number, Set<BytePath>>,
  pause: Pause,
): Promise<string | undefined> {
  const open = new Map(missing.map((i) => [i.inode, namesOf(i)]));
  const blocked = new Map<string, number>();
  const search: TreeSearch = {
    io,
    signal,
    job: { kind: 'names', inodes: Float64Array.from(open.keys()) },
    found(findings) {
      for (const [errno, n] of findings.failures) blocked.set(errno, (blocked.get(errno) ?? 0) + n);
      for (const [inode, path] of findings.names) {
        const found = names.get(inode);
        found?.add(joinPath(mountRoot, path));
        if ((found?.size ?? 0) >= (open.get(inode) ?? 0)) open.delete(inode);
      }
    },
    enough: () => open.size === 0,
    progress: pause.tell,
  };
  await searchTrees(search, [{ fd: mountFd, path: '' }]);
  const why = [...blocked].map(
    ([errno, n]) => `${n} ${n === 1 ? 'directory' : 'directories'} could not be read (${errno})`,
  );
  return why.length === 0 ? undefined : why.join('; ');
}

import { errnoOf } from '../../model/errors.ts';
import type { FilesystemIo } from '../../ports.ts';
import { DIRENT_TYPE } from './dirents.ts';
import { createExtentSearch, type ExtentSearch, type WantedSectors } from './file-extents.ts';
import { openEntry, pathOfEntry, type TreeVisitor } from './tree.ts';
import type { BytePath } from './visible-path.ts';
import { isRealtimeFile } from './xfs/side-devices.ts';

/** What is looked for in a tree; plain data, so that it can be handed to another thread. */
export type TreeJob =
  | {
      readonly kind: 'names';
      /** inode numbers */
      readonly inodes: Float64Array;
    }
  | (WantedSectors & {
      readonly kind: 'extents';
      /** which files of an XFS with a realtime device are meant; absent elsewhere */
      readonly realtime?: boolean;
    });

/** A file with wanted sectors. `pieces`: sector, count, byte in the file, bytes, flags of FIEMAP; and so on. */
export interface FoundFile {
  readonly inode: string;
  readonly kind: 'file' | 'directory';
  readonly links: number;
  readonly path: BytePath;
  readonly pieces: readonly number[];
}
export interface TreeFindings {
  /** inode number and path, relative to the root of the walk */
  readonly names: readonly (readonly [number, BytePath])[];
  readonly files: readonly FoundFile[];
  /** what could not be opened or read, by errno; not what is mounted on something, nor what is gone */
  readonly failures: readonly (readonly [string, number])[];
  /** whether any file told where it lies; undefined before the first was asked */
  readonly supported: boolean | undefined;
}
export interface JobVisitor extends TreeVisitor {
  /** What was found since this was last asked. */
  take(): TreeFindings;
}

const S_IFMT = 0xf000;
const S_IFREG = 0x8000;
const S_IFDIR = 0x4000;

export function createJobVisitor(io: FilesystemIo, job: TreeJob): JobVisitor {
  const failures = new Map<string, number>();
  const fail = (errno: string): void => {
    // what is mounted there is another file system's; what it covers cannot be reached by anyone
    if (errno !== 'EXDEV') failures.set(errno, (failures.get(errno) ?? 0) + 1);
  };
  const takeFailures = (): [string, number][] => {
    const taken = [...failures];
    failures.clear();
    return taken;
  };
  const blocked = (_path: BytePath, errno: string): void => fail(errno);
  return job.kind === 'names'
    ? { ...nameVisitor(job.inodes, takeFailures), blocked }
    : { ...extentVisitor(io, job, fail, takeFailures), blocked };
}

type Part = Omit<JobVisitor, 'blocked'>;
type TakeFailures = () => [string, number][];

function nameVisitor(inodes: Float64Array, takeFailures: TakeFailures): Part {
  const wanted = new Set(inodes);
  let names: [number, BytePath][] = [];
  return {
    wants: (inode) => wanted.has(inode),
    entry: (e) => names.push([e.inode, pathOfEntry(e)]),
    take() {
      const found = { names, files: [], failures: takeFailures(), supported: undefined };
      names = [];
      return found;
    },
  };
}

function extentVisitor(
  io: FilesystemIo,
  job: TreeJob & { kind: 'extents' },
  fail: (errno: string) => void,
  takeFailures: TakeFailures,
): Part {
  const search: ExtentSearch = createExtentSearch(io, job);
  let files: FoundFile[] = [];
  /** a file system that does not tell of one directory does not tell of any */
  let directoriesTell = true;
  /** Whether it tells where it lies. */
  const look = (fd: number, pathOf: () => BytePath): boolean => {
    const pieces = search.find(fd);
    if (pieces === undefined || pieces.length === 0) return pieces !== undefined;
    if (job.realtime !== undefined && isRealtimeFile(io, fd) !== job.realtime) return true;
    const { inode, mode, linkCount } = io.status(fd);
    files.push({
      inode,
      kind: (mode & S_IFMT) === S_IFDIR ? 'directory' : 'file',
      links: linkCount,
      path: pathOf(),
      pieces,
    });
    return true;
  };
  const attempt = (ask: () => void): void => {
    try {
      ask();
    } catch (error) {
      const errno = errnoOf(error);
      if (errno === undefined) throw error;
      // gone or replaced since it was listed; a device node without its driver
      if (errno !== 'ENOENT' && errno !== 'ELOOP' && errno !== 'ENXIO') fail(errno);
    }
  };
  return {
    wants: (_inode, type) => type === DIRENT_TYPE.file || type === DIRENT_TYPE.unknown,
    directory(fd, path) {
      if (!directoriesTell) return;
      attempt(() => {
        directoriesTell = look(fd, () => path);
      });
    },
    entry: (e) =>
      attempt(() => {
        const fd = openEntry(io, e);
        try {
          if (e.type === DIRENT_TYPE.file || (io.status(fd).mode & S_IFMT) === S_IFREG) look(fd, () => pathOfEntry(e));
        } finally {
          io.close(fd);
        }
      }),
    take() {
      const found = { names: [], files, failures: takeFailures(), supported: search.supported };
      files = [];
      return found;
    },
  };
}

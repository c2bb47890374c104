import { AgentError, errnoOf } from '../../model/errors.ts';
import { type Run, subtract } from '../../model/extent.ts';
import type { Owner } from '../../model/owner.ts';
import { bytes, bytesFromSectors, sectorsCovering, wholeSectors } from '../../model/units.ts';
import { DIRENT_TYPE } from './dirents.ts';
import { FIEMAP, isPlaced } from './fiemap.ts';
import { createExtentReader, type ExtentReader } from './file-extents.ts';
import { ownerPaths } from './owner-paths.ts';
import {
  breathe,
  type Coverage,
  type FilesystemOwner,
  type FilesystemResolver,
  type FilesystemTask,
  PAST_DEADLINE,
} from './resolver.ts';
import { type TreeEntry, walkTree } from './tree.ts';
import { type BytePath, bytePath, bytesOf, createPathSpace, joinPath } from './visible-path.ts';
import { openScope, type WalkStart } from './walk-scope.ts';
import { eachOverlap, sectorsIn, touches, type Wanted, wantedBlocks } from './wanted.ts';
import { readGeometry } from './xfs/geometry.ts';
import { hasRealtime, isRealtimeFile, roleOf } from './xfs/side-devices.ts';

/**
 * For any file system whose FIEMAP tells device addresses: asks every file below the mount, or below the configured
 * directories. Works as an ordinary user for what that user may open, and says what it could not see.
 */
export const walk: FilesystemResolver = { name: 'FIEMAP walk', fsTypes: [], resolve };

/** FIEMAP counts bytes; nothing smaller than a sector is asked about. */
const UNIT_BYTES = 512;
const S_IFMT = 0xf000;
const S_IFREG = 0x8000;
const S_IFDIR = 0x4000;

interface Piece {
  readonly where: Run;
  readonly offset: number;
  readonly length: number;
  readonly flags: number;
}
interface Found {
  readonly kind: 'file' | 'directory';
  readonly links: number;
  readonly pieces: readonly Piece[];
  readonly names: Set<BytePath>;
}
interface Survey {
  readonly found: Map<string, Found>;
  /** files and directories that could not be opened, by errno */
  readonly failures: Map<string, number>;
  /** whether any file told where it lies; undefined before the first was asked */
  supported: boolean | undefined;
}

async function* resolve(task: FilesystemTask): AsyncGenerator<FilesystemOwner, Coverage, void> {
  const wanted = wantedBlocks(task.wanted, UNIT_BYTES);
  const survey: Survey = { found: new Map(), failures: new Map(), supported: undefined };
  const reader = createExtentReader(task.io);
  refuseSideDevices(task);
  const { starts, limit } = openScope(task);
  let cut: string | undefined;
  try {
    for (const start of starts) await surveyBelow(task, start, wanted, reader, survey);
  } catch (error) {
    if (!task.signal.aborted) throw error;
    cut = PAST_DEADLINE;
  } finally {
    for (const { fd } of starts) task.io.close(fd);
  }
  if (survey.supported === false) {
    throw new AgentError('RESOLVE', `${task.mount.fsType} does not tell where its files lie (no FIEMAP)`);
  }
  const reasons = [limit, cut, ...failureReasons(survey.failures)].filter((reason) => reason !== undefined);
  const why = reasons.length === 0 ? undefined : reasons.join('; ');
  const space = createPathSpace(task.mount, task.mounts);
  const placed: Run[] = [];
  for (const [inode, file] of survey.found) {
    const paths = ownerPaths([...file.names], file.kind === 'directory' ? 'directory' : file.links, space, why);
    for (const { where, offset, length, flags } of file.pieces) {
      placed.push(where);
      const state = (flags & FIEMAP.UNWRITTEN) !== 0 ? 'unwritten' : 'data';
      const shared = (flags & FIEMAP.SHARED) !== 0 ? { shared: true } : {};
      const device = task.device.name;
      yield { kind: file.kind, device, ...where, inode, offset, length: bytes(length), state, ...shared, ...paths };
    }
  }
  yield* rest(task, placed, why);
  return why === undefined ? { complete: true } : { complete: false, reason: why };
}

function* rest(task: FilesystemTask, placed: readonly Run[], why: string | undefined): Generator<Owner> {
  const reason =
    why === undefined
      ? `in no file: free space or metadata, which a walk of ${task.mount.fsType} cannot tell apart`
      : `in no file that could be looked at: ${why}`;
  for (const r of subtract(task.wanted, placed)) yield { kind: 'unknown', device: task.device.name, ...r, reason };
}

async function surveyBelow(
  task: FilesystemTask,
  start: WalkStart,
  wanted: Wanted,
  reader: ExtentReader,
  survey: Survey,
): Promise<void> {
  const { io } = task;
  const full = (path: BytePath): BytePath => joinPath(start.internal, path);
  const look = (fd: number, path: BytePath): void => {
    const pieces = wantedPieces(reader, fd, wanted, survey);
    if (pieces.length === 0 || !isOnDevice(task, fd)) return;
    const { inode, mode, linkCount } = io.status(fd);
    const known = survey.found.get(inode);
    if (known !== undefined) {
      known.names.add(full(path));
      return;
    }
    const kind = (mode & S_IFMT) === S_IFDIR ? 'directory' : 'file';
    survey.found.set(inode, { kind, links: linkCount, pieces, names: new Set([full(path)]) });
  };
  const entry = (e: TreeEntry): void => {
    const path = e.directoryPath === '' ? e.name : `${e.directoryPath}/${e.name}`;
    // another hard link of a file that was found already
    const known = survey.found.get(String(e.inode));
    if (known !== undefined && Number.isSafeInteger(e.inode)) {
      known.names.add(full(path));
      return;
    }
    let fd: number | undefined;
    try {
      fd = io.openBeneath(e.directory, bytesOf(e.name), 'file');
      if (e.type === DIRENT_TYPE.file || (io.status(fd).mode & S_IFMT) === S_IFREG) look(fd, path);
    } catch (error) {
      count(survey, error);
    } finally {
      if (fd !== undefined) io.close(fd);
    }
  };
  const steps = walkTree(io, start.fd, {
    wants: (_inode, type) => type === DIRENT_TYPE.file || type === DIRENT_TYPE.unknown,
    entry,
    directory: look,
    blocked: (_path, errno) => {
      // what is mounted there is another file system's; what it covers cannot be reached by anyone
      if (errno !== 'EXDEV') survey.failures.set(errno, (survey.failures.get(errno) ?? 0) + 1);
    },
    enough: () => false,
  });
  for await (const directories of steps) {
    task.onProgress({ phase: `asking the files of ${task.mount.mountpoint.text} where they lie`, done: directories });
    await breathe(task.signal);
  }
}

function wantedPieces(reader: ExtentReader, fd: number, wanted: Wanted, survey: Survey): Piece[] {
  const pieces: Piece[] = [];
  let extents: ReturnType<ExtentReader['read']>;
  try {
    extents = reader.read(fd);
    survey.supported = true;
  } catch (error) {
    const errno = errnoOf(error);
    // many file systems tell nothing of their directories
    if (errno !== 'ENOTSUP' && errno !== 'ENOTTY') throw error;
    survey.supported ??= false;
    return pieces;
  }
  for (const e of extents) {
    const first = wholeSectors(e.physical);
    const sectors = sectorsCovering(e.physical, e.length);
    if (!isPlaced(e) || !touches(wanted, first, sectors)) continue;
    eachOverlap(wanted, first, sectors, (from, n) => {
      for (const where of sectorsIn(wanted, from, n)) {
        // where within a compressed extent a byte of the file lies cannot be told: all of it is lost
        const encoded = (e.flags & FIEMAP.ENCODED) !== 0;
        const offset = encoded ? e.logical : e.logical + bytesFromSectors(where.start) - e.physical;
        pieces.push({ where, offset, length: encoded ? e.length : bytesFromSectors(where.count), flags: e.flags });
      }
    });
  }
  return pieces;
}

function count(survey: Survey, error: unknown): void {
  const errno = errnoOf(error);
  if (errno === undefined) throw error;
  // gone or replaced since it was listed; a device node without its driver
  if (errno === 'ENOENT' || errno === 'ELOOP' || errno === 'ENXIO' || errno === 'EXDEV') return;
  survey.failures.set(errno, (survey.failures.get(errno) ?? 0) + 1);
}
function failureReasons(failures: ReadonlyMap<string, number>): string[] {
  return [...failures].map(([errno, n]) => `${n} ${n === 1 ? 'entry' : 'entries'} could not be opened (${errno})`);
}

/** FIEMAP names no device: an XFS has several, and a zoned one numbers its realtime part apart. */
function refuseSideDevices({ device, mount, io }: FilesystemTask): void {
  if (mount.fsType !== 'xfs') return;
  const role = roleOf(device, mount);
  if (role === 'log') throw new AgentError('RESOLVE', `${device.name} is the journal of an XFS, which no file lies on`);
  const fd = io.openPath(bytesOf(bytePath(mount.mountpoint)), 'directory', true);
  try {
    if (readGeometry(io, fd).internalRealtime) {
      throw new AgentError('RESOLVE', 'a zoned XFS tells no device addresses of its realtime files');
    }
  } finally {
    io.close(fd);
  }
}
function isOnDevice({ device, mount, io }: FilesystemTask, fd: number): boolean {
  if (!hasRealtime(mount)) return true;
  return isRealtimeFile(io, fd) === (roleOf(device, mount) === 'realtime');
}

/** Thrown where a walk would tell untruths. */
export function refuseWalk(fsType: string, device: string): AgentError {
  return new AgentError(
    'RESOLVE',
    `${fsType} on /dev/${device} is not resolved yet: its FIEMAP tells no device addresses`,
  );
}

import { AgentError, errnoOf } from '../../model/errors.ts';
import { type Run, run, subtract } from '../../model/extent.ts';
import type { Owner, OwnerDraft } from '../../model/owner.ts';
import type { Mount } from '../../model/topology.ts';
import { bytes } from '../../model/units.ts';
import type { FilesystemIo } from '../../ports.ts';
import { FIEMAP } from './fiemap.ts';
import { ownerPaths } from './owner-paths.ts';
import {
  type Coverage,
  type FilesystemOwner,
  type FilesystemResolver,
  type FilesystemTask,
  PAST_DEADLINE,
} from './resolver.ts';
import type { TreeJob } from './tree-job.ts';
import { searchTrees } from './tree-search.ts';
import { type BytePath, bytePath, bytesOf, createPathSpace, joinPath } from './visible-path.ts';
import { openScope, type WalkStart } from './walk-scope.ts';
import { wantedBlocks } from './wanted.ts';
import { readGeometry } from './xfs/geometry.ts';
import { hasRealtime, roleOf } from './xfs/side-devices.ts';

/**
 * For any file system whose FIEMAP tells device addresses: asks every file below the mount, or below the configured
 * directories. Works as an ordinary user for what that user may open, and says what it could not see.
 */
export const walk: FilesystemResolver = { name: 'FIEMAP walk', fsTypes: [], resolve };

/** FIEMAP counts bytes; nothing smaller than a sector is asked about. */
const UNIT_BYTES = 512;

interface Found {
  readonly kind: 'file' | 'directory';
  readonly links: number;
  readonly pieces: readonly number[];
  /** the same twice where walks overlap */
  readonly names: BytePath[];
}
interface Survey {
  readonly found: Map<string, Found>;
  /** files and directories that could not be opened, by errno */
  readonly failures: Map<string, number>;
  /** whether any file told where it lies; undefined before the first was asked */
  supported: boolean | undefined;
}

async function* resolve(task: FilesystemTask): AsyncGenerator<readonly FilesystemOwner[], Coverage, void> {
  const { from, to, buckets, bucketShift } = wantedBlocks(task.wanted, UNIT_BYTES);
  const ranges = { from, to, buckets, bucketShift };
  const survey: Survey = { found: new Map(), failures: new Map(), supported: undefined };
  refuseSideDevices(task);
  const realtime = hasRealtime(task.mount) ? { realtime: roleOf(task.device, task.mount) === 'realtime' } : {};
  const { starts, limit } = openScope(task);
  let cut: string | undefined;
  try {
    for (const start of starts) await surveyBelow(task, start, { kind: 'extents', ...ranges, ...realtime }, survey);
  } catch (error) {
    if (!task.signal.aborted) throw error;
    cut = PAST_DEADLINE;
  } finally {
    for (const { fd } of starts) task.io.close(fd);
  }
  if (survey.supported === false) return yield* withoutMaps(task);
  const reasons = [limit, cut, ...failureReasons(survey.failures)].filter((reason) => reason !== undefined);
  const why = reasons.length === 0 ? undefined : reasons.join('; ');
  const space = createPathSpace(task.mount, task.mounts);
  const owners: FilesystemOwner[] = [];
  for (const [inode, file] of survey.found) {
    const { kind, links, pieces, names } = file;
    const told = names.length === 1 ? names : [...new Set(names)];
    const paths = ownerPaths(told, kind === 'directory' ? 'directory' : links, space, why);
    for (let at = 0; at + PIECE_FIELDS <= pieces.length; at += PIECE_FIELDS) {
      owners.push(ownerOf(pieces, at, { ...paths, kind, device: task.device.name, inode }));
    }
  }
  yield owners;
  yield rest(task, owners, why);
  return why === undefined ? { complete: true } : { complete: false, reason: why };
}

/** Without FIEMAP there is no telling which file it is. */
function* withoutMaps({ device, mount, wanted }: FilesystemTask): Generator<FilesystemOwner[], Coverage, void> {
  const reason = `${mount.fsType} does not tell where its files lie (no FIEMAP)`;
  const metadata = `${mount.fsType} file system, mounted on ${mount.mountpoint.text}`;
  yield wanted.map((r) => ({ kind: 'raw', device: device.name, ...r, metadata, reason }));
  return { complete: false, reason };
}

const PIECE_FIELDS = 5;
function ownerOf(pieces: readonly number[], at: number, file: Omit<Owner, 'start' | 'count'>): Owner {
  const [start, count, offset, length, flags] = pieces.slice(at, at + PIECE_FIELDS) as [
    number,
    number,
    number,
    number,
    number,
  ];
  const owner: OwnerDraft = {
    ...file,
    ...run(start, count),
    state: (flags & FIEMAP.UNWRITTEN) !== 0 ? 'unwritten' : 'data',
  };
  if ((flags & FIEMAP.SHARED) !== 0) owner.shared = true;
  // a sparse file may have bytes where numbers are not exact any more
  if (Number.isSafeInteger(offset + length)) {
    owner.offset = offset;
    owner.length = bytes(length);
  }
  return owner;
}

function rest(task: FilesystemTask, placed: readonly Run[], why: string | undefined): FilesystemOwner[] {
  const reason =
    why === undefined
      ? `in no file: free space or metadata, which a walk of ${task.mount.fsType} cannot tell apart`
      : `in no file that could be looked at: ${why}`;
  return subtract(task.wanted, placed).map((r) => ({ kind: 'unknown', device: task.device.name, ...r, reason }));
}

async function surveyBelow(
  task: FilesystemTask,
  start: WalkStart,
  job: TreeJob & { kind: 'extents' },
  survey: Survey,
): Promise<void> {
  await searchTrees(
    {
      io: task.io,
      signal: task.signal,
      job,
      found({ files, failures, supported }) {
        if (supported !== undefined) survey.supported = survey.supported === true || supported;
        for (const [errno, n] of failures) survey.failures.set(errno, (survey.failures.get(errno) ?? 0) + n);
        for (const { inode, kind, links, path, pieces } of files) {
          const full = joinPath(start.internal, path);
          const known = survey.found.get(inode);
          if (known !== undefined) known.names.push(full);
          else survey.found.set(inode, { kind, links, pieces, names: [full] });
        }
      },
      enough: () => false,
      progress: (done) =>
        task.onProgress({ phase: `asking the files of ${task.mount.mountpoint.text} where they lie`, done }),
    },
    [{ fd: start.fd, path: '' }],
  );
}

function failureReasons(failures: ReadonlyMap<string, number>): string[] {
  return [...failures].map(([errno, n]) => `${n} ${n === 1 ? 'entry' : 'entries'} could not be opened (${errno})`);
}

/** FIEMAP names no device: an XFS has several, and a zoned one numbers its realtime part apart. */
function refuseSideDevices({ device, mount, io }: FilesystemTask): void {
  if (mount.fsType !== 'xfs') return;
  const role = roleOf(device, mount);
  if (role === 'log') throw new AgentError('RESOLVE', `${device.name} is the journal of an XFS, which no file lies on`);
  if (isZoned(io, mount)) {
    throw new AgentError('RESOLVE', 'a zoned XFS tells no device addresses of its realtime files');
  }
}
function isZoned(io: FilesystemIo, mount: Mount): boolean {
  const fd = io.openPath(bytesOf(bytePath(mount.mountpoint)), 'directory', true);
  try {
    return readGeometry(io, fd).internalRealtime;
  } catch (error) {
    // every XFS tells its geometry to anyone; what does not is none that has zones
    if (errnoOf(error) === undefined) throw error;
    return false;
  } finally {
    io.close(fd);
  }
}

/** Thrown where a walk would tell untruths. */
export function refuseWalk(fsType: string, device: string): AgentError {
  return new AgentError(
    'RESOLVE',
    `${fsType} on /dev/${device} is not resolved yet: its FIEMAP tells no device addresses`,
  );
}

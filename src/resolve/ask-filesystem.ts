import { errnoOf, messageOf } from '../model/errors.ts';
import type { Owner } from '../model/owner.ts';
import { bytesOfPath } from '../model/path.ts';
import type { Mount } from '../model/topology.ts';
import type { FilesystemIo } from '../ports.ts';
import { withDeletedFiles } from './deleted-files.ts';
import {
  type Coverage,
  type FilesystemOwner,
  type FilesystemResolver,
  type FilesystemTask,
  PAST_DEADLINE,
} from './fs/resolver.ts';
import { filesystemResolvers, unwalkable } from './fs/resolvers.ts';
import { refuseWalk, walk } from './fs/walk.ts';

/** What one file system told, on its own device. */
export interface Answer {
  readonly owners: readonly FilesystemOwner[];
  readonly coverage: Coverage;
}

/** Asks a file system through the first of its mounts that can be reached; what changed meanwhile is not told. */
export async function askMounts(
  question: Omit<FilesystemTask, 'mount'>,
  leafMounts: readonly Mount[],
): Promise<{ readonly task: FilesystemTask; readonly answer: Answer }> {
  const mounts = byPreference(leafMounts);
  const mount = mounts.find((m) => mountStands(m, question.io));
  const task = { ...question, mount: mount ?? (mounts[0] as Mount) };
  const where = task.mount.mountpoint.text;
  if (mount === undefined) {
    return { task, answer: unanswered(task, `it is mounted on ${where}, where something else is in the way`) };
  }
  const answer = await askFilesystem(task);
  if (mountStands(mount, question.io)) return { task, answer };
  return { task, answer: unanswered(task, `what is mounted on ${where} changed while it was looked at`) };
}

/** The file system's own way first, a walk where that fails; what neither can do is `unknown`. */
async function askFilesystem(task: FilesystemTask): Promise<Answer> {
  const { fsType } = task.mount;
  const own = filesystemResolvers.find((r) => r.fsTypes.includes(fsType));
  let failure: string | undefined;
  if (own !== undefined) {
    const answer = await attempt(own, task);
    if (answer.kind === 'ok') return answer.value;
    failure = `${own.name}: ${answer.reason}`;
  }
  if (unwalkable.some((type) => fsType === type || fsType.startsWith(`${type}.`))) {
    return unanswered(task, failure ?? refuseWalk(fsType, task.device.name).message);
  }
  const answer = await attempt(walk, task);
  if (answer.kind === 'failed')
    return unanswered(task, [failure, `${walk.name}: ${answer.reason}`].filter(Boolean).join('; '));
  const { coverage } = answer.value;
  const owners = withDeletedFiles(answer.value.owners, task);
  if (failure === undefined) return { owners, coverage };
  return {
    owners,
    coverage: { complete: false, reason: coverage.complete ? failure : `${coverage.reason}; ${failure}` },
  };
}

/** What was found before the deadline counts; any other failure hands the question on. */
async function attempt(
  resolver: FilesystemResolver,
  task: FilesystemTask,
): Promise<{ readonly kind: 'ok'; readonly value: Answer } | { readonly kind: 'failed'; readonly reason: string }> {
  const owners: FilesystemOwner[] = [];
  try {
    const stream = resolver.resolve(task);
    for (;;) {
      const next = await stream.next();
      if (next.done === true) return { kind: 'ok', value: { owners, coverage: next.value } };
      for (const owner of next.value) owners.push(owner);
    }
  } catch (error) {
    if (!task.signal.aborted) return { kind: 'failed', reason: messageOf(error) };
    return { kind: 'ok', value: { owners, coverage: { complete: false, reason: PAST_DEADLINE } } };
  }
}
function unanswered(task: FilesystemTask, reason: string): Answer {
  const owners = task.wanted.map((r): Owner => ({ kind: 'unknown', device: task.device.name, ...r, reason }));
  return { owners, coverage: { complete: false, reason } };
}

/** This host's own first, of those the ones that show the whole file system, of those the one at the shortest path. */
function byPreference(mounts: readonly Mount[]): Mount[] {
  const rank = (m: Mount): number => (m.namespace === undefined ? 0 : 2) + (m.root.text === '/' ? 0 : 1);
  return [...mounts].sort(
    (a, b) => rank(a) - rank(b) || a.mountpoint.base64.length - b.mountpoint.base64.length || a.id - b.id,
  );
}

/**
 * Whether the mountpoint leads to this mount, not to another over it. Seen from another mount namespace its id is another;
 * st_dev of btrfs is that of a subvolume.
 */
function mountStands(mount: Mount, io: FilesystemIo): boolean {
  try {
    const fd = io.openPath(bytesOfPath(mount.mountpoint), 'directory');
    try {
      const { mountId, devNumber } = io.status(fd);
      return mountId === mount.id || devNumber === mount.devNumber || mount.fsType === 'btrfs';
    } finally {
      io.close(fd);
    }
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === undefined) throw error;
    // not there any more; one that we may not enter is still there
    return errno !== 'ENOENT' && errno !== 'ENOTDIR';
  }
}

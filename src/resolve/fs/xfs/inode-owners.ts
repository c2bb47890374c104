import { errnoOf } from '../../../model/errors.ts';
import { coalesce, type Run } from '../../../model/extent.ts';
import type { Owner, OwnerDraft } from '../../../model/owner.ts';
import { bytesFromSectors } from '../../../model/units.ts';
import type { OpenKind } from '../../../ports.ts';
import { FSMAP, fsmapBuffer } from '../getfsmap.ts';
import { ownerPaths } from '../owner-paths.ts';
import { breathe, type FilesystemTask } from '../resolver.ts';
import { bytePath, createPathSpace, type PathSpace } from '../visible-path.ts';
import { type StatedInodes, statAgain, statInodes, type XfsInode } from './bulkstat.ts';
import { type Claim, claimsOutside } from './claims.ts';
import type { XfsGeometry } from './geometry.ts';
import { stillInMap } from './inode-maps.ts';
import { isDirectory, readXfsNames, type XfsNames } from './names.ts';
import { stillMapped } from './reverse-map.ts';

const S_IFMT = 0xf000;
const S_IFLNK = 0xa000;
/** Data is written back at most about half a minute after the change that an inode's time tells of. */
const SETTLED_MS = 120_000;

interface Survey {
  readonly g: XfsGeometry;
  readonly role: 'data' | 'realtime';
  /** ms since the epoch, before the first question */
  readonly began: number;
  /** whether the claims come from the reverse map, or from the inodes' own maps */
  readonly reverseMap: boolean;
}
type Described = Omit<Owner, 'device' | 'start' | 'count'>;

/**
 * Names the inodes of the claims and tells them; returns the sectors that changed hands meanwhile. An inode that has
 * not changed for a while was what it is now when the map was read; of any other the map is asked once more, after its
 * names are known.
 */
export async function* describeClaims(
  task: FilesystemTask,
  mountFd: number,
  survey: Survey,
  claims: readonly Claim[],
): AsyncGenerator<readonly OwnerDraft[], Run[], void> {
  if (claims.length === 0) return [];
  const { io, mount } = task;
  const tell = (done: number): void =>
    task.onProgress({ phase: `looking for names on ${mount.mountpoint.text}`, done });
  const turn = (): Promise<void> => breathe(task.signal);
  const numbers = new Set(claims.map((c) => c.inode));
  const before = await statInodes(io, mountFd, numbers, turn);
  const alive = [...before.inodes.values()].filter((i) => i.links > 0);
  const sources = {
    io,
    mountFd,
    mountRoot: bytePath(mount.root),
    parentPointers: survey.g.parentPointers,
    signal: task.signal,
  };
  const names = await readXfsNames(alive, sources, { turn, tell });
  const after = await statAgain(io, mountFd, numbers, before, turn);
  const suspects = new Set(
    [...numbers].filter((n) => !isSettled(before.inodes.get(n), after.inodes.get(n), survey.began)),
  );
  const changed = coalesce(await changedSince(task, mountFd, survey, claims, suspects, before, after));
  const root = mount.root.text === '/' ? Number(io.status(mountFd).inode) : undefined;
  const space = createPathSpace(mount, task.mounts);
  const described = new Map<number, Described>();
  for (const number of numbers) {
    const owner = describe(number, before, names, space, root);
    const now = after.inodes.get(number);
    const moved = before.inodes.get(number)?.changed !== now?.changed;
    described.set(number, moved ? withNamesThatHold(owner, now, task) : owner);
  }
  yield claimsOutside(claims, changed).map((claim) => ({
    ...ownerOf(claim, described.get(claim.inode) as Described),
    device: task.device.name,
    ...claim.where,
  }));
  return changed;
}

function isSettled(before: XfsInode | undefined, after: XfsInode | undefined, began: number): boolean {
  if (before === undefined || after === undefined) return false;
  const same = before.generation === after.generation && before.changed === after.changed;
  return same && before.changed < began - SETTLED_MS;
}

/** Sectors of the claims that do not hold any more. */
async function changedSince(
  task: FilesystemTask,
  mountFd: number,
  { role, reverseMap }: Survey,
  claims: readonly Claim[],
  suspects: ReadonlySet<number>,
  before: StatedInodes,
  after: StatedInodes,
): Promise<Run[]> {
  const changed: Run[] = [];
  const buffer = fsmapBuffer();
  const byInode = new Map<number, Claim[]>();
  for (const claim of claims) {
    if (!suspects.has(claim.inode)) continue;
    const list = byInode.get(claim.inode);
    if (list === undefined) byInode.set(claim.inode, [claim]);
    else list.push(claim);
  }
  let done = 0;
  for (const [number, its] of byInode) {
    const [one, other] = [before.inodes.get(number), after.inodes.get(number)];
    // gone, made, or made anew under the same number
    const another = one?.generation !== other?.generation;
    const kept = another || reverseMap || other === undefined ? undefined : stillInMap(task, mountFd, role, other, its);
    for (const claim of its) {
      const holds = !another && (kept?.has(claim) ?? stillMapped(task, mountFd, buffer, claim));
      if (!holds) changed.push(claim.where);
      if (++done % 256 === 0) await breathe(task.signal);
    }
  }
  return changed;
}

function describe(
  number: number,
  stated: StatedInodes,
  { paths, fewer }: XfsNames,
  space: PathSpace,
  root: number | undefined,
): Described {
  const inode = stated.inodes.get(number);
  const base = { inode: String(number) };
  if (inode === undefined) {
    const errno = stated.unreadable.get(number);
    if (errno !== undefined) {
      return { ...base, kind: 'unknown', reason: `inode ${number} holds it, but cannot be read (${errno})` };
    }
    // bitmap and summary of the realtime part lie behind the root directory (mkfs.xfs)
    const own = root !== undefined && (number === root + 1 || number === root + 2);
    if (own) return { ...base, kind: 'metadata', metadata: 'internal inode' };
    const reason = `inode ${number}, which holds it, is being removed, or is one that XFS keeps for itself`;
    return { ...base, kind: 'unknown', reason };
  }
  if (inode.links === 0) return { ...base, kind: 'deleted', linkCount: 0 };
  const directory = isDirectory(inode);
  const kind = directory ? 'directory' : (inode.mode & S_IFMT) === S_IFLNK ? 'symlink' : 'file';
  const told = ownerPaths([...(paths.get(number) ?? [])], directory ? 'directory' : inode.links, space, fewer);
  return { ...base, kind, ...told };
}

/** A file that is written to all the time keeps its names; one that was renamed meanwhile is told without the old one. */
function withNamesThatHold(owner: Described, now: XfsInode | undefined, task: FilesystemTask): Described {
  const { paths, pathsBase64, inode } = owner;
  if (paths === undefined || pathsBase64 === undefined || inode === undefined) return owner;
  const kind = owner.kind === 'directory' ? 'directory' : 'file';
  const kept = pathsBase64.map((path) => owner.kind !== 'symlink' && leadsTo(path, kind, inode, task));
  const holds = kept.every(Boolean) && (kind === 'directory' || now?.links === owner.linkCount);
  if (holds) return owner;
  return {
    ...owner,
    paths: paths.filter((_, i) => kept[i]),
    pathsBase64: pathsBase64.filter((_, i) => kept[i]),
    pathsComplete: false,
    reason: owner.reason ?? 'its names changed while they were looked for',
  };
}
function leadsTo(path: string, kind: OpenKind, inode: string, { io, mount }: FilesystemTask): boolean {
  try {
    const fd = io.openPath(Buffer.from(path, 'base64'), kind);
    try {
      const found = io.status(fd);
      return found.inode === inode && found.devNumber === mount.devNumber;
    } finally {
      io.close(fd);
    }
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return false;
  }
}

function ownerOf({ where, offset, flags }: Claim, owner: Described): Described {
  if ((flags & (FSMAP.ATTR_FORK | FSMAP.EXTENT_MAP)) !== 0) {
    const metadata = (flags & FSMAP.EXTENT_MAP) !== 0 ? 'extent map' : 'xattr';
    return owner.kind === 'unknown' ? owner : { ...owner, kind: 'metadata', metadata };
  }
  if (owner.kind === 'metadata' || owner.kind === 'unknown') return owner;
  const state = (flags & FSMAP.UNWRITTEN) !== 0 ? 'unwritten' : 'data';
  const shared = (flags & FSMAP.SHARED) !== 0 ? { shared: true } : {};
  // a sparse file may have bytes where numbers are not exact any more
  const place = Number.isSafeInteger(offset + bytesFromSectors(where.count))
    ? { offset, length: bytesFromSectors(where.count) }
    : {};
  return { ...owner, ...place, state, ...shared };
}

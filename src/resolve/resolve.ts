import { AgentError, messageOf } from '../model/errors.ts';
import { clip, coalesce, type Run, run, subtract } from '../model/extent.ts';
import type { Owner, ResolveAnswer, ResolvedRange } from '../model/owner.ts';
import { createRunIndex } from '../model/run-index.ts';
import type { Mount } from '../model/topology.ts';
import { bytes, bytesFromSectors, sectorCount } from '../model/units.ts';
import type { FilesystemIo, ResolveJob, ResolveProgress } from '../ports.ts';
import { climb, type HostFacts, isOn, type Leaf, ownerOn } from './climb.ts';
import { describeOwners } from './describe-owners.ts';
import type { Coverage, FilesystemResolver, FilesystemTask } from './fs/resolver.ts';
import { filesystemResolvers, unwalkable } from './fs/resolvers.ts';
import { refuseWalk, walk } from './fs/walk.ts';

/** Owners on the asked device, and why some of them may not be the whole truth. */
interface Resolved {
  readonly owners: readonly Owner[];
  readonly incomplete: boolean;
}

/**
 * Who owns sectors of a block device: up the stack to file systems, through each in one pass, back to the device that
 * was asked about. Never throws for what a device or file system does: that is told in the answer.
 * @throws AgentError RESOLVE when there is no such device or sector; the signal's reason when cancelled
 */
export async function resolveRuns(
  job: ResolveJob,
  facts: HostFacts,
  io: FilesystemIo,
  onProgress: (progress: ResolveProgress) => void,
  signal: AbortSignal,
): Promise<ResolveAnswer> {
  const device = facts.blockDevices.find((d) => d.name === job.device);
  if (device === undefined) throw new AgentError('RESOLVE', `there is no block device ${job.device}`);
  const outside = job.runs.find((r) => !isOn(device, r));
  if (outside !== undefined) {
    throw new AgentError(
      'RESOLVE',
      `${job.device} has ${device.size} sectors: ${outside.start}+${outside.count} is not on it`,
    );
  }
  const { leaves, owners } = climb(device, coalesce(job.runs), facts, io);
  const all: Owner[] = owners.map((o) => ({ ...o, goodCopy: goodCopyOf(o) }));
  let incomplete: Run[] = [];
  for (const leaf of leaves) {
    const deadline = AbortSignal.timeout(Math.max(1, job.deadlineMs));
    const within = AbortSignal.any([signal, deadline]);
    const answer = await resolveLeaf(job, leaf, facts, io, onProgress, within);
    signal.throwIfAborted();
    for (const owner of answer.owners) all.push(owner);
    if (answer.incomplete) incomplete = [...incomplete, ...leaf.segments.map((s) => run(s.asked, s.on.count))];
  }
  return distribute(job, all, incomplete);
}

async function resolveLeaf(
  job: ResolveJob,
  leaf: Leaf,
  facts: HostFacts,
  io: FilesystemIo,
  onProgress: (progress: ResolveProgress) => void,
  signal: AbortSignal,
): Promise<Resolved> {
  const mount = preferredMount(leaf.mounts);
  const wanted = coalesce(leaf.segments.map((s) => s.on));
  const { device } = leaf;
  const task: FilesystemTask = {
    device,
    wanted,
    mount,
    mounts: facts.mounts,
    walkRoots: job.walkRoots,
    io,
    onProgress,
    signal,
  };
  const found = await askFilesystem(task);
  const described = describeOwners(found.owners, task);
  const left = subtract(wanted, described);
  const unaccounted = left.map(
    (r): Owner => ({ kind: 'unknown', device: device.name, ...r, reason: 'nothing accounts for it' }),
  );
  const owners: Owner[] = [];
  const reason = found.coverage.complete ? {} : { reason: found.coverage.reason };
  const segments = createRunIndex(leaf.segments.map((segment) => ({ ...segment.on, segment })));
  for (const owner of [...described, ...unaccounted]) {
    for (const { segment } of segments.overlapping(owner)) {
      const part = clip(owner, segment.on);
      if (part === undefined) continue;
      owners.push(
        ownerOn(job.device, segment, part, { ...reason, ...cutFile(owner, part), goodCopy: goodCopyOf(owner) }),
      );
    }
  }
  return { owners, incomplete: !found.coverage.complete };
}

interface Answer {
  readonly owners: readonly Owner[];
  readonly coverage: Coverage;
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
    if (task.signal.aborted) return unanswered(task, failure);
  }
  if (unwalkable.some((type) => fsType === type || fsType.startsWith(`${type}.`))) {
    return unanswered(task, refuseWalk(fsType, task.device.name).message);
  }
  const answer = await attempt(walk, task);
  if (answer.kind === 'failed')
    return unanswered(task, [failure, `${walk.name}: ${answer.reason}`].filter(Boolean).join('; '));
  if (failure === undefined) return answer.value;
  const { owners, coverage } = answer.value;
  return {
    owners,
    coverage: { complete: false, reason: coverage.complete ? failure : `${coverage.reason}; ${failure}` },
  };
}

async function attempt(
  resolver: FilesystemResolver,
  task: FilesystemTask,
): Promise<{ readonly kind: 'ok'; readonly value: Answer } | { readonly kind: 'failed'; readonly reason: string }> {
  const owners: Owner[] = [];
  try {
    const stream = resolver.resolve(task);
    for (;;) {
      const next = await stream.next();
      if (next.done === true) return { kind: 'ok', value: { owners, coverage: next.value } };
      owners.push(next.value);
    }
  } catch (error) {
    return { kind: 'failed', reason: task.signal.aborted ? 'the deadline passed' : messageOf(error) };
  }
}
function unanswered(task: FilesystemTask, reason: string): Answer {
  const owners = task.wanted.map((r): Owner => ({ kind: 'unknown', device: task.device.name, ...r, reason }));
  return { owners, coverage: { complete: false, reason } };
}

/** The mount that shows the whole file system, at the shortest path. */
function preferredMount(mounts: readonly Mount[]): Mount {
  const rank = (m: Mount): number => (m.root.text === '/' ? 0 : 1);
  const sorted = [...mounts].sort(
    (a, b) => rank(a) - rank(b) || a.mountpoint.base64.length - b.mountpoint.base64.length || a.id - b.id,
  );
  return sorted[0] as Mount;
}

/** The part of a file that lies in `part` of its owner's sectors. */
function cutFile(owner: Owner, part: Run): Owner {
  if (owner.offset === undefined || owner.length === undefined) return owner;
  const into = bytesFromSectors(sectorCount(part.start - owner.start));
  // a compressed extent is lost as a whole: its length does not follow from its sectors
  if (owner.length !== bytesFromSectors(owner.count)) return owner;
  return { ...owner, offset: owner.offset + into, length: bytes(bytesFromSectors(part.count)) };
}

/** Layers that keep a second copy are not resolved yet: what is reached here lies on one device only. */
function goodCopyOf(owner: Owner): NonNullable<Owner['goodCopy']> {
  return { exists: owner.kind === 'unknown' ? 'unknown' : 'no', where: null };
}

function distribute(job: ResolveJob, owners: readonly Owner[], incomplete: readonly Run[]): ResolveAnswer {
  const index = createRunIndex(owners);
  const doubtful = createRunIndex(incomplete);
  const results = job.runs.map((asked): ResolvedRange => {
    const within: Owner[] = [];
    for (const owner of index.overlapping(asked)) {
      const part = clip(owner, asked);
      if (part === undefined) continue;
      const into = part.start - owner.start;
      const layers = owner.layers?.map((l) => ({ ...l, ...run(l.start + into, part.count) }));
      within.push({ ...cutFile(owner, part), ...part, ...(layers === undefined ? {} : { layers }) });
    }
    const partial = within.some((o) => o.kind === 'unknown' || o.kind === 'pending' || o.pathsComplete === false);
    const complete = !partial && doubtful.overlapping(asked).length === 0;
    return { ...asked, complete, owners: within };
  });
  return { device: job.device, complete: results.every((r) => r.complete), results };
}

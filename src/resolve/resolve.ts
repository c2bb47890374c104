import { AgentError, messageOf } from '../model/errors.ts';
import { clip, coalesce, type Run, run, subtract } from '../model/extent.ts';
import type { Owner, ResolveAnswer, ResolvedRange } from '../model/owner.ts';
import { createRunIndex } from '../model/run-index.ts';
import type { BlockDevice, Mount } from '../model/topology.ts';
import type { FilesystemIo, ResolveJob, ResolveProgress } from '../ports.ts';
import {
  askedSegments,
  climb,
  cut,
  devicePaths,
  type HostFacts,
  isOn,
  type Leaf,
  type OwnerFacts,
  ownerOn,
  type Segment,
} from './climb.ts';
import { cutFile } from './cut-file.ts';
import { describeOwners } from './describe-owners.ts';
import type { Coverage, FilesystemResolver, FilesystemTask } from './fs/resolver.ts';
import { filesystemResolvers, unwalkable } from './fs/resolvers.ts';
import { refuseWalk, walk } from './fs/walk.ts';
import { type CopyJudge, createCopyJudge, type GoodCopy } from './good-copy.ts';
import { type FoundInLoop, type FoundOwner, findLoops, groupByLoop, type LoopFiles } from './stack/loop.ts';

/** Owners on the asked device, and the asked sectors of which they may not be the whole truth. */
interface Resolved {
  readonly owners: Owner[];
  readonly incomplete: Run[];
}

/** Loop devices on files of loop devices on files ...: further than anybody stacks them. */
const MAX_FILES_DEEP = 8;

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
  const query: Query = {
    job,
    facts,
    io,
    onProgress,
    signal,
    judge: createCopyJudge(facts),
    loops: findLoops(facts, io),
  };
  const { owners, incomplete } = await follow(query, device, askedSegments(coalesce(job.runs)), 0);
  return distribute(job, owners, incomplete);
}

/** What stays the same through one question. */
interface Query {
  readonly job: ResolveJob;
  readonly facts: HostFacts;
  readonly io: FilesystemIo;
  readonly onProgress: (progress: ResolveProgress) => void;
  readonly signal: AbortSignal;
  readonly judge: CopyJudge;
  readonly loops: LoopFiles;
}

/** From a device up to what owns its sectors, through loop devices on files as well. */
async function follow(q: Query, from: BlockDevice, segments: readonly Segment[], depth: number): Promise<Resolved> {
  const { leaves, owners } = climb(from, segments, q.facts, q.io);
  const resolved: Resolved = {
    owners: owners.map(({ segment, what }) => ownerAt(q, segment, segment.on, what)),
    incomplete: [],
  };
  for (const leaf of leaves) {
    const { found, complete } = await resolveLeaf(q, leaf);
    q.signal.throwIfAborted();
    if (!complete) for (const s of leaf.segments) resolved.incomplete.push(run(s.asked, s.on.count));
    const inFiles: FoundInLoop[] = [];
    for (const one of found) {
      const inside = depth < MAX_FILES_DEEP ? q.loops.within(leaf, one) : undefined;
      if (inside === undefined) resolved.owners.push(ownerAt(q, one.segment, one.part, one.owner));
      else inFiles.push(inside);
    }
    for (const [loop, parts] of groupByLoop(inFiles)) {
      const above = await followLoop(q, loop, parts, depth);
      for (const owner of above.owners) resolved.owners.push(owner);
      for (const r of above.incomplete) resolved.incomplete.push(r);
    }
  }
  return resolved;
}

/** What a loop device shows of its file; where nothing stands on the device the file itself is the owner. */
async function followLoop(
  q: Query,
  loop: BlockDevice,
  parts: readonly FoundInLoop[],
  depth: number,
): Promise<Resolved> {
  const inner = await follow(
    q,
    loop,
    parts.flatMap((p) => (p.segment === undefined ? [] : [p.segment])),
    depth + 1,
  );
  const owned = inner.owners.filter((o) => o.kind !== 'raw');
  const owners = [...owned];
  for (const { in: file } of parts) {
    const asked = run(file.segment.asked + file.part.start - file.segment.on.start, file.part.count);
    for (const left of subtract([asked], owned)) {
      const part = run(file.part.start + left.start - asked.start, left.count);
      owners.push(ownerAt(q, file.segment, part, cutFile(file.owner, part)));
    }
  }
  return { owners, incomplete: inner.incomplete };
}

/** An owner on the asked device, with what the layers passed say of other copies. */
function ownerAt(q: Query, segment: Segment, part: Run, what: OwnerFacts): Owner {
  const own = what.goodCopy ?? segment.elsewhere;
  const layered = q.judge.judge(cut(segment, part).copies, part.count);
  return ownerOn(q.job.device, segment, part, { ...what, goodCopy: bestCopy(own, layered, what.kind) });
}

/** Any place with a good copy will do; of an unknown owner it is not known what another copy would be of. */
function bestCopy(own: GoodCopy | undefined, layered: GoodCopy, kind: Owner['kind']): GoodCopy {
  if (own?.exists === 'yes' || layered.exists === 'no') return own ?? unknownOr(layered, kind);
  return layered;
}
function unknownOr(copy: GoodCopy, kind: Owner['kind']): GoodCopy {
  return kind === 'unknown' && copy.where === null ? { exists: 'unknown', where: null } : copy;
}

async function resolveLeaf(q: Query, leaf: Leaf): Promise<{ found: FoundOwner[]; complete: boolean }> {
  const mount = preferredMount(leaf.mounts);
  const wanted = coalesce(leaf.segments.map((s) => s.on));
  const { device } = leaf;
  const deadline = AbortSignal.timeout(Math.max(1, q.job.deadlineMs));
  const task: FilesystemTask = {
    device,
    wanted,
    mount,
    mounts: q.facts.mounts,
    walkRoots: q.job.walkRoots,
    io: q.io,
    onProgress: q.onProgress,
    signal: AbortSignal.any([q.signal, deadline]),
    worthOf: (path, where) => worthOfDevice(q, path, where),
  };
  const answer = await askFilesystem(task);
  const described = describeOwners(answer.owners, task);
  const left = subtract(wanted, described);
  const unaccounted = left.map(
    (r): Owner => ({ kind: 'unknown', device: device.name, ...r, reason: 'nothing accounts for it' }),
  );
  const found: FoundOwner[] = [];
  const reason = answer.coverage.complete ? {} : { reason: answer.coverage.reason };
  const segments = createRunIndex(leaf.segments.map((segment) => ({ ...segment.on, segment })));
  for (const owner of [...described, ...unaccounted]) {
    for (const { segment } of segments.overlapping(owner)) {
      const part = clip(owner, segment.on);
      if (part !== undefined) found.push({ segment, part, owner: { ...reason, ...cutFile(owner, part), ...part } });
    }
  }
  return { found, complete: answer.coverage.complete };
}

/** What the sectors of a device are worth, for a file system that keeps a copy on them. */
function worthOfDevice({ facts, judge }: Query, path: string, where: Run): 'good' | 'bad' | 'unknown' {
  const device = facts.blockDevices.find((d) => devicePaths(d).includes(path));
  return device === undefined ? 'unknown' : judge.worth({ device: device.name, ...where });
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
    return unanswered(task, failure ?? refuseWalk(fsType, task.device.name).message);
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

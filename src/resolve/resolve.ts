import { AgentError } from '../model/errors.ts';
import { clip, coalesce, type Run, run, subtract } from '../model/extent.ts';
import type { Owner, OwnerDraft, ResolveAnswer, ResolvedRange } from '../model/owner.ts';
import { createRunIndex } from '../model/run-index.ts';
import type { BlockDevice } from '../model/topology.ts';
import type { FilesystemIo, ResolveJob, ResolveProgress } from '../ports.ts';
import { askMounts } from './ask-filesystem.ts';
import { askedSegments } from './asked.ts';
import { climb, copiesOf, type HostFacts, isOn, type Leaf, type OwnerFacts, placeOn, type Segment } from './climb.ts';
import { cutFile } from './cut-file.ts';
import { describeOwners } from './describe-owners.ts';
import { type CopyJudge, createCopyJudge, type GoodCopy, NO_COPY } from './good-copy.ts';
import { resolveBtt } from './stack/btt-leaf.ts';
import { type FoundInLoop, type FoundOwner, findLoops, groupByLoop, type LoopFiles } from './stack/loop.ts';
import { type AskedFilesystem, addUsers } from './users.ts';

/** Owners on the asked device, and the asked sectors of which they may not be the whole truth. */
interface Resolved {
  readonly owners: OwnerDraft[];
  readonly incomplete: Run[];
}

/** Loop devices on files of loop devices on files ...: further than anybody stacks them. */
const MAX_FILES_DEEP = 8;

/**
 * Who owns sectors of a block device: up the stack to file systems, through each in one pass, back to the device that
 * was asked about; then who uses what was found. The deadline is shared out: none of several file systems can use up the
 * time of the others, and what was found by then is told. Never throws for what a device or file system does: that is told in the answer.
 * @throws AgentError RESOLVE when there is no such device or sector; the signal's reason when cancelled
 */
export async function resolveRuns(
  job: ResolveJob,
  facts: HostFacts,
  io: FilesystemIo,
  onProgress: (progress: ResolveProgress) => void,
  signal: AbortSignal,
): Promise<ResolveAnswer> {
  const block = facts.blockDevices.find((d) => d.name === job.device);
  const device = block ?? facts.daxDevices?.find((d) => d.name === job.device);
  if (device === undefined)
    throw new AgentError('RESOLVE', `there is no block device ${job.device}: pmemwatch list shows what there is`);
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
    time: shareOut(job.deadlineMs, signal),
    asked: new Map(),
    judge: createCopyJudge(facts),
    loops: findLoops(facts, io),
  };
  const asked = coalesce(job.runs);
  const { owners, incomplete } =
    block === undefined
      ? mappedOnly(job.device, asked)
      : await follow(query, block, askedSegments(block, asked, facts), 0);
  onProgress({ phase: 'looking for the processes that use it', done: 0 });
  await addUsers(owners, { facts, asked: query.asked, io, signal: query.time.rest() });
  signal.throwIfAborted();
  return distribute(job, owners, incomplete);
}

/** A DAX device has nothing on it that could be followed: who maps it is all there is to know. */
function mappedOnly(device: string, asked: readonly Run[]): Resolved {
  return {
    owners: asked.map((r): OwnerDraft => ({ kind: 'raw', device, ...r, metadata: 'device-dax', goodCopy: NO_COPY })),
    incomplete: [],
  };
}

/** Of the time that a job has, at most this much, and at most this part, is kept for finding who uses the files. */
const FOR_USERS_MS = 10_000;
const FOR_USERS_PART = 0.2;
const LONG_MS = 1_000;

function shareOut(deadlineMs: number, signal: AbortSignal) {
  const start = performance.now();
  const end = start + deadlineMs;
  const forUsers = Math.min(FOR_USERS_MS, deadlineMs * FOR_USERS_PART);
  const within = (ms: number) => AbortSignal.any([signal, AbortSignal.timeout(Math.max(1, Math.floor(ms)))]);
  return {
    /** for one of so many file systems that are left */
    forOneOf: (left: number) => within((end - forUsers - performance.now()) / left),
    rest: () => within(end - performance.now()),
    isLong: () => performance.now() - start > LONG_MS,
  };
}

/** What stays the same through one question. */
interface Query {
  readonly job: ResolveJob;
  readonly facts: HostFacts;
  readonly io: FilesystemIo;
  readonly onProgress: (progress: ResolveProgress) => void;
  readonly signal: AbortSignal;
  readonly time: ReturnType<typeof shareOut>;
  /** the file systems that were asked, by their devices */
  readonly asked: Map<string, AskedFilesystem>;
  readonly judge: CopyJudge;
  readonly loops: LoopFiles;
}

/** From a device up to what owns its sectors, through loop devices on files as well. */
async function follow(q: Query, from: BlockDevice, segments: readonly Segment[], depth: number): Promise<Resolved> {
  const { leaves, owners } = climb(from, segments, q.facts, q.io);
  const resolved: Resolved = {
    owners: owners.map(({ segment, what }) => newOwner(q, segment, segment.on, what)),
    incomplete: [],
  };
  for (const [i, leaf] of leaves.entries()) {
    const before = resolved.owners.length;
    const { found, complete } = await resolveLeaf(q, leaf, q.time.forOneOf(leaves.length - i));
    q.signal.throwIfAborted();
    if (!complete) for (const s of leaf.segments) resolved.incomplete.push(run(s.asked, s.on.count));
    const inFiles: FoundInLoop[] = [];
    const statDevices = q.asked.get(leaf.device.name)?.statDevices;
    for (const one of found) {
      const statDevice = statDevices?.get(one.owner.subvolume ?? '');
      const inside = depth < MAX_FILES_DEEP ? q.loops.within(leaf, one, statDevice) : undefined;
      if (inside === undefined) resolved.owners.push(settle(q, one.segment, one.part, one.owner));
      else inFiles.push(inside);
    }
    for (const [loop, parts] of groupByLoop(inFiles)) {
      const above = await followLoop(q, loop, parts, depth);
      for (const owner of above.owners) resolved.owners.push(owner);
      for (const r of above.incomplete) resolved.incomplete.push(r);
    }
    if (depth === 0 && (i < leaves.length - 1 || q.time.isLong())) tellEarly(q, leaf, resolved.owners.slice(before));
  }
  return resolved;
}

/** So many owners go in one message. */
const EARLY_OWNERS = 256;

/** What one file system told is told at once when others are still to be asked, or it took long: the rest may never come. */
function tellEarly(q: Query, { device }: Leaf, owners: readonly Owner[]): void {
  const known = owners.filter((o) => o.kind !== 'unknown');
  for (let at = 0; at < known.length; at += EARLY_OWNERS) {
    const some = known.slice(at, at + EARLY_OWNERS);
    q.onProgress({ phase: `found on /dev/${device.name}`, done: at + some.length, total: known.length, owners: some });
  }
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
      owners.push(newOwner(q, file.segment, part, cutFile(file.owner, part)));
    }
  }
  return { owners, incomplete: inner.incomplete };
}

/** Makes an owner one on the asked device, with what the layers passed say of other copies. */
function settle(q: Query, segment: Segment, part: Run, owner: OwnerDraft): OwnerDraft {
  const own = owner.goodCopy ?? segment.elsewhere;
  owner.goodCopy = bestCopy(own, q.judge.judge(copiesOf(segment, part), part.count), owner.kind);
  placeOn(owner, q.job.device, segment, part);
  return owner;
}
function newOwner(q: Query, segment: Segment, part: Run, what: OwnerFacts): OwnerDraft {
  return settle(q, segment, part, { ...what, device: q.job.device, ...part });
}

/** Any place with a good copy will do; of an unknown owner it is not known what another copy would be of. */
function bestCopy(own: GoodCopy | undefined, layered: GoodCopy, kind: Owner['kind']): GoodCopy {
  if (own?.exists === 'yes' || layered.exists === 'no') return own ?? unknownOr(layered, kind);
  return layered;
}
function unknownOr(copy: GoodCopy, kind: Owner['kind']): GoodCopy {
  return kind === 'unknown' && copy.where === null ? { exists: 'unknown', where: null } : copy;
}

async function resolveLeaf(
  q: Query,
  leaf: Leaf,
  signal: AbortSignal,
): Promise<{ found: Iterable<FoundOwner>; complete: boolean }> {
  const { device } = leaf;
  if (leaf.mounts.length === 0) return resolveBtt(leaf, q.io, signal);
  const wanted = coalesce(leaf.segments.map((s) => s.on));
  const { task, answer } = await askMounts(
    {
      device,
      wanted,
      mounts: q.facts.mounts,
      walkRoots: q.job.walkRoots,
      io: q.io,
      onProgress: q.onProgress,
      signal,
      worthOf: q.judge.worth,
    },
    leaf.mounts,
  );
  const { coverage } = answer;
  q.asked.set(device.name, { mount: task.mount, statDevices: coverage.statDevices ?? new Map() });
  const described = [...answer.owners];
  describeOwners(described, task);
  const why = coverage.complete ? 'nothing accounts for it' : coverage.reason;
  for (const r of subtract(wanted, described)) {
    described.push({ kind: 'unknown', device: device.name, ...r, reason: why });
  }
  if (!coverage.complete) for (const owner of described) owner.reason ??= coverage.reason;
  return { found: partsOf(described, leaf.segments), complete: coverage.complete };
}

/** Owners cut to the segments that were asked about; one that lies in a single one of them goes on as it is. */
function* partsOf(owners: readonly OwnerDraft[], all: readonly Segment[]): Generator<FoundOwner> {
  const segments = createRunIndex(all.map((segment) => ({ ...segment.on, segment })));
  for (const owner of owners) {
    const over = segments.overlapping(owner);
    const [first] = over;
    const part = first === undefined ? undefined : clip(owner, first.segment.on);
    if (first !== undefined && part !== undefined && over.length === 1 && part.count === owner.count) {
      yield { segment: first.segment, part, owner };
    } else {
      for (const { segment } of over) {
        const some = clip(owner, segment.on) as Run;
        yield { segment, part: some, owner: { ...cutFile(owner, some), ...some } };
      }
    }
  }
}

function distribute(job: ResolveJob, owners: readonly Owner[], incomplete: readonly Run[]): ResolveAnswer {
  const index = createRunIndex(owners);
  const doubtful = createRunIndex(incomplete);
  const results = job.runs.map((asked): ResolvedRange => {
    const within: Owner[] = [];
    for (const owner of index.overlapping(asked)) {
      const part = clip(owner, asked);
      if (part === undefined) continue;
      if (part.count === owner.count) {
        within.push(owner);
        continue;
      }
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

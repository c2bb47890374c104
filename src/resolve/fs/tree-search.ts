import { AgentError } from '../../model/errors.ts';
import type { FilesystemIo, Lane } from '../../ports.ts';
import { type LaneOrder, type LaneReport, SHARED, SHARED_BYTES } from './lane-work.ts';
import { createTreeWalk, type OpenDirectory, type TreeWalk } from './tree.ts';
import { createJobVisitor, type TreeFindings, type TreeJob } from './tree-job.ts';

export interface TreeSearch {
  readonly io: FilesystemIo;
  readonly signal: AbortSignal;
  readonly job: TreeJob;
  /** ms that a walk may take before other threads are started for it */
  readonly aloneMs?: number;
  found(findings: TreeFindings): void;
  /** true ends the search */
  enough(): boolean;
  progress(directories: number): void;
}

/** A tree that is done sooner than this is not worth other threads. */
const ALONE_MS = 15;
/** Time between two turns of the event loop when alone. */
const TURN_MS = 5;
/** How often a walk of other threads is looked at. */
const WATCH_MS = 100;
/** Directories to begin with for each lane. */
const BEGIN_WITH = 32;

/**
 * Looks through the trees below open directories, which stay open. Begins alone; what is not done soon goes on in all
 * lanes. @throws the signal's reason
 */
export async function searchTrees(search: TreeSearch, roots: readonly OpenDirectory[]): Promise<void> {
  const visitor = createJobVisitor(search.io, search.job);
  const walk = createTreeWalk(search.io, visitor);
  for (const root of roots) walk.add(root, true);
  const began = performance.now();
  let turned = began;
  let mayShare = search.io.lanes !== undefined;
  try {
    while (walk.step()) {
      const now = performance.now();
      if (now - turned < Math.min(TURN_MS, search.aloneMs ?? TURN_MS)) continue;
      search.found(visitor.take());
      search.progress(walk.directories);
      if (search.enough()) return;
      await turn(search.signal);
      turned = performance.now();
      if (!mayShare || now - began < (search.aloneMs ?? ALONE_MS)) continue;
      const first = walk.give(BEGIN_WITH);
      if (first.length === 0) continue;
      mayShare = false;
      const borrowed = search.io.lanes?.borrow();
      if (borrowed === undefined) {
        for (const directory of first) walk.add(directory);
        continue;
      }
      let finished = false;
      try {
        await searchInLanes(search, walk, first, borrowed.lanes);
        finished = true;
      } finally {
        borrowed.giveBack(finished);
      }
    }
    search.found(visitor.take());
  } finally {
    walk.close();
  }
}
async function turn(signal: AbortSignal): Promise<void> {
  await new Promise<void>((done) => setImmediate(done));
  signal.throwIfAborted();
}

/** Hands all that is left of a walk to lanes, and work from busy lanes to idle ones, until there is none. */
async function searchInLanes(
  search: TreeSearch,
  walk: TreeWalk,
  first: readonly OpenDirectory[],
  lanes: readonly Lane[],
): Promise<void> {
  const shared = new Int32Array(new SharedArrayBuffer(SHARED_BYTES));
  const queue: OpenDirectory[] = [...first];
  const idle = new Set(lanes);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const { io } = search;
  let stopped = false;
  const begun = walk.directories;

  function stop(): void {
    if (stopped) return;
    stopped = true;
    Atomics.store(shared, SHARED.stop, 1);
    for (const { fd } of queue.splice(0)) io.close(fd);
  }
  function fail(error: unknown): void {
    stop();
    reject(error);
  }
  function feed(): void {
    // what is left of the walk that began; more than a few descriptors at a time need not be open
    while (!stopped && queue.length < lanes.length * BEGIN_WITH) {
      const more = walk.give(BEGIN_WITH);
      if (more.length === 0) break;
      queue.push(...more);
    }
    for (const lane of idle) {
      if (stopped || queue.length === 0) break;
      idle.delete(lane);
      const directories = queue.splice(0, Math.max(1, Math.min(BEGIN_WITH, Math.ceil(queue.length / (idle.size + 1)))));
      lane.post({ op: 'walk', directories } satisfies LaneOrder);
    }
    Atomics.store(shared, SHARED.hungry, queue.length === 0 ? idle.size : 0);
    if (idle.size === lanes.length) resolve();
  }
  function take(lane: Lane, message: LaneReport): void {
    switch (message.op) {
      case 'spare':
        if (stopped) for (const { fd } of message.directories) io.close(fd);
        else queue.push(...message.directories);
        break;
      case 'asked':
        return;
      case 'found':
        if (!stopped) search.found(message.findings);
        if (!stopped && search.enough()) stop();
        return;
      case 'idle':
        idle.add(lane);
        break;
      case 'failed':
        idle.add(lane);
        fail(Object.assign(new Error(message.message), message.code === undefined ? {} : { code: message.code }));
        break;
      default:
        message satisfies never;
    }
    feed();
  }
  for (const lane of lanes) {
    lane.listen(
      (message) => take(lane, message as LaneReport),
      (why) => fail(new AgentError('RESOLVE', `a walking thread ended: ${why}`)),
    );
    lane.post({ op: 'job', job: search.job, shared: shared.buffer as SharedArrayBuffer } satisfies LaneOrder);
  }
  const watch = setInterval(() => search.progress(begun + Atomics.load(shared, SHARED.directories)), WATCH_MS);
  const abort = (): void => fail(search.signal.reason);
  search.signal.addEventListener('abort', abort, { once: true });
  try {
    feed();
    await promise;
  } finally {
    clearInterval(watch);
    search.signal.removeEventListener('abort', abort);
  }
}

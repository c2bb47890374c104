import { AgentError, errnoOf, messageOf } from '../../model/errors.ts';
import type { FilesystemIo } from '../../ports.ts';
import { askSome, type Failures, type ManyIoctls } from './many-ioctls.ts';
import { createTreeWalk, type OpenDirectory } from './tree.ts';
import { createJobVisitor, type TreeFindings, type TreeJob } from './tree-job.ts';

/** What a walk and its lanes share, as Int32 of one SharedArrayBuffer. */
export const SHARED = {
  /** lanes without work */
  hungry: 0,
  /** not 0: stop */
  stop: 1,
  /** directories entered by all */
  directories: 2,
} as const;
export const SHARED_BYTES = 12;

export type LaneOrder =
  | { readonly op: 'job'; readonly job: TreeJob; readonly shared: SharedArrayBuffer }
  | { readonly op: 'walk'; readonly directories: readonly OpenDirectory[] }
  | { readonly op: 'ask'; readonly many: ManyIoctls; readonly from: number; readonly to: number };
export type LaneReport =
  /** directories for lanes without work; their descriptors go with them */
  | { readonly op: 'spare'; readonly directories: readonly OpenDirectory[] }
  | { readonly op: 'found'; readonly findings: TreeFindings }
  | { readonly op: 'idle' }
  | { readonly op: 'asked'; readonly failures: Failures }
  /** `code`: of an AgentError or an errno; absent for a bug */
  | { readonly op: 'failed'; readonly message: string; readonly code: string | undefined };

/** At most so many directories are handed over at once, and so many descriptors held by that. */
const MOST_GIVEN = 64;
/** Findings are handed on in pieces, so that none grows without bound. */
const STEPS_PER_REPORT = 2048;

/** The work of one lane: asks what it is told to, or walks what it is given and gives away half of it when another lane has nothing to do. */
export function createLaneWork(io: FilesystemIo, report: (message: LaneReport) => void): (order: LaneOrder) => void {
  let shared: Int32Array = new Int32Array(SHARED_BYTES / 4);
  let visitor = createJobVisitor(io, { kind: 'names', inodes: new Float64Array() });

  function walk(directories: readonly OpenDirectory[]): void {
    const tree = createTreeWalk(io, visitor);
    for (const directory of directories) tree.add(directory);
    try {
      let entered = 0;
      for (let steps = 1; Atomics.load(shared, SHARED.stop) === 0 && tree.step(); steps++) {
        if (tree.directories !== entered) {
          Atomics.add(shared, SHARED.directories, tree.directories - entered);
          entered = tree.directories;
        }
        if (claimHungry(shared)) share(tree.give(MOST_GIVEN));
        if (steps % STEPS_PER_REPORT === 0) report({ op: 'found', findings: visitor.take() });
      }
    } finally {
      tree.close();
    }
    report({ op: 'found', findings: visitor.take() });
  }
  function share(spare: readonly OpenDirectory[]): void {
    if (spare.length === 0) Atomics.add(shared, SHARED.hungry, 1);
    else report({ op: 'spare', directories: spare });
  }

  return (order) => {
    if (order.op === 'job') {
      shared = new Int32Array(order.shared);
      visitor = createJobVisitor(io, order.job);
      return;
    }
    try {
      if (order.op === 'ask') {
        report({ op: 'asked', failures: askSome(io, order.many, order.from, order.to) });
        return;
      }
      walk(order.directories);
      report({ op: 'idle' });
    } catch (error) {
      const code = error instanceof AgentError ? error.code : errnoOf(error);
      report({ op: 'failed', message: messageOf(error), code });
    }
  };
}

/** Takes it upon this lane to feed a hungry one; false when there is none. */
function claimHungry(shared: Int32Array): boolean {
  if (Atomics.load(shared, SHARED.hungry) <= 0) return false;
  if (Atomics.sub(shared, SHARED.hungry, 1) > 0) return true;
  Atomics.add(shared, SHARED.hungry, 1);
  return false;
}

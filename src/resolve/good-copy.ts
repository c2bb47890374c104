import type { Run } from '../model/extent.ts';
import { type Extent, extent, overlaps, run } from '../model/extent.ts';
import type { Owner } from '../model/owner.ts';
import { createRunIndex, type RunIndex } from '../model/run-index.ts';
import { devicePaths, type HostFacts } from './climb.ts';
import type { Copies, CopyLeg, MappedExtent } from './stack/layer.ts';
import { stackLayers } from './stack/layers.ts';

export type GoodCopy = NonNullable<Owner['goodCopy']>;
/** What sectors are worth that should hold a copy. */
type Worth = { readonly kind: 'good' | 'unknown' | 'bad'; readonly why: string };

export const NO_COPY: GoodCopy = { exists: 'no', where: null };

/** More layers than any stack has: what is deeper is not known. */
const MAX_DEPTH = 16;

/** Says of a piece of storage whether the layers above it keep its data elsewhere, in a place that is not bad too. */
export interface CopyJudge {
  /** `copies` as the layers passed tell them, each for the first of `count` sectors */
  judge(copies: readonly Copies[], count: number): GoodCopy;
  /** whether sectors of a device, named by its path, or what they lie on are known to be bad */
  readonly worth: (path: string, where: Run) => 'good' | 'unknown' | 'bad';
}

/**
 * A copy is good when its member is in sync and no list, the kernel's or md's own, names one of its sectors. A disk
 * without a list is taken at its word; one whose list could not be read is unknown.
 */
export function createCopyJudge(facts: HostFacts): CopyJudge {
  const lists = new Map<string, RunIndex<Run>>();
  for (const [device, runs] of facts.badRuns ?? []) lists.set(device, createRunIndex(runs));

  function worthOf(at: Extent, depth: number): Worth {
    const device = facts.blockDevices.find((d) => d.name === at.device);
    if (device === undefined || depth > MAX_DEPTH) return { kind: 'unknown', why: 'not known to this host' };
    const list = lists.get(device.name);
    if (list !== undefined) {
      return list.overlapping(at).length > 0
        ? { kind: 'bad', why: 'also bad there' }
        : { kind: 'good', why: 'in sync' };
    }
    if (device.hasBadblocks) return { kind: 'unknown', why: 'its bad-block list is not known' };
    const layer = stackLayers.find((l) => l.matches(device));
    if (layer !== undefined) return worthOfParts(at, layer.mapDown(device, at), depth);
    if (device.slaves.length > 0 || device.kind === 'loop')
      return { kind: 'unknown', why: 'what is below it is not known' };
    return { kind: 'good', why: 'in sync' };
  }
  /** Several parts of the same sectors are copies of each other: the best of them counts; of different sectors the worst. */
  function worthOfParts(at: Extent, parts: readonly MappedExtent[], depth: number): Worth {
    const best = new Map<string, Worth>();
    let covered = 0;
    for (const part of parts) {
      const key = `${part.above.start}+${part.above.count}`;
      if (!best.has(key)) covered += part.above.count;
      const own = worthOf(part.below, depth + 1);
      const worth =
        own.kind === 'good' || part.copies === undefined
          ? own
          : better(own, worthOfCopies(part.copies, part.below.count, depth + 1));
      best.set(key, better(best.get(key), worth));
    }
    if (covered < at.count) return { kind: 'unknown', why: 'where it lies is not known' };
    return [...best.values()].reduce((worst, w) => (rank(w) < rank(worst) ? w : worst));
  }
  function worthOfLeg(leg: CopyLeg, count: number, depth: number): Worth {
    if (leg.state === 'unknown') return { kind: 'unknown', why: 'its state is not known' };
    if (leg.state !== 'in sync') return { kind: 'bad', why: leg.state };
    const at = run(leg.start, count);
    if (leg.bad.some((r) => overlaps(r, at))) return { kind: 'bad', why: 'also bad there, as md knows' };
    return worthOf(extent(leg.device, leg.start, count), depth);
  }
  function worthOfCopies(copies: Copies, count: number, depth: number): Worth {
    const worths = copies.legs.map((leg) => ({ leg, ...worthOfLeg(leg, count, depth) }));
    const good = worths.filter((w) => w.kind === 'good');
    const why = worths.map(({ leg, why: state }) => `${leg.device || `a member of ${copies.of}`}: ${state}`).join(', ');
    const possible = worths.filter((w) => w.kind !== 'bad').length;
    if (possible < copies.need) return { kind: 'bad', why: `${copies.of} (${why})` };
    if (copies.doubt !== undefined) return { kind: 'unknown', why: `${copies.of} is not in sync: ${copies.doubt}` };
    if (good.length < copies.need) return { kind: 'unknown', why: `${copies.of} (${why})` };
    const names = good.map(({ leg }) => leg.device).join(', ');
    const mirrored = copies.need === 1;
    return {
      kind: 'good',
      why: mirrored ? `${names}, in sync (${copies.of})` : `recomputed from ${names} (${copies.of})`,
    };
  }
  return {
    worth(path, where) {
      const device = facts.blockDevices.find((d) => devicePaths(d).includes(path));
      return device === undefined ? 'unknown' : worthOf({ device: device.name, ...where }, 0).kind;
    },
    judge(copies, count) {
      let best: Worth | undefined;
      for (const one of copies) best = better(best, worthOfCopies(one, count, 0));
      if (best === undefined) return NO_COPY;
      const exists = best.kind === 'good' ? 'yes' : best.kind === 'bad' ? 'no' : 'unknown';
      return { exists, where: best.why };
    },
  };
}

function rank(w: Worth): number {
  return { bad: 0, unknown: 1, good: 2 }[w.kind];
}
function better(a: Worth | undefined, b: Worth): Worth {
  return a !== undefined && rank(a) >= rank(b) ? a : b;
}

/** The tracked ranges of one place: sorted, never overlapping, each with its own history and owners. Pure. */
import type { FoundBy } from '../model/change.ts';
import { coalesce, endOf, intersect, type Run, subtract, totalSectors } from '../model/extent.ts';
import type { TrackedRange } from '../model/incident.ts';
import type { Owner } from '../model/owner.ts';
import { createRunIndex } from '../model/run-index.ts';
import type { Place } from '../model/topology.ts';
import {
  clipOwners,
  createOwnerIndex,
  joinOwners,
  pendingOwners,
  relocateOwners,
  sameOwners,
  uncovered,
} from './owners.ts';

type Ranges = readonly TrackedRange[];

/** Tracks what is new of `runs`; what is already tracked counts as listed again. */
export function addFound(
  ranges: Ranges,
  place: Place,
  runs: readonly Run[],
  how: { readonly foundBy: FoundBy; readonly now: number },
): { readonly ranges: TrackedRange[]; readonly added: Run[] } {
  const added = subtract(runs, ranges);
  const known = confirm(ranges, place, runs, how.now);
  const fresh = added.map(
    (r): TrackedRange => ({
      ...r,
      firstSeen: how.now,
      lastSeen: how.now,
      foundBy: how.foundBy,
      epoch: place.epoch,
      owners: pendingOwners(place, r),
      ownersComplete: false,
    }),
  );
  return { ranges: join([...known, ...fresh]), added };
}

export function removeCleared(
  ranges: Ranges,
  place: Place,
  runs: readonly Run[],
): { readonly ranges: TrackedRange[]; readonly removed: TrackedRange[] } {
  const removed: TrackedRange[] = [];
  const left = rewrite(ranges, place, runs, (piece) => {
    removed.push(piece);
    return undefined;
  });
  return { ranges: left, removed };
}

/** Not listed any more, but nothing proves that they are gone. */
export function doubt(ranges: Ranges, place: Place, runs: readonly Run[], reason: string): TrackedRange[] {
  return rewrite(ranges, place, runs, (piece) => ({ ...piece, unconfirmed: reason }));
}

/** Listed by the kernel instance that the place belongs to now. */
export function confirm(ranges: Ranges, place: Place, runs: readonly Run[], now: number): TrackedRange[] {
  return rewrite(ranges, place, runs, ({ unconfirmed, ...piece }) => ({ ...piece, epoch: place.epoch, lastSeen: now }));
}

/**
 * Puts an answer to the ranges that are still there; sectors it does not speak of become `unknown`. A known owner is not
 * given up for an answer that knows nothing (law 8).
 */
export function setOwners(
  ranges: Ranges,
  place: Place,
  answer: { readonly runs: readonly Run[]; readonly owners: readonly Owner[]; readonly complete: boolean },
  now: number,
): { readonly ranges: Ranges; readonly changed: boolean } {
  // asked before the kernel renamed the device: its sectors cannot be placed any more, and it is asked again
  if (answer.owners.some((owner) => owner.device !== '' && owner.device !== place.device)) {
    return { ranges, changed: false };
  }
  const owned = createOwnerIndex(answer.owners, place);
  let changed = false;
  const next = rewrite(ranges, place, answer.runs, (piece) => {
    const answered = clipOwners(owned.touching(piece), place, piece);
    const silent = uncovered(answered, place, piece).flatMap((r) => pendingOwners(place, r).map(unanswered));
    const owners = joinOwners(keepKnown(piece, [...answered, ...silent], place));
    if (!sameOwners(piece.owners, owners)) changed = true;
    const ownersComplete = answer.complete && silent.length === 0;
    return { ...piece, owners, ownersComplete, ownersAt: now };
  });
  return { ranges: next, changed };
}
function unanswered(owner: Owner): Owner {
  return { ...owner, kind: 'unknown', reason: 'the answer does not speak of these sectors' };
}
function keepKnown(piece: TrackedRange, answered: readonly Owner[], place: Place): readonly Owner[] {
  const known = piece.owners.filter((owner) => !isBlank(owner));
  return answered.flatMap((owner) => {
    if (!isBlank(owner) || known.length === 0) return [owner];
    const blank = clipToOwner(owner, place, piece);
    const kept = clipOwners(known, place, blank);
    return [...kept, ...uncovered(kept, place, blank).flatMap((r) => clipOwners([owner], place, r))];
  });
}
function isBlank(owner: Owner): boolean {
  return owner.kind === 'pending' || owner.kind === 'unknown';
}
function clipToOwner(owner: Owner, place: Place, piece: TrackedRange): Run {
  const holes = uncovered([owner], place, piece);
  return subtract([piece], holes)[0] ?? piece;
}

/** The ranges after the kernel renamed the place or showed it through another window. */
export function relocate(ranges: Ranges, from: Place, to: Place): readonly TrackedRange[] {
  if (ranges.length === 0) return ranges;
  const reformatted = from.dataStart !== undefined && to.dataStart !== undefined && from.dataStart !== to.dataStart;
  return ranges.map((range) => {
    if (!reformatted) return { ...range, owners: relocateOwners(range.owners, from, to) };
    const { ownersAt, ...kept } = range;
    return { ...kept, owners: pendingOwners(to, range), ownersComplete: false };
  });
}

/** Ranges that a good reading of `at` lists in whole were last seen then. Returns the same array when nothing moved. */
export function seenAt(ranges: Ranges, listed: readonly Run[], at: number): Ranges {
  const missing = createRunIndex(subtract(ranges, listed));
  const isStale = (r: TrackedRange): boolean =>
    r.lastSeen < at && r.unconfirmed === undefined && missing.overlapping(r).length === 0;
  return ranges.some(isStale) ? ranges.map((r) => (isStale(r) ? { ...r, lastSeen: at } : r)) : ranges;
}

/** Applies `inside` to the parts of the ranges that lie in `runs`; undefined drops a part. */
function rewrite(
  ranges: Ranges,
  place: Place,
  runs: readonly Run[],
  inside: (piece: TrackedRange) => TrackedRange | undefined,
): TrackedRange[] {
  const wanted = createRunIndex(coalesce(runs));
  const next: TrackedRange[] = [];
  for (const range of ranges) {
    const touching = wanted.overlapping(range);
    for (const part of subtract([range], touching)) next.push(cutTo(range, place, part));
    for (const part of intersect([range], touching)) {
      const written = inside(cutTo(range, place, part));
      if (written !== undefined) next.push(written);
    }
  }
  return join(next);
}
function cutTo(range: TrackedRange, place: Place, part: Run): TrackedRange {
  if (part.start === range.start && part.count === range.count) return range;
  return { ...range, ...part, owners: clipOwners(range.owners, place, part) };
}

/** Sorts, and joins neighbours that differ in nothing but their sectors. */
function join(ranges: Ranges): TrackedRange[] {
  const joined: TrackedRange[] = [];
  for (const next of [...ranges].sort((a, b) => a.start - b.start)) {
    const last = joined.at(-1);
    if (last === undefined || endOf(last) !== next.start || history(last) !== history(next)) joined.push(next);
    else {
      joined[joined.length - 1] = {
        ...last,
        count: totalSectors([last, next]),
        lastSeen: Math.min(last.lastSeen, next.lastSeen),
        owners: joinOwners([...last.owners, ...next.owners]),
      };
    }
  }
  return joined;
}
function history(r: TrackedRange): string {
  return JSON.stringify([r.firstSeen, r.foundBy, r.epoch, r.unconfirmed, r.ownersComplete, r.ownersAt]);
}

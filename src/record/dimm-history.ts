/** What is looked back on when a replacement is advised. Pure. */
import type { DimmHistory } from '../model/dimm-state.ts';
import { coalesce, endOf, type Run } from '../model/extent.ts';
import { createRunIndex } from '../model/run-index.ts';
import type { Draft } from './draft.ts';
import type { Activities } from './places.ts';

/** Cleared ranges of one module that are remembered; more of them clear when a whole file system is written anew. */
const MOST_CLEARED = 256;

/**
 * Adds what happened to the places of each module. Ranges of a place that was never read before are of unknown age: they are
 * no news of the module. On an interleaved region every module of the set is a candidate.
 */
export function followHistory(draft: Draft, activities: Activities, longWindowMs: number): void {
  for (const [uid, { added, removed }] of activities) {
    const place = draft.places.get(uid)?.place;
    if (place === undefined || added.length + removed.length === 0) continue;
    const fresh = notGrown(added, draft.previous.places.get(uid)?.ranges ?? []);
    const keys = new Set(place.dimms.map(({ id }) => id));
    for (const key of keys) {
      const dimm = draft.dimms.get(key);
      if (dimm === undefined) continue;
      const known = dimm.history;
      const isNews = known.places.includes(uid);
      const once = createRunIndex(coalesce(known.cleared.filter((old) => old.uid === uid)));
      const again = added.filter((run) => once.overlapping(run).length > 0);
      const cleared = removed.map(({ start, count }) => ({ at: draft.now, uid, start, count }));
      const next: DimmHistory = {
        ...known,
        newRanges:
          isNews && fresh > 0
            ? [...known.newRanges, { at: draft.now, count: fresh, setSize: keys.size }]
            : known.newRanges,
        recurrences: [...known.recurrences, ...again.map(() => draft.now)].slice(-MOST_CLEARED),
        cleared: [...known.cleared, ...cleared].slice(-MOST_CLEARED),
      };
      draft.dimms.set(key, { ...dimm, history: withoutOld(next, draft.now - longWindowMs) });
    }
  }
}

/**
 * How many are new, not the next sectors of what was bad before: one long run of them counts once. `before` is sorted and
 * does not overlap, so that a place with many ranges is searched, not gone through for each of them.
 */
function notGrown(added: readonly Run[], before: readonly Run[]): number {
  return added.filter((r) => {
    let [low, high] = [0, before.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((before[middle] as Run).start <= endOf(r)) low = middle + 1;
      else high = middle;
    }
    const last = before[low - 1];
    return last === undefined || endOf(last) < r.start;
  }).length;
}

/** Remembers which places have been read: what is found there later is news. To be called after `followHistory`. */
export function rememberPlaces(draft: Draft): void {
  for (const [uid, { place, readAt, readable }] of draft.places) {
    if (readAt === null || !readable) continue;
    for (const { id } of place.dimms) {
      const dimm = draft.dimms.get(id);
      if (dimm === undefined || dimm.history.places.includes(uid)) continue;
      draft.dimms.set(id, { ...dimm, history: { ...dimm.history, places: [...dimm.history.places, uid] } });
    }
  }
}

function withoutOld(history: DimmHistory, oldest: number): DimmHistory {
  return {
    ...history,
    newRanges: history.newRanges.filter(({ at }) => at > oldest),
    cleared: history.cleared.filter(({ at }) => at > oldest),
    recurrences: history.recurrences.filter((at) => at > oldest),
    dirtyShutdowns: history.dirtyShutdowns.filter((at) => at > oldest),
  };
}

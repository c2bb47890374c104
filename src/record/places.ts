/** Changes applied to what is known of the places. Pure; what it did is told per place for the incidents to follow. */
import type { PlaceReading } from '../model/badblocks.ts';
import type { Change } from '../model/change.ts';
import { intersect, type Run } from '../model/extent.ts';
import type { TrackedRange } from '../model/incident.ts';
import type { PlaceState } from '../model/state.ts';
import type { Place, Topology } from '../model/topology.ts';
import { type Draft, remember } from './draft.ts';
import { shownRuns } from './owners.ts';
import { addFound, confirm, doubt, relocate, removeCleared, seenAt, setOwners } from './ranges.ts';

/** What happened to the ranges of one place in this pass. */
export interface Activity {
  readonly added: Run[];
  readonly removed: TrackedRange[];
  ownersChanged: boolean;
}
export type Activities = Map<string, Activity>;

export function newPlaceState(place: Place): PlaceState {
  return {
    place,
    ranges: [],
    foundTotal: 0,
    clearedTotal: 0,
    present: true,
    goneSince: null,
    readable: false,
    complete: false,
    reasons: ['not read yet'],
    readAt: null,
  };
}

/** @throws Error (a bug) for a change of a place that neither the state nor the topology knows */
export function applyChanges(draft: Draft, changes: readonly Change[], topology: Topology): Activities {
  const activities: Activities = new Map();
  for (const change of changes) applyChange(draft, change, topology, activities);
  return activities;
}

function applyChange(draft: Draft, change: Change, topology: Topology, activities: Activities): void {
  switch (change.kind) {
    case 'place-appeared':
    case 'place-moved':
      placeSeen(draft, change.place, change.kind === 'place-appeared' ? 'place.appeared' : 'place.moved');
      break;
    case 'place-gone':
      placeGone(draft, change.uid);
      break;
    case 'stuck': {
      const { subject, uid } = change.device;
      remember(draft, 'device.stuck', { device: subject, ...(uid === undefined ? {} : { uid }) });
      break;
    }
    case 'unstuck':
      remember(draft, 'device.unstuck', { device: change.subject });
      break;
    case 'owners':
      ownersFound(draft, change, activities);
      break;
    case 'readability':
      readabilityChanged(draft, knownPlace(draft, change.uid, topology), change);
      break;
    case 'found':
    case 'cleared':
    case 'unconfirmed':
    case 'confirmed':
      rangesChanged(draft, knownPlace(draft, change.uid, topology), change, activityOf(activities, change.uid));
      break;
    default:
      change satisfies never;
  }
}

function knownPlace(draft: Draft, uid: string, topology: Topology): PlaceState {
  const known = draft.places.get(uid);
  if (known !== undefined) return known;
  const place = topology.places.find((candidate) => candidate.uid === uid);
  if (place === undefined) throw new Error(`a change names place ${uid}, which is neither known nor in the topology`);
  return newPlaceState(place);
}
function activityOf(activities: Activities, uid: string): Activity {
  const activity = activities.get(uid) ?? { added: [], removed: [], ownersChanged: false };
  activities.set(uid, activity);
  return activity;
}

function placeSeen(draft: Draft, place: Place, type: string): void {
  const known = draft.places.get(place.uid);
  const next: PlaceState =
    known === undefined
      ? newPlaceState(place)
      : { ...known, place, present: true, goneSince: null, ranges: relocate(known.ranges, known.place, place) };
  draft.places.set(place.uid, next);
  const was = known === undefined ? {} : { was: known.place.device };
  remember(draft, type, { uid: place.uid, device: place.device }, was);
}

function placeGone(draft: Draft, uid: string): void {
  const known = draft.places.get(uid);
  if (known === undefined || !known.present) return;
  draft.places.set(uid, { ...known, present: false, goneSince: draft.now });
  remember(draft, 'place.gone', { uid, device: known.place.device });
}

function readabilityChanged(draft: Draft, known: PlaceState, change: Change & { kind: 'readability' }): void {
  const { readable, complete, reasons } = change;
  const same = known.readable === readable && known.complete === complete;
  // a place that no list tells of is said to be unreadable by every pass
  if (same && known.reasons.join('\n') === reasons.join('\n')) return;
  draft.places.set(change.uid, { ...known, readable, complete, reasons });
  const about = { uid: change.uid, device: known.place.device };
  remember(draft, readable ? 'place.readable' : 'place.unreadable', about, { complete, reasons });
}

type RangesChange = Change & { readonly kind: 'found' | 'cleared' | 'unconfirmed' | 'confirmed' };

function rangesChanged(draft: Draft, known: PlaceState, change: RangesChange, activity: Activity): void {
  draft.places.set(change.uid, { ...known, ...changedRanges(known, change, activity, draft.now) });
  const { kind, uid, runs, ...data } = change;
  const about = { uid, device: known.place.device };
  remember(draft, `range.${kind}`, about, { runs: shownRuns(known.place, runs), ...data });
}

function changedRanges(known: PlaceState, change: RangesChange, activity: Activity, now: number): Partial<PlaceState> {
  const { place, ranges } = known;
  switch (change.kind) {
    case 'found': {
      const found = addFound(ranges, place, change.runs, { foundBy: change.foundBy, now });
      activity.added.push(...found.added);
      return { ranges: found.ranges, foundTotal: known.foundTotal + found.added.length };
    }
    case 'cleared': {
      const cleared = removeCleared(ranges, place, change.runs);
      activity.removed.push(...cleared.removed);
      const count = intersect(change.runs, ranges).length;
      return { ranges: cleared.ranges, clearedTotal: known.clearedTotal + count };
    }
    case 'unconfirmed':
      return { ranges: doubt(ranges, place, change.runs, change.reason) };
    case 'confirmed':
      return { ranges: confirm(ranges, place, change.runs, now) };
    default:
      return change satisfies never;
  }
}

/** An answer may come after its range or its place has gone: then it speaks of nothing that is tracked. */
function ownersFound(draft: Draft, change: Change & { kind: 'owners' }, activities: Activities): void {
  const known = draft.places.get(change.uid);
  if (known === undefined || intersect(known.ranges, change.runs).length === 0) return;
  const answered = setOwners(known.ranges, known.place, change, draft.now);
  draft.places.set(change.uid, { ...known, ranges: answered.ranges });
  if (!answered.changed) return;
  activityOf(activities, change.uid).ownersChanged = true;
  const kinds = [...new Set(change.owners.map((owner) => owner.kind))];
  const data = { runs: shownRuns(known.place, change.runs), complete: change.complete, kinds };
  remember(draft, 'range.owners', { uid: change.uid, device: known.place.device }, data);
}

/** Takes over what the newest readings say of themselves; a place that was not read yet keeps what is known. */
export function applyReadings(draft: Draft, readings: ReadonlyMap<string, PlaceReading>): void {
  for (const [uid, reading] of readings) {
    const known = draft.places.get(uid);
    if (known === undefined || reading.readAt === undefined || reading.pending || known.readAt === reading.readAt)
      continue;
    const { readable, complete, reasons, readAt } = reading;
    const ranges = readable ? seenAt(known.ranges, reading.runs, readAt) : known.ranges;
    draft.places.set(uid, { ...known, readable, complete, reasons, readAt, ranges });
  }
}

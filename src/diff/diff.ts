import type { PlaceReading, ReadingTrigger, Snapshot, StuckDevice } from '../model/badblocks.ts';
import type { Change, FoundBy } from '../model/change.ts';
import { intersect, run, subtract } from '../model/extent.ts';
import type { TrackedRange } from '../model/incident.ts';
import type { ScrubProof } from '../model/scrub.ts';
import type { PlaceState } from '../model/state.ts';
import type { ErrorSource, Place, Topology } from '../model/topology.ts';

/**
 * What moved between what is known and what is seen now. Applied to `known`, the changes make it agree with the snapshot, so
 * that the same snapshot gives none twice. In the order of the inventory's places, then places that are gone, then stuck devices.
 */
export function diff(
  known: ReadonlyMap<string, PlaceState>,
  topology: Topology,
  snapshot: Snapshot,
  stuckBefore: readonly StuckDevice[],
  proofs: ReadonlyMap<string, ScrubProof> = new Map(),
): Change[] {
  const changes: Change[] = [];
  const present = new Set(topology.places.map(({ uid }) => uid));
  for (const place of topology.places) {
    const state = known.get(place.uid);
    if (state === undefined || !state.present) changes.push({ kind: 'place-appeared', place });
    else if (!samePlace(state.place, place)) changes.push({ kind: 'place-moved', place });
    const reading = snapshot.places.get(place.uid);
    const proof = proofs.get(place.uid);
    if (reading === undefined || isSettled(reading, place, state, proof)) continue;
    const moved = diffPlace(place, state, reading, proof);
    if (moved.length === 0 && state !== undefined) settled.set(reading, { place, state, proof: proof?.id });
    for (const change of moved) changes.push(change);
  }
  for (const uid of [...known.keys()].sort()) {
    const state = known.get(uid);
    if (state?.present === true && !present.has(uid)) changes.push(...diffMissing(state, topology));
  }
  return [...changes, ...diffStuck(stuckBefore, snapshot.stuck)];
}

/** Readings that gave no change, with what they were held against: values are never changed in place, so they never will. */
const settled = new WeakMap<
  PlaceReading,
  { readonly place: Place; readonly state: PlaceState; readonly proof: string | undefined }
>();

function isSettled(
  reading: PlaceReading,
  place: Place,
  state: PlaceState | undefined,
  proof: ScrubProof | undefined,
): boolean {
  const before = settled.get(reading);
  return before !== undefined && before.place === place && before.state === state && before.proof === proof?.id;
}

function diffPlace(
  place: Place,
  state: PlaceState | undefined,
  reading: PlaceReading,
  proof: ScrubProof | undefined,
): Change[] {
  const { uid } = place;
  const changes: Change[] = [];
  const tracked = state?.ranges ?? [];
  if (reading.pending !== true && (state === undefined || state.readAt === null || !sameReadability(state, reading))) {
    const { readable, complete, reasons } = reading;
    changes.push({ kind: 'readability', uid, readable, complete, reasons });
  }
  const listedAgain = tracked.filter((range) => range.unconfirmed !== undefined || range.epoch !== place.epoch);
  const confirmed = intersect(listedAgain, reading.runs);
  if (confirmed.length > 0) changes.push({ kind: 'confirmed', uid, runs: confirmed });
  const found = subtract(reading.runs, tracked);
  if (found.length > 0) {
    changes.push({ kind: 'found', uid, runs: found, foundBy: foundBy(reading.trigger, place.errorSource) });
  }
  if (reading.readable && reading.complete) changes.push(...diffUnlisted(place, tracked, reading, proof));
  return changes;
}

/**
 * Tracked, but not in a complete list. Only the kernel instance that listed a sector itself can tell that it is repaired: it
 * takes it off when a write has cleared the poison. Another one has forgotten; that a full scrub, which the agent asked for and
 * saw through, has not brought it back, proves that it is gone.
 */
function diffUnlisted(
  place: Place,
  tracked: readonly TrackedRange[],
  { runs: listed, startTick }: PlaceReading,
  proof: ScrubProof | undefined,
): Change[] {
  const windows = place.kind === 'region' ? (place.windows ?? []) : [run(0, place.size)];
  const gone = subtract(tracked, listed);
  if (gone.length === 0) return [];
  const own = tracked.filter((range) => range.epoch === place.epoch);
  // told once: the reason stays until the range is listed again
  const undoubted = tracked.filter((range) => range.unconfirmed === undefined);
  const cleared = intersect(intersect(own, gone), windows);
  const searched =
    proof === undefined || startTick === undefined || startTick < proof.endedTick
      ? []
      : tracked.filter(({ epoch }) => epoch !== place.epoch);
  const proven = intersect(intersect(searched, gone), windows);
  const doubted = subtract(intersect(undoubted, gone), proven);
  const outside = subtract(doubted, windows);
  const forgotten = subtract(intersect(doubted, windows), own);
  const { uid } = place;
  const changes: Change[] = [];
  if (cleared.length > 0) changes.push({ kind: 'cleared', uid, runs: cleared });
  if (proof !== undefined && proven.length > 0) {
    changes.push({ kind: 'cleared', uid, runs: proven, provenBy: proof.id });
  }
  if (outside.length > 0) changes.push({ kind: 'unconfirmed', uid, runs: outside, reason: outsideReason });
  if (forgotten.length > 0) {
    changes.push({ kind: 'unconfirmed', uid, runs: forgotten, reason: forgottenReason(place.errorSource) });
  }
  return changes;
}

const outsideReason =
  'the sectors lie outside the place since namespaces were made or changed there: its list no longer tells of them';

function forgottenReason(source: ErrorSource): string {
  const since = 'not listed since the reboot or driver reload at which the kernel forgot its list';
  switch (source) {
    case 'ars':
      return `${since}; only a full scrub can tell whether it is gone`;
    case 'mce':
    case 'none':
      return `${since}; this bus has no scrub: nothing can prove that it is gone`;
    case 'papr':
      return `${since}; this hypervisor offers no scrub: nothing can prove that it is gone`;
    default:
      return source satisfies never;
  }
}

/** What the newest reading came from says how the error was found: a notification without a scrub behind it is a machine check. */
function foundBy(trigger: ReadingTrigger, source: ErrorSource): FoundBy {
  switch (trigger) {
    case 'start':
      return 'boot';
    case 'scrub':
      return 'scrub';
    case 'poll':
      return 'poll';
    case 'unclear':
      return 'unknown';
    case 'hint':
      return source === 'none' ? 'unknown' : 'mce';
    default:
      return trigger satisfies never;
  }
}

/**
 * A place that the inventory lacks is gone, unless the inventory says that it could not see the object: then it is unreadable,
 * for what cannot be seen is not known to be gone.
 */
function diffMissing(state: PlaceState, topology: Topology): Change[] {
  const { place } = state;
  const { uid } = place;
  const names = new Set([
    place.ndNamespace,
    place.ndRegion,
    place.bus,
    'bus/nd/devices',
    ...place.dimms.map((d) => d.name),
  ]);
  const problem = topology.problems.find(({ subject }) => subject !== '' && names.has(subject));
  if (problem === undefined) return [{ kind: 'place-gone', uid }];
  const unreadable = {
    readable: false,
    complete: false,
    reasons: [`it could not be looked at: ${problem.subject}: ${problem.reason}`],
  };
  return sameReadability(state, unreadable) ? [] : [{ kind: 'readability', uid, ...unreadable }];
}

type Readability = Pick<PlaceReading, 'readable' | 'complete' | 'reasons'>;

function sameReadability(a: Readability, b: Readability): boolean {
  return (
    a.readable === b.readable &&
    a.complete === b.complete &&
    a.reasons.length === b.reasons.length &&
    a.reasons.every((reason, i) => reason === b.reasons[i])
  );
}

/** Names, epoch and windows; the uid is the same already. Keys in whatever order: one place came from a file. */
function samePlace(a: Place, b: Place): boolean {
  return a === b || canonical(a) === canonical(b);
}
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

function diffStuck(before: readonly StuckDevice[], now: readonly StuckDevice[]): Change[] {
  const bySubject = (a: StuckDevice, b: StuckDevice): number => (a.subject < b.subject ? -1 : 1);
  const came = now.filter((device) => !before.some(({ subject }) => subject === device.subject)).sort(bySubject);
  const left = before.filter((device) => !now.some(({ subject }) => subject === device.subject)).sort(bySubject);
  return [
    ...came.map((device): Change => ({ kind: 'stuck', device })),
    ...left.map(({ subject }): Change => ({ kind: 'unstuck', subject })),
  ];
}

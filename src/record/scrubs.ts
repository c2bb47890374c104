/** What is known of the scrubs of each bus, and what people are told of them. Pure. */
import type { ListReading } from '../model/badblocks.ts';
import type { Change } from '../model/change.ts';
import { totalBytes } from '../model/extent.ts';
import {
  type BusScrubs,
  currentRun,
  type ScrubAnswer,
  type ScrubAsker,
  type ScrubOutcome,
  type ScrubReading,
  type ScrubRefusal,
  type ScrubRequest,
  type ScrubRun,
  scrubKeyOf,
  whyNoScrub,
} from '../model/scrub.ts';
import type { State } from '../model/state.ts';
import type { Bus, Topology } from '../model/topology.ts';
import { beginDraft, type Draft, type Recorded, remember, sealDraft } from './draft.ts';
import { followScrubIncidents, type ScrubPolicy } from './scrub-incidents.ts';
import { amend, begin, fail, follow, interrupt, newBusScrubs, request, type Step, seen } from './scrub-runs.ts';

export interface ScrubInput {
  readonly topology: Topology;
  readonly readings: readonly ScrubReading[];
  /** of the requests that were made since the last pass */
  readonly outcomes: readonly ScrubOutcome[];
  /** what people ask for, in their order */
  readonly asked: readonly ScrubRequest[];
  /** what the schedule asks for, made from the state before */
  due(state: State): readonly ScrubRequest[];
  readonly changes: readonly Change[];
  readonly lists: readonly ListReading[];
  readonly now: number;
}

/** The lists of a bus that do not come are not waited for longer than this. */
const LISTS_WITHIN_MS = 120_000;
/** Not for each of many errors a scrub of its own. */
const AFTER_ERROR_PAUSE_MS = 3_600_000;

/** To be called after the readings of the pass were recorded. `answers` are to `asked`, in their order. */
export function recordScrubs(
  state: State,
  input: ScrubInput,
  policy: ScrubPolicy,
): Recorded & { readonly answers: readonly ScrubAnswer[] } {
  const draft = beginDraft(state, input.now);
  const { topology } = input;
  followBuses(draft, topology);
  for (const bus of topology.buses) {
    const scrubs = draft.scrubs.get(scrubKeyOf(bus, topology.buses));
    if (scrubs !== undefined && bus.scrubSupported) followBus(draft, scrubs.key, bus, input, policy);
  }
  followScrubIncidents(draft, policy);
  const answers = input.asked.map((asked) => answer(draft, asked, input));
  for (const due of input.due(sealDraft(draft).state)) answer(draft, due, input);
  for (const asked of policy.afterError ? afterErrors(draft, input) : []) answer(draft, asked, input);
  return { ...sealDraft(draft), answers };
}

/** Who is there; what is kept of a bus that is gone waits for it. */
function followBuses(draft: Draft, { buses, problems }: Topology): void {
  const here = new Set<string>();
  for (const bus of buses) {
    if (!bus.scrubSupported) continue;
    const key = scrubKeyOf(bus, buses);
    here.add(key);
    const known = draft.scrubs.get(key);
    const next = known === undefined ? newBusScrubs(key, bus, draft.now) : seen(known, bus.name, draft.now);
    if (next !== known) draft.scrubs.set(key, next);
  }
  const hidden = new Set(problems.map(({ subject }) => subject));
  for (const [key, scrubs] of [...draft.scrubs]) {
    if (here.has(key) || !scrubs.present || hidden.has(scrubs.name) || hidden.has('bus/nd/devices')) continue;
    const run = currentRun(scrubs);
    const gone = { ...scrubs, present: false, goneSince: draft.now };
    if (run === undefined) draft.scrubs.set(key, gone);
    else take(draft, interrupt(gone, run, 'the bus went away while it was under way', draft.now));
  }
}

function followBus(draft: Draft, key: string, bus: Bus, input: ScrubInput, policy: ScrubPolicy): void {
  const { now } = draft;
  const making = makingOf(draft);
  const get = (): BusScrubs => draft.scrubs.get(key) as BusScrubs;
  const wasReading = currentRun(get())?.status === 'reading';
  for (const outcome of input.outcomes) {
    if (currentRun(get())?.id === outcome.run) take(draft, begin(get(), bus, outcome, making));
  }
  const reading = input.readings.find((each) => each.bus === bus.name && each.epoch === bus.epoch);
  if (reading !== undefined) take(draft, follow(get(), bus, reading, making));
  const run = currentRun(get());
  if (run === undefined || run.status === 'requested') return;
  const found = foundOn(draft, bus.name, input.changes);
  const counted: ScrubRun = {
    ...run,
    foundRanges: run.foundRanges + found.ranges,
    foundBytes: run.foundBytes + found.bytes,
  };
  if (found.ranges > 0) draft.scrubs.set(key, amend(get(), counted));
  if (run.status === 'running') {
    if (run.late || run.startedAt === null || now - run.startedAt < policy.deadlineMs) return;
    const late: ScrubRun = { ...counted, late: true };
    take(draft, { scrubs: amend(get(), late), events: [{ type: 'late', run: late }] });
  } else if (wasReading && run.endedAt !== null && listsAreRead(bus.name, run.endedAt, input, now)) {
    const completed: ScrubRun = { ...counted, status: 'completed' };
    const scrubs = amend(get(), completed);
    const full = completed.type === 'long' ? { lastFullAt: run.endedAt } : {};
    take(draft, { scrubs: { ...scrubs, ...full }, events: [{ type: 'completed', run: completed }] });
  }
}

/** Bad ranges that came into the lists of the bus in this pass. */
function foundOn(draft: Draft, bus: string, changes: readonly Change[]): { ranges: number; bytes: number } {
  const runs = changes.flatMap((change) =>
    change.kind === 'found' && draft.places.get(change.uid)?.place.bus === bus ? change.runs : [],
  );
  return { ranges: runs.length, bytes: totalBytes(runs) };
}

/** Whether every list of the bus was read from its start on after `endedAt`, be it in vain. */
function listsAreRead(bus: string, endedAt: number, { topology, lists }: ScrubInput, now: number): boolean {
  if (now - endedAt > LISTS_WITHIN_MS) return true;
  const subjects = new Set([
    ...topology.regions.flatMap((region) => (region.bus === bus ? [region.name] : [])),
    ...topology.namespaces.flatMap((namespace) => (namespace.bus === bus ? (namespace.device ?? []) : [])),
  ]);
  return lists.every(
    ({ subject, at, durationMs, stuckSince }) =>
      !subjects.has(subject) || stuckSince !== undefined || at - durationMs >= endedAt,
  );
}

/** Asks for the runs, or says why not. What the schedule asks for in vain stays due, unless it can never be had from here. */
function answer(draft: Draft, { bus: name, asker }: ScrubRequest, { topology, readings }: ScrubInput): ScrubAnswer {
  const meant = topology.buses.filter((bus) => name === null || bus.name === name);
  const started: ScrubRun[] = [];
  const refused: ScrubRefusal[] = [];
  if (meant.length === 0) {
    const reason = name === null ? 'this host has no nvdimm bus' : `there is no bus ${name}`;
    refused.push({ bus: name ?? '', kind: 'unknown-bus', reason });
  }
  for (const bus of meant) {
    const refusal = whyRefused(draft, bus, topology, readings);
    if (refusal === undefined) started.push(requestRun(draft, bus, topology, asker));
    else {
      refused.push({ bus: bus.name, ...refusal });
      if (refusal.kind === 'not-writable' && asker.due !== undefined) {
        const run = requestRun(draft, bus, topology, asker);
        const scrubs = draft.scrubs.get(scrubKeyOf(bus, topology.buses)) as BusScrubs;
        take(draft, fail({ ...scrubs, scheduledUpTo: draft.now }, run, refusal.reason, draft.now));
      }
    }
  }
  return { started, refused };
}

function whyRefused(
  draft: Draft,
  bus: Bus,
  { buses }: Topology,
  readings: readonly ScrubReading[],
): Omit<ScrubRefusal, 'bus'> | undefined {
  const unsupported = whyNoScrub(bus);
  if (unsupported !== undefined) return { kind: 'unsupported', reason: unsupported };
  const run = currentRun(draft.scrubs.get(scrubKeyOf(bus, buses)));
  if (run !== undefined) return { kind: 'running', reason: `a scrub of ${bus.name} is under way (${run.id})` };
  const reading = readings.find((each) => each.bus === bus.name);
  if (reading === undefined || reading.notWritable === '') return undefined;
  return { kind: 'not-writable', reason: reading.notWritable };
}

function requestRun(draft: Draft, bus: Bus, { buses }: Topology, asker: ScrubAsker): ScrubRun {
  const scrubs = draft.scrubs.get(scrubKeyOf(bus, buses)) as BusScrubs;
  const step = request(scrubs, bus, asker, makingOf(draft));
  take(draft, step);
  return step.run;
}

/** A machine check on a bus asks for a search of all of it: where one cell fails, others do. */
function afterErrors(draft: Draft, { changes, topology }: ScrubInput): ScrubRequest[] {
  const hit = new Map<string, string>();
  for (const change of changes) {
    const place = draft.places.get('uid' in change ? change.uid : '')?.place;
    if (change.kind === 'found' && change.foundBy === 'mce' && place !== undefined) hit.set(place.bus, place.device);
  }
  return [...hit].flatMap(([name, device]) => {
    const bus = topology.buses.find((each) => each.name === name);
    const scrubs = bus === undefined ? undefined : draft.scrubs.get(scrubKeyOf(bus, topology.buses));
    const last = scrubs?.runs.findLast(({ asker }) => asker !== null);
    if (scrubs === undefined || (last !== undefined && draft.now - last.requestedAt < AFTER_ERROR_PAUSE_MS)) return [];
    const reason = `an uncorrected error on ${device || name}`;
    return [{ bus: name, asker: { author: 'policy', via: 'scrub.after_error', reason } }];
  });
}

function makingOf({ now, previous }: Draft) {
  return { now, lineage: previous.lineage, machineId: previous.host.machineId };
}

function take(draft: Draft, { scrubs, events }: Step): void {
  if (draft.scrubs.get(scrubs.key) !== scrubs) draft.scrubs.set(scrubs.key, scrubs);
  for (const { type, run } of events) {
    remember(draft, `scrub.${type}`, { uid: scrubs.key, device: run.bus }, eventData(type, run));
  }
}
function eventData(type: string, run: ScrubRun): Record<string, unknown> {
  const { id, asker, startedAt, endedAt, countBefore, countAfter, foundRanges, foundBytes, reason } = run;
  const by =
    asker === null ? {} : { author: asker.author, via: asker.via, ...(asker.reason !== '' && { why: asker.reason }) };
  const common = { id, ...by, ...(reason !== '' && { reason }) };
  if (type === 'requested') return common;
  if (type === 'started' || type === 'late') return { ...common, scrubType: run.type };
  const durationMs = startedAt === null || endedAt === null ? null : endedAt - startedAt;
  return { ...common, scrubType: run.type, durationMs, countBefore, countAfter, foundRanges, foundBytes };
}

/** The life of one scrub, and what is counted of its bus. Pure: each function answers the bus as it is after it, and what to remember. */
import type { BusScrubs, ScrubAsker, ScrubOutcome, ScrubReading, ScrubRun, ScrubState } from '../model/scrub.ts';
import { currentRun } from '../model/scrub.ts';
import type { Bus } from '../model/topology.ts';
import { scrubIdOf } from './identity.ts';

/** A line of the history, about a run. */
export interface ScrubEvent {
  readonly type: 'requested' | 'started' | 'late' | 'completed' | 'failed' | 'interrupted';
  readonly run: ScrubRun;
}
export interface Step {
  readonly scrubs: BusScrubs;
  readonly events: readonly ScrubEvent[];
}

/** Older ones are forgotten: a year of weekly scrubs, and then some. */
const MOST_RUNS = 100;
/** A request that the kernel took shows at once; one that never shows is given up after this. */
const SHOWS_WITHIN_MS = 30_000;
/** A clock that was set back must not keep the schedule waiting for the time it once showed. */
const CLOCK_SLACK_MS = 60_000;

export function newBusScrubs(key: string, bus: Bus, now: number): BusScrubs {
  return {
    key,
    name: bus.name,
    present: true,
    goneSince: null,
    firstSeen: now,
    kernel: null,
    total: 0,
    lastCompletedAt: null,
    lastDurationMs: null,
    lastFullAt: null,
    scheduledUpTo: now,
    ordinal: 0,
    runs: [],
  };
}

/** Under its name of now, and with a schedule that does not wait for a time that a wrong clock once showed. */
export function seen(scrubs: BusScrubs, name: string, now: number): BusScrubs {
  const ahead = scrubs.scheduledUpTo > now + CLOCK_SLACK_MS;
  if (scrubs.present && scrubs.name === name && !ahead) return scrubs;
  return { ...scrubs, name, present: true, goneSince: null, ...(ahead && { scheduledUpTo: now }) };
}

export function request(
  scrubs: BusScrubs,
  bus: Bus,
  asker: ScrubAsker,
  by: { readonly now: number; readonly lineage: string; readonly machineId: string },
): Step & { readonly run: ScrubRun } {
  const run: ScrubRun = {
    ...blankRun(scrubs, bus.epoch, by),
    asker,
    status: 'requested',
    requestedAt: by.now,
  };
  return { run, scrubs: withRun(scrubs, run), events: [{ type: 'requested', run }] };
}
interface Making {
  readonly now: number;
  readonly lineage: string;
  readonly machineId: string;
}
function blankRun(scrubs: BusScrubs, epoch: string, { now, lineage, machineId }: Making): ScrubRun {
  return {
    id: scrubIdOf(machineId, lineage, scrubs.key, scrubs.ordinal + 1),
    bus: scrubs.name,
    epoch,
    asker: null,
    type: 'unknown',
    status: 'running',
    requestedAt: now,
    startedAt: null,
    endedAt: null,
    countBefore: null,
    countAfter: null,
    searchable: [],
    late: false,
    foundRanges: 0,
    foundBytes: 0,
    reason: '',
  };
}
/** What is under way stays last. */
function withRun(scrubs: BusScrubs, run: ScrubRun): BusScrubs {
  const current = currentRun(scrubs);
  const runs = current === undefined ? [...scrubs.runs, run] : [...scrubs.runs.slice(0, -1), run, current];
  return { ...scrubs, ordinal: scrubs.ordinal + 1, runs: runs.slice(-MOST_RUNS) };
}

/** The run that is under way, changed. */
export function amend(scrubs: BusScrubs, run: ScrubRun): BusScrubs {
  return { ...scrubs, runs: [...scrubs.runs.slice(0, -1), run] };
}

export function fail(scrubs: BusScrubs, run: ScrubRun, reason: string, now: number): Step {
  const ended: ScrubRun = { ...run, status: 'failed', endedAt: now, reason };
  return { scrubs: amend(scrubs, ended), events: [{ type: 'failed', run: ended }] };
}

/** Machine, driver or bus went away meanwhile; what the schedule had asked for is due once more. */
export function interrupt(scrubs: BusScrubs, run: ScrubRun, reason: string, now: number): Step {
  const ended: ScrubRun = { ...run, status: 'interrupted', endedAt: now, reason };
  const due = run.asker?.due === undefined ? {} : { scheduledUpTo: run.asker.due - 1 };
  return { scrubs: { ...amend(scrubs, ended), ...due }, events: [{ type: 'interrupted', run: ended }] };
}

/** What the kernel answered to the request. */
export function begin(scrubs: BusScrubs, bus: Bus, { at, start, searchable }: ScrubOutcome, making: Making): Step {
  const run = currentRun(scrubs);
  if (run === undefined || run.status !== 'requested') return { scrubs, events: [] };
  // what is due by the schedule is done with, whatever comes of it; what runs in its place may be a short one
  const dealtWith = start.kind === 'busy' ? scrubs : { ...scrubs, scheduledUpTo: Math.max(at, scrubs.scheduledUpTo) };
  if (start.kind === 'failed') return fail(dealtWith, run, start.reason, at);
  const counted =
    start.before === null ? { scrubs: dealtWith, events: [] } : count(dealtWith, bus, start.before, at, making);
  const common = { ...run, epoch: bus.epoch, startedAt: at, countBefore: start.before?.completed ?? null };
  const begun: ScrubRun =
    start.kind === 'busy'
      ? {
          ...common,
          status: 'running',
          reason: 'another scrub ran already: it is followed in place of the one asked for',
        }
      : { ...common, ...kindOf(start.before, start.after), status: 'running', searchable };
  return { scrubs: amend(counted.scrubs, begun), events: [...counted.events, { type: 'started', run: begun }] };
}
function kindOf(before: ScrubState, after: ScrubState): Pick<ScrubRun, 'type' | 'reason'> {
  if (!before.running && after.running) return { type: 'long', reason: '' };
  return { type: 'unknown', reason: 'the kernel took the request, and was not seen at it' };
}

/** A look at the count of a bus. */
export function follow(scrubs: BusScrubs, bus: Bus, reading: ScrubReading, making: Making): Step {
  const run = currentRun(scrubs);
  if (reading.state.kind !== 'ok') return { scrubs, events: [] };
  const state = reading.state.value;
  if (run?.status === 'running') return followRun(scrubs, run, bus, state, reading.at, making);
  const counted = count(scrubs, bus, state, reading.at, making);
  // what comes of a request is told by whoever makes it: until then nobody knows whose scrub is seen
  if (!state.running || run !== undefined) return counted;
  const found: ScrubRun = {
    ...blankRun(counted.scrubs, bus.epoch, making),
    startedAt: reading.at,
    countBefore: state.completed,
    reason: 'started by somebody else',
  };
  return { scrubs: withRun(counted.scrubs, found), events: [...counted.events, { type: 'started', run: found }] };
}

function followRun(scrubs: BusScrubs, run: ScrubRun, bus: Bus, state: ScrubState, at: number, making: Making): Step {
  if (run.epoch !== bus.epoch) {
    const ended = interrupt(scrubs, run, 'the machine or the driver was started anew while it ran', at);
    const counted = count(ended.scrubs, bus, state, at, making);
    return { scrubs: counted.scrubs, events: [...ended.events, ...counted.events] };
  }
  const { startedAt } = run;
  if (startedAt === null || at <= startedAt) return { scrubs, events: [] };
  if (run.countBefore === null) return { scrubs: amend(scrubs, { ...run, countBefore: state.completed }), events: [] };
  const more = state.completed - run.countBefore;
  if (more > 0) {
    const ended: ScrubRun = { ...run, status: 'reading', endedAt: at, countAfter: state.completed };
    return {
      scrubs: {
        ...amend(scrubs, ended),
        kernel: { epoch: bus.epoch, completed: state.completed },
        total: scrubs.total + more,
        lastCompletedAt: at,
        lastDurationMs: at - startedAt,
      },
      events: [],
    };
  }
  if (state.running) return { scrubs, events: [] };
  if (run.type === 'unknown' && run.asker !== null && at - startedAt < SHOWS_WITHIN_MS) return { scrubs, events: [] };
  return fail(scrubs, run, 'it ended, but the kernel has not counted it as completed', at);
}

/** Takes over the kernel's count; scrubs that nobody saw running are told as one. */
function count(scrubs: BusScrubs, bus: Bus, { completed }: ScrubState, at: number, making: Making): Step {
  const { kernel } = scrubs;
  const next = { ...scrubs, kernel: { epoch: bus.epoch, completed } };
  // before the first look: what was counted then is not ours to tell
  if (kernel === null) return { scrubs: next, events: [] };
  const since = kernel.epoch === bus.epoch ? kernel.completed : 0;
  const more = completed - since;
  if (more <= 0)
    return kernel.epoch === bus.epoch && more === 0 ? { scrubs, events: [] } : { scrubs: next, events: [] };
  const run: ScrubRun = {
    ...blankRun(scrubs, bus.epoch, making),
    status: 'completed',
    endedAt: at,
    countBefore: since,
    countAfter: completed,
    reason: `${more === 1 ? 'it was' : `${more} were`} not seen running, only counted`,
  };
  const counted = { ...withRun(next, run), total: scrubs.total + more, lastCompletedAt: at };
  return { scrubs: counted, events: [{ type: 'completed', run }] };
}

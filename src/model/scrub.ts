/** Searches of a bus for latent poison (address range scrub, ARS; drivers/acpi/nfit/core.c). Times are ms since the epoch. */
import type { Observation } from './observation.ts';
import type { Bus, Region, Topology } from './topology.ts';

/** `nfit/scrub`: how many scrubs have ended since the driver was loaded, and whether one runs. */
export interface ScrubState {
  readonly completed: number;
  readonly running: boolean;
}

/** `"<count>\n"` when idle, `"<count>+\n"` while a scrub runs (drivers/acpi/nfit/core.c scrub_show); undefined for anything else. */
export function parseScrubState(text: string): ScrubState | undefined {
  const match = /^(\d{1,15})(\+?)\n?$/.exec(text);
  return match === null ? undefined : { completed: Number(match[1]), running: match[2] === '+' };
}

/** The last look at the scrub of one bus. */
export interface ScrubReading {
  /** kernel name: `ndbus0` */
  readonly bus: string;
  /** `Bus.epoch`: the count starts anew with the driver */
  readonly epoch: string;
  readonly at: number;
  readonly state: Observation<ScrubState>;
  /** why a scrub cannot be started from here, in words; '' where it can */
  readonly notWritable: string;
  /** when the call was made that has not come back */
  readonly stuckSince?: number;
}

/** Who asked for a scrub. */
export interface ScrubAsker {
  /** as they name themselves, `schedule`, `SIGUSR2` */
  readonly author: string;
  /** how they were let in: `unix socket`, `token NAME`, `signal`, `schedule`, `policy` */
  readonly via: string;
  readonly reason: string;
  /** of the schedule: when it was due */
  readonly due?: number;
}
/** `bus`: kernel name, or null for every bus that can. */
export interface ScrubRequest {
  readonly bus: string | null;
  readonly asker: ScrubAsker;
}
/** Why nothing was started on a bus. */
export interface ScrubRefusal {
  readonly bus: string;
  readonly kind: 'unknown-bus' | 'unsupported' | 'not-writable' | 'running';
  readonly reason: string;
}
export interface ScrubAnswer {
  readonly started: readonly ScrubRun[];
  readonly refused: readonly ScrubRefusal[];
}

/** What came of asking the kernel to start one. */
export type ScrubStart =
  /** the kernel took it; `before` and `after` are what the file said around the write */
  | { readonly kind: 'accepted'; readonly before: ScrubState; readonly after: ScrubState }
  /** one ran already: nothing was written, or the kernel has as many requests as it keeps */
  | { readonly kind: 'busy'; readonly before: ScrubState | null }
  | { readonly kind: 'failed'; readonly reason: string };
export interface ScrubOutcome {
  /** of the run that was to be started */
  readonly run: string;
  readonly at: number;
  readonly start: ScrubStart;
  /** uids of the places whose firmware says that it can search them (ARS_CAP: persistent scrub supported) */
  readonly searchable: readonly string[];
}

/**
 * requested -> running -> reading -> completed, or failed from each of the first two. `reading`: the kernel is through, the
 * lists of its bus are read once more. `interrupted`: machine, driver or bus went away meanwhile.
 */
export type ScrubStatus = 'requested' | 'running' | 'reading' | 'completed' | 'failed' | 'interrupted';

/** One scrub, from the request or the first sight of it to its end. */
export interface ScrubRun {
  readonly id: string;
  /** kernel name at the time */
  readonly bus: string;
  readonly epoch: string;
  /** null: started by somebody else (boot, ndctl, a machine check with hw_error_scrub) */
  readonly asker: ScrubAsker | null;
  /** `long` only when the kernel took our request, was idle before and busy after it: then it searches everything. Others may be short. */
  readonly type: 'long' | 'unknown';
  readonly status: ScrubStatus;
  readonly requestedAt: number;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  readonly countBefore: number | null;
  readonly countAfter: number | null;
  /** uids of the places that it can prove something of */
  readonly searchable: readonly string[];
  /** runs longer than the deadline */
  readonly late: boolean;
  /** bad ranges that came into the lists while it ran */
  readonly foundRanges: number;
  readonly foundBytes: number;
  /** why it failed, or why it is of unknown type; '' when there is nothing to say */
  readonly reason: string;
}

/** What is kept of the scrubs of one bus over restarts and reboots. */
export interface BusScrubs {
  /** `scrubKeyOf` */
  readonly key: string;
  /** kernel name as last seen */
  readonly name: string;
  readonly present: boolean;
  readonly goneSince: number | null;
  readonly firstSeen: number;
  /** as last read */
  readonly kernel: { readonly epoch: string; readonly completed: number } | null;
  /** seen to end since the bus was first seen, of any type */
  readonly total: number;
  readonly lastCompletedAt: number | null;
  readonly lastDurationMs: number | null;
  /** end of the last long one that we asked for and saw through */
  readonly lastFullAt: number | null;
  /** occurrences of the schedule up to this time are dealt with */
  readonly scheduledUpTo: number;
  /** how many runs there were; numbers their ids */
  readonly ordinal: number;
  /** oldest first; only the last one can be under way */
  readonly runs: readonly ScrubRun[];
}

export function isUnderWay({ status }: ScrubRun): boolean {
  return status === 'requested' || status === 'running' || status === 'reading';
}
export function currentRun(scrubs: BusScrubs | undefined): ScrubRun | undefined {
  const last = scrubs?.runs.at(-1);
  return last !== undefined && isUnderWay(last) ? last : undefined;
}

/** A scrub that proves what is no longer listed to be gone. */
export interface ScrubProof {
  /** of the run */
  readonly id: string;
  readonly startedAt: number;
  /** a list proves something when its reading began at this time or later */
  readonly endedAt: number;
}

/** By uid of the place: the last long scrub of this instance of the kernel's bus that the agent asked for and saw through. */
export function proofsOf(all: Iterable<BusScrubs>, topology: Topology): ReadonlyMap<string, ScrubProof> {
  const proofs = new Map<string, ScrubProof>();
  for (const { name, present, runs } of all) {
    const epoch = topology.buses.find((bus) => bus.name === name)?.epoch;
    const run = runs.findLast((each) => each.type === 'long' && each.epoch === epoch && isSeenThrough(each));
    if (!present || run === undefined || run.startedAt === null || run.endedAt === null) continue;
    for (const uid of run.searchable) proofs.set(uid, { id: run.id, startedAt: run.startedAt, endedAt: run.endedAt });
  }
  return proofs;
}
function isSeenThrough({ status }: ScrubRun): boolean {
  return status === 'reading' || status === 'completed';
}

/** What the scrubs of a bus are kept under: its provider, which outlives renumbering; with the name where several have the same. */
export function scrubKeyOf(bus: Bus, buses: readonly Bus[]): string {
  const alike = buses.filter(({ provider }) => provider === bus.provider);
  return alike.length === 1 ? bus.provider : `${bus.provider} ${bus.name}`;
}

/** The regions whose memory a scrub of this bus searches for what outlives power. */
export function scrubbedRegions(topology: Topology, bus: string): readonly Region[] {
  return topology.regions.filter((region) => region.bus === bus && region.kind === 'pmem');
}

/** Why a bus cannot be searched on request, in words; undefined where it can. */
export function whyNoScrub({ scrubSupported, errorSource, provider }: Bus): string | undefined {
  if (scrubSupported) return undefined;
  switch (errorSource) {
    case 'papr':
      return 'the hypervisor offers no scrub (PAPR): errors are listed when memory is used';
    case 'mce':
      return 'the firmware of this bus has no address range scrub (ARS): errors are listed when memory is used';
    case 'ars':
    case 'none':
      if (provider === 'CXL') return 'the kernel offers no scrub for CXL memory, and lists none of its errors';
      return `a bus of ${provider} has no scrub, and nothing lists its errors`;
    default:
      return errorSource satisfies never;
  }
}

import type { Change } from '../model/change.ts';
import { AgentError, messageOf } from '../model/errors.ts';
import { coalesce, type Run, run } from '../model/extent.ts';
import type { Owner, ResolveAnswer } from '../model/owner.ts';
import type { PlaceState, State } from '../model/state.ts';
import type { BlockDevice, Mount, Place, Topology } from '../model/topology.ts';
import type { Clock, Logger, ResolveProgress, Resolver } from '../ports.ts';
import { splitPlace } from './place.ts';
import { createTimings } from './timings.ts';

export interface ResolveQueueConfig {
  readonly deadlineMs: number;
  readonly walkRoots: readonly string[];
}
export interface ResolveQueue {
  /** Looks at what has no owners yet, or old ones, and asks for them; returns at once. */
  request(state: State): void;
  /** Asks anew at the next request, whatever is known: somebody wants to know now. */
  again(): void;
  /** The answers since the last call, as changes for the next pass. */
  take(): Change[];
  timings: ReturnType<typeof createTimings>['list'];
  stop(): void;
}

/** At most this many places are resolved side by side. */
const LANES = 2;
/** One that takes longer than this gives its lane to others, so that neither a huge file system nor a hung device starves them. */
const PATIENCE_MS = 20_000;
/** With those that take long; each has a process of its own. */
const MOST_RUNNING = 6;
/** Owners change while a range stays bad (files are deleted, moved, opened): look again after this long. */
const REFRESH_COMPLETE_MS = 3_600_000;
const RETRY_FIRST_MS = 15_000;
const RETRY_MOST_MS = 900_000;

interface Attempt {
  readonly signature: string;
  readonly topology: string;
  readonly at: number;
  readonly incomplete: number;
}

/**
 * Beside the loop: one job a place, oldest damage first, each with its deadline, in the probe process. A place is
 * asked again when its ranges change, when the mounts or layers change, and after a while.
 */
export function createResolveQueue(deps: {
  resolver: Resolver;
  clock: Clock;
  /** asked anew for each job: it can be reloaded */
  config: () => ResolveQueueConfig;
  onAnswer: () => void;
  log: Logger;
}): ResolveQueue {
  const { resolver, clock, config, log } = deps;
  const waiting = new Map<string, { place: Place; runs: readonly Run[]; since: number; topology: string }>();
  const running = new Map<string, { readonly abort: AbortController; readonly started: number }>();
  const attempts = new Map<string, Attempt>();
  const answers: Change[] = [];
  const timings = createTimings();
  let stopped = false;

  function request(state: State): void {
    for (const [uid, placeState] of state.places) {
      if (!placeState.present || placeState.ranges.length === 0) {
        attempts.delete(uid);
        waiting.delete(uid);
        continue;
      }
      const topology = layoutOf(state.topology, placeState.place.device);
      if (!running.has(uid) && isDue(placeState, topology, attempts.get(uid), clock.now())) {
        const since = placeState.ranges.reduce((least, r) => Math.min(least, r.firstSeen), Number.POSITIVE_INFINITY);
        waiting.set(uid, { place: placeState.place, runs: placeState.ranges, since, topology });
      }
    }
    next();
  }

  function next(): void {
    while (!stopped && hasLane() && waiting.size > 0) {
      const [uid, job] = [...waiting].sort(([, a], [, b]) => a.since - b.since)[0] as [
        string,
        typeof waiting extends Map<string, infer V> ? V : never,
      ];
      waiting.delete(uid);
      const abort = new AbortController();
      const started = clock.monotonic();
      running.set(uid, { abort, started });
      const cancelPatience = clock.after(PATIENCE_MS, next);
      void resolvePlace(job.place, job.runs, abort.signal)
        .then(({ owners, complete }) => {
          const before = attempts.get(uid);
          const signature = signatureOf(job.place, job.runs);
          const same = before?.signature === signature && before.topology === job.topology;
          attempts.set(uid, {
            signature,
            topology: job.topology,
            at: clock.now(),
            incomplete: complete ? 0 : (same ? before.incomplete : 0) + 1,
          });
          for (const fsType of new Set(owners.map((o) => o.fsType).filter((t) => t !== undefined))) {
            timings.observe(fsType, (clock.monotonic() - started) / 1000);
          }
          if (!abort.signal.aborted) answers.push({ kind: 'owners', uid, runs: coalesce(job.runs), owners, complete });
        })
        .finally(() => {
          running.delete(uid);
          cancelPatience();
          if (stopped) return;
          next();
          deps.onAnswer();
        });
    }
  }

  function hasLane(): boolean {
    const taken = [...running.values()].filter(({ started }) => clock.monotonic() - started < PATIENCE_MS).length;
    return taken < LANES && running.size < MOST_RUNNING;
  }

  /** Owners that come before the others: known already, though not yet all that there is to know of them. */
  function tellEarly({ uid, device, dataStart }: Place, owners: readonly Owner[]): void {
    if (dataStart === undefined) return;
    const runs = coalesce(owners.filter((o) => o.device === device).map((o) => run(o.start + dataStart, o.count)));
    answers.push({ kind: 'owners', uid, runs, owners, complete: false });
    deps.onAnswer();
  }

  async function resolvePlace(
    place: Place,
    runs: readonly Run[],
    signal: AbortSignal,
  ): Promise<{ owners: Owner[]; complete: boolean }> {
    const { onDevice, known } = splitPlace(place, coalesce(runs));
    if (onDevice.length === 0) return { owners: [...known], complete: known.every((o) => o.kind !== 'unknown') };
    const answer = await ask(place, onDevice, signal);
    const owners = answer.results.flatMap((r) => r.owners);
    return { owners: [...known, ...(place.mode === 'devdax' ? owners.map(asDax) : owners)], complete: answer.complete };
  }

  async function ask(place: Place, runs: readonly Run[], signal: AbortSignal): Promise<ResolveAnswer> {
    const { device } = place;
    try {
      const job = { device, runs, ...config() };
      const onProgress = ({ owners = [] }: ResolveProgress): void => {
        if (owners.length > 0 && !signal.aborted) tellEarly(place, owners);
      };
      return await resolver.resolve(job, onProgress, signal);
    } catch (error) {
      const reason = error instanceof AgentError ? error.message : `resolving failed: ${messageOf(error)}`;
      if (!signal.aborted) log.warn({ device, uid: place.uid, err: error }, 'resolve failed');
      const owners = runs.map((r): Owner => ({ kind: 'unknown', device, start: r.start, count: r.count, reason }));
      return {
        device,
        complete: false,
        results: owners.map((o) => ({ start: o.start, count: o.count, complete: false, owners: [o] })),
      };
    }
  }

  return {
    request,
    again: () => attempts.clear(),
    take: () => answers.splice(0),
    timings: timings.list,
    stop() {
      stopped = true;
      for (const { abort } of running.values()) abort.abort();
    },
  };
}

/** That nothing but mappings is on a DAX device is known without asking it; who maps it is what an answer adds. */
function asDax(owner: Owner): Owner {
  return owner.kind === 'unknown' ? { ...owner, kind: 'raw', metadata: 'device-dax' } : owner;
}

function isDue(placeState: PlaceState, topology: string, last: Attempt | undefined, now: number): boolean {
  if (last === undefined || last.signature !== signatureOf(placeState.place, placeState.ranges)) return true;
  if (last.topology !== topology) return true;
  const wait =
    last.incomplete === 0 ? REFRESH_COMPLETE_MS : Math.min(RETRY_FIRST_MS * 2 ** (last.incomplete - 1), RETRY_MOST_MS);
  return now - last.at >= wait;
}
function signatureOf(place: Place, runs: readonly Run[]): string {
  return `${place.device}@${place.dataStart ?? '-'}:${sectorsOf(runs)}`;
}

/** Every pass asks for every place: what is made of values that are never changed is made once. */
const sectorTexts = new WeakMap<readonly Run[], string>();

function sectorsOf(runs: readonly Run[]): string {
  let text = sectorTexts.get(runs);
  if (text === undefined) {
    text = coalesce(runs)
      .map((r) => `${r.start}+${r.count}`)
      .join(',');
    sectorTexts.set(runs, text);
  }
  return text;
}

const layouts = new WeakMap<Topology, Map<string, string>>();

function layoutOf(topology: Topology, device: string): string {
  const known = layouts.get(topology) ?? new Map<string, string>();
  layouts.set(topology, known);
  let layout = known.get(device);
  if (layout === undefined) {
    layout = describeLayout(topology, device);
    known.set(device, layout);
  }
  return layout;
}

/** Whether a loop device's file lies below a mount point, as far as its name tells. */
function isFileOn({ assembly }: BlockDevice, { mountpoint }: Mount): boolean {
  return assembly?.kind === 'loop' && assembly.file.text.startsWith(mountpoint.text);
}

/** Layout and state of the members of an array: which copy is good changes with them. */
function describeAssembly({ size, assembly }: BlockDevice): string {
  if (assembly?.kind === 'loop') return `${assembly.file.base64} ${assembly.offset}`;
  if (assembly?.kind !== 'md') return assembly === undefined ? '' : `${size}`;
  const { members, doubt } = assembly.raid;
  return [size, doubt, ...members.map((m) => `${m.device} ${m.slot} ${m.state} ${sectorsOf(m.bad)}`)].join(' ');
}

/** What owners depend on besides the ranges: the layers above the device and the mounts on them, none of the host's others. */
function describeLayout(topology: Topology, device: string): string {
  const above = new Set([device]);
  for (const name of above) {
    const mounted = topology.mounts.filter((m) =>
      topology.blockDevices.some((d) => d.name === name && d.devNumber === m.devNumber),
    );
    for (const d of topology.blockDevices) {
      if (d.name === name) for (const holder of d.holders) above.add(holder);
      if (d.assembly?.kind === 'loop' && d.assembly.device === name) above.add(d.name);
      if (d.partitionOf?.disk === name || mounted.some((m) => isFileOn(d, m))) above.add(d.name);
    }
  }
  const devices = topology.blockDevices.filter((d) => above.has(d.name));
  const numbers = new Set(devices.map((d) => d.devNumber));
  const mounts = topology.mounts.filter((m) => numbers.has(m.devNumber));
  return [
    ...devices.map((d) => `${d.name} ${d.devNumber} ${d.partitionOf?.start ?? ''} ${describeAssembly(d)}`).sort(),
    ...mounts.map((m) => `${m.devNumber} ${m.root.base64} ${m.mountpoint.base64} ${m.fsType}`).sort(),
  ].join('\n');
}

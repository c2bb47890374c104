/** Scrubs where no agent runs: asked of the kernel by the command itself, and followed by what `nfit/scrub` says. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Snapshot } from '../model/badblocks.ts';
import { AgentError } from '../model/errors.ts';
import { type Run as Sectors, subtract, totalBytes } from '../model/extent.ts';
import { parseScrubState, type ScrubState, whyNoScrub } from '../model/scrub.ts';
import type { Bus, Topology } from '../model/topology.ts';
import type { CommandContext, CommandPlatform } from './command.ts';
import { observeOnce } from './observe-once.ts';
import { createProgressLine } from './progress.ts';
import type { Asked, Run } from './rescan.ts';
import { isUnderWay, underWayText } from './rescan-text.ts';

/** Each look at a running scrub makes the kernel ask its firmware every second again: they become rare. */
const LOOKS_MS = [1_000, 2_000, 5_000, 15_000, 30_000, 67_000] as const;

interface Scrub {
  run: Run;
  readonly bus: Bus;
  readonly beganAt: number;
  readonly completedBefore: number;
}

/**
 * Starts them, and with `wait` sees them through.
 * @throws AgentError USAGE when a bus is not there, or the only one asked for cannot
 */
export async function rescanDirectly(
  buses: readonly string[],
  wait: boolean,
  platform: CommandPlatform,
  context: CommandContext,
): Promise<Asked> {
  const before = await observeOnce(platform, context);
  const asked = busesOf(before.topology, buses);
  const refused: { bus: string; reason: string }[] = [];
  const scrubs: Scrub[] = [];
  for (const bus of asked) {
    const begun = await start(bus, platform, context);
    if (typeof begun === 'string') refused.push({ bus: bus.name, reason: begun });
    else scrubs.push(begun);
  }
  const [first] = refused;
  if (scrubs.length === 0) {
    const why = first === undefined ? 'this host has no nvdimm bus' : `${first.bus}: ${first.reason}`;
    throw new AgentError('USAGE', `no scrub was started: ${why}`);
  }
  if (wait) await seeThrough(scrubs, before, platform, context);
  return { items: scrubs.map(({ run }) => run), refused };
}

function busesOf({ buses }: Topology, names: readonly string[]): readonly Bus[] {
  if (names.length === 0) return buses;
  return [...new Set(names)].map((name) => {
    const found = buses.find((bus) => bus.name === name);
    if (found !== undefined) return found;
    throw new AgentError('USAGE', `this host has no bus ${name}: pmemwatch list shows them`);
  });
}

/** The scrub, or why there is none. */
async function start(bus: Bus, { scrubs }: CommandPlatform, { clock }: CommandContext): Promise<Scrub | string> {
  const why = whyNoScrub(bus) ?? (await scrubs.whyNotWritable(bus.name))?.reason;
  if (why !== undefined) return why;
  const begun = await scrubs.start(bus.name);
  if (begun.kind === 'failed') return begun.reason;
  if (begun.kind === 'busy')
    return 'one runs already: wait for its end (pmemwatch list), or start the agent, which follows it';
  // busy after it and idle before: it is ours, and searches everything
  const isLong = !begun.before.running && begun.after.running;
  const run: Run = {
    id: '',
    bus: bus.name,
    status: 'running',
    type: isLong ? 'long' : 'unknown',
    durationSeconds: 0,
    foundRanges: 0,
    foundBytes: 0,
    reason: isLong ? null : 'it ended before it was seen to run',
  };
  return { run, bus, beganAt: clock.monotonic(), completedBefore: begun.before.completed };
}

async function seeThrough(
  scrubs: readonly Scrub[],
  before: { readonly topology: Topology; readonly snapshot: Snapshot },
  platform: CommandPlatform,
  context: CommandContext,
): Promise<void> {
  const progress = createProgressLine(context);
  try {
    for (let look = 0; scrubs.some(({ run }) => isUnderWay(run)); look++) {
      await sleep(LOOKS_MS[Math.min(look, LOOKS_MS.length - 1)], undefined, { signal: context.signal });
      for (const scrub of scrubs) if (isUnderWay(scrub.run)) scrub.run = await lookAt(scrub, platform, context);
      progress.say(scrubs.flatMap(({ run }) => (isUnderWay(run) ? [underWayText(run)] : [])).join(', '));
    }
  } catch (error) {
    if (!context.signal.aborted) throw error;
    progress.clear();
    context.stderr.write('pmemwatch: not waited for any longer; the scrub goes on\n');
    return;
  }
  progress.clear();
  const after = await observeOnce(platform, context);
  for (const scrub of scrubs) scrub.run = { ...scrub.run, ...foundOn(scrub.bus, before, after) };
}

async function lookAt(
  { run, bus, beganAt, completedBefore }: Scrub,
  platform: CommandPlatform,
  context: CommandContext,
) {
  const durationSeconds = (context.clock.monotonic() - beganAt) / 1000;
  const state = await stateOf(bus, platform);
  if (typeof state === 'string') return { ...run, status: 'failed', reason: state, durationSeconds } as const;
  if (state.running) return { ...run, durationSeconds };
  if (state.completed > completedBefore) return { ...run, status: 'completed', durationSeconds } as const;
  return {
    ...run,
    status: 'failed',
    reason: 'the kernel ended it without counting it: see dmesg',
    durationSeconds,
  } as const;
}

/** What `nfit/scrub` of the bus says, or why it cannot be read. */
async function stateOf(bus: Bus, { sysfs }: CommandPlatform): Promise<ScrubState | string> {
  const file = await sysfs.read(`bus/nd/devices/${bus.name}/nfit/scrub`);
  if (file.kind === 'stuck') return `the kernel has not answered within ${Math.round(file.afterMs / 1000)} s`;
  if (file.kind === 'failed') return file.reason;
  return parseScrubState(new TextDecoder().decode(file.data)) ?? 'nfit/scrub is no count of scrubs';
}

/** Bad ranges of the bus that were not listed before. */
function foundOn(
  { name }: Bus,
  before: { readonly snapshot: Snapshot },
  after: { readonly topology: Topology; readonly snapshot: Snapshot },
): Pick<Run, 'foundRanges' | 'foundBytes'> {
  const fresh: Sectors[] = after.topology.places
    .filter(({ bus }) => bus === name)
    .flatMap(({ uid }) =>
      subtract(after.snapshot.places.get(uid)?.runs ?? [], before.snapshot.places.get(uid)?.runs ?? []),
    );
  return { foundRanges: fresh.length, foundBytes: totalBytes(fresh) };
}

import { failed, type Observation, ok } from '../model/observation.ts';
import type { Bus } from '../model/topology.ts';
import type { Clock, KernelTree } from '../ports.ts';

/** `nfit/scrub`: scrub cycles completed since the driver was loaded, and whether one runs (drivers/acpi/nfit/core.c scrub_show). */
export interface ScrubState {
  readonly completed: number;
  readonly running: boolean;
}

/** `"<count>\n"` when idle, `"<count>+\n"` while a scrub runs. */
export function parseScrub(text: string): Observation<ScrubState> {
  const match = /^(\d{1,15})(\+?)\n?$/.exec(text);
  if (match === null) return failed('SYSFS_PARSE', `scrub state is not a count: ${JSON.stringify(text.slice(0, 40))}`);
  return ok({ completed: Number(match[1]), running: match[2] === '+' });
}

/** How long a reading waits to learn whether a scrub is behind it; the file takes the bus's device lock. */
const CAUSE_WAIT_MS = 300;
/** The end of one scrub notifies every list of its bus: they all come within this time. */
const SAME_SCRUB_MS = 5000;

export interface ScrubWatch {
  /** Remembers where each bus's count stands, so that a later advance is seen. */
  baseline(buses: readonly Bus[]): Promise<void>;
  /** Whether a notification on this bus's lists comes from a scrub; a bus that does not answer in time is not waited for. */
  cause(bus: Bus): Promise<'hint' | 'scrub'>;
}

/**
 * The kernel notifies a list alike for a machine check and for a finished scrub. A scrub that runs, or whose count has
 * advanced since we last looked, is the cause; otherwise the error came by itself.
 */
export function createScrubWatch(sysfs: KernelTree, clock: Clock): ScrubWatch {
  const known = new Map<string, { completed: number; advancedAt: number }>();
  const key = (bus: Bus): string => `${bus.name} ${bus.epoch}`;

  async function read(bus: Bus): Promise<ScrubState | undefined> {
    const file = await sysfs.read(`bus/nd/devices/${bus.name}/nfit/scrub`);
    if (file.kind !== 'ok') return undefined;
    const state = parseScrub(new TextDecoder().decode(file.data));
    return state.kind === 'ok' ? state.value : undefined;
  }
  function learn(bus: Bus, state: ScrubState): void {
    const before = known.get(key(bus));
    const advanced = before !== undefined && state.completed > before.completed;
    const advancedAt = advanced ? clock.now() : (before?.advancedAt ?? Number.NEGATIVE_INFINITY);
    known.set(key(bus), { completed: state.completed, advancedAt });
  }
  return {
    async baseline(buses) {
      for (const bus of buses.filter((b) => b.scrubSupported && !known.has(key(b)))) {
        const state = await read(bus);
        if (state !== undefined) learn(bus, state);
      }
    },
    async cause(bus) {
      if (!bus.scrubSupported) return 'hint';
      const late = new Promise<undefined>((resolve) => void clock.after(CAUSE_WAIT_MS, () => resolve(undefined)));
      const state = await Promise.race([read(bus), late]);
      if (state === undefined) return 'hint';
      learn(bus, state);
      const advancedAt = known.get(key(bus))?.advancedAt ?? Number.NEGATIVE_INFINITY;
      return state.running || clock.now() - advancedAt < SAME_SCRUB_MS ? 'scrub' : 'hint';
    },
  };
}

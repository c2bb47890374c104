import type { ReadingTrigger } from '../model/badblocks.ts';
import { failed, type Observation, ok } from '../model/observation.ts';
import type { Bus } from '../model/topology.ts';
import type { KernelTree } from '../ports.ts';

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
const CAUSE_DEADLINE_MS = 300;

export interface ScrubWatch {
  /** Remembers where each bus's count stands, so that a later advance is seen. */
  baseline(buses: readonly Bus[]): Promise<void>;
  /** Whether a notification on this bus's lists comes from a scrub; a bus that does not answer in time is not waited for. */
  cause(bus: Bus): Promise<ReadingTrigger>;
}

/**
 * The kernel notifies a list alike for a machine check and for a finished scrub. A scrub that runs, or whose count has
 * advanced since we last looked, is the cause; otherwise the error came by itself.
 */
export function createScrubWatch(sysfs: KernelTree): ScrubWatch {
  const counts = new Map<string, number>();
  async function read(bus: Bus): Promise<ScrubState | undefined> {
    const file = await sysfs.read(`bus/nd/devices/${bus.name}/nfit/scrub`, { deadlineMs: CAUSE_DEADLINE_MS });
    if (file.kind !== 'ok') return undefined;
    const state = parseScrub(new TextDecoder().decode(file.data));
    return state.kind === 'ok' ? state.value : undefined;
  }
  const key = (bus: Bus): string => `${bus.name} ${bus.epoch}`;
  return {
    async baseline(buses) {
      for (const bus of buses) {
        if (!bus.scrubSupported || counts.has(key(bus))) continue;
        const state = await read(bus);
        if (state !== undefined) counts.set(key(bus), state.completed);
      }
    },
    async cause(bus) {
      if (!bus.scrubSupported) return 'hint';
      const state = await read(bus);
      if (state === undefined) return 'hint';
      const known = counts.get(key(bus));
      if (!state.running) counts.set(key(bus), state.completed);
      return state.running || (known !== undefined && state.completed > known) ? 'scrub' : 'hint';
    },
  };
}

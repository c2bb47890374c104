import type { HintCause } from './model/badblocks.ts';
import type { Topology } from './model/topology.ts';
import { busOf, subjectsOf, subjectsOfBus } from './observe/watch-targets.ts';
import type { Clock, Hint } from './ports.ts';

/** When to look at the inventory after a device node came or went. */
const DEVICE_LOOKS_MS = [0, 1_000, 5_000];
/** How long a configuration file must have been left alone before it is read by itself. */
const CONFIG_SETTLE_MS = 1_000;

/** Who looks again at which hint (law 3: a hint only says look again). */
export function createHinting(parts: {
  readonly inventory: { topology(): Topology; refresh(): void };
  readonly observer: { hint(subject: string, cause: HintCause): void };
  readonly health: { hint(dimm: string): void };
  readonly scrubs: { cause(bus: string): Promise<HintCause>; hint(bus: string): void };
  readonly clock: Clock;
  readonly reload: () => void;
}): { take(hint: Hint): void; stop(): void } {
  const { inventory, observer, health, scrubs, clock } = parts;
  let cancelReload = (): void => undefined;
  let stopped = false;

  function look(subjects: readonly string[], cause: HintCause): void {
    for (const subject of subjects) observer.hint(subject, cause);
  }
  function take(hint: Hint): void {
    if (stopped) return;
    const topology = inventory.topology();
    switch (hint.kind) {
      case 'list': {
        const bus = busOf(topology, hint.subject);
        const subjects = subjectsOf(topology, hint.subject);
        if (bus === undefined) inventory.refresh();
        else void scrubs.cause(bus.name).then((cause) => look(subjects, cause));
        break;
      }
      case 'scrub':
        scrubs.hint(hint.bus);
        look(subjectsOfBus(topology, hint.bus), 'scrub');
        break;
      case 'devices':
        // the node is there before its driver is through with it: what is half made now is looked at again
        for (const ms of DEVICE_LOOKS_MS) clock.after(ms, () => inventory.refresh());
        break;
      case 'flags':
        health.hint(hint.dimm);
        inventory.refresh();
        break;
      case 'mounts':
        inventory.refresh();
        break;
      case 'config':
        // a file that is being written is empty for a moment, and an empty one is a valid configuration
        cancelReload();
        cancelReload = clock.after(CONFIG_SETTLE_MS, parts.reload);
        break;
      default:
        hint satisfies never;
    }
  }
  return {
    take,
    stop() {
      stopped = true;
      cancelReload();
    },
  };
}

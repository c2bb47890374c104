import type { AppPlatform } from './app-platform.ts';
import type { Inventory } from './discover/inventory.ts';
import type { Observer } from './observe/observe.ts';
import type { Logger } from './ports.ts';

/** Waits for the first inventory and reading, and says what was found and what cannot be seen. */
export async function lookFirst(
  parts: {
    readonly platform: Pick<AppPlatform, 'blindSpots' | 'clock'>;
    readonly inventory: Pick<Inventory, 'settled' | 'failing' | 'topology'>;
    readonly observer: Pick<Observer, 'settled'>;
    /** ms since the epoch */
    readonly startedAt: number;
    readonly log: Logger;
  },
  onDone: () => void,
): Promise<void> {
  const { platform, inventory, observer, log } = parts;
  tellBlindSpots(await platform.blindSpots(), log);
  await inventory.settled();
  if (!inventory.failing() && inventory.topology().buses.length === 0)
    log.info({}, 'no persistent memory found: nothing to watch, which is fine');
  await observer.settled();
  onDone();
  const { buses, dimms, namespaces, problems } = inventory.topology();
  const counts = { buses: buses.length, dimms: dimms.length, namespaces: namespaces.length };
  log.info(
    { ...counts, problems: problems.length, tookMs: platform.clock.now() - parts.startedAt },
    'first inventory and reading done',
  );
  for (const { subject, reason } of problems) log.warn({ subject, reason }, 'inventory');
}

function tellBlindSpots(blind: readonly string[] | undefined, log: Logger): void {
  if (blind === undefined) log.error({}, 'the probe process cannot be started: nothing can be read');
  else for (const what of blind) log.warn({ what }, 'not visible without more privilege');
}

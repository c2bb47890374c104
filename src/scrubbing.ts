import type { Settings } from './config/load.ts';
import type { HistoryEvent } from './model/incident.ts';
import type { ScrubAnswer, ScrubAsker, ScrubRequest } from './model/scrub.ts';
import type { State } from './model/state.ts';
import type { Topology } from './model/topology.ts';
import { createScrubObserver, type ScrubObserver } from './observe/scrub.ts';
import type { Clock, KernelTree, Logger, ScrubControl } from './ports.ts';
import { createRequests } from './record/requests.ts';
import type { ScrubPolicy } from './record/scrub-incidents.ts';
import { nextDue } from './scrub/schedule.ts';
import { createScrubTrigger, type ScrubTrigger } from './scrub/trigger.ts';

/** Everything about scrubs that the composition root puts together: who looks, who starts, who asks. */
export interface Scrubbing {
  readonly observer: ScrubObserver;
  readonly trigger: ScrubTrigger;
  /** Answers when it is saved. */
  ask(request: ScrubRequest): Promise<ScrubAnswer>;
  /** For a pass: what was asked since the last one, and the answers to it. */
  asked(): readonly ScrubRequest[];
  answered(answers: readonly ScrubAnswer[]): void;
  policy(): ScrubPolicy;
  /** by `scrubKeyOf`: when the schedule asks for a bus next, ms since the epoch */
  upcoming(state: State): ReadonlyMap<string, number>;
  update(topology: Topology): void;
}

export function createScrubbing(deps: {
  readonly sysfs: KernelTree;
  readonly procfs: KernelTree;
  readonly control: ScrubControl;
  readonly clock: Clock;
  readonly processors: number;
  readonly settings: () => Settings;
  readonly wake: () => void;
  /** the lists of this bus are to be read: a scrub of it has ended */
  readonly onEnded: (bus: string) => void;
  readonly onEvent: (event: HistoryEvent) => void;
  readonly log: Logger;
}): Scrubbing {
  const { clock, log, settings, wake } = deps;
  const { poll } = settings().config;
  const observer = createScrubObserver({
    sysfs: deps.sysfs,
    control: deps.control,
    clock,
    config: { pollMs: poll.badBlocksMs, deviceDeadlineMs: poll.deviceDeadlineMs, jitter: Math.random },
    onEnded: deps.onEnded,
    onReading: wake,
    log,
  });
  const trigger = createScrubTrigger({
    control: deps.control,
    procfs: deps.procfs,
    clock,
    processors: deps.processors,
    config: () => settings().config.scrub,
    onTurn: wake,
    onErrorScrub: (bus, on) =>
      deps.onEvent({
        time: clock.now(),
        type: 'scrub.hw_error_scrub',
        incident: null,
        uid: null,
        device: bus,
        data: { on, via: 'scrub.hw_error_scrub' },
      }),
    log,
  });
  let known: { state: State; settings: Settings; times: ReadonlyMap<string, number> } | undefined;

  function timesOf({ scrubs, host }: State): Map<string, number> {
    const times = new Map<string, number>();
    for (const each of scrubs.values()) {
      const due = each.present ? nextDue(each, settings().config.scrub, host.machineId) : undefined;
      if (due !== undefined) times.set(each.key, due);
    }
    return times;
  }
  const requests = createRequests<ScrubRequest, ScrubAnswer>(wake);
  return {
    observer,
    trigger,
    ask: requests.ask,
    asked: requests.take,
    answered: requests.answer,
    policy() {
      const { scrub, incidents } = settings().config;
      return { ...scrub, removedAfterMs: incidents.removedAfterMs };
    },
    upcoming(state) {
      // every scrape asks: the same object while nothing has changed
      if (known?.state !== state || known.settings !== settings()) {
        known = { state, settings: settings(), times: timesOf(state) };
      }
      return known.times;
    },
    update: observer.update,
  };
}

const signalAsker: ScrubAsker = { author: 'SIGUSR2', via: 'signal', reason: '' };

/** What SIGUSR2 asks for: every bus that can. */
export async function rescanAll({ ask }: Pick<Scrubbing, 'ask'>, log: Logger): Promise<void> {
  const { started, refused } = await ask({ bus: null, asker: signalAsker });
  for (const { bus, reason } of refused) log.warn({ bus, reason }, 'no scrub was started');
  for (const { bus, id } of started) log.info({ bus, scrub: id }, 'a scrub was asked for');
}

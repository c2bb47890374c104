/** Entry of the stage `scrub`: asks the kernel for what the state says is requested, and is due by schedule. */
import { messageOf } from '../model/errors.ts';
import { currentRun, type ScrubOutcome, type ScrubRequest, scrubbedRegions } from '../model/scrub.ts';
import type { State } from '../model/state.ts';
import type { Topology } from '../model/topology.ts';
import type { Clock, KernelTree, Logger, ScrubControl } from '../ports.ts';
import { createLoadWatch } from './load.ts';
import { dueScrubs, type ScrubSchedule } from './schedule.ts';

export interface ScrubConfig extends ScrubSchedule {
  /** no scheduled start above this five-minute load average per processor; 0 = no limit */
  readonly maxLoad: number;
  /** what `nfit/hw_error_scrub` is to be; null: left as it is */
  readonly errorScrub: boolean | null;
}
export interface ScrubTrigger {
  /** What the schedule asks for now. */
  due(state: State, now: number): readonly ScrubRequest[];
  /** Starts what is requested, once; the outcome comes with a later pass. */
  start(state: State): void;
  /** what came of it since the last pass */
  outcomes(): readonly ScrubOutcome[];
  /** Sets `hw_error_scrub` where the configuration says so. */
  hold(topology: Topology): void;
}

export function createScrubTrigger(deps: {
  readonly control: ScrubControl;
  readonly procfs: KernelTree;
  readonly clock: Clock;
  readonly processors: number;
  readonly config: () => ScrubConfig;
  /** an outcome, or the load, can be had: wakes the loop */
  readonly onTurn: () => void;
  readonly onErrorScrub: (bus: string, on: boolean) => void;
  readonly log: Logger;
}): ScrubTrigger {
  const { control, clock, log } = deps;
  const load = createLoadWatch({ procfs: deps.procfs, clock, processors: deps.processors, onRead: deps.onTurn });
  const underWay = new Set<string>();
  /** runs that are through, whose lists were read maybe before anybody looked: they get one more pass */
  const lookedAfter = new Set<string>();
  /** by bus and epoch: what was asked for last */
  const held = new Map<string, boolean>();
  let done: ScrubOutcome[] = [];
  let waitingSince = 0;

  async function start(id: string, bus: string, state: State): Promise<void> {
    const searchable = await searchablePlaces(bus, state.topology);
    const begun = await control.start(bus).catch((error: unknown) => {
      return { kind: 'failed', reason: messageOf(error) } as const;
    });
    done.push({ run: id, at: clock.now(), start: begun, searchable });
    deps.onTurn();
  }
  async function searchablePlaces(bus: string, topology: Topology): Promise<string[]> {
    const uids: string[] = [];
    for (const { name } of scrubbedRegions(topology, bus)) {
      if (!(await control.canSearch(bus, name))) continue;
      uids.push(...topology.places.flatMap(({ ndRegion, uid }) => (ndRegion === name ? [uid] : [])));
    }
    return uids;
  }
  async function setErrorScrub(bus: string, on: boolean): Promise<void> {
    const refused = await control.setErrorScrub(bus, on);
    if (refused === undefined) {
      log.warn({ bus, on }, 'hw_error_scrub was set, as the configuration says');
      deps.onErrorScrub(bus, on);
    } else log.error({ bus, on, reason: refused }, 'hw_error_scrub could not be set');
  }

  return {
    due(state, now) {
      const requests = dueScrubs(state.scrubs.values(), deps.config(), state.host.machineId, now);
      const { maxLoad } = deps.config();
      if (requests.length === 0 || maxLoad === 0) return requests;
      const recent = load.recent();
      // what cannot be known must not keep errors hidden for ever
      if (recent === null) return requests;
      if (recent === undefined) return [];
      const [first] = requests;
      if (recent <= maxLoad) return requests;
      if (first?.asker.due !== undefined && waitingSince !== first.asker.due) {
        waitingSince = first.asker.due;
        log.info({ load: recent, maxLoad }, 'a scheduled scrub waits: the host is too busy');
      }
      return [];
    },
    start(state) {
      for (const scrubs of state.scrubs.values()) {
        const run = currentRun(scrubs);
        if (run?.status === 'reading' && !lookedAfter.has(run.id)) {
          lookedAfter.add(run.id);
          clock.after(0, deps.onTurn);
        }
        if (run?.status !== 'requested' || underWay.has(run.id) || !scrubs.present) continue;
        underWay.add(run.id);
        void start(run.id, scrubs.name, state);
      }
    },
    outcomes() {
      const taken = done;
      done = [];
      for (const { run } of taken) underWay.delete(run);
      return taken;
    },
    hold(topology) {
      const { errorScrub } = deps.config();
      for (const { name, epoch, hwErrorScrub } of topology.buses) {
        if (errorScrub === null || hwErrorScrub === undefined || hwErrorScrub === errorScrub) continue;
        const key = `${name} ${epoch}`;
        if (held.get(key) === errorScrub) continue;
        held.set(key, errorScrub);
        void setErrorScrub(name, errorScrub);
      }
    },
  };
}

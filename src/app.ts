import { createClosers } from './closers.ts';
import { filesOf, type Loaded, type Settings } from './config/load.ts';
import { runCycle, type Stages } from './cycle.ts';
import { discover } from './discover/discover.ts';
import { createInventory } from './discover/inventory.ts';
import type { ReloadResult } from './export/http/route.ts';
import { createServer, type HttpServer } from './export/http/server.ts';
import { createHinting } from './hinting.ts';
import { listen } from './listening.ts';
import { createLoop } from './loop.ts';
import type { AgentStatus } from './model/agent-status.ts';
import { healthCollector, listsCollector } from './model/collectors.ts';
import type { HistoryEvent, Severity } from './model/incident.ts';
import type { PassedSocket } from './model/listen-address.ts';
import type { OperatorAnswer, OperatorRequest } from './model/operator.ts';
import type { OutboxItem } from './model/outbox.ts';
import type { State } from './model/state.ts';
import { describeIncident } from './notify/describe.ts';
import type { Beat } from './notify/plain-message.ts';
import { createHealthObserver } from './observe/health/health-observer.ts';
import { createObserver } from './observe/observe.ts';
import { subjectsOfBus, watchTargets } from './observe/watch-targets.ts';
import type {
  Clock,
  DsmCaller,
  FileChecker,
  Hint,
  Hints,
  HostInfo,
  Http,
  KernelTree,
  Logger,
  Passwords,
  Resolver,
  ScrubControl,
  SocketFiles,
} from './ports.ts';
import { beginningOf, openState, type StatePlaces } from './record/open-state.ts';
import { createRequests } from './record/requests.ts';
import { forgetResolved } from './record/store.ts';
import { createReloading } from './reloading.ts';
import { createResolveQueue } from './resolve/queue.ts';
import { createScrubbing, signalAsker } from './scrubbing.ts';
import { createTelling } from './telling.ts';

/** What the agent meets of the world; `linux/platform.ts` has it. */
export interface AppPlatform extends StatePlaces {
  readonly sysfs: KernelTree;
  readonly procfs: KernelTree;
  readonly dsm: DsmCaller;
  readonly scrubs: ScrubControl;
  readonly resolver: Resolver;
  readonly check: FileChecker['check'];
  readonly clock: Clock;
  readonly http: Http;
  readonly hostInfo: HostInfo;
  readonly sockets: SocketFiles;
  readonly passwords: Passwords;
  /** sockets that the process was started with */
  readonly passedSockets: readonly PassedSocket[];
  readonly pageSize: number;
  /** for a while from now on, time counts for more than memory */
  readonly hurry: () => void;
  /** online processors */
  readonly processors: number;
  /** @param configFiles what is read again when it changes */
  createHints(configFiles: () => readonly string[], onHint: (hint: Hint) => void): Hints;
  watchMounts(onChange: () => void): () => void;
  /** what the probe process cannot see for want of a capability, in words; undefined when it could not be started */
  blindSpots(): Promise<readonly string[] | undefined>;
}
export interface AppOptions {
  readonly settings: Settings;
  /** reads flags, environment, file and secrets again */
  readonly reread: () => Promise<Loaded>;
  readonly version: string;
  readonly revision: string;
  readonly nodeVersion: string;
  /** called once when a bug ends the loop */
  readonly onBug: (error: unknown) => void;
}
export interface App {
  /** `http://127.0.0.1:9915`, `/run/pmemwatch/api.sock` */
  readonly addresses: readonly string[];
  reload(): Promise<ReloadResult>;
  /** Asks for a scrub of every bus that can, as SIGUSR2 does. */
  rescan(): Promise<void>;
  /** For how long the present pass of the loop has been running; 0 between passes. */
  passMs(): number;
  /** Delivers what is due within the deadline, then stops everything, last started first. */
  stop(): Promise<void>;
}

const PRUNE_MS = 3_600_000;
/** How long between two looks at deadlines (removal, retries of owners) when nothing happens. */
const IDLE_PASS_MS = 15_000;
/** With so many to tell of at once, time counts for more than memory. */
const MANY_RANGES = 1000;

/** Puts the parts together and starts them, in the order of the pipeline. @throws AgentError when one cannot start */
export async function createApp(options: AppOptions, platform: AppPlatform, log: Logger): Promise<App> {
  const { clock } = platform;
  const closers = createClosers(log);
  const startedAt = clock.now();
  let server: HttpServer | undefined;
  try {
    const { settings, ...reloading } = createReloading({
      settings: options.settings,
      reread: options.reread,
      clock,
      log,
      async apply(next) {
        await telling.restart(next);
        await welcome();
        server?.renew();
        // what is watched may have changed as well
        inventory.refresh();
        scrubs.trigger.hold(inventory.topology());
        queue.again();
        loop.wake();
      },
    });
    const host = await platform.hostInfo.read();
    const { store, loaded, memoryOnly } = await openState(platform, {
      clock,
      retentionMs: settings().config.retentionMs,
      log: log.child({ component: 'store' }),
      onTurn: () => loop.wake(),
    });
    closers.add('store', () => store.close());
    let state = beginningOf(loaded, host, startedAt);
    const pendingEvents: HistoryEvent[] = [agentEvent(startedAt, 'agent.started', { version: options.version })];

    function note(event: HistoryEvent): void {
      pendingEvents.push(event);
      loop.wake();
    }
    // messages refused while the agent drains come after its last pass
    closers.add('history', async () => {
      const events = pendingEvents.splice(0);
      if (events.length > 0) await store.commit({ state, events, notices: [], receivers: [], notBefore: 0 });
    });

    const queue = createResolveQueue({
      resolver: platform.resolver,
      clock,
      config: () => settings().config.resolve,
      onAnswer: () => loop.wake(),
      log: log.child({ component: 'resolve' }),
    });
    closers.add('resolve', () => queue.stop());

    /** Receivers that are new in the configuration are told of what stands. */
    async function welcome(): Promise<void> {
      const names = settings().receivers.map(({ name }) => name);
      telling.enqueue(await store.welcome(state, names, clock.now()));
    }
    const followers = new Set<() => void>();
    const telling = createTelling({
      settings: settings(),
      http: platform.http,
      deliveries: store,
      told: store.deliveries,
      clock,
      host,
      incidents: () => state.incidents.values(),
      pageBytes: platform.pageSize,
      how: () => beatOf(state),
      onEvent: note,
      onStanding: () => loop.wake(),
      log: log.child({ component: 'notify' }),
    });
    closers.add('notify', () => telling.drain());

    const observer = createObserver({
      sysfs: platform.sysfs,
      clock,
      config: {
        badBlocksMs: settings().config.poll.badBlocksMs,
        deviceDeadlineMs: settings().config.poll.deviceDeadlineMs,
        pageSize: platform.pageSize,
        jitter: Math.random,
      },
      onReading: () => loop.wake(),
      log: log.child({ component: 'observe' }),
    });
    closers.add('observe', () => observer.stop());
    const health = createHealthObserver({
      sysfs: platform.sysfs,
      dsm: platform.dsm,
      clock,
      config: {
        healthMs: settings().config.poll.healthMs,
        healthAlarmMs: settings().config.poll.healthAlarmMs,
        deviceDeadlineMs: settings().config.poll.deviceDeadlineMs,
        jitter: Math.random,
      },
      onReading: () => loop.wake(),
      log: log.child({ component: 'health' }),
    });
    closers.add('health', () => health.stop());
    const scrubs = createScrubbing({
      sysfs: platform.sysfs,
      procfs: platform.procfs,
      control: platform.scrubs,
      clock,
      processors: platform.processors,
      settings,
      wake: () => loop.wake(),
      onEnded: (bus) => {
        for (const subject of subjectsOfBus(inventory.topology(), bus)) observer.hint(subject, 'scrub');
      },
      onEvent: note,
      log: log.child({ component: 'scrub' }),
    });
    closers.add('scrub', () => scrubs.observer.stop());

    const inventory = createInventory({
      discover: () => discover({ sysfs: platform.sysfs, procfs: platform.procfs }, inventory.topology()),
      clock,
      periodMs: settings().config.poll.badBlocksMs,
      onChange: () => {
        const topology = inventory.topology();
        observer.update(topology);
        health.update(topology);
        scrubs.update(topology);
        loop.wake();
      },
      onLook: () => {
        watchAgain(hints.watch(watchTargets(inventory.topology())));
        scrubs.trigger.hold(inventory.topology());
      },
      log: log.child({ component: 'discover' }),
    });
    closers.add('discover', () => inventory.stop());

    let settled = false;
    const requests = createRequests<OperatorRequest, OperatorAnswer>(() => loop.wake());
    const stages: Stages<readonly OutboxItem[]> = {
      topology: inventory.topology,
      latest(topology) {
        const lists = observer.latest(topology);
        const stuck = [...lists.stuck, ...health.stuck(), ...scrubs.observer.stuck()];
        return { ...lists, stuck, health: health.latest(), scrubs: scrubs.observer.latest() };
      },
      resolved: queue.take,
      inventoried: () => settled,
      store: () =>
        memoryOnly === undefined
          ? { writable: store.writable(), detail: store.trouble() }
          : { writable: false, detail: memoryOnly },
      async save(next, events, notices) {
        if (notices.reduce((sum, { incident }) => sum + incident.ranges.length, 0) >= MANY_RANGES) platform.hurry();
        const items = await store.commit({
          state: next,
          events: [...pendingEvents.splice(0), ...events],
          notices,
          receivers: settings().receivers.map((receiver) => receiver.name),
          notBefore: clock.now() + settings().config.notify.groupWaitMs,
        });
        return memoryOnly === undefined ? items : items.map((item) => ({ ...item, durable: false }));
      },
      resolve: queue.request,
      receivers: () => telling.status(),
      remind: () => settings().config.notify.remind,
      asked: requests.take,
      answered: requests.answer,
      scrubs: { ...scrubs, ...scrubs.trigger },
      notify: (items) => telling.enqueue(items),
      now: clock.now,
      tick: clock.monotonic,
      policy: () => ({
        removedAfterMs: settings().config.incidents.removedAfterMs,
        health: { energySourceUsedPercent: 100 - settings().config.advice.leftPlanPercent },
        advice: settings().config.advice,
      }),
    };
    const loop = createLoop({
      async pass() {
        // without an inventory everything known would look gone
        if (inventory.status().lastSuccess === undefined) return;
        await runCycle(stages, state, (next) => {
          state = forgetResolved(next, clock.now(), settings().config.retentionMs);
        });
        for (const listener of followers) listener();
      },
      clock,
      periodMs: IDLE_PASS_MS,
      log,
      onBug: options.onBug,
    });
    closers.add('loop', () => loop.stop());
    // not before there is a loop: what is for a receiver that is not configured any more wakes it
    telling.enqueue(loaded.pendingOutbox);
    await welcome();

    const hinting = createHinting({
      inventory,
      observer,
      health,
      scrubs: scrubs.observer,
      clock,
      reload: () => void reloading.reload(),
    });
    const hints = platform.createHints(() => filesOf(settings()), hinting.take);
    closers.add('hinting', hinting.stop);
    closers.add('hints', () => hints.stop());
    const unwatchMounts = platform.watchMounts(() => inventory.refresh());
    closers.add('mounts', unwatchMounts);

    function watchAgain(armed: Promise<void>): void {
      armed.catch((error: unknown) => log.warn({ err: error }, 'watching for changes failed; polling goes on'));
    }

    function status(): AgentStatus {
      return {
        version: options.version,
        revision: options.revision,
        nodeVersion: options.nodeVersion,
        startedAt,
        collectors: [inventory.status(), listsCollector(state), healthCollector(state)],
        receivers: telling.status(),
        storeWritable: stages.store().writable,
        resolves: queue.timings(),
        configReloadOk: reloading.status().ok,
        configReloadedAt: reloading.status().at,
      };
    }

    server = await createServer({
      view: () => ({
        state,
        agent: status(),
        options: { ...settings().config.metrics },
        scrubsDue: scrubs.upcoming(state),
      }),
      async events(after, limit) {
        const items = await store.events(after, limit);
        return { items, next: items.length === limit ? (items.at(-1)?.id ?? null) : null };
      },
      newestEventId: store.newestEventId,
      firstKeptEventId: store.firstKeptEventId,
      historyVersion: store.version,
      onPass(listener) {
        followers.add(listener);
        return () => followers.delete(listener);
      },
      ready() {
        if (inventory.failing()) return { ready: false, reason: 'the kernel cannot be looked at: see the log' };
        if (!state.inventoried) return { ready: false, reason: 'the first inventory and reading are not done' };
        const { writable, detail } = stages.store();
        return writable ? { ready: true } : { ready: false, reason: `the state file cannot be written: ${detail}` };
      },
      reload: reloading.reload,
      describe: (incident, named) =>
        describeIncident(incident, host, { paths: named ? 'full' : 'off', pageBytes: platform.pageSize }),
      decide: requests.ask,
      deliveries: {
        list: store.deliveries.list,
        complete: () => stages.store().writable,
        replay: telling.replay,
        replayDead: telling.replayDead,
        test: telling.test,
      },
      scrub: scrubs.ask,
      probe: {
        resolve: platform.resolver.resolve,
        check: platform.check,
        walkRoots: () => settings().config.resolve.walkRoots,
      },
      config: {
        telemetryPath: settings().telemetryPath,
        get allowedHosts() {
          return [host.name, ...settings().config.web.allowedHosts];
        },
        get corsOrigins() {
          return settings().config.web.corsOrigins;
        },
        socketMode: 0o660,
        get tokens() {
          return settings().config.api.tokens;
        },
        get rules() {
          return settings().webRules;
        },
      },
      sockets: platform.sockets,
      passwords: platform.passwords,
      log: log.child({ component: 'http' }),
    });
    const { close } = server;
    closers.add('http', () => close());
    const addresses = await listen(server, settings(), platform.passedSockets, log);

    // everything is in place: look for the first time
    void (async () => {
      tellBlindSpots(await platform.blindSpots(), log);
      await inventory.settled();
      if (!inventory.failing() && inventory.topology().buses.length === 0)
        log.info({}, 'no persistent memory found: nothing to watch, which is fine');
      await observer.settled();
      settled = true;
      loop.wake();
      telling.startBeating();
      const { buses, dimms, namespaces, problems } = inventory.topology();
      const counts = { buses: buses.length, dimms: dimms.length, namespaces: namespaces.length };
      log.info(
        { ...counts, problems: problems.length, tookMs: clock.now() - startedAt },
        'first inventory and reading done',
      );
      for (const { subject, reason } of problems) log.warn({ subject, reason }, 'inventory');
    })();
    const pruning = setInterval(() => void store.prune(clock.now()), PRUNE_MS);
    pruning.unref();
    closers.add('prune', () => clearInterval(pruning));
    async function rescan(): Promise<void> {
      const { started, refused } = await scrubs.ask({ bus: null, asker: signalAsker });
      for (const { bus, reason } of refused) log.warn({ bus, reason }, 'no scrub was started');
      for (const { bus, id } of started) log.info({ bus, scrub: id }, 'a scrub was asked for');
    }
    return { addresses, reload: reloading.reload, rescan, passMs: loop.passMs, stop: closers.closeAll };
  } catch (cause) {
    await closers.closeAll();
    throw cause;
  }
}

function tellBlindSpots(blind: readonly string[] | undefined, log: Logger): void {
  if (blind === undefined) log.error({}, 'the probe process cannot be started: nothing can be read');
  else for (const what of blind) log.warn({ what }, 'not visible without more privilege');
}

function beatOf(state: State): Beat {
  const open = [...state.incidents.values()].filter(({ status }) => status === 'open');
  const count = (severity: Severity): number => open.filter((incident) => incident.severity === severity).length;
  const seen = [...state.places.values()].every(({ present, readable, complete }) => present && readable && complete);
  const complete = state.inventoried && seen && state.topology.problems.length === 0;
  return { critical: count('critical'), warning: count('warning'), info: count('info'), complete };
}

function agentEvent(time: number, type: string, data: Record<string, unknown>): HistoryEvent {
  return { time, type, incident: null, uid: null, device: null, data };
}

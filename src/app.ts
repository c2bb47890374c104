import type { AppOptions, AppPlatform } from './app-platform.ts';
import { createClosers } from './closers.ts';
import { filesOf } from './config/load.ts';
import { runCycle } from './cycle.ts';
import { discover } from './discover/discover.ts';
import { createInventory } from './discover/inventory.ts';
import type { ReloadResult } from './export/http/route.ts';
import type { HttpServer } from './export/http/server.ts';
import { lookFirst } from './first-look.ts';
import { createHinting } from './hinting.ts';
import { listen } from './listening.ts';
import { createLoop } from './loop.ts';
import type { AgentStatus } from './model/agent-status.ts';
import { healthCollector, listsCollector } from './model/collectors.ts';
import type { HistoryEvent } from './model/incident.ts';
import type { OperatorAnswer, OperatorRequest } from './model/operator.ts';
import { createHealthObserver } from './observe/health/health-observer.ts';
import { createObserver } from './observe/observe.ts';
import { subjectsOfBus, watchTargets } from './observe/watch-targets.ts';
import type { Logger } from './ports.ts';
import { beginningOf, openState } from './record/open-state.ts';
import { createRequests } from './record/requests.ts';
import { forgetResolved } from './record/store.ts';
import { createReloading } from './reloading.ts';
import { createResolveQueue } from './resolve/queue.ts';
import { createScrubbing, rescanAll } from './scrubbing.ts';
import { serve } from './serving.ts';
import { stagesOf } from './stages.ts';
import { createTelling } from './telling.ts';

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
    const about = { incident: null, uid: null, device: null, data: { version: options.version } };
    const pendingEvents: HistoryEvent[] = [{ time: startedAt, type: 'agent.started', ...about }];

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
      state: () => state,
      pageBytes: platform.pageSize,
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
        hints.watch(watchTargets(inventory.topology())).catch((error: unknown) => {
          log.warn({ err: error }, 'watching for changes failed; polling goes on');
        });
        scrubs.trigger.hold(inventory.topology());
      },
      log: log.child({ component: 'discover' }),
    });
    closers.add('discover', () => inventory.stop());

    let settled = false;
    const requests = createRequests<OperatorRequest, OperatorAnswer>(() => loop.wake());
    const stages = stagesOf({
      platform,
      settings,
      inventory,
      observer,
      health,
      scrubs,
      queue,
      store,
      memoryOnly,
      requests,
      telling,
      inventoried: () => settled,
      eventsToSave: () => pendingEvents.splice(0),
    });
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

    server = await serve({
      platform,
      settings,
      host,
      store,
      telling,
      scrubs,
      state: () => state,
      status,
      onPass(listener) {
        followers.add(listener);
        return () => followers.delete(listener);
      },
      whyNotReady() {
        if (inventory.failing()) return 'the kernel cannot be looked at: see the log';
        if (!state.inventoried) return 'the first inventory and reading are not done';
        const { writable, detail } = stages.store();
        return writable ? undefined : `the state file cannot be written: ${detail}`;
      },
      isWritable: () => stages.store().writable,
      reload: reloading.reload,
      decide: requests.ask,
      log: log.child({ component: 'http' }),
    });
    const { close } = server;
    closers.add('http', () => close());
    const addresses = await listen(server, settings(), platform.passedSockets, log);

    // everything is in place
    void lookFirst({ platform, inventory, observer, startedAt, log }, () => {
      settled = true;
      loop.wake();
      telling.startBeating();
    });
    const pruning = setInterval(() => void store.prune(clock.now()), PRUNE_MS);
    pruning.unref();
    closers.add('prune', () => clearInterval(pruning));
    return {
      addresses,
      reload: reloading.reload,
      rescan: () => rescanAll(scrubs, log),
      passMs: loop.passMs,
      stop: closers.closeAll,
    };
  } catch (cause) {
    await closers.closeAll();
    throw cause;
  }
}

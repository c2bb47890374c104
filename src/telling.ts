import type { Settings } from './config/load.ts';
import { pageOf } from './listening.ts';
import type { HostFacts } from './model/host.ts';
import type { HistoryEvent, Severity } from './model/incident.ts';
import type { DeliveryLog, OutboxItem, ReplayAnswer, SendAsker, TestResult } from './model/outbox.ts';
import type { State } from './model/state.ts';
import { createHeartbeat } from './notify/heartbeat.ts';
import { notifiers } from './notify/notifiers.ts';
import { createNotifications, type Notifications } from './notify/pipeline.ts';
import type { Beat } from './notify/plain-message.ts';
import type { Standings } from './notify/standing.ts';
import type { Clock, Http, Logger } from './ports.ts';
import type { Deliveries } from './record/deliveries.ts';

/** How long what is due may take when the agent stops. */
const DRAIN_MS = 5_000;

/** Who is told, by the settings of now. */
export interface Telling extends Pick<Notifications, 'enqueue' | 'status'> {
  /** From now on receivers are told that the agent is alive, where that is configured. */
  startBeating(): void;
  /** Sends a delivery again that has ended, under its id. @throws AgentError STATE_FILE when that cannot be saved */
  replay(delivery: number, asker: SendAsker): Promise<ReplayAnswer>;
  /** The same for the dead letters of a receiver, some hundreds at once. @throws AgentError STATE_FILE */
  replayDead(receiver: string, asker: SendAsker): Promise<ReplayAnswer>;
  /** undefined: no receiver has that name */
  test(receiver: string, asker: SendAsker): Promise<TestResult | undefined>;
  /** Goes on with other settings; what waits is taken over. */
  restart(settings: Settings): Promise<void>;
  drain(): Promise<void>;
}

export function createTelling(deps: {
  readonly settings: Settings;
  readonly http: Http;
  readonly deliveries: DeliveryLog;
  /** what was told before, to be sent again */
  readonly told: Deliveries;
  readonly clock: Clock;
  readonly pageBytes: number;
  readonly host: HostFacts;
  /** of now: what stands, and how the agent fares */
  readonly state: () => State;
  /** a message was refused for good */
  readonly onEvent: (event: HistoryEvent) => void;
  /** how a receiver fares has changed */
  readonly onStanding: () => void;
  readonly log: Logger;
}): Telling {
  const { clock } = deps;
  /** outlives a restart */
  const standings: Standings = new Map();
  let running = start(deps.settings);
  /** what came in during a restart */
  let held: OutboxItem[] | undefined;
  const heartbeat = createHeartbeat(clock, () => void running.beat(beatOf(deps.state())));

  function start(settings: Settings): Notifications {
    return createNotifications({
      receivers: settings.receivers.map(({ secret, ...receiver }) => ({
        ...receiver,
        labels: { instance: instanceOf(settings, deps.host), ...receiver.labels },
        secrets: secret?.split(/\s+/) ?? [],
      })),
      notifiers,
      http: deps.http,
      deliveries: deps.deliveries,
      clock,
      random: Math.random,
      log: deps.log,
      config: {
        retryForMs: settings.config.notify.retryForMs,
        render: { pageUrl: pageOf(settings), runbookUrl: runbookOf(settings), pageBytes: deps.pageBytes },
      },
      host: deps.host,
      incidents: () => deps.state().incidents.values(),
      heartbeatMs: settings.config.notify.heartbeatMs,
      standings,
      onRejected({ receiver, notice }, reason) {
        const { id, subject, revision } = notice.incident;
        const data = { receiver, message: notice.id, type: notice.type, revision, reason };
        const about = { incident: id, uid: subject.uid, device: subject.device };
        deps.onEvent({ time: clock.now(), type: 'delivery.rejected', ...about, data });
      },
      onStanding: deps.onStanding,
    });
  }
  function enqueue(items: readonly OutboxItem[]): void {
    if (held === undefined) running.enqueue(items);
    else held.push(...items);
  }
  function note(type: string, receiver: string, data: Record<string, unknown>): void {
    deps.onEvent({ time: clock.now(), type, incident: null, uid: null, device: null, data: { receiver, ...data } });
  }
  function again(receiver: string, items: readonly OutboxItem[], asker: SendAsker): ReplayAnswer {
    enqueue(items);
    if (items.length > 0) note('delivery.replayed', receiver, { ...asker, count: items.length });
    return { kind: 'done', count: items.length };
  }
  return {
    enqueue,
    status: () => running.status(),
    startBeating: () => heartbeat.start(everyMs(deps.settings)),
    async replay(delivery, asker) {
      const found = await deps.told.one(delivery);
      if (found === undefined) return { kind: 'not-found' };
      const { receiver, status } = found;
      if (status === 'pending') return { kind: 'refused', reason: 'it waits to be sent already' };
      if (status === 'merged') return { kind: 'refused', reason: 'its content went out with a later message' };
      if (!running.isConfigured(receiver)) return notConfigured(receiver);
      const item = await deps.told.replay(delivery, clock.now());
      if (item === undefined) return { kind: 'refused', reason: 'it waits to be sent already' };
      return again(receiver, [item], asker);
    },
    async replayDead(receiver, asker) {
      if (!running.isConfigured(receiver)) return notConfigured(receiver);
      return again(receiver, await deps.told.replayDead(receiver, clock.now()), asker);
    },
    async test(receiver, asker) {
      const result = await running.test(receiver, asker.author);
      if (result !== undefined) note('receiver.tested', receiver, { ...asker, ...result });
      return result;
    },
    async restart(settings) {
      // what comes in meanwhile goes after what waits already: the end of an incident must not come before its beginning
      held = [];
      await running.stop();
      const waiting = [...running.pending(), ...held];
      held = undefined;
      running = start(settings);
      running.enqueue(waiting);
      heartbeat.change(everyMs(settings));
    },
    drain() {
      heartbeat.stop();
      return running.drain(DRAIN_MS);
    },
  };
}

/** As Prometheus names what it scrapes, as far as the agent can know: alerts of both are then about the same. */
function instanceOf({ listen }: Settings, host: HostFacts): string {
  const port = listen[0]?.port ?? 0;
  return port === 0 ? host.name : `${host.name}:${port}`;
}
function everyMs({ config }: Settings): number {
  return config.notify.heartbeatMs;
}
/** The agent serves one itself; null where nobody knows where. */
function runbookOf(settings: Settings): string | null {
  const page = pageOf(settings);
  return settings.config.notify.runbookUrl ?? (page === null ? null : `${page}/runbook`);
}
function notConfigured(receiver: string): ReplayAnswer {
  return { kind: 'refused', reason: `the receiver ${receiver} is not configured any more` };
}

function beatOf(state: State): Beat {
  const open = [...state.incidents.values()].filter(({ status }) => status === 'open');
  const count = (severity: Severity): number => open.filter((incident) => incident.severity === severity).length;
  const seen = [...state.places.values()].every(({ present, readable, complete }) => present && readable && complete);
  const complete = state.inventoried && seen && state.topology.problems.length === 0;
  return { critical: count('critical'), warning: count('warning'), info: count('info'), complete };
}

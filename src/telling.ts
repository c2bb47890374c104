import type { Settings } from './config/load.ts';
import { pageOf } from './listening.ts';
import type { HistoryEvent } from './model/incident.ts';
import type { DeliveryLog, OutboxItem } from './model/outbox.ts';
import { notifiers } from './notify/notifiers.ts';
import { createNotifications, type Notifications } from './notify/pipeline.ts';
import type { Standings } from './notify/standing.ts';
import type { Clock, Http, Logger } from './ports.ts';

/** How long what is due may take when the agent stops. */
const DRAIN_MS = 5_000;

/** Who is told, by the settings of now. */
export interface Telling extends Pick<Notifications, 'enqueue' | 'status'> {
  /** Goes on with other settings; what waits is taken over. */
  restart(settings: Settings): Promise<void>;
  drain(): Promise<void>;
}

export function createTelling(deps: {
  readonly settings: Settings;
  readonly pending: readonly OutboxItem[];
  readonly http: Http;
  readonly deliveries: DeliveryLog;
  readonly clock: Clock;
  readonly pageBytes: number;
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
  running.enqueue(deps.pending);

  function start(settings: Settings): Notifications {
    return createNotifications({
      receivers: settings.receivers.map(({ secret, ...receiver }) => ({
        ...receiver,
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
        render: { pageUrl: pageOf(settings), runbookUrl: null, pageBytes: deps.pageBytes },
      },
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
  return {
    enqueue: (items) => running.enqueue(items),
    status: () => running.status(),
    async restart(settings) {
      const before = running;
      running = start(settings);
      await before.stop();
      running.enqueue(before.pending());
    },
    drain: () => running.drain(DRAIN_MS),
  };
}

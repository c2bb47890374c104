import type { HostFacts } from '../model/host.ts';
import type { Incident, Notice } from '../model/incident.ts';
import type { Message } from '../model/message.ts';
import type { Clock, Http, Logger } from '../ports.ts';
import { isWanted } from './grouping.ts';
import { type RenderOptions, renderMessage } from './message.ts';
import type { Delivery, ReceiverConfig, Resend } from './notifier.ts';

export interface Resending {
  /** What is to be said of an incident by now; see `SendContext.current`. */
  current(incident: string): readonly Message[];
  stop(): void;
}
export interface ResendingDeps {
  readonly receiver: ReceiverConfig;
  readonly resend: Resend;
  readonly http: Http;
  readonly clock: Clock;
  readonly host: HostFacts;
  /** every open incident and those that ended lately, as the store has them: what stands survives a restart */
  readonly incidents: () => Iterable<Incident>;
  readonly render: Omit<RenderOptions, 'durable' | 'paths'>;
  readonly heartbeatMs: number;
  /** how each time went, also for the standing of the receiver */
  readonly onDelivery: (delivery: Delivery) => void;
  readonly log: Logger;
}

/** An alert of an incident whose severity is another by now, or that the filters do not want any more. */
interface Ended {
  readonly message: Message;
  /** ms since the epoch */
  readonly at: number;
}

/** Beside the outbox, for one receiver that forgets what it is not told again: from the start, and then over and over. */
export function createResending(deps: ResendingDeps): Resending {
  const { receiver, resend, clock, log } = deps;
  const abort = new AbortController();
  /** by incident, as it was last told as firing */
  const firing = new Map<string, Message>();
  /** by incident and severity */
  const ended = new Map<string, Ended>();
  /** an incident that changes is another object: what has not changed is not rendered again every minute */
  const rendered = new WeakMap<Incident, Message>();
  let cancel = clock.after(0, turn);

  function turn(): void {
    send().catch((error: unknown) => {
      // a bug in rendering one must not end the others' being told again
      log.error({ receiver: receiver.name, err: error }, 'what stands could not be told again');
      again();
    });
  }
  /** One with hundreds of ranges takes tens of ms: nothing else is to wait for all of them. */
  async function prepare(): Promise<void> {
    for (const incident of [...newestOf(deps.incidents())]) {
      const now = clock.now();
      if (rendered.has(incident) || !isShown(incident, now)) continue;
      render(incident, now);
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
  }
  async function send(): Promise<void> {
    await prepare();
    if (abort.signal.aborted) return;
    const messages = told([...newestOf(deps.incidents())]);
    if (messages.length > 0) {
      const { http, heartbeatMs } = deps;
      const context = { http, heartbeatMs, now: clock.now(), signal: abort.signal };
      const delivery = await resend.send(messages, receiver, context);
      if (abort.signal.aborted) return;
      deps.onDelivery(delivery);
      if (delivery.kind === 'disabled') return;
    }
    again();
  }
  function again(): void {
    if (!abort.signal.aborted) cancel = clock.after(resend.everyMs, turn);
  }

  /** Ends first, so that what stands has the last word. */
  function told(incidents: readonly Incident[]): Message[] {
    const now = clock.now();
    const shown = incidents.filter((incident) => isShown(incident, now)).map((incident) => render(incident, now));
    for (const message of shown) if (message.status === 'firing') ended.delete(keyOf(message));
    for (const { id } of incidents) endFormer(id, shown, now);
    for (const message of shown) if (message.status === 'firing') firing.set(message.incident, message);
    for (const [key, { at }] of ended) if (at + resend.endedForMs < now) ended.delete(key);
    const ids = new Set(incidents.map(({ id }) => id));
    const formers = [...ended.values()].filter(({ message }) => ids.has(message.incident));
    return [...formers.map(({ message }) => message), ...shown];
  }
  function endFormer(incident: string, shown: readonly Message[], now: number): void {
    const former = firing.get(incident);
    if (former === undefined) return;
    const same = shown.find((message) => message.incident === incident && message.severity === former.severity);
    if (same?.status === 'firing') return;
    firing.delete(incident);
    if (same !== undefined) return;
    const message: Message = { ...former, status: 'resolved', time: new Date(now).toISOString() };
    ended.set(keyOf(message), { message, at: now });
  }

  function isShown(incident: Incident, now: number): boolean {
    // nobody learns of a receiver that takes nothing through that receiver
    if (incident.condition === 'receiver_unreachable' && incident.subject.uid === receiver.name) return false;
    if (!isWanted(incident, receiver)) return false;
    return incident.resolvedAt === null || now - incident.resolvedAt <= resend.endedForMs;
  }
  function render(incident: Incident, now: number): Message {
    const known = rendered.get(incident);
    if (known !== undefined) return known;
    const { resolvedAt } = incident;
    const told = { incident, host: deps.host, newRanges: 0, newBytes: 0, id: '' };
    const notice: Notice =
      resolvedAt === null ? { ...told, type: 'opened', time: now } : { ...told, type: 'resolved', time: resolvedAt };
    const message = renderMessage(notice, { ...deps.render, durable: true, paths: receiver.paths });
    rendered.set(incident, message);
    return message;
  }
  return {
    current(id) {
      return told([...newestOf(deps.incidents())].filter((incident) => incident.id === id));
    },
    stop() {
      cancel();
      abort.abort();
    },
  };
}

/** Of the incidents of one fingerprint the newest: an alert has one state, and an end of before must not end it. */
function newestOf(incidents: Iterable<Incident>): Iterable<Incident> {
  const newest = new Map<string, Incident>();
  for (const incident of incidents) {
    const known = newest.get(incident.fingerprint);
    if (known === undefined || known.ordinal < incident.ordinal) newest.set(incident.fingerprint, incident);
  }
  return newest.values();
}
function keyOf({ incident, severity }: Message): string {
  return `${incident} ${severity}`;
}

import type { Condition, Severity } from '../model/incident.ts';
import type { Message } from '../model/message.ts';
import type { Http } from '../ports.ts';
import type { PathPolicy } from './redaction.ts';

/** One receiver as configured, its secrets read. */
export interface ReceiverConfig {
  readonly name: string;
  /** name of the notifier that speaks to it */
  readonly type: string;
  readonly url: string;
  /** the newest first; during a change of secrets several are valid */
  readonly secrets: readonly string[];
  readonly headers: Readonly<Record<string, string>>;
  /** absent or empty = all */
  readonly severities?: readonly Severity[];
  readonly conditions?: readonly Condition[];
  readonly paths: PathPolicy;
  readonly timeoutMs: number;
  /** labels that every alert carries beside its own; for dialects that have labels */
  readonly labels?: Readonly<Record<string, string>>;
}

/**
 * The outcome of one attempt. Neither reasons nor answers hold the URL, a header or a secret; what the receiver said is
 * apart, in `answer`, since it may repeat the message.
 */
export type Delivery =
  | { readonly kind: 'delivered' }
  /** nothing was sent: by now there is nothing to say. It tells nothing of how the receiver fares */
  | { readonly kind: 'moot' }
  /** try again; `afterMs` is what the receiver asked for, for all messages */
  | { readonly kind: 'retry'; readonly reason: string; readonly answer?: string; readonly afterMs?: number }
  /** this message will never be taken */
  | { readonly kind: 'rejected'; readonly reason: string; readonly answer?: string }
  /** nothing is to be sent there until the configuration is read again */
  | { readonly kind: 'disabled'; readonly reason: string };

export interface SendContext {
  readonly http: Http;
  /** ms since the epoch */
  readonly now: number;
  readonly signal: AbortSignal;
  /**
   * For dialects with `resend`: what is to be said of an incident by now, the newest last, as its receiver may see it.
   * Empty for nothing: it ended long ago, or another came after it.
   */
  readonly current?: (incident: string) => readonly Message[];
  /** how often heartbeats come, in ms; for dialects that take one back when the next does not */
  readonly heartbeatMs?: number;
}

/** For receivers that forget what they are not told again. */
export interface Resend {
  /** ms from one time to the next */
  readonly everyMs: number;
  /** ms for which the end of an incident is told again */
  readonly endedForMs: number;
  /** Tells everything that stands, in as many posts as it takes. Never rejects for what the receiver or the network does. */
  send(messages: readonly Message[], receiver: ReceiverConfig, context: SendContext): Promise<Delivery>;
}

/** A dialect of telling. To add one: a file, a line in `notifiers.ts`, a fixture. */
export interface Notifier {
  readonly name: string;
  /** types of messages that mean nothing there: none is to be sent */
  readonly skips?: readonly Message['type'][];
  readonly resend?: Resend;
  /** Never rejects for what the receiver or the network does. */
  send(message: Message, receiver: ReceiverConfig, context: SendContext): Promise<Delivery>;
}

import type { Notice } from './incident.ts';

/** One notice on its way to one receiver. `record` makes them durable, `notify` delivers them. */
export interface OutboxItem {
  readonly receiver: string;
  readonly notice: Notice;
  /** false when the store could not commit it before it was handed out; it is told all the same */
  readonly durable: boolean;
  /** ms since the epoch before which it is held back to be grouped with later notices of its incident */
  readonly notBefore: number;
  /** attempts that have failed so far */
  readonly attempts: number;
  /** ms since the epoch of the first attempt; null before it */
  readonly firstAttemptAt: number | null;
}

/** What became of an item; `at` is in ms since the epoch. `retry` leaves it in the outbox, everything else ends it. */
export type DeliveryOutcome =
  | { readonly kind: 'delivered'; readonly at: number }
  | { readonly kind: 'retry'; readonly at: number; readonly reason: string; readonly firstAttemptAt: number }
  /** refused by the receiver, given up after too long, or its receiver is configured no more */
  | { readonly kind: 'rejected'; readonly at: number; readonly reason: string }
  /** the receiver's filters do not want it */
  | { readonly kind: 'filtered'; readonly at: number }
  /** its content went out with a later notice of the same incident */
  | { readonly kind: 'merged'; readonly at: number; readonly into: string };

/** Where delivery progress is kept. Nothing here rejects: a store that cannot write keeps it for later. */
export interface DeliveryLog {
  recordDelivery(item: OutboxItem, outcome: DeliveryOutcome): Promise<void>;
  /** In one transaction: `absorbed` are ended as merged, and `merged` replaces the item of the same id. */
  recordMerge(absorbed: readonly OutboxItem[], merged: OutboxItem, at: number): Promise<void>;
  /** Whether this receiver has been told of the incident before. */
  wasTold(receiver: string, incident: string): Promise<boolean>;
}

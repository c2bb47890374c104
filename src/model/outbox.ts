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
  /** ms from the first attempt to the last, by the clock that never goes back and without the time in which no agent ran */
  readonly triedMs: number;
  /** somebody asked for it to be sent again, whatever became of it before */
  readonly replayed: boolean;
  /** tried for long enough and given up; kept because nothing newer tells this receiver of the incident */
  readonly expired: boolean;
}

/** What became of an item; `at` is in ms since the epoch. `retry` leaves it in the outbox, everything else ends it. */
export type DeliveryOutcome =
  | { readonly kind: 'delivered'; readonly at: number }
  | {
      readonly kind: 'retry';
      readonly at: number;
      readonly reason: string;
      readonly firstAttemptAt: number;
      readonly triedMs: number;
    }
  /** refused by the receiver; `untried`: its receiver is configured no more, or it could not be made. A dead letter */
  | { readonly kind: 'rejected'; readonly at: number; readonly reason: string; readonly untried?: true }
  /** tried in vain for as long as is configured: a dead letter */
  | { readonly kind: 'expired'; readonly at: number; readonly reason: string }
  /** the receiver's filters do not want it, or there was nothing to say when its turn came */
  | { readonly kind: 'filtered'; readonly at: number }
  /** its content went out with a later notice of the same incident */
  | { readonly kind: 'merged'; readonly at: number; readonly into: string };

export const deliveryStatuses = ['pending', 'delivered', 'rejected', 'expired', 'filtered', 'merged'] as const;
export type DeliveryStatus = (typeof deliveryStatuses)[number];
/** Nobody will get these by themselves. */
export const deadLetters: readonly DeliveryStatus[] = ['rejected', 'expired'];

/** One line of what was told to whom. Times in ms since the epoch. */
export interface DeliveryRecord {
  /** rises with time, and names it in the API */
  readonly sequence: number;
  readonly receiver: string;
  readonly noticeId: string;
  readonly incident: string;
  readonly condition: string;
  readonly severity: string;
  readonly type: string;
  readonly status: DeliveryStatus;
  readonly attempts: number;
  readonly createdAt: number;
  readonly firstAttemptAt: number | null;
  readonly lastAttemptAt: number | null;
  readonly finishedAt: number | null;
  /** null: nobody asked for it to be sent again */
  readonly replayedAt: number | null;
  /** of the last failure, with what the receiver said */
  readonly reason: string | null;
  readonly mergedInto: string | null;
}
/** Which of them, newest first: what is absent does not matter. */
export interface DeliveryQuery {
  readonly receiver?: string;
  readonly incident?: string;
  readonly statuses?: readonly DeliveryStatus[];
  /** only with a sequence below this */
  readonly before?: number;
  readonly limit: number;
}

/** What came of a test message. */
export interface TestResult {
  /** its id */
  readonly message: string;
  readonly delivered: boolean;
  /** why not, with what the receiver said */
  readonly reason: string | null;
  readonly tookMs: number;
}

/** Who asks for something to be sent. */
export interface SendAsker {
  readonly author: string;
  readonly reason: string;
  /** how they were let in: `unix socket`, `token NAME` */
  readonly via: string;
}
/** What came of asking for deliveries to be sent again: how many wait now. */
export type ReplayAnswer =
  | { readonly kind: 'done'; readonly count: number }
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'not-found' };

/** Where delivery progress is kept. Nothing here rejects: a store that cannot write keeps it for later. */
export interface DeliveryLog {
  recordDelivery(item: OutboxItem, outcome: DeliveryOutcome): Promise<void>;
  /** In one transaction: `absorbed` are ended as merged, and `merged` replaces the item of the same id. */
  recordMerge(absorbed: readonly OutboxItem[], merged: OutboxItem, at: number): Promise<void>;
  /** Whether this receiver has been told of the incident before. */
  wasTold(receiver: string, incident: string): Promise<boolean>;
}

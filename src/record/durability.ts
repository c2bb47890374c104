import { messageOf } from '../model/errors.ts';
import type { Clock, Logger } from '../ports.ts';

/** Writes batches one after the other. What cannot be written is kept, merged, and tried again. */
export interface Durability<Batch> {
  /** Whether the batch was committed within the deadline. Never rejects; when not, it is kept and tried again. */
  write(batch: Batch): Promise<boolean>;
  writable(): boolean;
  /** Why it is not writable, one sentence; '' while it is. */
  detail(): string;
  /** Tries once more what is pending, within `deadlineMs`, and stops. */
  stop(deadlineMs: number): Promise<void>;
}

interface Waiter {
  readonly ticket: number;
  readonly done: (committed: boolean) => void;
}

/**
 * writable -> (a commit fails, or takes longer than the deadline) -> unwritable -> (a commit succeeds) -> writable.
 * While unwritable nobody waits: a pass goes on with what it has (law 2). At most one commit is under way, ever.
 */
export function createDurability<Batch>(deps: {
  readonly commit: (batch: Batch) => Promise<void>;
  readonly merge: (older: Batch, newer: Batch) => Batch;
  readonly clock: Clock;
  readonly log: Logger;
  readonly deadlineMs: number;
  readonly retryMs: number;
  /** called when it turned */
  readonly onTurn: (writable: boolean) => void;
}): Durability<Batch> {
  const { clock, log } = deps;
  let pending: Batch | undefined;
  let inFlight: Promise<void> | undefined;
  let tickets = 0;
  let waiters: Waiter[] = [];
  let trouble = '';
  let cancelRetry: (() => void) | undefined;
  let stopped = false;

  function turn(next: string): void {
    const turned = (trouble === '') !== (next === '');
    trouble = next;
    if (!turned) return;
    if (next === '') log.info({}, 'the state file can be written again');
    else log.error({ reason: next }, 'the state file cannot be written: telling from memory');
    deps.onTurn(next === '');
  }
  function release(committed: boolean, upTo: number): void {
    const due = waiters.filter((waiter) => waiter.ticket <= upTo);
    waiters = waiters.filter((waiter) => waiter.ticket > upTo);
    for (const waiter of due) waiter.done(committed);
  }
  function pump(): void {
    if (inFlight !== undefined || pending === undefined || cancelRetry !== undefined) return;
    const batch = pending;
    const upTo = tickets;
    pending = undefined;
    inFlight = deps.commit(batch).then(
      () => {
        inFlight = undefined;
        turn('');
        release(true, upTo);
        pump();
      },
      (error: unknown) => {
        inFlight = undefined;
        pending = pending === undefined ? batch : deps.merge(batch, pending);
        turn(messageOf(error));
        release(false, tickets);
        if (!stopped) cancelRetry = clock.after(deps.retryMs, retry);
      },
    );
  }
  function retry(): void {
    cancelRetry?.();
    cancelRetry = undefined;
    pump();
  }

  return {
    writable: () => trouble === '',
    detail: () => trouble,
    write(batch) {
      pending = pending === undefined ? batch : deps.merge(pending, batch);
      const ticket = ++tickets;
      if (trouble !== '') {
        pump();
        return Promise.resolve(false);
      }
      return new Promise((resolve) => {
        const cancel = clock.after(deps.deadlineMs, () => {
          turn(`a commit has taken longer than ${deps.deadlineMs / 1000} s`);
          release(false, tickets);
        });
        waiters.push({
          ticket,
          done: (committed) => {
            cancel();
            resolve(committed);
          },
        });
        pump();
      });
    },
    async stop(deadlineMs) {
      stopped = true;
      let cancel = (): void => undefined;
      const late = new Promise<void>((resolve) => {
        cancel = clock.after(deadlineMs, resolve);
      });
      retry();
      await Promise.race([late, finish()]);
      cancel();
    },
  };

  /** A commit that is under way, and one more for what came during it. */
  async function finish(): Promise<void> {
    for (let commits = 0; inFlight !== undefined && commits < 2; commits++) await inFlight;
  }
}

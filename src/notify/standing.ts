import type { ReceiverStatus, ReceiverTrouble } from '../model/agent-status.ts';
import type { OutboxItem } from '../model/outbox.ts';
import type { Clock, Logger } from '../ports.ts';

/** How a receiver has fared since the agent started. It outlives the queues: a reload makes new ones. */
export interface Standing {
  delivered: number;
  retried: number;
  rejected: number;
  /** `sinceTick` is of the clock that never goes back */
  trouble: (Omit<ReceiverTrouble, 'forMs'> & { readonly sinceTick: number }) | undefined;
  tookAt: number | undefined;
  /** with what the receiver said */
  lastError: string | undefined;
}
/** By name of the receiver. */
export type Standings = Map<string, Standing>;

export function standingOf(standings: Standings, receiver: string): Standing {
  let standing = standings.get(receiver);
  if (standing === undefined) {
    standing = { delivered: 0, retried: 0, rejected: 0, trouble: undefined, tookAt: undefined, lastError: undefined };
    standings.set(receiver, standing);
  }
  return standing;
}

interface StandingDeps {
  readonly receiver: string;
  readonly standing: Standing;
  readonly clock: Clock;
  readonly log: Logger;
  readonly onStanding: () => void;
}

/** Keeps the standing of one receiver, and says when it changed. */
export class ReceiverStanding {
  readonly #deps: StandingDeps;

  constructor(deps: StandingDeps) {
    this.#deps = deps;
  }

  /** `item` is what was tried: where an agent of before has tried it, the trouble is as old as that. */
  troubled(kind: ReceiverTrouble['kind'], said: Saying, item?: OutboxItem): void {
    const { standing, receiver, log, clock, onStanding } = this.#deps;
    const before = standing.trouble;
    const tick = clock.monotonic();
    standing.trouble = {
      kind,
      since: before?.since ?? item?.firstAttemptAt ?? clock.now(),
      sinceTick: before?.sinceTick ?? tick - (item?.triedMs ?? 0),
      reason: said.reason,
    };
    standing.lastError = saidBy(said);
    if (kind === 'unreachable' && before?.kind !== kind) {
      log.warn({ receiver, reason: standing.lastError }, 'the receiver cannot be reached');
    }
    if (before?.kind !== kind || before.reason !== said.reason) onStanding();
  }

  recovered(): void {
    const { standing, receiver, log, clock, onStanding } = this.#deps;
    const before = standing.trouble;
    standing.trouble = undefined;
    standing.lastError = undefined;
    standing.tookAt = clock.now();
    if (before === undefined) return;
    log.info({ receiver }, 'the receiver takes messages again');
    onStanding();
  }

  status(waiting: readonly OutboxItem[]): ReceiverStatus {
    const { receiver, clock } = this.#deps;
    const { delivered, retried, rejected, trouble, tookAt, lastError } = this.#deps.standing;
    const oldest = waiting.reduce((first, item) => Math.min(first, item.notice.time), Number.POSITIVE_INFINITY);
    return {
      receiver,
      pending: waiting.length,
      ...(waiting.length === 0 ? {} : { oldest: oldest / 1000 }),
      delivered,
      retried,
      rejected,
      reachable: trouble === undefined || trouble.kind === 'rejects',
      ...(lastError === undefined ? {} : { lastError }),
      ...(trouble === undefined ? {} : { trouble: troubleNow(trouble, clock.monotonic()) }),
      ...(tookAt === undefined ? {} : { tookAt }),
    };
  }
}

function troubleNow({ sinceTick, ...trouble }: NonNullable<Standing['trouble']>, tick: number): ReceiverTrouble {
  return { ...trouble, forMs: tick - sinceTick };
}

interface Saying {
  readonly reason: string;
  readonly answer?: string;
}
/** For the log and the dead letters, which only the operator reads. */
export function saidBy({ reason, answer }: Saying): string {
  return answer === undefined ? reason : `${reason}: ${answer}`;
}

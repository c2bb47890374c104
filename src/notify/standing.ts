import type { ReceiverTrouble } from '../model/agent-status.ts';

/** How a receiver has fared since the agent started. It outlives the queues: a reload makes new ones. */
export interface Standing {
  delivered: number;
  retried: number;
  rejected: number;
  trouble: ReceiverTrouble | undefined;
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

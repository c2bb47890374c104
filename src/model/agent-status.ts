/** How the agent itself fares; mutable counters live in their parts, this is what they show of themselves. */
export interface CollectorStatus {
  readonly collector: string;
  readonly success: boolean;
  readonly durationSeconds: number;
  /** seconds since the epoch; absent before the first success */
  readonly lastSuccess?: number;
}
/** Why a receiver does not take what it is sent. */
export interface ReceiverTrouble {
  /** it refused a message for good, cannot be reached, or asked for nothing more until the next reload */
  readonly kind: 'rejects' | 'unreachable' | 'off';
  /** ms since the epoch of the first failure since it last took a message */
  readonly since: number;
  /** ms for which it has lasted, by the clock that never goes back */
  readonly forMs: number;
  /** without what the receiver said, which may repeat file names */
  readonly reason: string;
}
export interface ReceiverStatus {
  readonly receiver: string;
  readonly pending: number;
  /** seconds since the epoch of the oldest message waiting; absent when none waits */
  readonly oldest?: number;
  readonly delivered: number;
  readonly retried: number;
  readonly rejected: number;
  readonly reachable: boolean;
  readonly lastError?: string;
  /** absent from the moment it takes a message */
  readonly trouble?: ReceiverTrouble;
  /** ms since the epoch when it last took a message of this run */
  readonly tookAt?: number;
}
export interface ResolveTiming {
  readonly fsType: string;
  /** cumulative counts per upper bound in seconds, as in a Prometheus histogram, without +Inf */
  readonly buckets: readonly { readonly le: number; readonly count: number }[];
  readonly count: number;
  readonly sumSeconds: number;
}
export interface AgentStatus {
  readonly version: string;
  readonly revision: string;
  readonly nodeVersion: string;
  /** ms since the epoch */
  readonly startedAt: number;
  readonly collectors: readonly CollectorStatus[];
  readonly receivers: readonly ReceiverStatus[];
  readonly storeWritable: boolean;
  readonly resolves: readonly ResolveTiming[];
  readonly configReloadOk: boolean;
  /** seconds since the epoch */
  readonly configReloadedAt: number;
}

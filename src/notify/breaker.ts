/** Whether a receiver is asked at all. Ticks are of the clock that never goes back. */
import { backoffMs } from './retry.ts';

/** What a receiver that is down costs: one attempt so often. It is also how long it can be back before anyone notices. */
const MOST_MS = 60_000;

/**
 * closed -> (any attempt fails) open -> (its time is over) half open: one message is tried -> closed, or open for longer.
 * So hundreds of messages for a receiver that is down cost one attempt per round.
 */
export class Breaker {
  #failures = 0;
  #until = 0;
  #pausedUntil = 0;

  /** The tick before which nothing is sent. */
  until(): number {
    return Math.max(this.#until, this.#pausedUntil);
  }
  /** Whether more than one attempt in a row has failed: then it is the receiver that fails, not one message. */
  isDown(): boolean {
    return this.#failures > 1;
  }
  /** `random` is in [0, 1) */
  failed(tick: number, random: number): void {
    this.#failures++;
    this.#until = tick + Math.min(backoffMs(this.#failures, random), MOST_MS);
  }
  /** One attempt may be made before its time. */
  grant(): void {
    this.#until = 0;
  }
  /** The receiver asked for it. */
  pause(tick: number, ms: number): void {
    this.#pausedUntil = Math.max(this.#pausedUntil, tick + ms);
  }
  took(): void {
    this.#failures = 0;
    this.#until = 0;
  }
}

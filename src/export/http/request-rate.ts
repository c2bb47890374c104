import type { RateRule } from '../../model/web-rules.ts';

/** The token bucket of `rate_limit`, for all requests together: as the Prometheus exporters have it (golang.org/x/time/rate). */
export function createRequestRate(rule: () => RateRule | undefined, now: () => number) {
  let applied: RateRule | undefined;
  let tokens = 0;
  let at = 0;
  return {
    /** Takes one; otherwise the seconds after which there will be one. */
    take(): undefined | number {
      const current = rule();
      if (current === undefined) return undefined;
      if (current !== applied) {
        applied = current;
        tokens = current.burst;
        at = now();
      }
      const { intervalMs, burst } = current;
      tokens = Math.min(burst, tokens + (now() - at) / intervalMs);
      at = now();
      if (tokens < 1) return Math.max(1, Math.ceil(((1 - tokens) * intervalMs) / 1000));
      tokens -= 1;
      return undefined;
    },
  };
}

/** Durations as Go writes them (package time, ParseDuration): `1s`, `1.5s`, `1m30s`, `500us`. */

const unitMs: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/** Milliseconds, or undefined when it is none or negative. A number is nanoseconds, as YAML gives it to Go. */
export function parseGoDuration(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isSafeInteger(value) && value >= 0 ? value / 1e6 : undefined;
  if (typeof value !== 'string') return undefined;
  if (/^\+?0$/.test(value)) return 0;
  if (!/^\+?(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+$/.test(value)) return undefined;
  let sum = 0;
  for (const [, count, unit = ''] of value.matchAll(/([\d.]+)([a-zµμ]+)/g)) sum += Number(count) * (unitMs[unit] ?? 0);
  return Number.isFinite(sum) ? sum : undefined;
}

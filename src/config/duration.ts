/** Durations as Prometheus writes them: `90s`, `1h30m`, `1d`, `0s`. A year has 365 days. */

const units = [
  ['y', 365 * 86_400_000],
  ['w', 7 * 86_400_000],
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
  ['ms', 1],
] as const;
const pattern = new RegExp(`^${units.map(([name]) => `(?:(\\d+)${name})?`).join('')}$`);

/** Milliseconds, or undefined when the text is not a duration (`0` needs no unit, as in Prometheus). */
export function parseDuration(text: string): number | undefined {
  if (text === '0') return 0;
  const match = text === '' ? null : pattern.exec(text);
  if (match === null) return undefined;
  const ms = units.reduce((sum, [, size], i) => sum + Number(match[i + 1] ?? 0) * size, 0);
  return Number.isSafeInteger(ms) ? ms : undefined;
}

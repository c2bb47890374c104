import type { ResolveTiming } from '../model/agent-status.ts';

const BUCKETS = [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 60, 300] as const;

/** Durations per file system type, cumulative as a Prometheus histogram wants them. */
export function createTimings(): { observe(fsType: string, seconds: number): void; list(): ResolveTiming[] } {
  const byType = new Map<string, { counts: number[]; count: number; sum: number }>();
  return {
    observe(fsType, seconds) {
      const entry = byType.get(fsType) ?? { counts: BUCKETS.map(() => 0), count: 0, sum: 0 };
      byType.set(fsType, entry);
      entry.count++;
      entry.sum += seconds;
      BUCKETS.forEach((le, i) => {
        if (seconds <= le) entry.counts[i] = (entry.counts[i] ?? 0) + 1;
      });
    },
    list() {
      return [...byType]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([fsType, { counts, count, sum }]) => ({
          fsType,
          buckets: BUCKETS.map((le, i) => ({ le, count: counts[i] ?? 0 })),
          count,
          sumSeconds: sum,
        }));
    },
  };
}

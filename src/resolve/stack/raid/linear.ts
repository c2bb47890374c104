import type { ArrayPart, MemberPart, RaidGeometry } from './geometry.ts';

/** Members one after the other (drivers/md/md-linear.c linear_conf, linear_make_request). */
export function linearGeometry(sizes: readonly number[]): RaidGeometry {
  const starts: number[] = [];
  let size = 0;
  for (const one of sizes) {
    starts.push(size);
    size += one;
  }
  return {
    size,
    up(slot, at, count) {
      const used = Math.max(0, Math.min(count, (sizes[slot] ?? 0) - at));
      const parts: MemberPart[] = [];
      if (used > 0) parts.push({ at, count: used, holds: { kind: 'data', array: (starts[slot] ?? 0) + at } });
      if (used < count) parts.push({ at: at + used, count: count - used, holds: { kind: 'unused' } });
      return parts;
    },
    down(array, count) {
      const parts: ArrayPart[] = [];
      for (const [slot, start] of starts.entries()) {
        const from = Math.max(array, start);
        const to = Math.min(array + count, start + (sizes[slot] ?? 0));
        if (from < to) parts.push({ array: from, count: to - from, spot: { slot, at: from - start } });
      }
      return parts;
    },
  };
}

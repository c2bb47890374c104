import type { Raid } from '../../../model/stack.ts';

/** A sector of a member, counted from where its data starts. */
export interface Spot {
  readonly slot: number;
  readonly at: number;
}
/** `need` of the `others`, taken together, give the data back. */
export interface Recovery {
  readonly need: number;
  readonly others: readonly Spot[];
}
/** What one run of a member's sectors holds. */
export interface MemberPart {
  readonly at: number;
  readonly count: number;
  /** `data`: of these sectors of the array */
  readonly holds: { readonly kind: 'data'; readonly array: number } | { readonly kind: 'parity' | 'unused' };
  readonly recovery?: Recovery;
}
/** Where one run of the array's sectors lies; redundant levels give one for each copy. */
export interface ArrayPart {
  readonly array: number;
  readonly count: number;
  readonly spot: Spot;
  readonly recovery?: Recovery;
}

/** The arithmetic of one RAID level. Everything is in sectors. */
export interface RaidGeometry {
  /** of the whole array; another size of the device means that something is not as it was read */
  readonly size: number;
  /** What a member's sectors hold; every sector comes back in exactly one part. */
  up(slot: number, at: number, count: number): readonly MemberPart[];
  /** Where the array's sectors lie. */
  down(array: number, count: number): readonly ArrayPart[];
}

/** What makes up the geometry of a level that works in chunks: the two directions for one chunk. */
export interface ChunkPlan {
  readonly chunk: number;
  readonly size: number;
  /** every copy of the array's chunk `n`, by the kernel's own forward formula */
  copiesOf(n: number): readonly Spot[];
  /** the array's chunk that may lie at this chunk of a member; it is believed only when `copiesOf` agrees */
  candidatesAt(spot: Spot): readonly number[];
  /** parity levels: what else is needed for a chunk at `spot`, or undefined when the level has no parity */
  stripeOf?(spot: Spot): Recovery;
  /** whether a spot lies in what the level uses of its members */
  isUsed(spot: Spot): boolean;
}

/** A geometry from a plan for one chunk. */
export function chunkedGeometry(plan: ChunkPlan): RaidGeometry {
  const { chunk, size } = plan;
  const recoveryAt = (spot: Spot, copies: readonly Spot[]): Recovery | undefined => {
    if (plan.stripeOf !== undefined) return plan.stripeOf(spot);
    const others = copies.filter((copy) => copy.slot !== spot.slot || copy.at !== spot.at);
    return others.length === 0 ? undefined : { need: 1, others };
  };
  const shifted = (recovery: Recovery | undefined, by: number): { recovery?: Recovery } =>
    recovery === undefined
      ? {}
      : { recovery: { ...recovery, others: recovery.others.map((o) => ({ slot: o.slot, at: o.at + by })) } };
  return {
    size,
    up(slot, at, count) {
      const parts: MemberPart[] = [];
      for (const [start, length] of pieces(at, count, chunk)) {
        const into = start % chunk;
        const spot = { slot, at: start - into };
        const n = plan.candidatesAt(spot).find((candidate) => {
          if (candidate < 0 || candidate * chunk >= size) return false;
          return plan.copiesOf(candidate).some((copy) => copy.slot === slot && copy.at === spot.at);
        });
        if (n !== undefined) {
          const holds = { kind: 'data', array: n * chunk + into } as const;
          parts.push({ at: start, count: length, holds, ...shifted(recoveryAt(spot, plan.copiesOf(n)), into) });
        } else if (plan.stripeOf !== undefined && plan.isUsed(spot)) {
          parts.push({ at: start, count: length, holds: { kind: 'parity' }, ...shifted(plan.stripeOf(spot), into) });
        } else parts.push({ at: start, count: length, holds: { kind: 'unused' } });
      }
      return parts;
    },
    down(array, count) {
      const parts: ArrayPart[] = [];
      for (const [start, length] of pieces(array, Math.min(count, size - array), chunk)) {
        const into = start % chunk;
        const copies = plan.copiesOf((start - into) / chunk);
        for (const copy of copies) {
          const spot = { slot: copy.slot, at: copy.at + into };
          parts.push({ array: start, count: length, spot, ...shifted(recoveryAt(copy, copies), into) });
        }
      }
      return parts;
    },
  };
}

/** A run cut where chunks begin, as [start, length]. */
export function* pieces(start: number, count: number, chunk: number): Generator<readonly [number, number]> {
  for (let at = start; at < start + count; ) {
    const length = Math.min(chunk - (at % chunk), start + count - at);
    yield [at, length];
    at += length;
  }
}

/** Members by slot, as the levels that need all of them want them; undefined when one is missing. */
export function sizesBySlot(raid: Raid): readonly number[] | undefined {
  const sizes = Array.from({ length: raid.disks }, (_, slot) => {
    const member = raid.members.find((m) => m.slot === slot);
    if (member === undefined) return undefined;
    return raid.chunk === 0 ? member.dataSize : member.dataSize - (member.dataSize % raid.chunk);
  });
  const known = sizes.filter((size) => size !== undefined);
  return known.length === raid.disks ? known : undefined;
}

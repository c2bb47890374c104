/** Random numbers that a seed repeats exactly: the same seed makes the same tree. */
export interface Random {
  readonly seed: number;
  /** from `least` to `most`, both included */
  int(least: number, most: number): number;
  pick<T>(from: readonly T[]): T;
  chance(probability: number): boolean;
  /** text that does not compress, or one byte again and again */
  bytes(length: number, compressible: boolean): Buffer;
}

/** `PMEMWATCH_SEED` if it is set, else `fallback`; the caller prints it. */
export function seedFromEnvironment(fallback = 20_161): number {
  const text = process.env['PMEMWATCH_SEED'];
  if (text === undefined || text === '') return fallback;
  const seed = Number(text);
  if (!Number.isSafeInteger(seed) || seed < 0) throw new Error(`PMEMWATCH_SEED is not a whole number: ${text}`);
  return seed;
}

const NOISE_BYTES = 1 << 18;

export function createRandom(seed: number): Random {
  // mulberry32: small, and good enough to choose names and sizes
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const int = (least: number, most: number): number => least + Math.floor(next() * (most - least + 1));
  const noise = Buffer.alloc(NOISE_BYTES);
  for (let at = 0; at < NOISE_BYTES; at += 4) noise.writeUInt32LE(Math.floor(next() * 2 ** 32), at);
  return {
    seed,
    int,
    pick<T>(from: readonly T[]): T {
      if (from.length === 0) throw new Error('nothing to pick from');
      return from[int(0, from.length - 1)] as T;
    },
    chance: (probability) => next() < probability,
    bytes(length, compressible) {
      const data = Buffer.alloc(length, int(1, 255));
      if (compressible) return data;
      for (let at = 0; at < length; ) at += noise.copy(data, at, int(0, NOISE_BYTES / 2));
      return data;
    },
  };
}

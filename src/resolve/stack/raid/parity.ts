import { chunkedGeometry, type RaidGeometry, type Spot } from './geometry.ts';

/** Numbers of the arrangements (drivers/md/raid5.h ALGORITHM_*). */
export const ALGORITHM = {
  leftAsymmetric: 0,
  rightAsymmetric: 1,
  leftSymmetric: 2,
  rightSymmetric: 3,
  parityFirst: 4,
  parityLast: 5,
  rotatingZeroRestart: 8,
  rotatingNRestart: 9,
  rotatingNContinue: 10,
  /** raid6: as raid5 on all members but the last, which holds Q */
  leftAsymmetric6: 16,
  rightAsymmetric6: 17,
  leftSymmetric6: 18,
  rightSymmetric6: 19,
  parityFirst6: 20,
} as const;

/**
 * Stripes with one (levels 4 and 5) or two (level 6) chunks of parity (drivers/md/raid5.c raid5_compute_sector,
 * raid5_size). Undefined for an arrangement that the kernel does not have.
 */
export function parityGeometry(
  level: 'raid4' | 'raid5' | 'raid6',
  disks: number,
  chunk: number,
  layout: number,
  memberSize: number,
): RaidGeometry | undefined {
  const data = disks - (level === 'raid6' ? 2 : 1);
  const slotOf =
    level === 'raid6' ? slot6(layout, disks) : slot5(level === 'raid4' ? ALGORITHM.parityLast : layout, disks);
  if (slotOf === undefined || data < 1) return undefined;
  const rows = Math.floor(memberSize / chunk);
  return chunkedGeometry({
    chunk,
    size: rows * data * chunk,
    copiesOf(n) {
      const row = Math.floor(n / data);
      return [{ slot: slotOf(row, n % data), at: row * chunk }];
    },
    candidatesAt({ at }) {
      const row = at / chunk;
      return Array.from({ length: data }, (_, k) => row * data + k);
    },
    // any `data` of the chunks of a stripe give the others back
    stripeOf: ({ slot, at }) => ({ need: data, others: othersOf(disks, slot, at) }),
    isUsed: ({ at }) => at < rows * chunk,
  });
}

function othersOf(disks: number, slot: number, at: number): Spot[] {
  return [...Array(disks).keys()].filter((other) => other !== slot).map((other) => ({ slot: other, at }));
}

/** The slot of data chunk `k` of stripe `row`. */
type SlotOf = (row: number, k: number) => number;

function slot5(layout: number, disks: number): SlotOf | undefined {
  const data = disks - 1;
  const left = (row: number): number => data - (row % disks);
  const right = (row: number): number => row % disks;
  const after = (parity: number, k: number): number => (k >= parity ? k + 1 : k);
  switch (layout) {
    case ALGORITHM.leftAsymmetric:
      return (row, k) => after(left(row), k);
    case ALGORITHM.rightAsymmetric:
      return (row, k) => after(right(row), k);
    case ALGORITHM.leftSymmetric:
      return (row, k) => (left(row) + 1 + k) % disks;
    case ALGORITHM.rightSymmetric:
      return (row, k) => (right(row) + 1 + k) % disks;
    case ALGORITHM.parityFirst:
      return (_row, k) => k + 1;
    case ALGORITHM.parityLast:
      return (_row, k) => k;
    default:
      return undefined;
  }
}

function slot6(layout: number, disks: number): SlotOf | undefined {
  const left = (row: number): number => disks - 1 - (row % disks);
  const right = (row: number): number => row % disks;
  // P and Q lie side by side; with P on the last member Q has gone round to the first
  const around = (parity: number, k: number): number => (parity === disks - 1 ? k + 1 : k >= parity ? k + 2 : k);
  const asRaid5 = (algorithm: number): SlotOf | undefined => slot5(algorithm, disks - 1);
  switch (layout) {
    case ALGORITHM.leftAsymmetric:
      return (row, k) => around(left(row), k);
    case ALGORITHM.rightAsymmetric:
    case ALGORITHM.rotatingZeroRestart:
      return (row, k) => around(right(row), k);
    case ALGORITHM.leftSymmetric:
      return (row, k) => (left(row) + 2 + k) % disks;
    case ALGORITHM.rightSymmetric:
      return (row, k) => (right(row) + 2 + k) % disks;
    case ALGORITHM.parityFirst:
      return (_row, k) => k + 2;
    case ALGORITHM.parityLast:
      return (_row, k) => k;
    case ALGORITHM.rotatingNRestart:
      return (row, k) => around(left(row + 1), k);
    case ALGORITHM.rotatingNContinue:
      return (row, k) => (left(row) + 1 + k) % disks;
    case ALGORITHM.leftAsymmetric6:
      return asRaid5(ALGORITHM.leftAsymmetric);
    case ALGORITHM.rightAsymmetric6:
      return asRaid5(ALGORITHM.rightAsymmetric);
    case ALGORITHM.leftSymmetric6:
      return asRaid5(ALGORITHM.leftSymmetric);
    case ALGORITHM.rightSymmetric6:
      return asRaid5(ALGORITHM.rightSymmetric);
    case ALGORITHM.parityFirst6:
      return asRaid5(ALGORITHM.parityFirst);
    default:
      return undefined;
  }
}

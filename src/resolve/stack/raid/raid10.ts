import { chunkedGeometry, type RaidGeometry, type Spot } from './geometry.ts';

/** Bits of md's layout number for this level (drivers/md/raid10.c setup_geo). */
const FAR_OFFSET = 1 << 16;

interface Shape {
  readonly disks: number;
  readonly near: number;
  readonly far: number;
  readonly farOffset: boolean;
  /** copies that are far from each other stay within sets of this many members */
  readonly setSize: number;
  readonly chunk: number;
  /** how far apart on a member the far copies are */
  readonly stride: number;
  readonly size: number;
  readonly memberSize: number;
}

/**
 * Every chunk several times: `near` copies on neighbouring members in the same stripe, `far` ones a stride further in,
 * which for the offset layout is the next chunk (drivers/md/raid10.c __raid10_find_phys, calc_sectors, raid10_size).
 * Undefined for a layout number that the kernel would not take.
 */
export function raid10Geometry(
  disks: number,
  chunk: number,
  layout: number,
  memberSize: number,
): RaidGeometry | undefined {
  const shape = shapeOf(disks, chunk, layout, memberSize);
  if (shape === undefined) return undefined;
  return chunkedGeometry({
    chunk,
    size: shape.size,
    copiesOf: (n) => copiesOf(shape, n),
    candidatesAt: (spot) => candidatesAt(shape, spot),
    isUsed: ({ at }) => at < shape.memberSize,
  });
}

function shapeOf(disks: number, chunk: number, layout: number, memberSize: number): Shape | undefined {
  const near = layout & 0xff;
  const far = (layout >> 8) & 0xff;
  if (layout >> 19 !== 0 || near === 0 || far === 0 || near * far > disks) return undefined;
  const setSize = [disks, Math.floor(disks / far), far * near][layout >> 17];
  if (setSize === undefined || setSize === 0) return undefined;
  const farOffset = (layout & FAR_OFFSET) !== 0;
  const rows = Math.floor(Math.floor(memberSize / chunk) / far);
  const arrayChunks = Math.floor((rows * disks) / near);
  const memberChunks = Math.ceil((arrayChunks * near * far) / disks);
  const stride = farOffset ? chunk : Math.floor(memberChunks / far) * chunk;
  const size = Math.floor((Math.floor(memberChunks / far) * disks) / near) * chunk;
  return { disks, near, far, farOffset, setSize, chunk, stride, size, memberSize: memberChunks * chunk };
}

function copiesOf(shape: Shape, n: number): Spot[] {
  const { disks, near, far, farOffset, setSize, chunk, stride } = shape;
  const lastSetStart = (Math.floor(disks / setSize) - 1) * setSize;
  const lastSetSize = setSize + (disks % setSize);
  const first = n * near;
  let dev = first % disks;
  let at = Math.floor(first / disks) * (farOffset ? far : 1) * chunk;
  const spots: Spot[] = [];
  for (let i = 0; i < near; i++) {
    let slot = dev;
    let there = at;
    spots.push({ slot, at: there });
    for (let f = 1; f < far; f++) {
      const set = Math.floor(slot / setSize);
      slot += near;
      if (disks % setSize !== 0 && slot > lastSetStart) {
        slot = lastSetStart + ((slot - lastSetStart) % lastSetSize);
      } else slot = (slot % setSize) + setSize * set;
      there += stride;
      spots.push({ slot, at: there });
    }
    dev += 1;
    if (dev >= disks) {
      dev = 0;
      at += chunk;
    }
  }
  return spots;
}

/** The chunks of the rows that can reach this place, over all members and all copies: few, and each is checked forward. */
function candidatesAt(shape: Shape, { at }: Spot): number[] {
  const { disks, near, far, farOffset, chunk, stride } = shape;
  const found = new Set<number>();
  for (let f = 0; f < far; f++) {
    const base = at - f * stride;
    if (base < 0) continue;
    const row = Math.floor(base / chunk / (farOffset ? far : 1));
    for (let dev = 0; dev < disks; dev++) found.add(Math.floor((row * disks + dev) / near));
  }
  return [...found];
}
